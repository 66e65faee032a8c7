namespace Plumbline.Statistics;

/// <summary>Student's t distribution with real degrees of freedom. Thread-safe.</summary>
public static class StudentT
{
    /// <summary>P(T ≤ t) and P(T &gt; t).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The degrees of freedom are not positive.</exception>
    public static Tails Cdf(double t, double degreesOfFreedom)
    {
        Demand.Positive(degreesOfFreedom);
        double square = t * t, total = degreesOfFreedom + square;
        BetaFunction.Split at = double.IsPositiveInfinity(square) ? new(0, 1) : new(degreesOfFreedom / total, square / total);
        double tail = BetaFunction.Regularized(degreesOfFreedom / 2, 0.5, at).Lower / 2;
        return t > 0 ? new Tails(1 - tail, tail) : new Tails(tail, 1 - tail);
    }

    /// <summary>The two-sided p-value of a t statistic; NaN for NaN.</summary>
    public static double TwoSided(double t, double degreesOfFreedom) =>
        double.IsNaN(t) ? t : Math.Min(1, 2 * Cdf(Math.Abs(t), degreesOfFreedom).Upper);

    /// <summary>t with P(T ≤ t) = p.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p is no probability or the degrees of freedom are not positive.</exception>
    public static double Quantile(double p, double degreesOfFreedom)
    {
        Demand.Probability(p);
        Demand.Positive(degreesOfFreedom);
        if (p == 0.5) return 0;
        double t = Positive(2 * Math.Min(p, 1 - p), degreesOfFreedom);
        return p < 0.5 ? -t : t;
    }

    /// <summary>The two-sided critical value: t with P(|T| &gt; t) = alpha.</summary>
    /// <exception cref="ArgumentOutOfRangeException">alpha lies outside (0, 1) or the degrees of freedom are not positive.</exception>
    public static double TwoSidedQuantile(double alpha, double degreesOfFreedom)
    {
        Demand.Alpha(alpha);
        Demand.Positive(degreesOfFreedom);
        return Positive(alpha, degreesOfFreedom);
    }

    private static double Positive(double twoSided, double degreesOfFreedom)
    {
        if (twoSided == 0) return double.PositiveInfinity;
        BetaFunction.Split at = BetaFunction.RegularizedInverse(degreesOfFreedom / 2, 0.5, twoSided);
        return Math.Sqrt(degreesOfFreedom * at.Y / at.X);
    }
}
