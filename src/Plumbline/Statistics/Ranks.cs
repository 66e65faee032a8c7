namespace Plumbline.Statistics;

/// <summary>Mid-ranks of data in which values equal as decimals are ties.</summary>
internal static class Ranks
{
    /// <summary>The slack within which values of this scale count as equal.</summary>
    public static double Slack(ReadOnlySpan<double> x)
    {
        double scale = 0;
        foreach (double v in x) scale = Math.Max(scale, Math.Abs(v));
        return scale * 1e-9;
    }

    /// <summary>Twice the mid-ranks, which are whole numbers, and the sizes of the groups of ties in rising order of value.</summary>
    public static (int[] Doubled, int[] Groups) Mid(ReadOnlySpan<double> x, double slack)
    {
        double[] sorted = x.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        int[] doubled = new int[sorted.Length];
        List<int> groups = [];
        for (int start = 0; start < sorted.Length;)
        {
            int end = start + 1;
            while (end < sorted.Length && sorted[end] - sorted[end - 1] <= slack) end++;
            for (int i = start; i < end; i++) doubled[order[i]] = start + 1 + end;
            groups.Add(end - start);
            start = end;
        }

        return (doubled, [.. groups]);
    }

    /// <summary>Σ (t³ - t) over groups of ties.</summary>
    public static double TieCubes(int[] groups) => groups.Sum(t => ((double)t * t * t) - t);
}
