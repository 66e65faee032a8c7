namespace Plumbline.Statistics;

/// <summary>How far apart two distributions over the same categories are; natural logarithms, 0 log 0 = 0. Immutable, thread-safe.</summary>
/// <param name="KullbackLeibler">KL(p ‖ q); infinite where q is 0 and p is not.</param>
/// <param name="Reverse">KL(q ‖ p).</param>
/// <param name="JensenShannon">The Jensen–Shannon divergence; its square root is the distance.</param>
/// <param name="TotalVariation">Half the sum of absolute differences.</param>
/// <param name="Hellinger">The Hellinger distance.</param>
/// <param name="Entropy">The entropy of p.</param>
/// <param name="NormalisedEntropy">The entropy of p over its maximum; null for a single category.</param>
public sealed record Divergence(
    double KullbackLeibler, double Reverse, double JensenShannon, double TotalVariation, double Hellinger, double Entropy, double? NormalisedEntropy)
{
    /// <summary>The square root of the Jensen–Shannon divergence.</summary>
    public double JensenShannonDistance => Math.Sqrt(JensenShannon);

    /// <summary>The Jensen–Shannon divergence in bits.</summary>
    public double JensenShannonBits => JensenShannon / Math.Log(2);

    /// <summary>The entropy of p in bits.</summary>
    public double EntropyBits => Entropy / Math.Log(2);

    /// <summary>The cross-entropy of p and q.</summary>
    public double CrossEntropy => KullbackLeibler + Entropy;

    /// <summary>Compares weights, which are normalised to sum 1 first.</summary>
    /// <exception cref="ArgumentException">Lengths differ, a weight is negative or not finite, or weights sum to 0.</exception>
    public static Divergence Of(ReadOnlySpan<double> p, ReadOnlySpan<double> q)
    {
        Demand.SameLength(p.Length, q.Length, nameof(p), nameof(q));
        double[] a = Shares(p, nameof(p)), b = Shares(q, nameof(q)), middle = [.. a.Zip(b, static (u, v) => (u + v) / 2)];
        double variation = 0, hellinger = 0, entropy = 0;
        for (int i = 0; i < a.Length; i++)
        {
            variation += Math.Abs(a[i] - b[i]) / 2;
            double root = Math.Sqrt(a[i]) - Math.Sqrt(b[i]);
            hellinger += root * root / 2;
            if (a[i] > 0) entropy -= a[i] * Math.Log(a[i]);
        }

        return new Divergence(
            Relative(a, b), Relative(b, a), Math.Max(0, (Relative(a, middle) + Relative(b, middle)) / 2), variation, Math.Sqrt(hellinger), entropy + 0.0,
            a.Length > 1 ? entropy / Math.Log(a.Length) : null);
    }

    /// <summary>Weights of at least 0 as shares of their sum.</summary>
    internal static double[] Shares(ReadOnlySpan<double> weights, string name)
    {
        Demand.Sample(weights, 1, name);
        foreach (double w in weights)
        {
            if (w < 0) throw new ArgumentException($"A weight is {w}; weights must not be negative.", name);
        }

        double total = Elementary.Sum(weights);
        if (total == 0) throw new ArgumentException("The weights sum to 0.", name);
        double[] shares = weights.ToArray();
        for (int i = 0; i < shares.Length; i++) shares[i] /= total;
        return shares;
    }

    private static double Relative(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            if (a[i] == 0) continue;
            if (b[i] == 0) return double.PositiveInfinity;
            sum += a[i] * Math.Log(a[i] / b[i]);
        }

        return sum;
    }
}
