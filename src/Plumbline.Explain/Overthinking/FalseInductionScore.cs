namespace Plumbline.Explain.Overthinking;

/// <summary>
/// How much a head looks from the token before the query's label at earlier labels of the query's class rather than at others (Halawi et
/// al. 2023): such heads copy false labels.
/// </summary>
/// <param name="Same">Attention to labels of the query's class.</param>
/// <param name="OtherMean">The mean over the other classes of attention to theirs; null where there is none.</param>
public sealed record FalseInductionScore(double Same, double? OtherMean)
{
    /// <summary>Same minus other; null without another class.</summary>
    public double? Value => Same - OtherMean;

    /// <summary>Computes it from one query's attention.</summary>
    /// <param name="attention">[key].</param>
    /// <param name="labelPositions">Where labels stand.</param>
    /// <param name="labelClasses">Their classes.</param>
    /// <param name="queryClass">The query's class.</param>
    /// <exception cref="ArgumentException">Positions and classes differ in number, or a position is out of range.</exception>
    public static FalseInductionScore Of(IReadOnlyList<double> attention, IReadOnlyList<int> labelPositions, IReadOnlyList<int> labelClasses, int queryClass)
    {
        if (labelPositions.Count != labelClasses.Count) throw new ArgumentException($"There are {labelPositions.Count} positions and {labelClasses.Count} classes.", nameof(labelClasses));
        if (labelPositions.Any(position => (uint)position >= (uint)attention.Count)) throw new ArgumentException($"A label stands outside of the {attention.Count} keys.", nameof(labelPositions));
        Dictionary<int, double> sums = [];
        for (int i = 0; i < labelPositions.Count; i++) sums[labelClasses[i]] = sums.GetValueOrDefault(labelClasses[i]) + attention[labelPositions[i]];
        double[] others = [.. sums.Where(sum => sum.Key != queryClass).Select(sum => sum.Value)];
        return new FalseInductionScore(sums.GetValueOrDefault(queryClass), others.Length == 0 ? null : others.Average());
    }
}
