namespace Plumbline.Statistics;

/// <summary>The attack success rate within k attempts, averaged over items.</summary>
/// <param name="K">Attempts allowed.</param>
/// <param name="Rate">The mean of the items' unbiased pass@k.</param>
/// <param name="StandardError">The standard error over items; null for one item.</param>
/// <param name="Unclipped">The t interval with items - 1 degrees of freedom; null for one item.</param>
public sealed record AttackRate(int K, double Rate, double? StandardError, Interval? Unclipped)
{
    /// <summary>The interval in [0, 1].</summary>
    public Interval? Interval => Unclipped?.Clip(0, 1);
}

/// <summary>Attack success by number of attempts. Thread-safe.</summary>
public static class AttackCurve
{
    /// <summary>The rate at k from each item's successes and attempts.</summary>
    /// <exception cref="ArgumentException">There is no item, lengths differ, counts are out of range, or an item has fewer than k attempts.</exception>
    public static AttackRate At(ReadOnlySpan<int> successes, ReadOnlySpan<int> attempts, int k, double alpha = 0.05)
    {
        Demand.SameLength(successes.Length, attempts.Length, nameof(successes), nameof(attempts));
        Demand.Alpha(alpha);
        if (successes.IsEmpty) throw new ArgumentException("There are no items.", nameof(successes));
        double[] rates = new double[successes.Length];
        for (int i = 0; i < rates.Length; i++) rates[i] = PassAtK.Unbiased(attempts[i], successes[i], k);
        if (rates.Length == 1) return new AttackRate(k, rates[0], null, null);
        MeanEstimate mean = Means.One(rates, 0, alpha);
        return new AttackRate(k, mean.Mean, mean.StandardError, mean.Interval);
    }
}
