namespace Plumbline.Statistics;

/// <summary>The two-sided Kolmogorov–Smirnov test of two samples.</summary>
/// <param name="D">The largest distance of the empirical distribution functions.</param>
/// <param name="Ties">Whether values tie.</param>
/// <param name="Exact">The exact p conditional on the ties; null where the sizes' product exceeds ten million.</param>
/// <param name="ExactIgnoringTies">The exact p as if nothing tied.</param>
/// <param name="Asymptotic">p of the limit law.</param>
/// <param name="AsymptoticOneSample">p of the exact one-sample law at n = round(m n / (m + n)); NaN where that is 0, null where it exceeds 1000.</param>
public sealed record KolmogorovSmirnov(double D, bool Ties, double? Exact, double? ExactIgnoringTies, double Asymptotic, double? AsymptoticOneSample)
{
    /// <summary>Tests whether two samples come from one distribution.</summary>
    /// <exception cref="ArgumentException">A sample is empty or holds a value that is not finite.</exception>
    public static KolmogorovSmirnov Of(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        double[] pool = [.. x, .. y];
        int m = x.Length, n = y.Length;
        int[] isFirst = new int[pool.Length];
        for (int i = 0; i < m; i++) isFirst[i] = 1;
        double slack = Ranks.Slack(pool);
        Array.Sort(pool, isFirst);
        bool[] ends = new bool[pool.Length + 1];
        long distance = 0, first = 0;
        bool ties = false;
        for (int s = 1; s <= pool.Length; s++)
        {
            first += isFirst[s - 1];
            ends[s] = s == pool.Length || pool[s] - pool[s - 1] > slack;
            ties |= !ends[s];
            if (ends[s]) distance = Math.Max(distance, Math.Abs((first * n) - ((s - first) * m)));
        }

        double d = distance / ((double)m * n), size = (double)m * n / (m + n), round = Math.Round(size, MidpointRounding.ToEven);
        bool small = (long)m * n <= 10_000_000;
        return new KolmogorovSmirnov(
            d, ties, small ? Crossing(m, n, distance, ends) : null, small ? Crossing(m, n, distance, null) : null, Kolmogorov.UpperTail(Math.Sqrt(size) * d),
            round == 0 ? double.NaN : round <= 1000 ? Kolmogorov.OneSampleUpperTail((int)round, d) : null);
    }

    // The probability that a random path from (0, 0) to (m, n) reaches the distance at a point where a group of ties is complete.
    private static double Crossing(int m, int n, long distance, bool[]? ends)
    {
        double[] layer = new double[m + 1], next = new double[m + 1];
        layer[0] = 1;
        double crossed = 0;
        for (int s = 1; s <= m + n; s++)
        {
            Array.Clear(next);
            for (int i = Math.Max(0, s - 1 - n); i <= Math.Min(m, s - 1); i++)
            {
                double p = layer[i];
                if (p == 0) continue;
                double left = m + n - s + 1;
                if (i < m) next[i + 1] += p * (m - i) / left;
                if (s - 1 - i < n) next[i] += p * (n - (s - 1 - i)) / left;
            }

            if (ends is null || ends[s])
            {
                for (int i = Math.Max(0, s - n); i <= Math.Min(m, s); i++)
                {
                    if (Math.Abs(((long)i * n) - ((long)(s - i) * m)) < distance) continue;
                    crossed += next[i];
                    next[i] = 0;
                }
            }

            (layer, next) = (next, layer);
        }

        return Math.Min(1, crossed);
    }
}
