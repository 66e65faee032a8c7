namespace Plumbline.Statistics;

/// <summary>Exact p-values given the mid-ranks.</summary>
/// <param name="TwoSided">Twice the smaller tail, at most 1.</param>
/// <param name="Greater">p of the alternative that the first tends to be larger.</param>
/// <param name="Less">p of the alternative that the first tends to be smaller.</param>
public sealed record ExactRankP(double TwoSided, double Greater, double Less);

/// <summary>Wilcoxon's signed-rank test of pairs.</summary>
/// <param name="N">Pairs that differ.</param>
/// <param name="Zeros">Pairs that do not differ, dropped.</param>
/// <param name="Ties">Whether absolute differences tie.</param>
/// <param name="WPlus">The sum of ranks of positive differences (R's V).</param>
/// <param name="WMinus">The sum of ranks of negative differences.</param>
/// <param name="Exact">The permutation distribution over sign flips; null for more than 500 differences.</param>
/// <param name="NormalZ">The normal statistic with tie correction.</param>
/// <param name="NormalP">Its two-sided p without continuity correction.</param>
/// <param name="NormalCorrectedP">Its two-sided p with continuity correction.</param>
public sealed record WilcoxonTest(
    int N, int Zeros, bool Ties, double WPlus, double WMinus, ExactRankP? Exact, double NormalZ, double NormalP, double NormalCorrectedP);

/// <summary>The Mann–Whitney test of two samples.</summary>
/// <param name="U1">Pairs in which the first is larger, plus half the ties.</param>
/// <param name="U2">Pairs in which the second is larger, plus half the ties.</param>
/// <param name="Ties">Whether values tie.</param>
/// <param name="Exact">The permutation distribution given the mid-ranks; null for large samples.</param>
/// <param name="NormalZ">The normal statistic with tie correction; NaN where all values tie.</param>
/// <param name="NormalP">Its two-sided p; 1 where all values tie.</param>
/// <param name="NormalCorrectedP">The same with continuity correction.</param>
/// <param name="ProbabilityOfSuperiority">U1 / (m n).</param>
public sealed record MannWhitneyTest(
    double U1, double U2, bool Ties, ExactRankP? Exact, double NormalZ, double NormalP, double NormalCorrectedP, double ProbabilityOfSuperiority);

/// <summary>Rank tests; values equal as decimals tie.</summary>
/// <remarks>Empty samples, unequal lengths of pairs and values that are not finite throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class RankTests
{
    /// <summary>Wilcoxon's signed-rank test of x - y.</summary>
    public static WilcoxonTest Wilcoxon(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        double slack = Math.Max(Ranks.Slack(x), Ranks.Slack(y));
        double[] d = [.. Means.Subtract(x, y).Where(v => Math.Abs(v) > slack)];
        int n = d.Length;
        if (n == 0) throw new ArgumentException("All differences are zero.", nameof(x));
        (int[] doubled, int[] groups) = Ranks.Mid(Array.ConvertAll(d, Math.Abs), slack);
        long plus = 0, total = 0;
        for (int i = 0; i < n; i++)
        {
            total += doubled[i];
            if (d[i] > 0) plus += doubled[i];
        }

        double variance = (n * (n + 1.0) * ((2.0 * n) + 1) / 24) - (Ranks.TieCubes(groups) / 48), sd = Math.Sqrt(variance);
        double difference = (plus / 2.0) - (n * (n + 1.0) / 4);
        return new WilcoxonTest(
            n, x.Length - n, groups.Length < n, plus / 2.0, (total - plus) / 2.0, n <= 500 ? SignedRankLaw(doubled, total, plus) : null,
            difference / sd, NormalP(difference, sd, 0), NormalP(difference, sd, 0.5));
    }

    /// <summary>The Mann–Whitney test of x against y.</summary>
    public static MannWhitneyTest MannWhitney(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        double[] pool = [.. x, .. y];
        long m = x.Length, n = y.Length, total = m + n;
        (int[] doubled, int[] groups) = Ranks.Mid(pool, Ranks.Slack(pool));
        long sum = 0;
        for (int i = 0; i < m; i++) sum += doubled[i];
        double u = (sum - (m * (m + 1))) / 2.0, product = (double)m * n;
        double variance = product / 12 * (total + 1 - (Ranks.TieCubes(groups) / (total * (total - 1.0))));
        double sd = groups.Length == 1 ? 0 : Math.Sqrt(variance), difference = u - (product / 2);
        bool small = (double)total * m * total * total <= 2e9;
        return new MannWhitneyTest(
            u, product - u, groups.Length < total, small ? RankSumLaw(doubled, (int)m, sum) : null,
            sd == 0 ? double.NaN : difference / sd, NormalP(difference, sd, 0), NormalP(difference, sd, 0.5), u / product);
    }

    private static double NormalP(double difference, double sd, double correction)
    {
        double reduced = Math.Abs(difference) - correction;
        return sd == 0 || reduced <= 0 ? 1 : Normal.TwoSided(reduced / sd);
    }

    // P(W = s) over independent fair signs.
    private static ExactRankP SignedRankLaw(int[] doubled, long total, long observed)
    {
        double[] law = new double[total + 1];
        law[0] = 1;
        long reach = 0;
        foreach (int rank in doubled)
        {
            reach += rank;
            for (long s = reach; s >= 0; s--) law[s] = 0.5 * (law[s] + (s >= rank ? law[s - rank] : 0));
        }

        return Split(law, observed);
    }

    // P(R = s) over equally likely subsets of a given size, item by item: P(k of the first i items chosen, with rank sum s).
    private static ExactRankP RankSumLaw(int[] doubled, int m, long observed)
    {
        int total = doubled.Length, max = doubled.OrderDescending().Take(m).Sum();
        double[][] law = new double[m + 1][];
        for (int k = 0; k <= m; k++) law[k] = new double[max + 1];
        law[0][0] = 1;
        for (int i = 0; i < total; i++)
        {
            int rank = doubled[i];
            for (int k = Math.Min(m, i + 1); k >= 0; k--)
            {
                // Given k chosen among i, the next is chosen with probability (m - k) / (total - i).
                double stay = k <= i ? (double)(total - i - (m - k)) / (total - i) : 0, enter = k > 0 ? (double)(m - k + 1) / (total - i) : 0;
                stay = Math.Max(0, stay);
                double[] to = law[k], from = law[Math.Max(0, k - 1)];
                for (int s = max; s >= 0; s--) to[s] = (to[s] * stay) + (s >= rank && k > 0 ? from[s - rank] * enter : 0);
            }
        }

        return Split(law[m], observed);
    }

    private static ExactRankP Split(double[] law, long observed)
    {
        int at = (int)observed;
        double less = Math.Min(1, Elementary.Sum(law.AsSpan(0, at + 1))), greater = Math.Min(1, Elementary.Sum(law.AsSpan(at)));
        return new ExactRankP(Math.Min(1, 2 * Math.Min(less, greater)), greater, less);
    }
}
