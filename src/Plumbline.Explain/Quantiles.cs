namespace Plumbline.Explain;

/// <summary>Quantiles of a sample.</summary>
internal static class Quantiles
{
    /// <summary>Linear between order statistics (Hyndman and Fan 1996, type 7).</summary>
    public static double Linear(IReadOnlyList<double> sorted, double share)
    {
        double at = (sorted.Count - 1) * share;
        int below = (int)Math.Floor(at);
        return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, sorted.Count - 1)] - sorted[below]));
    }
}
