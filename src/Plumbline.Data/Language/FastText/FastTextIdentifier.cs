namespace Plumbline.Data.Language.FastText;

/// <summary>A fastText model that tells languages, such as lid.176, as an identifier: "und" below its least probability. Immutable; safe for concurrent use.</summary>
public sealed class FastTextIdentifier(FastTextModel model, double leastProbability = FastTextIdentifier.UsualProbability)
{
    /// <summary>The threshold that FineWeb uses.</summary>
    public const double UsualProbability = 0.65;

    /// <summary>The language of a text, as the model's labels name it.</summary>
    public LanguageGuess Identify(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (string Language, double Probability)[] candidates = [.. model.Predict(text, 3).Select(p => (p.Label, Math.Min(1, p.Probability)))];
        return candidates.Length > 0 && candidates[0].Probability > leastProbability
            ? new(candidates[0].Language, candidates[0].Probability, candidates)
            : new(LanguageGuess.Undetermined, candidates.Length > 0 ? candidates[0].Probability : 0, candidates);
    }
}
