namespace Plumbline.Statistics;

/// <summary>The error function, its complement and their inverses. Thread-safe.</summary>
internal static class ErrorFunction
{
    private const double Sqrt2 = 1.41421356237309504880168872421;
    private const double TwoOverSqrtPi = 1.12837916709551257389615890312;

    /// <summary>erf(x).</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) >= 1.75) return x > 0 ? 1 - Erfc(x) : Erfc(-x) - 1;
        double square = 2 * x * x, term = x, sum = x;
        for (int k = 3; Math.Abs(term) > Math.Abs(sum) * 1e-18; k += 2)
        {
            term *= square / k;
            sum += term;
        }

        return TwoOverSqrtPi * Math.Exp(-x * x) * sum;
    }

    /// <summary>erfc(x) = 1 - erf(x), without cancellation for large x.</summary>
    public static double Erfc(double x)
    {
        if (x < 1.75) return x > -1.75 ? 1 - Erf(x) : 2 - Erfc(-x);
        if (x > 30) return 0;
        double high = Math.Round(x * 16) / 16, low = x - high;
        return TwoOverSqrtPi / Sqrt2 * Math.Exp(-high * high) * Math.Exp(-low * (x + high)) * Normal.Mills(x * Sqrt2);
    }

    /// <summary>x with erf(x) = p.</summary>
    /// <exception cref="ArgumentOutOfRangeException">|p| &gt; 1.</exception>
    public static double ErfInverse(double p)
    {
        if (!(Math.Abs(p) <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "p must lie in [-1, 1].");
        if (Math.Abs(p) < 0.4) return p == 0 ? 0 : Normal.CentralQuantile(p / 2) / Sqrt2;
        if (Math.Abs(p) == 1) return p * double.PositiveInfinity;
        double x = Normal.TailQuantile((1 - Math.Abs(p)) / 2) / Sqrt2;
        return p < 0 ? -x : x;
    }

    /// <summary>x with erfc(x) = p.</summary>
    /// <exception cref="ArgumentOutOfRangeException">p lies outside [0, 2].</exception>
    public static double ErfcInverse(double p)
    {
        if (!(p >= 0 && p <= 2)) throw new ArgumentOutOfRangeException(nameof(p), p, "p must lie in [0, 2].");
        return p == 1 ? 0 : -Normal.Quantile(p / 2) / Sqrt2;
    }
}
