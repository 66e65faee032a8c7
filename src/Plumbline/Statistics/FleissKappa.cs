namespace Plumbline.Statistics;

/// <summary>Fleiss' kappa of several raters, the same number for every item.</summary>
/// <param name="Raters">Ratings an item.</param>
/// <param name="Observed">The observed agreement of pairs.</param>
/// <param name="Expected">The agreement expected by chance.</param>
/// <param name="Kappa">(observed - expected) / (1 - expected).</param>
/// <param name="NullStandardError">Its standard error where kappa is 0 (Fleiss, Nee, Landis 1979).</param>
/// <param name="Z">Kappa over that.</param>
/// <param name="P">Its two-sided p.</param>
public sealed record FleissKappa(int Raters, double Observed, double Expected, double Kappa, double NullStandardError, double Z, double P)
{
    /// <summary>Kappa of counts, one array an item, one entry a category.</summary>
    /// <exception cref="ArgumentException">The table is empty or ragged, a count is negative, items differ in the number of ratings, there are fewer than two, or all are in one category.</exception>
    public static FleissKappa Of(IReadOnlyList<IReadOnlyList<int>> counts)
    {
        (double[] items, double[] categories, double total) = ContingencyTable.Margins(counts, square: false);
        double m = items[0], n = items.Length;
        if (items.Any(v => v != m)) throw new ArgumentException("Items have unequal numbers of ratings; use Krippendorff's alpha or AC1.", nameof(counts));
        if (m < 2) throw new ArgumentException("There is one rating an item; agreement needs at least two.", nameof(counts));
        if (categories.Contains(total)) throw new ArgumentException("Every rating is in one category, so kappa is undefined.", nameof(counts));
        double pairs = 0;
        foreach (IReadOnlyList<int> item in counts) pairs += item.Sum(v => v * (v - 1.0));
        double observed = pairs / (n * m * (m - 1)), expected = 0, spread = 0, skew = 0;
        foreach (double c in categories)
        {
            double p = c / total;
            expected += p * p;
            spread += p * (1 - p);
            skew += p * (1 - p) * (1 - (2 * p));
        }

        double kappa = (observed - expected) / spread, se = Math.Sqrt(2 / (n * m * (m - 1)) * ((spread * spread) - skew)) / spread;
        return new FleissKappa((int)m, observed, expected, kappa, se, kappa / se, Normal.TwoSided(kappa / se));
    }
}
