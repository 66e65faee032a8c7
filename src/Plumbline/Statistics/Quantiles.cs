namespace Plumbline.Statistics;

/// <summary>Sample quantiles. Thread-safe.</summary>
public static class Quantiles
{
    /// <summary>The quantile by linear interpolation of order statistics (Hyndman and Fan 1996, type 7), which is NumPy's and R's default.</summary>
    /// <param name="sorted">At least one value, in rising order.</param>
    /// <param name="p">The level in [0, 1].</param>
    /// <exception cref="ArgumentException">There is no value, or p lies outside [0, 1].</exception>
    public static double OfSorted(ReadOnlySpan<double> sorted, double p)
    {
        if (sorted.IsEmpty) throw new ArgumentException("There is no value.", nameof(sorted));
        Demand.Probability(p);
        double h = (sorted.Length - 1) * p;
        int low = Math.Clamp((int)Math.Floor(h), 0, sorted.Length - 1), high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((h - low) * (sorted[high] - sorted[low]));
    }

    /// <summary>The median of at least one value, which need not be sorted.</summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static double Median(ReadOnlySpan<double> x)
    {
        if (x.IsEmpty) throw new ArgumentException("There is no value.", nameof(x));
        double[] sorted = x.ToArray();
        Array.Sort(sorted);
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
