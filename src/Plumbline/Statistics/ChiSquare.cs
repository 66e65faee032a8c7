namespace Plumbline.Statistics;

/// <summary>The chi-square distribution with real degrees of freedom. Thread-safe.</summary>
internal static class ChiSquare
{
    /// <summary>P(X ≤ x) and P(X &gt; x).</summary>
    public static Tails Cdf(double x, double degreesOfFreedom) => GammaFunction.Regularized(degreesOfFreedom / 2, x / 2);

    /// <summary>P(X &gt; x); NaN for NaN.</summary>
    public static double UpperTail(double x, double degreesOfFreedom) => double.IsNaN(x) ? x : Cdf(x, degreesOfFreedom).Upper;

    /// <summary>x with P(X ≤ x) = p.</summary>
    public static double Quantile(double p, double degreesOfFreedom) => 2 * GammaFunction.RegularizedInverse(degreesOfFreedom / 2, p);
}
