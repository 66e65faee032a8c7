namespace Plumbline.Statistics;

/// <summary>Tests whether two raters use several categories equally often, and whether their disagreements are symmetric.</summary>
/// <param name="DegreesOfFreedom">Categories less one.</param>
/// <param name="StuartMaxwell">The Stuart–Maxwell statistic; McNemar's for two categories.</param>
/// <param name="StuartMaxwellP">Its p.</param>
/// <param name="Bhapkar">Bhapkar's statistic.</param>
/// <param name="BhapkarP">Its p.</param>
/// <param name="Bowker">Bowker's statistic of symmetry.</param>
/// <param name="BowkerDegreesOfFreedom">Pairs of categories that ever disagree.</param>
/// <param name="BowkerP">Its p.</param>
public sealed record MarginalHomogeneity(
    int DegreesOfFreedom, double StuartMaxwell, double StuartMaxwellP, double Bhapkar, double BhapkarP, double Bowker, int BowkerDegreesOfFreedom, double BowkerP)
{
    /// <summary>Tests a square table, rows first rater, columns second.</summary>
    /// <exception cref="ArgumentException">The table is not square, has one category, a negative count, or a category that never disagrees.</exception>
    public static MarginalHomogeneity Of(IReadOnlyList<IReadOnlyList<int>> table)
    {
        (double[] rows, double[] columns, double n) = ContingencyTable.Margins(table, square: true);
        int k = rows.Length;
        if (k < 2) throw new ArgumentException("There must be at least two categories.", nameof(table));
        double[,] covariance = new double[k - 1, k - 1];
        for (int i = 0; i < k - 1; i++)
        {
            for (int j = 0; j < k - 1; j++)
                covariance[i, j] = i == j ? rows[i] + columns[i] - (2.0 * table[i][i]) : -((double)table[i][j] + table[j][i]);
        }

        double[,] inverse = LinearSystem.Invert(covariance)
            ?? throw new ArgumentException("The covariance of the marginal differences is singular: a category never disagrees.", nameof(table));
        double statistic = 0;
        for (int i = 0; i < k - 1; i++)
        {
            for (int j = 0; j < k - 1; j++) statistic += (rows[i] - columns[i]) * inverse[i, j] * (rows[j] - columns[j]);
        }

        double bhapkar = statistic < n ? statistic / (1 - (statistic / n)) : double.PositiveInfinity, bowker = 0;
        int bowkerDf = 0;
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double sum = (double)table[i][j] + table[j][i], difference = (double)table[i][j] - table[j][i];
                if (sum == 0) continue;
                bowker += difference * difference / sum;
                bowkerDf++;
            }
        }

        return new MarginalHomogeneity(
            k - 1, statistic, ChiSquare.UpperTail(statistic, k - 1), bhapkar, ChiSquare.UpperTail(bhapkar, k - 1), bowker, bowkerDf, ChiSquare.UpperTail(bowker, bowkerDf));
    }
}
