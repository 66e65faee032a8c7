using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A ratio with its interval on the logarithmic scale.</summary>
/// <param name="Value">The ratio; NaN for 0/0, infinite where the denominator is 0.</param>
/// <param name="LogStandardError">The standard error of its logarithm; null where a zero cell leaves none.</param>
/// <param name="Interval">The interval; null where a zero cell leaves none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RatioEstimate(double Value, double? LogStandardError, Interval? Interval);

/// <summary>Ratios of two independent proportions and of their odds, first over second. Thread-safe.</summary>
/// <remarks>Empty arms, counts outside their arm and alpha outside (0, 1) throw <see cref="ArgumentOutOfRangeException"/>.</remarks>
public static class ProportionRatios
{
    /// <summary>The risk ratio with Katz's log interval (1978); no interval where either arm has no success.</summary>
    public static RatioEstimate RiskRatio(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Check(successes1, trials1, successes2, trials2, alpha);
        double ratio = ((double)successes1 / trials1) / ((double)successes2 / trials2);
        return successes1 > 0 && successes2 > 0 ? Katz(ratio, successes1, trials1, successes2, trials2, alpha) : new RatioEstimate(ratio, null, null);
    }

    /// <summary>The risk ratio with half a success and half a trial added to each arm, which always has an interval.</summary>
    public static RatioEstimate RiskRatioHalf(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Check(successes1, trials1, successes2, trials2, alpha);
        double k1 = successes1 + 0.5, n1 = trials1 + 0.5, k2 = successes2 + 0.5, n2 = trials2 + 0.5;
        return Katz(k1 / n1 / (k2 / n2), k1, n1, k2, n2, alpha);
    }

    /// <summary>The odds ratio with Woolf's logit interval (1955); no interval where a cell is empty.</summary>
    public static RatioEstimate OddsRatio(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Check(successes1, trials1, successes2, trials2, alpha);
        double a = successes1, b = trials1 - successes1, c = successes2, d = trials2 - successes2, ratio = a * d / (b * c);
        return a > 0 && b > 0 && c > 0 && d > 0 ? Woolf(a, b, c, d, alpha) : new RatioEstimate(ratio, null, null);
    }

    /// <summary>The odds ratio with one half added to all four cells (Haldane and Anscombe), which always has an interval.</summary>
    public static RatioEstimate OddsRatioHalf(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Check(successes1, trials1, successes2, trials2, alpha);
        return Woolf(successes1 + 0.5, trials1 - successes1 + 0.5, successes2 + 0.5, trials2 - successes2 + 0.5, alpha);
    }

    private static RatioEstimate Katz(double ratio, double k1, double n1, double k2, double n2, double alpha) =>
        OnLogScale(ratio, Math.Sqrt(((n1 - k1) / (k1 * n1)) + ((n2 - k2) / (k2 * n2))), alpha);

    private static RatioEstimate Woolf(double a, double b, double c, double d, double alpha) =>
        OnLogScale(a * d / (b * c), Math.Sqrt((1 / a) + (1 / b) + (1 / c) + (1 / d)), alpha);

    private static RatioEstimate OnLogScale(double ratio, double se, double alpha)
    {
        double half = Normal.TwoSidedQuantile(alpha) * se;
        return new RatioEstimate(ratio, se, new Interval(ratio * Math.Exp(-half), ratio * Math.Exp(half)));
    }

    private static void Check(long k1, long n1, long k2, long n2, double alpha)
    {
        Demand.Counts(k1, n1, "successes1", "trials1");
        Demand.Counts(k2, n2, "successes2", "trials2");
        Demand.Alpha(alpha);
    }
}
