using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>The claim that a quantity lies beyond a threshold.</summary>
/// <param name="Interval">The confidence interval of the quantity at a two-sided error in (0, 1), narrower for larger errors.</param>
/// <param name="Threshold">The threshold.</param>
/// <param name="Above">Whether the claim is a value above the threshold; otherwise one below it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ThresholdClaim(Func<double, Interval> Interval, double Threshold, bool Above);

/// <summary>A claim judged together with others.</summary>
/// <param name="P">The least two-sided error whose interval lies beyond the threshold, within [1e-15, 1].</param>
/// <param name="AdjustedP">P adjusted by Holm's method for the number of claims.</param>
/// <param name="Level">The two-sided error of <paramref name="Interval"/>.</param>
/// <param name="Interval">The interval at Holm's level for this claim.</param>
/// <param name="Beyond">Whether the whole interval lies beyond the threshold: with probability 1 - alpha no such verdict of the family is wrong.</param>
public sealed record ThresholdVerdict(double P, double AdjustedP, double Level, Interval Interval, bool Beyond);

/// <summary>Holm's step-down method on confidence intervals: which of many quantities lie beyond their thresholds. Thread-safe.</summary>
public static class ThresholdTests
{
    private const double Least = 1e-15;

    /// <summary>Judges claims with a common error; the verdicts are in the order of the claims.</summary>
    /// <param name="claims">The claims; none gives no verdicts.</param>
    /// <param name="alpha">The probability of any wrong verdict.</param>
    /// <exception cref="ArgumentException">alpha lies outside (0, 1), or a threshold or an interval's end is not a number.</exception>
    public static ThresholdVerdict[] Holm(IReadOnlyList<ThresholdClaim> claims, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(claims);
        Demand.Alpha(alpha);
        double[] p = [.. claims.Select(P)];
        double[] adjusted = Multiplicity.Holm(p);
        int m = p.Length;
        int[] order = [.. Enumerable.Range(0, m).OrderBy(i => p[i])];
        ThresholdVerdict[] verdicts = new ThresholdVerdict[m];
        double level = alpha;
        bool open = true;
        for (int rank = 0; rank < m; rank++)
        {
            // After the first claim that fails all others keep its level and fail with it.
            if (open) level = alpha / (m - rank);
            int i = order[rank];
            Interval interval = claims[i].Interval(level);
            open = open && IsBeyond(claims[i], interval);
            verdicts[i] = new ThresholdVerdict(p[i], adjusted[i], level, interval, open);
        }

        return verdicts;
    }

    private static double P(ThresholdClaim claim)
    {
        if (double.IsNaN(claim.Threshold)) throw new ArgumentException("A threshold is not a number.", nameof(claim));
        const double Most = 1 - 1e-9;
        if (!IsBeyond(claim, claim.Interval(Most))) return 1;
        if (IsBeyond(claim, claim.Interval(Least))) return Least;
        double low = Math.Log(Least), high = Math.Log(Most);
        for (int i = 0; i < 60; i++)
        {
            double mid = (low + high) / 2;
            if (IsBeyond(claim, claim.Interval(Math.Exp(mid)))) high = mid;
            else low = mid;
        }

        return Math.Exp(high);
    }

    private static bool IsBeyond(ThresholdClaim claim, Interval interval)
    {
        if (double.IsNaN(interval.Low) || double.IsNaN(interval.High)) throw new ArgumentException("An interval's end is not a number.", nameof(interval));
        return claim.Above ? interval.Low > claim.Threshold : interval.High < claim.Threshold;
    }
}
