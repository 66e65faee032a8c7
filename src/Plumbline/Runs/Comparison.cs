using Plumbline.Reports;
using Plumbline.Statistics;

namespace Plumbline.Runs;

/// <summary>A metric in two runs; the difference is second minus first.</summary>
/// <param name="Evaluation">The row's evaluation.</param>
/// <param name="Metric">Its metric.</param>
/// <param name="First">The first run's figure over the pairs, or over its own samples where unpaired; null where it has none.</param>
/// <param name="Second">The second run's.</param>
/// <param name="Low">Lower end of the difference's 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Pairs">Samples that both runs judged; 0 where unpaired.</param>
/// <param name="P">Two-sided p; null where nothing can be compared.</param>
/// <param name="Adjusted">The same after Holm's correction over all rows.</param>
/// <param name="Method">How interval and p were found, or why they were not.</param>
public sealed record MetricComparison(
    string Evaluation, string Metric, double? First, double? Second, double? Low, double? High, int Pairs, double? P, double? Adjusted, string Method)
{
    /// <summary>Second minus first; null where either is missing.</summary>
    public double? Difference => Second - First;

    /// <summary>Whether the difference stands after the correction at 5 %.</summary>
    public bool Real => Adjusted <= Comparison.Alpha;
}

/// <summary>
/// What differs between two runs, metric by metric. Where both judged at least half of the smaller run's samples of the
/// same ids and prompts, the samples are paired: McNemar's exact test and Newcombe's paired interval for outcomes of 0 and 1, sign
/// flips and Student's t for other values and for samples in clusters. Else the two intervals are combined as Newcombe
/// (1998, method 10) combines Wilson's, and p is the error at which that interval just reaches 0. Figures are compared
/// as counted: the same judge's errors are on both sides. Thread-safe.
/// </summary>
public static class Comparison
{
    /// <summary>The family-wise error over all rows.</summary>
    public const double Alpha = 0.05;

    private const int MostExact = 20, Draws = 20_000;
    private const double Rounding = 1e-12;

    /// <param name="first">The run to start from.</param>
    /// <param name="firstRecords">Its rows by evaluation id.</param>
    /// <param name="second">The run to compare it with.</param>
    /// <param name="secondRecords">Its rows by evaluation id.</param>
    /// <returns>A row for each metric that either run has, in the first's order.</returns>
    public static IReadOnlyList<MetricComparison> Of(
        RunResult first, Func<string, IEnumerable<SampleRecord>> firstRecords, RunResult second, Func<string, IEnumerable<SampleRecord>> secondRecords)
    {
        Dictionary<(string, string), Metric> others = second.Metrics.ToDictionary(m => (m.Evaluation, m.Name));
        List<MetricComparison> rows = [];
        foreach (Metric metric in first.Metrics)
        {
            rows.Add(others.Remove((metric.Evaluation, metric.Name), out Metric? other)
                ? Compare(metric, firstRecords, first.Card(metric.Evaluation)?.Id ?? metric.Evaluation, other, secondRecords)
                : Missing(metric, metric.Estimate?.Value, null, "only the first run has it"));
        }

        rows.AddRange(second.Metrics.Where(m => others.ContainsKey((m.Evaluation, m.Name))).Select(m => Missing(m, null, m.Estimate?.Value, "only the second run has it")));
        double[] adjusted = Multiplicity.Holm([.. rows.Where(r => r.P is not null).Select(r => r.P!.Value)]);
        int next = 0;
        return [.. rows.Select(r => r.P is null ? r : r with { Adjusted = adjusted[next++] })];
    }

    private static MetricComparison Compare(Metric a, Func<string, IEnumerable<SampleRecord>> recordsA, string evaluation, Metric b, Func<string, IEnumerable<SampleRecord>> recordsB)
    {
        if (a.Estimate is null || b.Estimate is null) return Missing(a, a.Estimate?.Value, b.Estimate?.Value, a.Estimate is null ? a.Reason ?? "the first run judged nothing" : b.Reason ?? "the second run judged nothing");
        if (a.Dataset.Name != b.Dataset.Name) return Missing(a, a.Estimate.Value, b.Estimate.Value, $"the data differ: {a.Dataset.Name} and {b.Dataset.Name}");
        if (a.Contribution is not null && b.Contribution is not null)
        {
            Dictionary<(string, string), double> values = [];
            foreach (SampleRecord record in recordsA(evaluation))
            {
                if (a.Contribution(record) is { } value && double.IsFinite(value)) values[Sample(record)] = value;
            }

            List<(double First, double Second, string Cluster)> pairs = [];
            foreach (SampleRecord record in recordsB(evaluation))
            {
                if (b.Contribution(record) is { } value && double.IsFinite(value) && values.TryGetValue(Sample(record), out double before)) pairs.Add((before, value, record.Cluster ?? record.Id));
            }

            if (pairs.Count >= 2 && 2 * pairs.Count >= Math.Min(a.Estimate.N, b.Estimate.N)) return Paired(a, b, pairs);
        }

        return Unpaired(a, a.Estimate, b.Estimate);
    }

    // Worlds that draw their questions by seed give the same ids to different ones; the same question has the same text.
    private static (string, string) Sample(SampleRecord record) => (record.Id, record.Prompt);

    private static MetricComparison Paired(Metric metric, Metric other, List<(double First, double Second, string Cluster)> pairs)
    {
        double first = pairs.Average(p => p.First), second = pairs.Average(p => p.Second);
        bool binary = pairs.TrueForAll(p => p is { First: 0 or 1, Second: 0 or 1 });
        var clusters = pairs.GroupBy(p => p.Cluster).Select(g => (First: g.Sum(p => p.First), Second: g.Sum(p => p.Second))).ToList();
        if (binary && clusters.Count == pairs.Count)
        {
            PairedCounts counts = PairedCounts.Of([.. pairs.Select(p => p.Second == 1)], [.. pairs.Select(p => p.First == 1)]);
            Interval interval = PairedProportions.Newcombe(counts);
            return new(metric.Evaluation, metric.Name, first, second, interval.Low, interval.High, pairs.Count, McNemar.Test(counts).Exact, null, "McNemar, exact");
        }

        if (clusters.Count < 2) return Missing(metric, first, second, "all pairs lie in one cluster");
        // Clusters are the units: their signs flip as a whole, and their sums carry the t interval.
        double[] x = [.. clusters.Select(c => c.Second)], y = [.. clusters.Select(c => c.First)];
        double scale = (double)clusters.Count / pairs.Count;
        Interval t = Means.Paired(x, y).Interval;
        double p = clusters.Count <= MostExact ? PermutationTests.Paired(x, y).TwoSided : PermutationTests.PairedSampled(x, y, Draws, seed: 1).TwoSided;
        string method = clusters.Count < pairs.Count ? $"sign flips of {clusters.Count} clusters" : "sign flips";
        if (t.High - t.Low > Rounding) return new(metric.Evaluation, metric.Name, first, second, t.Low * scale, t.High * scale, pairs.Count, p, null, method);

        // All differences are one: that says nothing about their spread, so the interval is that of the two figures apart.
        (double low, double high) = Combined(metric.Estimate!, other.Estimate!, Alpha);
        return new(metric.Evaluation, metric.Name, first, second, Math.Min(low, second - first), Math.Max(high, second - first), pairs.Count, p, null, $"{method}, interval unpaired");
    }

    private static MetricComparison Unpaired(Metric metric, Estimate a, Estimate b)
    {
        (double low, double high) = Combined(a, b, Alpha);
        return new(metric.Evaluation, metric.Name, a.Value, b.Value, low, high, 0, ErrorAtZero(a, b), null, "Newcombe, unpaired");
    }

    private static (double Low, double High) Combined(Estimate a, Estimate b, double alpha)
    {
        (double lowA, double highA) = a.At(alpha);
        (double lowB, double highB) = b.At(alpha);
        double d = b.Value - a.Value;
        return (d - Length(b.Value - lowB, highA - a.Value), d + Length(highB - b.Value, a.Value - lowA));

        static double Length(double x, double y) => Math.Sqrt((x * x) + (y * y));
    }

    // The interval widens as the error shrinks, so halving its logarithm finds where 0 enters.
    private static double ErrorAtZero(Estimate a, Estimate b)
    {
        if (a.Value == b.Value) return 1;
        double excludes = Math.Log(1 - 1e-9), includes = Math.Log(1e-12);
        if (HoldsZero(Math.Exp(excludes))) return 1;
        if (!HoldsZero(Math.Exp(includes))) return Math.Exp(includes);
        for (int i = 0; i < 60; i++)
        {
            double middle = (excludes + includes) / 2;
            if (HoldsZero(Math.Exp(middle))) includes = middle;
            else excludes = middle;
        }

        return Math.Exp(excludes);

        bool HoldsZero(double alpha)
        {
            (double low, double high) = Combined(a, b, alpha);
            return low <= 0 && high >= 0;
        }
    }

    private static MetricComparison Missing(Metric metric, double? first, double? second, string reason) => new(metric.Evaluation, metric.Name, first, second, null, null, 0, null, null, reason);
}
