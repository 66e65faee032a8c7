using System.Buffers;
using System.Globalization;
using System.Text;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.Patterns;

/// <summary>A set of code points of a regular expression. Immutable.</summary>
internal sealed class CharacterClass
{
    private readonly Func<int, bool> _matches;
    private readonly ulong _low, _high;

    private CharacterClass(Func<int, bool> matches)
    {
        _matches = matches;
        for (int k = 0; k < 64; k++)
        {
            if (matches(k)) _low |= 1UL << k;
            if (matches(k + 64)) _high |= 1UL << k;
        }
    }

    public bool Matches(int point) => point < 64 ? ((_low >> point) & 1) != 0 : point < 128 ? ((_high >> (point - 64)) & 1) != 0 : _matches(point);

    public static CharacterClass Of(int point) => new(c => c == point);

    public static CharacterClass Of(CodePointClass any) => new(c => CodePoints.Is(c, any));

    public static CharacterClass Ranges((int Low, int High)[] ranges) => new(c =>
    {
        foreach ((int low, int high) in ranges)
            if (c >= low && c <= high) return true;
        return false;
    });

    public static CharacterClass Union(CharacterClass[] all) => new(c =>
    {
        foreach (CharacterClass one in all)
            if (one.Matches(c)) return true;
        return false;
    });

    public static CharacterClass Intersection(CharacterClass[] all) => new(c =>
    {
        foreach (CharacterClass one in all)
            if (!one.Matches(c)) return false;
        return true;
    });

    public CharacterClass Negated(bool negative) => negative ? new CharacterClass(c => !Matches(c)) : this;

    /// <summary>The class with the other cases of its characters.</summary>
    public CharacterClass WithoutCase() => new(c =>
    {
        if (Matches(c)) return true;
        int lower = Folded(c);
        if (Matches(lower)) return true;
        int upper = Upper(lower);
        if (upper != c && Matches(upper)) return true;
        return lower switch { 's' => Matches(0x17F), 'k' => Matches(0x212A), _ => false };
    });

    public static bool HasCase(int point) => Folded(point) != point || Upper(point) != point;

    /// <summary>The class of a property's name: a general category or a script, or null for an unknown one.</summary>
    public static CharacterClass? Property(string name)
    {
        string key = name.Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        CodePointClass table = key switch
        {
            "l" or "letter" => CodePointClass.Letter,
            "n" or "number" => CodePointClass.Number,
            "m" or "mark" => CodePointClass.Mark,
            "p" or "punctuation" => CodePointClass.Punctuation,
            "s" or "symbol" => CodePointClass.Symbol,
            "lu" or "uppercaseletter" => CodePointClass.UpperLetter,
            "ll" or "lowercaseletter" => CodePointClass.LowerLetter,
            "lt" or "titlecaseletter" => CodePointClass.TitleLetter,
            "lm" or "modifierletter" => CodePointClass.ModifierLetter,
            "lo" or "otherletter" => CodePointClass.OtherLetter,
            "nd" or "decimalnumber" or "digit" => CodePointClass.Digit,
            "space" or "whitespace" => CodePointClass.Space,
            "word" => CodePointClass.Word,
            _ => CodePointClass.None,
        };
        if (table != CodePointClass.None) return Of(table);
        UnicodeCategory[] categories = key switch
        {
            "nl" => [UnicodeCategory.LetterNumber],
            "no" => [UnicodeCategory.OtherNumber],
            "mn" => [UnicodeCategory.NonSpacingMark],
            "mc" => [UnicodeCategory.SpacingCombiningMark],
            "me" => [UnicodeCategory.EnclosingMark],
            "pc" => [UnicodeCategory.ConnectorPunctuation],
            "pd" => [UnicodeCategory.DashPunctuation],
            "ps" => [UnicodeCategory.OpenPunctuation],
            "pe" => [UnicodeCategory.ClosePunctuation],
            "pi" => [UnicodeCategory.InitialQuotePunctuation],
            "pf" => [UnicodeCategory.FinalQuotePunctuation],
            "po" => [UnicodeCategory.OtherPunctuation],
            "sm" => [UnicodeCategory.MathSymbol],
            "sc" => [UnicodeCategory.CurrencySymbol],
            "sk" => [UnicodeCategory.ModifierSymbol],
            "so" => [UnicodeCategory.OtherSymbol],
            "zs" => [UnicodeCategory.SpaceSeparator],
            "zl" => [UnicodeCategory.LineSeparator],
            "zp" => [UnicodeCategory.ParagraphSeparator],
            "z" or "separator" => [UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator],
            "cc" or "control" => [UnicodeCategory.Control],
            "cf" or "format" => [UnicodeCategory.Format],
            "co" => [UnicodeCategory.PrivateUse],
            "cn" => [UnicodeCategory.OtherNotAssigned],
            "c" or "other" => [UnicodeCategory.Control, UnicodeCategory.Format, UnicodeCategory.PrivateUse, UnicodeCategory.OtherNotAssigned, UnicodeCategory.Surrogate],
            _ => [],
        };
        if (categories.Length > 0) return new CharacterClass(c => Array.IndexOf(categories, CharUnicodeInfo.GetUnicodeCategory(c)) >= 0);
        foreach (string candidate in (string[])[name, char.ToUpperInvariant(name.Length > 0 ? name[0] : ' ') + (name.Length > 1 ? name[1..].ToLowerInvariant() : "")])
        {
            int script = CodePoints.ScriptNamed(candidate);
            if (script > 0) return new CharacterClass(c => CodePoints.Script(c) == script);
        }

        return null;
    }

    /// <summary>The class of a POSIX name, or null for an unknown one.</summary>
    public static CharacterClass? Posix(string name) => name switch
    {
        "alpha" => Of(CodePointClass.Letter),
        "digit" => Of(CodePointClass.Digit),
        "alnum" => Of(CodePointClass.Letter | CodePointClass.Digit),
        "space" => Of(CodePointClass.Space),
        "upper" => Of(CodePointClass.UpperLetter),
        "lower" => Of(CodePointClass.LowerLetter),
        "word" => Of(CodePointClass.Word),
        "punct" => Of(CodePointClass.Punctuation),
        "blank" => new CharacterClass(c => c == '\t' || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator),
        "cntrl" => new CharacterClass(c => CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Control),
        "xdigit" => Ranges([('0', '9'), ('a', 'f'), ('A', 'F')]),
        _ => null,
    };

    private static int Folded(int point) => point switch
    {
        0x17F => 's',
        0x212A => 'k',
        >= 'A' and <= 'Z' => point | 0x20,
        < 128 => point,
        _ => CodePoints.Lower(point) is [int one] ? one : point,
    };

    private static int Upper(int point) => point is >= 'a' and <= 'z' ? point & ~0x20 : point < 128 || !Rune.IsValid(point) ? point : Rune.ToUpperInvariant(new Rune(point)).Value;
}

/// <summary>Extended grapheme clusters.</summary>
internal static class Graphemes
{
    /// <summary>How many code points the first cluster of a text has.</summary>
    public static int Length(ReadOnlySpan<int> text)
    {
        if (text.Length == 1 || (text[0] < 0x300 && text[0] != '\r' && text[1] < 0x300)) return 1;
        for (int look = 32; ; look = look > text.Length / 4 ? text.Length : look * 4)
        {
            int count = Math.Min(text.Length, look);
            char[] buffer = ArrayPool<char>.Shared.Rent(count * 2);
            int written = Utf32.Write(text[..count], buffer);
            int units = StringInfo.GetNextTextElementLength(buffer.AsSpan(0, written));
            int points = 0;
            for (int k = 0; k < units; k++)
                if (!char.IsLowSurrogate(buffer[k])) points++;
            ArrayPool<char>.Shared.Return(buffer);

            // A cluster that fills what was looked at may go on.
            if (points < count || count == text.Length) return Math.Max(points, 1);
        }
    }
}
