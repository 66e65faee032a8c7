using Plumbline.Statistics;
using JudgeCalibration = Plumbline.Worlds.JudgeCalibration;

namespace Plumbline;

/// <summary>Figures from outcomes, each with an interval that has width at 0 and at 1.</summary>
public static class Estimates
{
    /// <summary>A share of independent samples; Wilson's score interval.</summary>
    public static Estimate? Rate(long successes, long trials) => trials == 0
        ? null
        : Estimate.Of((double)successes / trials, checked((int)trials), "Wilson", alpha => Pair(Proportions.Wilson(successes, trials, alpha)));

    /// <summary>
    /// A share of samples that come in clusters: Wilson's interval at the effective sample size n / deff, where deff
    /// is the ratio of the clustered to the independent variance of the mean (Kish 1965), never below 1.
    /// </summary>
    public static Estimate? ClusteredRate(IEnumerable<(bool Success, string Cluster)> samples)
    {
        Dictionary<string, (long Successes, long Trials)> clusters = [];
        long successes = 0, trials = 0;
        foreach ((bool success, string cluster) in samples)
        {
            (long k, long n) = clusters.GetValueOrDefault(cluster);
            clusters[cluster] = (k + (success ? 1 : 0), n + 1);
            successes += success ? 1 : 0;
            trials++;
        }

        if (trials == 0) return null;
        double p = (double)successes / trials;
        double deff = 1;
        if (clusters.Count > 1 && clusters.Count < trials && p is > 0 and < 1)
        {
            double between = 0;
            foreach ((long k, long n) in clusters.Values)
            {
                double residual = k - (n * p);
                between += residual * residual;
            }

            double clustered = between * clusters.Count / (clusters.Count - 1) / ((double)trials * trials);
            deff = Math.Max(1, clustered / (p * (1 - p) / trials));
        }

        return Estimate.Of(p, (int)trials, deff > 1 ? "Wilson, clustered" : "Wilson", alpha => Score(p, trials / deff, alpha)) with { EffectiveN = trials / deff };
    }

    /// <summary>
    /// A mean of independent values; Student's t interval, clipped to the range that the values can have. Where all
    /// values are equal, which says nothing about their spread, the interval of a bounded mean stands in: Wilson's on the
    /// range, which is wide enough since no distribution on it varies more than a coin.
    /// </summary>
    public static Estimate? Mean(IReadOnlyList<double> values, double low = double.NegativeInfinity, double high = double.PositiveInfinity)
    {
        if (values.Count < 2) return null;
        double mean = values.Average();
        double spread = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        if (spread > 0)
        {
            return Estimate.Of(mean, values.Count, "Student t", alpha =>
            {
                double half = StudentT.TwoSidedQuantile(alpha, values.Count - 1) * spread;
                return (Math.Max(low, mean - half), Math.Min(high, mean + half));
            });
        }

        if (!double.IsFinite(low) || !double.IsFinite(high)) return null;
        double range = high - low;
        return Estimate.Of(mean, values.Count, "Wilson on the range", alpha =>
        {
            (double l, double h) = Score((mean - low) / range, values.Count, alpha);
            return (low + (range * l), low + (range * h));
        });
    }

    /// <summary>
    /// A mean of few independent values that crowd at an end of their range, such as exposures: Student's t interval of the values and one more at each end of the
    /// range, in the manner of Agresti and Coull (1998) for shares. The plain interval of 28 secrets of which few, or four in five, are remembered holds the truth 92 to 93 % of the
    /// time, that of 12 of which few are 89 to 91 %; this one 96 % and more. The value is the plain mean. As <see cref="Mean"/> where all values are equal.
    /// </summary>
    public static Estimate? BoundedMean(IReadOnlyList<double> values, double low, double high)
    {
        if (values.Count < 2 || values.All(v => v == values[0])) return Mean(values, low, high);
        int n = values.Count + 2;
        double mean = values.Average(), centre = (values.Sum() + low + high) / n;
        double squares = values.Sum(v => (v - centre) * (v - centre)) + ((low - centre) * (low - centre)) + ((high - centre) * (high - centre)), error = Math.Sqrt(squares / (n - 1) / n);
        return Estimate.Of(mean, values.Count, "Student t, both ends added", alpha =>
        {
            double half = StudentT.TwoSidedQuantile(alpha, n - 1) * error;
            return (Math.Clamp(centre - half, low, mean), Math.Clamp(centre + half, mean, high));
        });
    }

    /// <summary>A mean of values that come in clusters; Student's t interval of the cluster-robust error, as <see cref="Mean"/> where no two share a cluster or all are equal.</summary>
    public static Estimate? ClusteredMean(IReadOnlyList<double> values, IReadOnlyList<string> clusters, double low, double high)
    {
        int groups = clusters.Distinct(StringComparer.Ordinal).Count();
        if (groups < 2 || groups == values.Count || values.All(v => v == values[0])) return Mean(values, low, high);
        ClusteredMean mean = ClusteredMeans.One<string>(values.ToArray(), clusters);

        // Clusters whose sums cancel out to the mean exactly say nothing about their spread.
        if (!(mean.SeCr1 > 0)) return Mean(values, low, high);
        return Estimate.Of(mean.Mean, values.Count, "Student t, clustered", alpha =>
        {
            double half = StudentT.TwoSidedQuantile(alpha, mean.DegreesOfFreedom) * mean.SeCr1;
            return (Math.Max(low, mean.Mean - half), Math.Min(high, mean.Mean + half));
        });
    }

    /// <summary>
    /// A rate corrected for its judge's errors (Rogan and Gladen 1978), with the calibration's own uncertainty in the
    /// interval (Lang and Reiczigel 2014). Null without a calibration, or where the judge is no better than chance.
    /// </summary>
    public static Estimate? Corrected(Estimate? rate, JudgeCalibration? judge)
    {
        if (rate is null || judge is null) return null;
        Statistics.JudgeCalibration errors = new(judge.TruePositives, judge.Positives - judge.TruePositives, judge.TrueNegatives, judge.Negatives - judge.TrueNegatives);
        if (!errors.Informative) return null;
        long n = Math.Max(1, (long)Math.Round(rate.EffectiveN));
        long positives = (long)Math.Round(rate.Value * n);
        double value = Math.Clamp((rate.Value + errors.Specificity - 1) / (errors.Sensitivity + errors.Specificity - 1), 0, 1);
        return Estimate.Of(value, rate.N, $"Rogan–Gladen of {rate.Method}", alpha =>
        {
            Interval interval = Prevalence.LangReiczigel(positives, n, errors, alpha)!.Interval;

            // Fewer cases than the judge's false alarms alone, or more than it can find: it errs less here than where it was
            // measured, so that the correction may not promise more than the count does.
            (double low, double high) = rate.At(alpha);
            return (Math.Min(interval.Low, rate.Value > errors.Sensitivity ? Math.Min(low, value) : value), Math.Max(interval.High, rate.Value < 1 - errors.Specificity ? Math.Max(high, value) : value));
        });
    }

    /// <summary>
    /// The weighted mean of independent corrected estimates, with an interval from theirs: the distances of their limits add in squares
    /// (MOVER, Zou and Donner 2008).
    /// </summary>
    /// <param name="parts">Rows of rates; each counts as much as it has samples, those without an estimate not at all.</param>
    /// <returns>The mean, in [0, 1]; null where a row that has an estimate has no corrected one, or none has.</returns>
    public static Estimate? Pooled(IReadOnlyList<Metric> parts)
    {
        Estimate[] judged = [.. parts.Where(p => p.Estimate is not null).Select(p => p.Corrected).OfType<Estimate>()];
        if (judged.Length == 0 || judged.Length < parts.Count(p => p.Estimate is not null)) return null;
        int n = judged.Sum(e => e.N);
        double value = judged.Sum(e => e.Value * e.N / n);
        return Estimate.Of(value, n, "Rogan–Gladen by language, MOVER", alpha =>
        {
            double below = 0, above = 0;
            foreach (Estimate part in judged)
            {
                (double low, double high) = part.At(alpha);
                double weight = (double)part.N / n;
                below += Math.Pow(weight * (part.Value - low), 2);
                above += Math.Pow(weight * (high - part.Value), 2);
            }

            return (Math.Max(0, value - Math.Sqrt(below)), Math.Min(1, value + Math.Sqrt(above)));
        });
    }

    private static (double Low, double High) Pair(Interval interval) => (interval.Low, interval.High);

    /// <summary>Wilson's interval for a count that need not be whole.</summary>
    private static (double Low, double High) Score(double p, double n, double alpha)
    {
        double z = Normal.TwoSidedQuantile(alpha);
        double z2 = z * z;
        double centre = (p + (z2 / (2 * n))) / (1 + (z2 / n));
        double half = z / (1 + (z2 / n)) * Math.Sqrt((p * (1 - p) / n) + (z2 / (4 * n * n)));
        return (p == 0 ? 0 : Math.Max(0, centre - half), p == 1 ? 1 : Math.Min(1, centre + half));
    }
}
