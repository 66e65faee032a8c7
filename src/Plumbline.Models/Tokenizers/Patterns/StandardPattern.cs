using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.Patterns;

/// <summary>
/// The published splitting expressions as scanners over code points: .NET's Regex works on UTF-16 units and sees two
/// unknown characters where there is one letter outside the basic plane. Each expression covers every text, so all
/// parts are matches.
/// </summary>
internal sealed class StandardPattern : IPattern
{
    private const string Contractions = "'s|'t|'re|'ve|'m|'ll|'d";
    private const CodePointClass LetterOrNumber = CodePointClass.Letter | CodePointClass.Number;
    private const CodePointClass NoOther = LetterOrNumber | CodePointClass.Space;
    private const CodePointClass Upper = CodePointClass.UpperLetter | CodePointClass.TitleLetter | CodePointClass.ModifierLetter | CodePointClass.OtherLetter | CodePointClass.Mark;
    private const CodePointClass Lower = CodePointClass.LowerLetter | CodePointClass.ModifierLetter | CodePointClass.OtherLetter | CodePointClass.Mark;

    private readonly Family _family;
    private readonly int _digits;

    private StandardPattern(Family family, int digits, string expression) => (_family, _digits, Expression) = (family, digits, expression);

    private enum Family
    {
        Gpt2,
        Cl100K,
        O200K,
    }

    /// <summary>GPT-2's expression, also that of the pre-tokenizer ByteLevel.</summary>
    public static StandardPattern Gpt2 { get; } = new(Family.Gpt2, int.MaxValue, Contractions + @"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    /// <summary>cl100k and Llama 3: up to three digits a piece.</summary>
    public static StandardPattern Cl100K { get; } = new(Family.Cl100K, 3, $@"(?i:{Contractions})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    /// <summary>Qwen 2 and later: cl100k with single digits.</summary>
    public static StandardPattern Qwen2 { get; } = new(Family.Cl100K, 1, $@"(?i:{Contractions})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    /// <summary>o200k: words begin with a capital.</summary>
    public static StandardPattern O200K { get; } = new(
        Family.O200K, 3,
        $@"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]+(?i:{Contractions})?|[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}]*(?i:{Contractions})?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+");

    public static IReadOnlyList<StandardPattern> All { get; } = [Gpt2, Cl100K, Qwen2, O200K];

    /// <summary>The expression that the scanner stands for.</summary>
    public string Expression { get; }

    public void Divide(ReadOnlySpan<int> text, List<Part> parts)
    {
        for (int at = 0; at < text.Length;)
        {
            int end = Next(text, at);
            parts.Add(new Part(at, end, true));
            at = end;
        }
    }

    /// <summary>The end of the match that begins at a place.</summary>
    public int Next(ReadOnlySpan<int> text, int at) => _family switch
    {
        Family.Gpt2 => NextGpt2(text, at),
        Family.Cl100K => NextCl100K(text, at, _digits),
        _ => NextO200K(text, at),
    };

    private static int NextGpt2(ReadOnlySpan<int> text, int at)
    {
        int first = text[at];
        if (first == '\'')
        {
            int contraction = Contraction(text, at, ignoreCase: false);
            if (contraction > 0) return contraction;
        }

        int k = first == ' ' && at + 1 < text.Length ? at + 1 : at;
        CodePointClass kind = CodePoints.Of(text[k]);
        if ((kind & CodePointClass.Letter) != CodePointClass.None) return Run(text, k + 1, CodePointClass.Letter);
        if ((kind & CodePointClass.Number) != CodePointClass.None) return Run(text, k + 1, CodePointClass.Number);
        if ((kind & NoOther) == CodePointClass.None) return RunOthers(text, k + 1);
        return Space(text, at);
    }

    private static int NextCl100K(ReadOnlySpan<int> text, int at, int digits)
    {
        int first = text[at];
        if (first == '\'')
        {
            int contraction = Contraction(text, at, ignoreCase: true);
            if (contraction > 0) return contraction;
        }

        CodePointClass kind = CodePoints.Of(first);
        if ((kind & CodePointClass.Letter) != CodePointClass.None) return Run(text, at + 1, CodePointClass.Letter);
        if ((kind & CodePointClass.Number) != CodePointClass.None) return Digits(text, at, digits);
        if (first is not ('\r' or '\n') && at + 1 < text.Length && CodePoints.Is(text[at + 1], CodePointClass.Letter)) return Run(text, at + 2, CodePointClass.Letter);
        return Rest(text, at, kind, slash: false);
    }

    private static int NextO200K(ReadOnlySpan<int> text, int at)
    {
        int first = text[at];
        CodePointClass kind = CodePoints.Of(first);
        bool prefix = first is not ('\r' or '\n') && (kind & LetterOrNumber) == CodePointClass.None;
        int end = prefix ? Capitalised(text, at + 1) : -1;
        if (end < 0) end = Capitalised(text, at);
        if (end < 0 && prefix) end = Capitals(text, at + 1);
        if (end < 0) end = Capitals(text, at);
        if (end >= 0)
        {
            int contraction = end < text.Length && text[end] == '\'' ? Contraction(text, end, ignoreCase: true) : 0;
            return contraction > 0 ? contraction : end;
        }

        return (kind & CodePointClass.Number) != CodePointClass.None ? Digits(text, at, 3) : Rest(text, at, kind, slash: true);

        // [upper]*[lower]+ : the run of capitals gives characters back until one that is also in the lower set follows
        static int Capitalised(ReadOnlySpan<int> text, int at)
        {
            int capitals = Run(text, at, Upper);
            for (int k = capitals; k >= at; k--)
                if (k < text.Length && CodePoints.Is(text[k], Lower)) return Run(text, k + 1, Lower);
            return -1;
        }

        // [upper]+[lower]*
        static int Capitals(ReadOnlySpan<int> text, int at)
        {
            int capitals = Run(text, at, Upper);
            return capitals == at ? -1 : Run(text, capitals, Lower);
        }
    }

    // ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    private static int Rest(ReadOnlySpan<int> text, int at, CodePointClass kind, bool slash)
    {
        int k = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        if (k > at) kind = CodePoints.Of(text[k]);
        if ((kind & NoOther) == CodePointClass.None)
        {
            k = RunOthers(text, k + 1);
            while (k < text.Length && (text[k] is '\r' or '\n' || (slash && text[k] == '/'))) k++;
            return k;
        }

        int end = Run(text, at, CodePointClass.Space);
        for (k = end - 1; k >= at; k--)
            if (text[k] is '\r' or '\n') return k + 1;
        return Space(text, at);
    }

    // `\s+(?!\S)|\s+`: a run before a word leaves its last character to the word
    private static int Space(ReadOnlySpan<int> text, int at)
    {
        int end = Run(text, at, CodePointClass.Space);
        return end == text.Length || end - 1 == at ? end : end - 1;
    }

    private static int Digits(ReadOnlySpan<int> text, int at, int most)
    {
        int k = at;
        while (k < text.Length && k - at < most && CodePoints.Is(text[k], CodePointClass.Number)) k++;
        return k;
    }

    private static int Run(ReadOnlySpan<int> text, int at, CodePointClass any)
    {
        while (at < text.Length && CodePoints.Is(text[at], any)) at++;
        return at;
    }

    private static int RunOthers(ReadOnlySpan<int> text, int at)
    {
        while (at < text.Length && !CodePoints.Is(text[at], NoOther)) at++;
        return at;
    }

    private static int Contraction(ReadOnlySpan<int> text, int at, bool ignoreCase)
    {
        if (at + 1 >= text.Length) return 0;
        int a = Fold(text[at + 1], ignoreCase);
        if (a is 's' or 't' or 'm' or 'd') return at + 2;
        if (at + 2 >= text.Length) return 0;
        int b = Fold(text[at + 2], ignoreCase);
        return (a, b) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? at + 3 : 0;

        // The long s U+017F is an s without case.
        static int Fold(int point, bool ignoreCase) => !ignoreCase ? point : point is >= 'A' and <= 'Z' ? point | 0x20 : point == 0x17F ? 's' : point;
    }
}
