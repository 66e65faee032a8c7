namespace Plumbline.Statistics;

/// <summary>The binomial distribution, accurate in both tails up to 1e9 trials. Thread-safe.</summary>
public static class Binomial
{
    /// <summary>P(X = k).</summary>
    /// <exception cref="ArgumentOutOfRangeException">n is negative or p is no probability.</exception>
    public static double Probability(long k, long n, double p)
    {
        Demand.AtLeast(n, 0);
        Demand.Probability(p);
        return k < 0 || k > n ? 0 : Mass(k, n, p, 1 - p);
    }

    /// <summary>P(X ≤ k) and P(X &gt; k).</summary>
    /// <exception cref="ArgumentOutOfRangeException">n is negative or p is no probability.</exception>
    public static Tails Cdf(long k, long n, double p)
    {
        Demand.AtLeast(n, 0);
        Demand.Probability(p);
        if (k < 0) return new Tails(0, 1);
        if (k >= n || p == 0) return new Tails(1, 0);
        if (p == 1) return new Tails(0, 1);
        Tails beta = BetaFunction.Regularized(k + 1, n - k, p);
        return new Tails(beta.Upper, beta.Lower);
    }

    /// <summary>The mass at a real count, which a hypergeometric mass is a ratio of; p + q = 1.</summary>
    internal static double Mass(double k, double n, double p, double q)
    {
        if (p == 0) return k == 0 ? 1 : 0;
        if (q == 0) return k == n ? 1 : 0;
        if (k == 0) return n == 0 ? 1 : p < 0.1 ? Math.Exp(n * Elementary.Log1P(-p)) : Math.Exp(n * Math.Log(q));
        if (k == n) return q < 0.1 ? Math.Exp(n * Elementary.Log1P(-q)) : Math.Exp(n * Math.Log(p));
        double exponent = GammaFunction.Remainder(n) - GammaFunction.Remainder(k) - GammaFunction.Remainder(n - k)
            - GammaFunction.Deviance(k, n * p) - GammaFunction.Deviance(n - k, n * q);
        return Math.Exp(exponent) * Math.Sqrt(n / (2 * Math.PI * k * (n - k)));
    }
}
