namespace Plumbline.Statistics;

/// <summary>Standardised differences of two samples, first minus second.</summary>
/// <param name="Difference">The difference of means.</param>
/// <param name="PooledSd">The pooled standard deviation; 0 where both samples are constant.</param>
/// <param name="CohenD">Difference over pooled standard deviation; null where that is 0.</param>
/// <param name="GlassDelta">Difference over the second sample's standard deviation; null where that is 0.</param>
/// <param name="CliffDelta">P(first &gt; second) - P(first &lt; second).</param>
/// <param name="HedgesJ">The exact small-sample factor; null where Cohen's d is.</param>
/// <param name="HedgesG">J times Cohen's d; null where Cohen's d is.</param>
/// <param name="HedgesGApproximate">(1 - 3 / (4 df - 1)) times Cohen's d; null where Cohen's d is.</param>
/// <param name="CohenDSe">The standard error of Cohen's d; null where it is.</param>
public sealed record StandardisedDifference(
    double Difference, double PooledSd, double? CohenD, double? GlassDelta, double CliffDelta, double? HedgesJ, double? HedgesG, double? HedgesGApproximate, double? CohenDSe);

/// <summary>A one-way analysis of variance.</summary>
/// <param name="EtaSquared">Share of the variation that lies between groups.</param>
/// <param name="DegreesOfFreedom1">Groups less one.</param>
/// <param name="DegreesOfFreedom2">Observations less groups.</param>
/// <param name="OmegaSquared">The same, nearly unbiased; null without variation within groups.</param>
/// <param name="EpsilonSquared">The same, adjusted; null without variation within groups.</param>
/// <param name="F">The F statistic; null without variation within groups.</param>
/// <param name="P">Its p; null without variation within groups.</param>
public sealed record OneWayAnova(double EtaSquared, int DegreesOfFreedom1, int DegreesOfFreedom2, double? OmegaSquared, double? EpsilonSquared, double? F, double? P);

/// <summary>Effect sizes. Empty samples, values that are not finite and probabilities out of range throw <see cref="ArgumentException"/>. Thread-safe.</summary>
public static class EffectSizes
{
    /// <summary>2 asin √p1 - 2 asin √p2.</summary>
    public static double CohenH(double p1, double p2)
    {
        Demand.Probability(p1);
        Demand.Probability(p2);
        return (2 * Angle(p1)) - (2 * Angle(p2));

        static double Angle(double p) => Math.Atan2(Math.Sqrt(p), Math.Sqrt(1 - p));
    }

    /// <summary>Standardised differences of x and y; y is the control.</summary>
    public static StandardisedDifference Standardised(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        double m = x.Length, n = y.Length, df = m + n - 2;
        (double meanX, double varianceX) = Means.Moments(x);
        (double meanY, double varianceY) = Means.Moments(y);
        double squares = (m > 1 ? varianceX * (m - 1) : 0) + (n > 1 ? varianceY * (n - 1) : 0), pooled = df > 0 ? Math.Sqrt(squares / df) : 0;
        double difference = meanX - meanY, cliff = (2 * Roc.Area(x, y)) - 1;
        double? glass = n > 1 && varianceY > 0 ? difference / Math.Sqrt(varianceY) : null;
        if (pooled == 0) return new StandardisedDifference(difference, 0, null, glass, cliff, null, null, null, null);
        double d = difference / pooled, j = df > 1 ? Math.Exp(GammaFunction.Log(df / 2) - GammaFunction.Log((df - 1) / 2)) / Math.Sqrt(df / 2) : 0;
        return new StandardisedDifference(
            difference, pooled, d, glass, cliff, j, j * d, (1 - (3 / ((4 * df) - 1))) * d, Math.Sqrt(((m + n) / (m * n)) + (d * d / (2 * (m + n)))));
    }

    /// <summary>The one-way analysis of variance of at least two groups.</summary>
    /// <exception cref="ArgumentException">There are fewer than two groups, one is empty, or nothing varies.</exception>
    public static OneWayAnova OneWay(IReadOnlyList<double[]> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (groups.Count < 2) throw new ArgumentException("There must be at least two groups.", nameof(groups));
        foreach (double[] group in groups) Demand.Sample(group, 1, nameof(groups));
        double[] all = [.. groups.SelectMany(g => g)];
        double grand = Means.Mean(all), between = 0, within = 0;
        foreach (double[] group in groups)
        {
            (double mean, double variance) = Means.Moments(group);
            between += group.Length * (mean - grand) * (mean - grand);
            if (group.Length > 1) within += variance * (group.Length - 1);
        }

        double total = between + within;
        if (total == 0) throw new ArgumentException("Nothing varies.", nameof(groups));
        int k = groups.Count, n = all.Length;
        if (within == 0 || n == k) return new OneWayAnova(between / total, k - 1, n - k, null, null, null, null);
        double mean2 = within / (n - k), f = between / (k - 1) / mean2, excess = between - ((k - 1) * mean2);
        return new OneWayAnova(between / total, k - 1, n - k, excess / (total + mean2), excess / total, f, FisherF.Cdf(f, k - 1, n - k).Upper);
    }
}
