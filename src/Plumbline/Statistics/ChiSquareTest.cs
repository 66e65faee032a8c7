namespace Plumbline.Statistics;

/// <summary>Tests of independence in a table of counts.</summary>
/// <param name="DegreesOfFreedom">(rows - 1)(columns - 1).</param>
/// <param name="ChiSquare">Pearson's statistic.</param>
/// <param name="P">Its p.</param>
/// <param name="G">The likelihood-ratio statistic.</param>
/// <param name="GP">Its p.</param>
/// <param name="MinExpected">The smallest expected count; below 5 the p-values are rough.</param>
/// <param name="CramersV">The effect size in [0, 1].</param>
/// <param name="Yates">Pearson's statistic with continuity correction; null unless 2 × 2.</param>
/// <param name="YatesP">Its p.</param>
public sealed record ChiSquareTest(int DegreesOfFreedom, double ChiSquare, double P, double G, double GP, double MinExpected, double CramersV, double? Yates, double? YatesP)
{
    /// <summary>Tests a table with at least two rows and columns, none of them empty.</summary>
    /// <param name="table">Counts, one array a row, all equally long.</param>
    /// <exception cref="ArgumentException">The table is too small or ragged, or a count is negative, or a row or column is empty.</exception>
    public static ChiSquareTest Of(IReadOnlyList<IReadOnlyList<int>> table)
    {
        (double[] rows, double[] columns, double n) = ContingencyTable.Margins(table, square: false);
        if (rows.Length < 2 || columns.Length < 2) throw new ArgumentException("The table needs at least two rows and two columns.", nameof(table));
        if (rows.Contains(0) || columns.Contains(0)) throw new ArgumentException("A row or column is empty: its expected counts are 0.", nameof(table));
        double chi = 0, g = 0, least = double.PositiveInfinity;
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < columns.Length; j++)
            {
                double expected = rows[i] * columns[j] / n, observed = table[i][j], e = observed - expected;
                chi += e * e / expected;

                // The deviances of a cell sum to G because observed and expected counts have one total.
                g += 2 * GammaFunction.Deviance(observed, expected);
                least = Math.Min(least, expected);
            }
        }

        int df = (rows.Length - 1) * (columns.Length - 1);
        double? yates = null;
        if (rows.Length == 2 && columns.Length == 2)
        {
            double deviation = Math.Abs(table[0][0] - (rows[0] * columns[0] / n)), reduced = deviation - Math.Min(0.5, deviation), sum = 0;
            foreach (double row in rows)
            {
                foreach (double column in columns) sum += reduced * reduced / (row * column / n);
            }

            yates = sum;
        }

        return new ChiSquareTest(
            df, chi, Statistics.ChiSquare.UpperTail(chi, df), g, Statistics.ChiSquare.UpperTail(g, df), least,
            Math.Sqrt(chi / (n * (Math.Min(rows.Length, columns.Length) - 1))), yates, yates is double y ? Statistics.ChiSquare.UpperTail(y, 1) : null);
    }
}
