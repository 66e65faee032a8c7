namespace Plumbline.Data.Language;

/// <summary>
/// Tells the language of a text: by its script where one language writes it, simplified and traditional Chinese by their characters, Japanese by its kana,
/// and the languages of the Latin, Cyrillic, Arabic and Devanagari scripts by character n-grams. It says "und" where the text does not tell: no letters,
/// scripts in equal parts, a probability below <see cref="LeastProbability"/>, or n-grams that no language it knows has. Immutable; safe for concurrent use.
/// </summary>
public sealed class LanguageIdentifier
{
    /// <summary>Characters of a text that are read.</summary>
    public const int Longest = 8192;

    /// <summary>A script must have this share of the letters.</summary>
    public const double LeastShare = 0.7;

    private const double KanaShare = 0.08;

    private static readonly Lazy<LanguageIdentifier> s_shipped = new(() =>
    {
        using Stream stream = typeof(LanguageIdentifier).Assembly.GetManifestResourceStream("Plumbline.Data.Language.weights.bin")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new(LetterModel.Read(bytes));
    });

    internal LanguageIdentifier(LetterModel model, double leastProbability = 0.6) => (Model, LeastProbability) = (model, leastProbability);

    /// <summary>The identifier that ships.</summary>
    public static LanguageIdentifier Shipped => s_shipped.Value;

    /// <summary>The probability below which it does not say.</summary>
    public double LeastProbability { get; }

    /// <summary>The languages that it knows, beside those of a script of their own.</summary>
    public IEnumerable<string> Languages => Model.Tables.Select(t => t.Code);

    internal LetterModel Model { get; }

    /// <summary>The same with another least probability.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside [0, 1].</exception>
    public LanguageIdentifier With(double leastProbability) => leastProbability is >= 0 and <= 1
        ? new(Model, leastProbability)
        : throw new ArgumentOutOfRangeException(nameof(leastProbability), leastProbability, "A probability lies between 0 and 1.");

    /// <summary>The language of a text, of which the first <see cref="Longest"/> characters are read.</summary>
    public LanguageGuess Identify(ReadOnlySpan<char> text)
    {
        if (text.Length > Longest) text = text[..Longest];
        Span<int> letters = stackalloc int[Scripts.Count];
        letters.Clear();
        foreach (char c in text)
        {
            Script script = Scripts.Of(c);
            if (script != Script.None) letters[(int)script] += Scripts.Weight(script);
        }

        // Japanese writes two scripts.
        int kana = letters[(int)Script.Kana], han = letters[(int)Script.Han];
        bool japanese = kana > 0 && kana >= KanaShare * (kana + han);
        if (japanese) (letters[(int)Script.Kana], letters[(int)Script.Han]) = (kana + han, 0);
        int total = 0, most = 0;
        for (int s = 0; s < letters.Length; s++)
        {
            total += letters[s];
            if (letters[s] > letters[most]) most = s;
        }

        if (total == 0) return new(LanguageGuess.Undetermined, 0, []);
        double share = (double)letters[most] / total;
        (IReadOnlyList<(string Language, double Probability)> languages, bool known) = Within(text, (Script)most);
        (string Language, double Probability)[] candidates = [.. languages.Take(3).Select(l => (l.Language, Math.Min(l.Probability, share)))];
        return candidates.Length > 0 && share >= LeastShare && candidates[0].Probability >= LeastProbability && known
            ? new(candidates[0].Language, candidates[0].Probability, candidates)
            : new(LanguageGuess.Undetermined, candidates.Length > 0 ? candidates[0].Probability : 0, candidates);
    }

    private (IReadOnlyList<(string Language, double Probability)> Languages, bool Known) Within(ReadOnlySpan<char> text, Script script) => script switch
    {
        Script.Kana => ([("ja", 1)], true),
        Script.Han => ([ChineseScript.Of(text)], true),
        _ when Scripts.Only(script) is { } only => ([(only, 1)], true),
        _ => Model.Classify(text, script),
    };
}
