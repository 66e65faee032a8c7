namespace Plumbline.Statistics;

/// <summary>Gwet's AC1 of any number of raters with missing ratings: stable where one category dominates.</summary>
/// <param name="PercentAgreement">The observed agreement over units with two or more ratings.</param>
/// <param name="Expected">The agreement expected by chance.</param>
/// <param name="Ac1">The coefficient.</param>
/// <param name="StandardError">Gwet's linearised standard error over units (2008).</param>
/// <param name="UnclippedInterval">The t interval with units - 1 degrees of freedom.</param>
public sealed record GwetAc1(double PercentAgreement, double Expected, double Ac1, double StandardError, Interval UnclippedInterval)
{
    /// <summary>The interval in [-1, 1].</summary>
    public Interval Interval => UnclippedInterval.Clip(-1, 1);

    /// <summary>AC1 of ratings, one array a rater, one entry a unit, null where missing.</summary>
    /// <param name="ratings">The ratings.</param>
    /// <param name="categories">All categories that could be used, at least two.</param>
    /// <param name="alpha">The two-sided error.</param>
    /// <exception cref="ArgumentException">The arrays are empty or ragged, a rating is no category, or fewer than two units or no pairs are rated.</exception>
    public static GwetAc1 Of(IReadOnlyList<IReadOnlyList<double?>> ratings, IReadOnlyList<double> categories, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(categories);
        Demand.Alpha(alpha);
        int q = categories.Count;
        if (q < 2 || categories.Distinct().Count() < q) throw new ArgumentException("There must be at least two different categories.", nameof(categories));
        List<double[]> units = [.. RatingMatrix.Units(ratings).Where(u => u.Length > 0)];
        int n = units.Count, paired = units.Count(u => u.Length > 1);
        if (n < 2 || paired == 0) throw new ArgumentException("At least two units must be rated, one of them twice.", nameof(ratings));
        double[][] shares = new double[n][];
        double[] agreement = new double[n], prevalence = new double[q];
        for (int u = 0; u < n; u++)
        {
            double r = units[u].Length;
            double[] counts = [.. categories.Select(c => (double)units[u].Count(v => v == c))];
            if (counts.Sum() != r) throw new ArgumentException("A rating is not among the categories.", nameof(ratings));
            shares[u] = [.. counts.Select(c => c / r)];
            for (int c = 0; c < q; c++) prevalence[c] += shares[u][c] / n;
            agreement[u] = r > 1 ? counts.Sum(c => c * (c - 1)) / (r * (r - 1)) : 0;
        }

        double observed = agreement.Sum() / paired, expected = prevalence.Sum(p => p * (1 - p)) / (q - 1), ac1 = (observed - expected) / (1 - expected), squares = 0;
        for (int u = 0; u < n; u++)
        {
            double chance = 0;
            for (int c = 0; c < q; c++) chance += shares[u][c] * (1 - prevalence[c]) / (q - 1);
            double term = units[u].Length > 1 ? (double)n / paired * (agreement[u] - expected) / (1 - expected) : 0;
            double deviation = term - (2 * (1 - ac1) * (chance - expected) / (1 - expected)) - ac1;
            squares += deviation * deviation;
        }

        double se = Math.Sqrt(squares / (n * (n - 1.0)));
        return new GwetAc1(observed, expected, ac1, se, Means.Around(ac1, se, n - 1, alpha));
    }
}
