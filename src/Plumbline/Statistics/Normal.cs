namespace Plumbline.Statistics;

/// <summary>The standard normal distribution. Relative accuracy 1e-13 in both tails, to where they underflow. Thread-safe.</summary>
public static class Normal
{
    private const double InverseSqrt2Pi = 0.398942280401432677939946059934;

    /// <summary>The density at x.</summary>
    public static double Density(double x) => InverseSqrt2Pi * ExpMinusHalfSquare(x);

    /// <summary>P(Z ≤ x).</summary>
    public static double Cdf(double x) => UpperTail(-x);

    /// <summary>P(Z &gt; x).</summary>
    public static double UpperTail(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x < 0) return 1 - UpperTail(-x);
        if (x > 40) return 0;
        return x < 2.5 ? 0.5 - Central(x) : Density(x) * Mills(x);
    }

    /// <summary>The two-sided p-value of a standard normal statistic.</summary>
    public static double TwoSided(double z) => double.IsNaN(z) ? z : Math.Min(1, 2 * UpperTail(Math.Abs(z)));

    /// <summary>x with P(Z ≤ x) = p; infinite at p = 0 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p lies outside [0, 1].</exception>
    public static double Quantile(double p)
    {
        Demand.Probability(p);
        if (p == 0) return double.NegativeInfinity;
        if (p == 1) return double.PositiveInfinity;
        if (p is > 0.3 and < 0.7) return CentralQuantile(p - 0.5);
        return p < 0.5 ? -TailQuantile(p) : TailQuantile(1 - p);
    }

    /// <summary>The two-sided critical value: z with P(|Z| &gt; z) = alpha.</summary>
    /// <exception cref="ArgumentOutOfRangeException">alpha lies outside (0, 1).</exception>
    public static double TwoSidedQuantile(double alpha)
    {
        Demand.Alpha(alpha);
        return -Quantile(alpha / 2);
    }

    /// <summary>x with P(0 ≤ Z ≤ x) = d, |d| ≤ 0.25 or so.</summary>
    internal static double CentralQuantile(double d)
    {
        double x = d / InverseSqrt2Pi;
        for (int i = 0; i < 50; i++)
        {
            double step = (d - Central(x)) / Density(x);
            x += step;
            if (Math.Abs(step) <= 1e-9 * Math.Abs(x)) break;
        }

        return x;
    }

    /// <summary>x with P(Z &gt; x) = q for q at most about 0.3.</summary>
    internal static double TailQuantile(double q)
    {
        // Newton's method on the logarithm of the tail, which is concave: quadratic from any start.
        double target = Math.Log(q), x = Math.Sqrt(-2 * target);
        for (int i = 0; i < 100; i++)
        {
            double tail, ratio;
            if (x < 2.5)
            {
                tail = Math.Log(UpperTail(x));
                ratio = UpperTail(x) / Density(x);
            }
            else
            {
                ratio = Mills(x);
                tail = (-x * x / 2) + Math.Log(InverseSqrt2Pi * ratio);
            }

            double step = (tail - target) * ratio;
            x += step;
            if (Math.Abs(step) <= 1e-9 * Math.Abs(x)) break;
        }

        return x;
    }

    /// <summary>P(0 ≤ Z ≤ x) by an all-positive series, for |x| of a few units at most.</summary>
    internal static double Central(double x)
    {
        double square = x * x, term = x, sum = x;
        for (int k = 3; Math.Abs(term) > Math.Abs(sum) * 1e-18; k += 2)
        {
            term *= square / k;
            sum += term;
        }

        return Density(x) * sum;
    }

    /// <summary>Mills' ratio P(Z &gt; x) / density by Laplace's continued fraction, x ≥ 2.</summary>
    internal static double Mills(double x)
    {
        double f = x;
        for (int k = x > 10 ? 30 : 100; k >= 1; k--) f = x + (k / f);
        return 1 / f;
    }

    private static double ExpMinusHalfSquare(double x)
    {
        // Split x so that the large square is exact.
        if (Math.Abs(x) > 1e6) return 0;
        double high = Math.Round(x * 16) / 16, low = x - high;
        return Math.Exp(-0.5 * high * high) * Math.Exp(-0.5 * low * (x + high));
    }
}
