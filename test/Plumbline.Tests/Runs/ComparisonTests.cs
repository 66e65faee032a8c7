using System.Text.Json;
using CsCheck;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Tests.Runs;

public sealed class ComparisonTests
{
    private static readonly Dataset s_dataset = new("d", "s", "MIT", ["en"]);

    [Fact]
    public void Of_PairedOutcomes_GivesGoldenIntervals()
    {
        using JsonDocument file = Golden.Json("golden", "stats", "differences.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "paired"))
        {
            int a = c.In.GetProperty("a").GetInt32(), b = c.In.GetProperty("b").GetInt32(), d = c.In.GetProperty("c").GetInt32(), none = c.In.GetProperty("d").GetInt32();
            if (c.In.GetProperty("alpha").GetDouble() != Comparison.Alpha || a + b + d + none is < 2 or > 5000) continue;

            // The reference's difference is first minus second, ours second minus first.
            MetricComparison row = Assert.Single(Compare(Table(a, d, b, none)));
            Golden.Close(c.Out!.Value.GetProperty("difference").GetDouble(), row.Difference!.Value, 1e-12, 1e-14, c.Name);
            Golden.Close(c.Out.Value.GetProperty("newcombe10")[0].GetDouble(), row.Low!.Value, c.Rtol, c.Atol, $"{c.Name} low");
            Golden.Close(c.Out.Value.GetProperty("newcombe10")[1].GetDouble(), row.High!.Value, c.Rtol, c.Atol, $"{c.Name} high");
            Assert.Equal(a + b + d + none, row.Pairs);
            checkedCases++;
        }

        Assert.True(checkedCases >= 10, $"{checkedCases}");
    }

    [Fact]
    public void Of_DiscordantPairs_GivesGoldenMcNemar()
    {
        using JsonDocument file = Golden.Json("golden", "stats", "paired.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "mcnemar"))
        {
            int b = c.In.GetProperty("b").GetInt32(), d = c.In.GetProperty("c").GetInt32();
            if (b + d > 20_000) continue;
            MetricComparison row = Assert.Single(Compare(Table(3, b, d, 4)));
            Golden.Close(c.Out!.Value.GetProperty("exact").GetDouble(), row.P!.Value, c.Rtol, c.Atol, c.Name);
            checkedCases++;
        }

        Assert.True(checkedCases >= 15, $"{checkedCases}");
    }

    [Fact]
    public void Of_PairedValues_GivesGoldenSignFlips()
    {
        using JsonDocument file = Golden.Json("golden", "stats", "paired.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "permutationPaired"))
        {
            double[] x = [.. c.In.GetProperty("x").EnumerateArray().Select(v => v.GetDouble())], y = [.. c.In.GetProperty("y").EnumerateArray().Select(v => v.GetDouble())];
            if (x.Length is < 2 or > 20 || x.Concat(y).All(v => v is 0 or 1)) continue;
            MetricComparison row = Assert.Single(Compare([.. y.Zip(x, (first, second) => (first, second, (string?)null))]));
            Golden.Close(c.Out!.Value.GetProperty("twoSided").GetDouble(), row.P!.Value, c.Rtol, c.Atol, c.Name);
            Golden.Close(x.Average() - y.Average(), row.Difference!.Value, 1e-12, 1e-12, c.Name);

            // Student's t of the differences, in closed form.
            double[] differences = [.. x.Zip(y, (p, q) => p - q)];
            double mean = differences.Average(), error = Math.Sqrt(differences.Sum(v => (v - mean) * (v - mean)) / (differences.Length - 1) / differences.Length);
            double quantile = error > 0 ? (row.High!.Value - row.Low!.Value) / (2 * error) : 0;
            if (differences.Length == 2 && error > 0) Golden.Close(12.706204736432095, quantile, 1e-9, 0, "t(1)");
            if (differences.Length == 10 && error > 0) Golden.Close(2.2621571627409915, quantile, 1e-9, 0, "t(9)");
            checkedCases++;
        }

        Assert.True(checkedCases >= 4, $"{checkedCases}");
    }

    /// <summary>Each cluster answers as one: the pairs must count no more than their clusters.</summary>
    [Fact]
    public void Of_ClustersOfEqualPairs_ShowsTheEvidenceOfTheClusters()
    {
        (double, double, string?)[] single = [.. Enumerable.Range(0, 6).Select(i => (0.0, 1.0, (string?)$"c{i}"))];
        (double, double, string?)[] tenfold = [.. Enumerable.Range(0, 60).Select(i => (0.0, 1.0, (string?)$"c{i / 10}"))];
        Assert.Equal(2.0 / 64, Assert.Single(Compare(single)).P!.Value, 12);
        Assert.Equal(2.0 / 64, Assert.Single(Compare(tenfold)).P!.Value, 12);
        Assert.Equal(1, Assert.Single(Compare(tenfold)).Difference!.Value, 12);
    }

    [Fact]
    public void Of_Unpaired_GivesNewcombesIntervalAndItsError()
    {
        using JsonDocument file = Golden.Json("golden", "stats", "differences.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "independent"))
        {
            int k1 = c.In.GetProperty("k1").GetInt32(), n1 = c.In.GetProperty("n1").GetInt32(), k2 = c.In.GetProperty("k2").GetInt32(), n2 = c.In.GetProperty("n2").GetInt32();
            if (c.In.GetProperty("alpha").GetDouble() != Comparison.Alpha || n1 + n2 > 5000) continue;
            RunResult first = Run(Counted(k2, n2)), second = Run(Counted(k1, n1));
            MetricComparison row = Assert.Single(Comparison.Of(first, _ => [], second, _ => []));
            Golden.Close(c.Out!.Value.GetProperty("newcombe")[0].GetDouble(), row.Low!.Value, c.Rtol, c.Atol + 1e-12, $"{c.Name} low");
            Golden.Close(c.Out.Value.GetProperty("newcombe")[1].GetDouble(), row.High!.Value, c.Rtol, c.Atol + 1e-12, $"{c.Name} high");
            Assert.Equal(row.Low > 0 || row.High < 0, row.P < Comparison.Alpha);
            Assert.Equal(0, row.Pairs);
            checkedCases++;
        }

        Assert.True(checkedCases >= 10, $"{checkedCases}");
    }

    /// <summary>Holm's adjusted values, straight from their definition: the largest (m − rank) p among the smaller ones, at most 1.</summary>
    [Fact]
    public void Of_SeveralMetrics_AdjustsByHolm() =>
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 12]).List[1, 8].Sample(tables =>
        {
            (double, double, string?)[][] all = [.. tables.Select(t => Table(2, t.Item1, t.Item2, 3))];
            IReadOnlyList<MetricComparison> rows = Compare(all);
            double[] p = [.. rows.Select(r => r.P!.Value)];
            return rows.All(row =>
            {
                double adjusted = 0;
                double[] sorted = [.. p.Order()];
                for (int i = 0; i < sorted.Length && sorted[i] <= row.P; i++) adjusted = Math.Max(adjusted, Math.Min(1, sorted[i] * (sorted.Length - i)));
                return Math.Abs(adjusted - row.Adjusted!.Value) < 1e-12 && row.Real == (adjusted <= 0.05);
            });
        });

    [Fact]
    public void Of_OneRunHasNoFigure_SaysSoAndTestsNothing()
    {
        Metric measured = Counted(3, 10), empty = measured with { Estimate = null, Reason = "404 everywhere" };
        MetricComparison row = Assert.Single(Comparison.Of(Run(measured), _ => [], Run(empty), _ => []));
        Assert.Null(row.P);
        Assert.Null(row.Adjusted);
        Assert.False(row.Real);
        Assert.Equal("404 everywhere", row.Method);
        Assert.Equal(0.3, row.First);
        Assert.Null(row.Second);
    }

    [Fact]
    public void Of_EqualRunsOfValues_HasAnIntervalWithWidth()
    {
        double[] values = [0.1, 0.5, 0.5, 0.9, 0.3];
        Metric metric = Counted(0, 1) with { Estimate = Estimates.Mean(values, 0, 1), Contribution = r => r.Value };
        SampleRecord[] records = [.. values.Select((v, i) => Record($"{i}", v, null))];
        MetricComparison row = Assert.Single(Comparison.Of(Run(metric), _ => records, Run(metric), _ => records));
        Assert.Equal((0, 1, 5), (row.Difference!.Value, row.P!.Value, row.Pairs));
        Assert.True(row.Low < 0 && row.High > 0);
    }

    [Fact]
    public void Of_OtherData_AreNotCompared() =>
        Assert.Null(Assert.Single(Comparison.Of(Run(Counted(3, 10)), _ => [], Run(Counted(5, 10) with { Dataset = s_dataset with { Name = "other" } }), _ => [])).P);

    [Fact]
    public void Of_SamplesOfOneRunOnly_ArePairedByIdAndTheRestLeftOut()
    {
        Metric metric = Counted(0, 1) with { Contribution = r => r.Value };
        SampleRecord[] first = [.. Enumerable.Range(0, 10).Select(i => Record($"{i}", 0, null))], second = [.. Enumerable.Range(2, 10).Reverse().Select(i => Record($"{i}", 1, null))];
        MetricComparison row = Assert.Single(Comparison.Of(Run(metric with { Estimate = Estimates.Rate(0, 10) }), _ => first, Run(metric with { Estimate = Estimates.Rate(10, 10) }), _ => second));
        Assert.Equal(8, row.Pairs);
        Assert.Equal(2.0 / 256, row.P!.Value, 12);
    }

    [Fact]
    public void Of_SameIdsOtherQuestions_AreNotPaired()
    {
        Metric metric = Counted(0, 1) with { Contribution = r => r.Value };
        SampleRecord[] first = [.. Enumerable.Range(0, 10).Select(i => Record($"{i}", 0, null) with { Prompt = $"A {i}" })], second = [.. Enumerable.Range(0, 10).Select(i => Record($"{i}", 1, null) with { Prompt = $"B {i}" })];
        MetricComparison row = Assert.Single(Comparison.Of(Run(metric with { Estimate = Estimates.Rate(0, 10) }), _ => first, Run(metric with { Estimate = Estimates.Rate(10, 10) }), _ => second));
        Assert.Equal(0, row.Pairs);
        Assert.Equal("Newcombe, unpaired", row.Method);
    }

    private static (double, double, string?)[] Table(int both, int firstOnly, int secondOnly, int neither) =>
        [.. Enumerable.Repeat((1.0, 1.0, (string?)null), both), .. Enumerable.Repeat((1.0, 0.0, (string?)null), firstOnly), .. Enumerable.Repeat((0.0, 1.0, (string?)null), secondOnly), .. Enumerable.Repeat((0.0, 0.0, (string?)null), neither)];

    /// <summary>Two runs whose metrics have these pairs.</summary>
    private static IReadOnlyList<MetricComparison> Compare(params (double First, double Second, string? Cluster)[][] metrics)
    {
        Dictionary<string, SampleRecord[]> first = [], second = [];
        List<Metric> before = [], after = [];
        for (int m = 0; m < metrics.Length; m++)
        {
            string id = $"e{m}";
            first[id] = [.. metrics[m].Select((p, i) => Record($"{i}", p.First, p.Cluster))];
            second[id] = [.. metrics[m].Select((p, i) => Record($"{i}", p.Second, p.Cluster))];
            before.Add(Of(id, first[id]));
            after.Add(Of(id, second[id]));
        }

        return Comparison.Of(Run([.. before]), id => first[id], Run([.. after]), id => second[id]);

        static Metric Of(string id, SampleRecord[] records) => Counted(0, 1) with
        {
            Evaluation = id,
            Estimate = Estimate.Of(records.Average(r => r.Value!.Value), records.Length, "mean", _ => (double.NegativeInfinity, double.PositiveInfinity)),
            Contribution = r => r.Value,
        };
    }

    private static SampleRecord Record(string id, double value, string? cluster) => new() { Evaluation = "e", Id = id, Outcome = Plumbline.Outcome.Scored, Value = value, Cluster = cluster };

    private static Metric Counted(int successes, int n) => new() { Evaluation = "e", Name = "m", Risk = Risk.Bias, Dataset = s_dataset, Estimate = Estimates.Rate(successes, n) };

    private static RunResult Run(params Metric[] metrics) => new()
    {
        Header = new() { Id = "r", Started = DateTimeOffset.UnixEpoch, Target = "t", Fingerprint = "f", World = "w", Suite = "s", SuiteText = "", Seed = 1 },
        Evaluations = [],
        Metrics = metrics,
        Findings = [],
        Gates = [],
        Hosts = [],
        Cost = new(0, 0, 0, 0, 0, null, null),
        Seconds = 0,
    };
}
