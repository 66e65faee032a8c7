namespace Plumbline.Statistics;

/// <summary>Fisher's F distribution. Thread-safe.</summary>
internal static class FisherF
{
    /// <summary>P(F ≤ x) and P(F &gt; x).</summary>
    public static Tails Cdf(double x, double df1, double df2)
    {
        Demand.Positive(df1);
        Demand.Positive(df2);
        if (!(x >= 0)) throw new ArgumentOutOfRangeException(nameof(x), x, "x must be at least 0.");
        if (double.IsPositiveInfinity(x)) return new Tails(1, 0);
        double total = (df1 * x) + df2;
        return BetaFunction.Regularized(df1 / 2, df2 / 2, new BetaFunction.Split(df1 * x / total, df2 / total));
    }

    /// <summary>x with P(F ≤ x) = p.</summary>
    public static double Quantile(double p, double df1, double df2)
    {
        Demand.Positive(df1);
        Demand.Positive(df2);
        BetaFunction.Split at = BetaFunction.RegularizedInverse(df1 / 2, df2 / 2, p);
        return df2 * at.X / (df1 * at.Y);
    }
}
