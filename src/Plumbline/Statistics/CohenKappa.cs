namespace Plumbline.Statistics;

/// <summary>How much partial agreement between ordered categories counts.</summary>
public enum KappaWeights
{
    /// <summary>Only equal categories agree.</summary>
    None,

    /// <summary>1 - |i - j| / (k - 1).</summary>
    Linear,

    /// <summary>1 - (i - j)² / (k - 1)².</summary>
    Quadratic,
}

/// <summary>Cohen's kappa of two raters.</summary>
/// <param name="Observed">The observed (weighted) agreement.</param>
/// <param name="Expected">The agreement expected by chance.</param>
/// <param name="Kappa">(observed - expected) / (1 - expected).</param>
/// <param name="StandardError">Its standard error (Fleiss, Cohen, Everitt 1969); 0 for perfect agreement.</param>
/// <param name="NullStandardError">Its standard error under independence.</param>
/// <param name="Interval">The normal interval, not clipped.</param>
/// <param name="Z">Kappa over its null standard error; NaN where that is 0.</param>
/// <param name="P">The two-sided p of independence; NaN where the null standard error is 0.</param>
public sealed record CohenKappa(double Observed, double Expected, double Kappa, double StandardError, double NullStandardError, Interval Interval, double Z, double P)
{
    /// <summary>Kappa of a square table, rows first rater, columns second; null where chance agreement is 1, so that kappa does not exist.</summary>
    /// <exception cref="ArgumentException">The table is empty, not square or has one category, or a count is negative.</exception>
    public static CohenKappa? Of(IReadOnlyList<IReadOnlyList<int>> table, KappaWeights weights = KappaWeights.None, double alpha = 0.05)
    {
        (double[] rows, double[] columns, double n) = TwoRaterAgreement.Check(table);
        double zAlpha = Normal.TwoSidedQuantile(alpha);
        int k = rows.Length;
        double observed = 0, expected = 0;
        double[] rowWeight = new double[k], columnWeight = new double[k];
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++)
            {
                double w = Weight(i, j);
                observed += w * table[i][j];
                expected += w * rows[i] * columns[j];
                rowWeight[i] += w * columns[j] / n;
                columnWeight[j] += w * rows[i] / n;
            }
        }

        observed /= n;
        expected /= n * n;
        double rest = 1 - expected;
        if (rest < 1e-14) return null;
        double meanTerm = (observed * rest) - ((1 - observed) * 2 * expected), variance = 0, nullVariance = 0;
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++)
            {
                double w = Weight(i, j), sum = rowWeight[i] + columnWeight[j];

                // Both variances are taken about their means, so that perfect agreement gives exactly 0.
                double term = (w * rest) - (sum * (1 - observed)) - meanTerm, nullTerm = w - sum + expected;
                variance += table[i][j] / n * term * term;
                nullVariance += rows[i] / n * (columns[j] / n) * nullTerm * nullTerm;
            }
        }

        double kappa = (observed - expected) / rest, se = Math.Sqrt(variance / n) / (rest * rest), nullSe = Math.Sqrt(nullVariance / n) / rest;
        double z = nullSe > 0 ? kappa / nullSe : double.NaN;
        return new CohenKappa(observed, expected, kappa, se, nullSe, Interval.Around(kappa, zAlpha * se), z, Normal.TwoSided(z));

        double Weight(int i, int j) => i == j ? 1 : weights switch
        {
            KappaWeights.Linear => 1 - (Math.Abs(i - j) / (k - 1.0)),
            KappaWeights.Quadratic => 1 - ((double)(i - j) * (i - j) / ((k - 1.0) * (k - 1.0))),
            _ => 0,
        };
    }
}
