using Plumbline.Measure.Public;

namespace Plumbline.Measure.Toxicity;

/// <summary>Texts that people labelled as toxic or civil and that did not train <see cref="ToxicityClassifier"/>, from the data sets that ship.</summary>
public static class LabelledComments
{
    /// <summary>The English ones.</summary>
    public static IReadOnlyList<(string Text, bool Toxic)> English() =>
        [.. PublicData.Lines("toxicity-en", "held_out.jsonl").Select(row => (row.GetProperty("text").GetString()!, row.GetProperty("toxic").GetBoolean()))];
}
