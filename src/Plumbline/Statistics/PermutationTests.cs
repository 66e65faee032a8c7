using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A permutation test of a difference of means.</summary>
/// <param name="Statistic">The observed mean difference, first minus second.</param>
/// <param name="Assignments">How many rearrangements were counted, the observed one included.</param>
/// <param name="TwoSided">The share whose absolute statistic reaches the observed one.</param>
/// <param name="Greater">The share whose statistic is at least the observed one.</param>
/// <param name="Less">The share whose statistic is at most the observed one.</param>
public sealed record PermutationTest(double Statistic, long Assignments, double TwoSided, double Greater, double Less)
{
    /// <summary>Twice the smaller one-sided p, at most 1; differs from <see cref="TwoSided"/> for samples of unequal size.</summary>
    public double TwoSidedDoubled => Math.Min(1, 2 * Math.Min(Greater, Less));
}

/// <summary>Permutation tests of mean differences; values that are equal as decimals tie (a slack of 1e-9 of the data's scale).</summary>
/// <remarks>Samples too small or too large for the method, unequal lengths and values that are not finite throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class PermutationTests
{
    /// <summary>The most rearrangements that an exact test enumerates.</summary>
    public const long MaxExact = 1 << 24;

    /// <summary>All 2^n sign flips of the differences of pairs; at most 24 pairs.</summary>
    public static PermutationTest Paired(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double[] d = Differences(x, y);
        if (d.Length > 24) throw new ArgumentException($"{d.Length} pairs have too many sign flips to enumerate; use {nameof(PairedSampled)}.", nameof(x));
        Tally tally = new(Elementary.Sum(d), Slack(d));
        Flip(d, 0, 0, tally);
        return tally.Result(d.Length);
    }

    /// <summary>Random sign flips of the differences of pairs, the observed signs counted in: p is never 0.</summary>
    /// <param name="x">First values.</param>
    /// <param name="y">Second values.</param>
    /// <param name="draws">Random rearrangements, at least 1.</param>
    /// <param name="seed">Seed of the generator: the same seed gives the same p.</param>
    public static PermutationTest PairedSampled(ReadOnlySpan<double> x, ReadOnlySpan<double> y, int draws, ulong seed)
    {
        Demand.AtLeast(draws, 1);
        double[] d = Differences(x, y);
        Tally tally = new(Elementary.Sum(d), Slack(d));
        tally.Count(tally.Observed);
        RandomStream random = new(seed);
        for (int b = 0; b < draws; b++)
        {
            double sum = 0;
            ulong bits = 0;
            for (int i = 0; i < d.Length; i++)
            {
                if ((i & 63) == 0) bits = random.Next();

                // A branch on a random bit is mispredicted half of the time; the product is exact.
                sum += (1 - (2 * (int)(bits & 1))) * d[i];
                bits >>= 1;
            }

            tally.Count(sum);
        }

        return tally.Result(d.Length);
    }

    /// <summary>All relabellings of two samples; at most <see cref="MaxExact"/> of them.</summary>
    public static PermutationTest TwoSample(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double[] pool = Pool(x, y);
        double assignments = 1;
        int m = Math.Min(x.Length, y.Length);
        for (int i = 1; i <= m; i++) assignments = assignments * (pool.Length - m + i) / i;
        if (assignments > MaxExact) throw new ArgumentException($"The samples have too many relabellings to enumerate; use {nameof(TwoSampleSampled)}.", nameof(x));
        TwoSampleScale scale = new(x, pool);
        Tally tally = new(scale.Statistic(Elementary.Sum(x)), Slack(pool));
        Choose(pool, 0, x.Length, 0, scale, tally);
        return tally.Result(1);
    }

    /// <summary>Random relabellings of two samples, the observed one counted in: p is never 0.</summary>
    /// <param name="x">First sample.</param>
    /// <param name="y">Second sample.</param>
    /// <param name="draws">Random rearrangements, at least 1.</param>
    /// <param name="seed">Seed of the generator: the same seed gives the same p.</param>
    public static PermutationTest TwoSampleSampled(ReadOnlySpan<double> x, ReadOnlySpan<double> y, int draws, ulong seed)
    {
        Demand.AtLeast(draws, 1);
        double[] pool = Pool(x, y);
        TwoSampleScale scale = new(x, pool);
        Tally tally = new(scale.Statistic(Elementary.Sum(x)), Slack(pool));
        tally.Count(tally.Observed);
        RandomStream random = new(seed);
        for (int b = 0; b < draws; b++)
        {
            double sum = 0;
            for (int i = 0; i < x.Length; i++)
            {
                int j = i + random.Below(pool.Length - i);
                (pool[i], pool[j]) = (pool[j], pool[i]);
                sum += pool[i];
            }

            tally.Count(scale.Statistic(sum));
        }

        return tally.Result(1);
    }

    private static void Flip(double[] d, int i, double sum, Tally tally)
    {
        if (i == d.Length)
        {
            tally.Count(sum);
            return;
        }

        Flip(d, i + 1, sum + d[i], tally);
        Flip(d, i + 1, sum - d[i], tally);
    }

    private static void Choose(double[] pool, int i, int left, double sum, TwoSampleScale scale, Tally tally)
    {
        if (left == 0)
        {
            tally.Count(scale.Statistic(sum));
            return;
        }

        Choose(pool, i + 1, left - 1, sum + pool[i], scale, tally);
        if (pool.Length - i > left) Choose(pool, i + 1, left, sum, scale, tally);
    }

    private static double[] Differences(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        return Means.Subtract(x, y);
    }

    private static double[] Pool(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        return [.. x, .. y];
    }

    private static double Slack(double[] values) => 1e-9 * values.Sum(Math.Abs);

    /// <summary>From the sum of the first sample to the difference of means.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct TwoSampleScale(ReadOnlySpan<double> x, double[] pool)
    {
        private readonly double _total = Elementary.Sum(pool);
        private readonly int _m = x.Length;
        private readonly int _n = pool.Length - x.Length;

        public double Statistic(double sum) => (sum / _m) - ((_total - sum) / _n);
    }

    private sealed class Tally(double observed, double slack)
    {
        private long _all;
        private long _both;
        private long _greater;
        private long _less;

        public double Observed { get; } = observed;

        public void Count(double statistic)
        {
            _all++;
            if (Math.Abs(statistic) >= Math.Abs(Observed) - slack) _both++;
            if (statistic >= Observed - slack) _greater++;
            if (statistic <= Observed + slack) _less++;
        }

        public PermutationTest Result(int divisor) =>
            new(Observed / divisor, _all, (double)_both / _all, (double)_greater / _all, (double)_less / _all);
    }
}
