namespace Plumbline.Statistics;

/// <summary>Distances between two samples of numbers. Immutable, thread-safe.</summary>
/// <param name="Wasserstein">∫ |F - G|, the earth mover's distance.</param>
/// <param name="EnergySquared">2 E|X - Y| - E|X - X'| - E|Y - Y'|.</param>
public sealed record SampleDistance(double Wasserstein, double EnergySquared)
{
    /// <summary>The energy distance √(2 ∫ (F - G)²).</summary>
    public double Energy => Math.Sqrt(EnergySquared);

    /// <summary>Compares two samples.</summary>
    /// <exception cref="ArgumentException">A sample is empty or holds a value that is not finite.</exception>
    public static SampleDistance Of(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double[] u = new double[x.Length], v = new double[y.Length];
        Array.Fill(u, 1);
        Array.Fill(v, 1);
        return Of(x, u, y, v);
    }

    /// <summary>Compares two weighted samples.</summary>
    /// <exception cref="ArgumentException">A sample is empty, lengths differ, a value is not finite, or weights are negative or sum to 0.</exception>
    public static SampleDistance Of(ReadOnlySpan<double> x, ReadOnlySpan<double> xWeights, ReadOnlySpan<double> y, ReadOnlySpan<double> yWeights)
    {
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        Demand.SameLength(x.Length, xWeights.Length, nameof(x), nameof(xWeights));
        Demand.SameLength(y.Length, yWeights.Length, nameof(y), nameof(yWeights));
        double[] u = Divergence.Shares(xWeights, nameof(xWeights)), v = Divergence.Shares(yWeights, nameof(yWeights));
        double[] first = x.ToArray(), second = y.ToArray();
        Array.Sort(first, u);
        Array.Sort(second, v);
        double f = 0, g = 0, wasserstein = 0, energy = 0, at = double.NaN;
        for (int i = 0, j = 0; i < first.Length || j < second.Length;)
        {
            double next = Math.Min(i < first.Length ? first[i] : double.PositiveInfinity, j < second.Length ? second[j] : double.PositiveInfinity);
            if (!double.IsNaN(at))
            {
                wasserstein += Math.Abs(f - g) * (next - at);
                energy += 2 * (f - g) * (f - g) * (next - at);
            }

            at = next;
            while (i < first.Length && first[i] == at) f += u[i++];
            while (j < second.Length && second[j] == at) g += v[j++];
        }

        return new SampleDistance(wasserstein, energy);
    }
}
