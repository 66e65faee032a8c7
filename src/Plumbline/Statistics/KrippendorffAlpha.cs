namespace Plumbline.Statistics;

/// <summary>Krippendorff's alpha of any number of raters with missing ratings, for four kinds of scale.</summary>
/// <param name="Units">Units with at least two ratings.</param>
/// <param name="Pairable">Ratings in those units.</param>
/// <param name="Nominal">Alpha for categories.</param>
/// <param name="Ordinal">Alpha for ranks.</param>
/// <param name="IntervalScale">Alpha for numbers.</param>
/// <param name="Ratio">Alpha for numbers with a zero; null with negative ratings.</param>
public sealed record KrippendorffAlpha(int Units, double Pairable, double Nominal, double Ordinal, double IntervalScale, double? Ratio)
{
    /// <summary>Alpha of ratings, one array a rater, one entry a unit, null where missing.</summary>
    /// <exception cref="ArgumentException">The arrays are empty or ragged, a rating is not finite, or the pairable ratings do not vary.</exception>
    public static KrippendorffAlpha Of(IReadOnlyList<IReadOnlyList<double?>> ratings)
    {
        List<double[]> units = [.. RatingMatrix.Units(ratings).Where(u => u.Length > 1)];
        double[] values = [.. units.SelectMany(u => u).Distinct().Order()];
        if (values.Length < 2) throw new ArgumentException("The pairable ratings do not vary (or there are none), so alpha is undefined.", nameof(ratings));
        int k = values.Length;
        double[,] coincidences = new double[k, k];
        foreach (double[] unit in units)
        {
            double share = 1.0 / (unit.Length - 1);
            int[] at = [.. unit.Select(v => Array.BinarySearch(values, v))];
            for (int i = 0; i < at.Length; i++)
            {
                for (int j = 0; j < at.Length; j++)
                {
                    if (i != j) coincidences[at[i], at[j]] += share;
                }
            }
        }

        double[] marginals = new double[k], below = new double[k + 1];
        for (int c = 0; c < k; c++)
        {
            marginals[c] = units.Sum(u => u.Count(v => v == values[c]));
            below[c + 1] = below[c] + marginals[c];
        }

        double n = below[k];
        return new KrippendorffAlpha(
            units.Count, n, Alpha((c, d) => 1), Alpha((c, d) => Square(below[Math.Max(c, d) + 1] - below[Math.Min(c, d)] - ((marginals[c] + marginals[d]) / 2))),
            Alpha((c, d) => Square(values[c] - values[d])),
            values[0] < 0 ? null : Alpha((c, d) => Square((values[c] - values[d]) / (values[c] + values[d]))));

        double Alpha(Func<int, int, double> distance)
        {
            double observed = 0, expected = 0;
            for (int c = 0; c < k; c++)
            {
                for (int d = 0; d < k; d++)
                {
                    if (c == d) continue;
                    double weight = distance(c, d);
                    observed += coincidences[c, d] * weight;
                    expected += marginals[c] * marginals[d] * weight;
                }
            }

            return 1 - ((n - 1) * observed / expected);
        }

        static double Square(double v) => v * v;
    }
}
