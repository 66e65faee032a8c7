namespace Plumbline.Statistics;

/// <summary>McNemar's test of two paired rates, from the pairs in which only one succeeds.</summary>
/// <param name="Exact">Two-sided exact binomial p, min(1, 2 P(X ≤ min)): the default.</param>
/// <param name="MidP">Two-sided mid-p.</param>
/// <param name="ChiSquare">The asymptotic statistic; NaN without discordant pairs.</param>
/// <param name="ChiSquareP">Its p.</param>
/// <param name="Corrected">The statistic with continuity correction, 0 where the counts are equal.</param>
/// <param name="CorrectedP">Its p.</param>
public sealed record McNemarTest(double Exact, double MidP, double ChiSquare, double ChiSquareP, double Corrected, double CorrectedP);

/// <summary>McNemar's test. Thread-safe.</summary>
public static class McNemar
{
    /// <summary>Tests whether pairs with only the first success are as frequent as pairs with only the second.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public static McNemarTest Test(long firstOnly, long secondOnly)
    {
        Demand.AtLeast(firstOnly, 0);
        Demand.AtLeast(secondOnly, 0);
        long n = firstOnly + secondOnly, k = Math.Min(firstOnly, secondOnly);
        if (n == 0) return new McNemarTest(1, 1, double.NaN, double.NaN, double.NaN, double.NaN);
        double tail = Binomial.Cdf(k, n, 0.5).Lower, difference = Math.Abs(firstOnly - secondOnly), reduced = Math.Max(0, difference - 1);
        double midP = 2 * k == n ? 1 : (2 * tail) - Binomial.Probability(k, n, 0.5);
        double statistic = difference * difference / n, corrected = reduced * reduced / n;
        return new McNemarTest(
            Math.Min(1, 2 * tail), midP, statistic, Statistics.ChiSquare.UpperTail(statistic, 1), corrected, Statistics.ChiSquare.UpperTail(corrected, 1));
    }

    /// <summary>Tests a table of pairs.</summary>
    public static McNemarTest Test(PairedCounts counts) => Test(counts.FirstOnly, counts.SecondOnly);
}
