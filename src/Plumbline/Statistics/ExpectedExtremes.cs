namespace Plumbline.Statistics;

/// <summary>Expected extremes of k of the given values, such as the harm of the worst of k attempts. Thread-safe.</summary>
/// <remarks>No values, values that are not finite, k &lt; 1, and k above the number of values without replacement throw <see cref="ArgumentException"/>.</remarks>
public static class ExpectedExtremes
{
    /// <summary>The expected maximum of k values drawn without replacement.</summary>
    public static double Max(ReadOnlySpan<double> x, int k)
    {
        double[] sorted = Sorted(x, k, x.Length);

        // The weight of the i-th smallest value is C(i - 1, k - 1) / C(n, k).
        double weight = (double)k / sorted.Length, sum = 0;
        for (int i = sorted.Length; i >= k; i--)
        {
            sum += sorted[i - 1] * weight;
            if (i > 1) weight *= (double)(i - k) / (i - 1);
        }

        return sum;
    }

    /// <summary>The expected minimum of k values drawn without replacement.</summary>
    public static double Min(ReadOnlySpan<double> x, int k)
    {
        double[] negated = x.ToArray();
        for (int i = 0; i < negated.Length; i++) negated[i] = -negated[i];
        return 0 - Max(negated, k);
    }

    /// <summary>The expected maximum of k values drawn with replacement.</summary>
    public static double MaxWithReplacement(ReadOnlySpan<double> x, int k)
    {
        double[] sorted = Sorted(x, k, int.MaxValue);
        double sum = 0, before = 0;
        for (int i = 1; i <= sorted.Length; i++)
        {
            double power = Math.Pow((double)i / sorted.Length, k);
            sum += sorted[i - 1] * (power - before);
            before = power;
        }

        return sum;
    }

    private static double[] Sorted(ReadOnlySpan<double> x, int k, int most)
    {
        Demand.Sample(x, 1, nameof(x));
        if (k < 1 || k > most) throw new ArgumentOutOfRangeException(nameof(k), k, $"k must lie in [1, {most}].");
        double[] sorted = x.ToArray();
        Array.Sort(sorted);
        return sorted;
    }
}
