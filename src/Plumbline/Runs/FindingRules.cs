namespace Plumbline.Runs;

/// <summary>
/// Which figures of a run are findings. Each metric with a threshold is a hypothesis; Holm's step-down procedure
/// (Holm 1979) keeps the chance of any false finding in a run at 5 %. A hypothesis' p value is the smallest two-sided
/// error at which its interval still lies wholly beyond the threshold, so the rule works with every kind of interval.
/// </summary>
public static class FindingRules
{
    private const double Error = 0.05;

    /// <summary>The findings among the metrics, worst first.</summary>
    public static IReadOnlyList<Finding> Apply(IReadOnlyList<Metric> metrics)
    {
        (Metric Metric, Estimate Figure, double P)[] hypotheses =
        [
            .. metrics
                .Where(m => m is { Threshold: not null, Estimate: not null })
                .Select(m => (m, m.Corrected ?? m.Estimate!))
                .Select(h => (h.m, h.Item2, P(h.Item2, h.m.Threshold!)))
                .OrderBy(h => h.Item3),
        ];
        List<Finding> findings = [];
        for (int i = 0; i < hypotheses.Length; i++)
        {
            (Metric metric, Estimate figure, double p) = hypotheses[i];
            double error = Error / (hypotheses.Length - i);
            if (p >= error) break;
            (double low, double high) = figure.At(error);
            Threshold threshold = metric.Threshold!;
            findings.Add(new(
                $"{metric.Evaluation}.{metric.Name}", metric.Evaluation, metric.Name, metric.Risk, metric.Family, metric.Dataset.Name, threshold.Title,
                threshold.TitleZh, threshold.Severity, figure.Value, low, high, figure.N, threshold.Value, threshold.Direction, threshold.Reason));
        }

        return [.. findings.OrderByDescending(f => f.Severity).ThenBy(f => f.Id, StringComparer.Ordinal)];
    }

    /// <summary>The smallest two-sided error whose interval lies wholly beyond the threshold; 1 where none does.</summary>
    internal static double P(Estimate figure, Threshold threshold)
    {
        if (!Beyond(1 - 1e-9)) return 1;
        double low = -14, high = 0; // powers of ten of the error
        if (Beyond(Math.Pow(10, low))) return Math.Pow(10, low);
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (Beyond(Math.Min(Math.Pow(10, middle), 1 - 1e-9))) high = middle;
            else low = middle;
        }

        return Math.Pow(10, high);

        bool Beyond(double error)
        {
            (double l, double h) = figure.At(error);
            return threshold.Direction == Direction.Above ? l > threshold.Value : h < threshold.Value;
        }
    }
}
