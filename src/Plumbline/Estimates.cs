using Plumbline.Statistics;
using Plumbline.Worlds;

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

        return Estimate.Of(p, (int)trials, deff > 1 ? "Wilson, clustered" : "Wilson", alpha => Score(p, trials / deff, alpha));
    }

    /// <summary>A mean of independent values; Student's t interval, clipped to the range that the values can have.</summary>
    public static Estimate? Mean(IReadOnlyList<double> values, double low = double.NegativeInfinity, double high = double.PositiveInfinity) => values.Count < 2
        ? null
        : Estimate.Of(values.Average(), values.Count, "Student t", alpha =>
        {
            double mean = values.Average();
            double se = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
            double half = StudentT.TwoSidedQuantile(alpha, values.Count - 1) * se;
            return (Math.Max(low, mean - half), Math.Min(high, mean + half));
        });

    /// <summary>
    /// A rate corrected for its judge's errors (Rogan and Gladen 1978), with the calibration's own uncertainty in the
    /// interval (Lang and Reiczigel 2014). Null without a calibration, or where the judge is no better than chance.
    /// </summary>
    public static Estimate? Corrected(Estimate? rate, JudgeCalibration? judge)
    {
        if (rate is null || judge is null) return null;
        // Lang and Reiczigel's "plus one success, plus one failure" estimates keep the interval alive at 0 and 1.
        double se = (judge.TruePositives + 1.0) / (judge.Positives + 2), sp = (judge.TrueNegatives + 1.0) / (judge.Negatives + 2);
        double youden = judge.Sensitivity + judge.Specificity - 1;
        if (youden <= 0 || se + sp <= 1) return null;
        double value = Math.Clamp((rate.Value + judge.Specificity - 1) / youden, 0, 1);
        return Estimate.Of(value, rate.N, $"Rogan–Gladen of {rate.Method}", alpha =>
        {
            // A clustered rate has fewer independent samples than n: its own interval says how many.
            double z = Normal.TwoSidedQuantile(alpha);
            (double low, double high) = rate.At(alpha);
            double n = Math.Max(1, Math.Min(rate.N, EffectiveSize(rate.Value, high - low, z)));
            double z2 = z * z;
            double ap = ((n * rate.Value) + (z2 / 2)) / (n + z2);
            double d = se + sp - 1;
            double p = (ap + sp - 1) / d;
            double dp = 2 * z2 * ((p * se * (1 - se) / (judge.Positives + 2)) - ((1 - p) * sp * (1 - sp) / (judge.Negatives + 2)));
            double spread = z / d * Math.Sqrt((ap * (1 - ap) / (n + z2)) + (p * p * se * (1 - se) / (judge.Positives + 2)) + ((1 - p) * (1 - p) * sp * (1 - sp) / (judge.Negatives + 2)));
            return (Math.Clamp(p + dp - spread, 0, value), Math.Clamp(p + dp + spread, value, 1));
        });
    }

    /// <summary>The size at which Wilson's interval of this rate has this width; found by bisection, since width falls with size.</summary>
    private static double EffectiveSize(double rate, double width, double z)
    {
        double low = 1, high = 1e9;
        for (int i = 0; i < 100; i++)
        {
            double n = Math.Sqrt(low * high);
            if (Width(n) > width) low = n;
            else high = n;
        }

        return high;

        double Width(double n)
        {
            double z2 = z * z;
            double half = z / (1 + (z2 / n)) * Math.Sqrt((rate * (1 - rate) / n) + (z2 / (4 * n * n)));
            double centre = (rate + (z2 / (2 * n))) / (1 + (z2 / n));
            return Math.Min(1, centre + half) - Math.Max(0, centre - half);
        }
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
