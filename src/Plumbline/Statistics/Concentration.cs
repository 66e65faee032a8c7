namespace Plumbline.Statistics;

/// <summary>How unevenly a total is shared. Immutable, thread-safe.</summary>
/// <param name="Gini">Gini's coefficient.</param>
/// <param name="GiniUnbiased">The same times n / (n - 1); null for one value.</param>
/// <param name="EntropyOfShares">The entropy of the shares in nats.</param>
/// <param name="Simpson">The probability that two units of the total belong to different holders.</param>
/// <param name="Herfindahl">The sum of squared shares.</param>
public sealed record Concentration(double Gini, double? GiniUnbiased, double EntropyOfShares, double Simpson, double Herfindahl)
{
    /// <summary>Measures values of at least 0, not all 0.</summary>
    /// <exception cref="ArgumentException">There is no value, one is negative or not finite, or all are 0.</exception>
    public static Concentration Of(ReadOnlySpan<double> x)
    {
        double[] shares = Divergence.Shares(x, nameof(x));
        Array.Sort(shares);
        double n = shares.Length, gini = 0, entropy = 0, simpson = 0, squares = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            double s = shares[i];
            gini += ((2 * (i + 1)) - n - 1) * s / n;
            simpson += s * (1 - s);
            squares += s * s;
            if (s > 0) entropy -= s * Math.Log(s);
        }

        return new Concentration(gini, n > 1 ? gini * n / (n - 1) : null, entropy, simpson, squares);
    }
}
