namespace Plumbline.Statistics;

/// <summary>The exact sign test of differences; zeros are dropped.</summary>
/// <param name="Positive">Differences above 0.</param>
/// <param name="Negative">Differences below 0.</param>
/// <param name="Zero">Differences equal to 0 within 1e-9 of the largest.</param>
/// <param name="TwoSided">Two-sided p.</param>
/// <param name="Greater">p of the alternative that differences tend to be positive.</param>
/// <param name="Less">p of the alternative that they tend to be negative.</param>
public sealed record SignTest(int Positive, int Negative, int Zero, double TwoSided, double Greater, double Less)
{
    /// <summary>Tests at least one difference.</summary>
    /// <exception cref="ArgumentException">There is no difference, or one is not finite.</exception>
    public static SignTest Of(ReadOnlySpan<double> differences)
    {
        Demand.Sample(differences, 1, nameof(differences));
        double slack = Ranks.Slack(differences);
        int positive = 0, negative = 0;
        foreach (double d in differences)
        {
            if (d > slack) positive++;
            else if (d < -slack) negative++;
        }

        int n = positive + negative;
        double greater = Binomial.Cdf(negative, n, 0.5).Lower, less = Binomial.Cdf(positive, n, 0.5).Lower;
        return new SignTest(positive, negative, differences.Length - n, Math.Min(1, 2 * Math.Min(greater, less)), greater, less);
    }
}
