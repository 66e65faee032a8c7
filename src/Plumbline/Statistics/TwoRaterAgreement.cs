namespace Plumbline.Statistics;

/// <summary>Point values of the agreement of two raters.</summary>
/// <param name="PercentAgreement">The share of equal ratings.</param>
/// <param name="ScottPi">Scott's pi; null where every rating is in one category.</param>
/// <param name="Ac1">Gwet's AC1.</param>
/// <param name="BrennanPrediger">Brennan and Prediger's kappa.</param>
/// <param name="Matthews">The Matthews correlation (multiclass R_K); null where a rater uses one category only.</param>
public sealed record TwoRaterAgreement(double PercentAgreement, double? ScottPi, double Ac1, double BrennanPrediger, double? Matthews)
{
    /// <summary>Agreement in a square table, rows first rater, columns second.</summary>
    /// <exception cref="ArgumentException">The table is empty, not square or has one category, or a count is negative.</exception>
    public static TwoRaterAgreement Of(IReadOnlyList<IReadOnlyList<int>> table)
    {
        (double[] rows, double[] columns, double n) = Check(table);
        int k = rows.Length;
        double diagonal = 0, shared = 0, squares = 0, gwet = 0, products = 0, rowRest = n * n, columnRest = n * n;
        for (int i = 0; i < k; i++)
        {
            diagonal += table[i][i];
            double m = (rows[i] + columns[i]) / (2 * n);
            shared = Math.Max(shared, m);
            squares += m * m;
            gwet += m * (1 - m);
            products += rows[i] * columns[i];
            rowRest -= rows[i] * rows[i];
            columnRest -= columns[i] * columns[i];
        }

        double agree = diagonal / n;
        gwet /= k - 1;
        double scale = Math.Sqrt(rowRest) * Math.Sqrt(columnRest);
        return new TwoRaterAgreement(
            agree, shared < 1 ? (agree - squares) / (1 - squares) : null, (agree - gwet) / (1 - gwet), (agree - (1.0 / k)) / (1 - (1.0 / k)),
            scale > 0 ? ((diagonal * n) - products) / scale : null);
    }

    internal static (double[] Rows, double[] Columns, double Total) Check(IReadOnlyList<IReadOnlyList<int>> table)
    {
        (double[] rows, double[] columns, double n) = ContingencyTable.Margins(table, square: true);
        return rows.Length > 1 ? (rows, columns, n) : throw new ArgumentException("There is one category only; agreement needs at least two.", nameof(table));
    }
}
