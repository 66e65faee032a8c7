namespace Plumbline.Explain.Overthinking;

/// <summary>The first layer at which right and false demonstrations have come apart half as far as at the end (Halawi et al. 2023).</summary>
public static class CriticalLayer
{
    // Halves of decimals are not exact.
    private const double Slack = 1e-12;

    /// <summary>Finds it.</summary>
    /// <param name="accuracyTrue">[layer], after right demonstrations.</param>
    /// <param name="accuracyFalse">[layer], after false ones.</param>
    /// <returns>Null where the last gap is not positive.</returns>
    /// <exception cref="ArgumentException">The lists differ in length or are empty.</exception>
    public static int? Of(IReadOnlyList<double> accuracyTrue, IReadOnlyList<double> accuracyFalse)
    {
        if (accuracyTrue.Count == 0 || accuracyTrue.Count != accuracyFalse.Count) throw new ArgumentException($"There are {accuracyTrue.Count} and {accuracyFalse.Count} layers.", nameof(accuracyFalse));
        double[] gap = [.. accuracyTrue.Zip(accuracyFalse, (a, b) => a - b)];
        return gap[^1] > Slack ? Array.FindIndex(gap, g => g >= (gap[^1] / 2) - Slack) : null;
    }
}
