namespace Plumbline.Data.Language;

/// <summary>What language a text is thought to be in. Immutable.</summary>
/// <param name="Language">A tag of BCP 47 ("en", "zh-Hans"; "zh" where the script cannot be told), or "und" where the text does not tell.</param>
/// <param name="Probability">Of <paramref name="Candidates"/>' first, in [0, 1]; 0 without letters.</param>
/// <param name="Candidates">At most three languages by falling probability; what "und" would have been is the first.</param>
public sealed record LanguageGuess(string Language, double Probability, IReadOnlyList<(string Language, double Probability)> Candidates)
{
    /// <summary>The tag of an unknown language.</summary>
    public const string Undetermined = "und";

    /// <summary>The language without its script: "zh" of "zh-Hant".</summary>
    public string Primary => Language.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash ? Language[..dash] : Language;
}
