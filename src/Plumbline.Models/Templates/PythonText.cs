using System.Globalization;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Python's view of text: code points, its white space, its line ends, its order.</summary>
internal static class PythonText
{
    /// <summary>White space as Python's <c>str.isspace</c> has it: Unicode's and the separators U+001C to U+001F.</summary>
    public static bool IsSpace(char c) => c <= ' '
        ? c is ' ' or (>= '\t' and <= '\r') or (>= '\x1c' and <= '\x1f')
        : c >= '\x85' && c is '\x85' or '\xa0' or '\u1680' or (>= '\u2000' and <= '\u200a') or '\u2028' or '\u2029' or '\u202f' or '\u205f' or '\u3000';

    public static bool IsBlank(ReadOnlySpan<char> text) => StripEnd(text).IsEmpty;

    public static ReadOnlySpan<char> StripEnd(ReadOnlySpan<char> text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary>Strips white space, or the characters given, from the sides named.</summary>
    public static string Strip(string text, string? characters, bool left = true, bool right = true)
    {
        int start = 0, end = text.Length;
        if (characters is null)
        {
            while (left && start < end && IsSpace(text[start])) start++;
            while (right && end > start && IsSpace(text[end - 1])) end--;
        }
        else
        {
            while (left && start < end && Holds(start)) start += UnitsAt(text, start);
            while (right && end > start && Holds(Previous(text, end))) end = Previous(text, end);
        }

        return start == 0 && end == text.Length ? text : text[start..end];

        bool Holds(int at)
        {
            ReadOnlySpan<char> point = text.AsSpan(at, UnitsAt(text, at));
            for (int i = 0; i < characters.Length; i += UnitsAt(characters, i))
            {
                if (characters.AsSpan(i, UnitsAt(characters, i)).SequenceEqual(point)) return true;
            }

            return false;
        }
    }

    /// <summary>1, or 2 where a surrogate pair stands.</summary>
    public static int UnitsAt(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;

    private static int Previous(string text, int end) =>
        end > 1 && char.IsLowSurrogate(text[end - 1]) && char.IsHighSurrogate(text[end - 2]) ? end - 2 : end - 1;

    /// <summary>The number of code points.</summary>
    public static int Length(string text)
    {
        int first = text.AsSpan().IndexOfAnyInRange('\ud800', '\udbff');
        if (first < 0) return text.Length;
        int count = text.Length;
        for (int i = first; i + 1 < text.Length; i++)
        {
            if (UnitsAt(text, i) != 2) continue;
            count--;
            i++;
        }

        return count;
    }

    /// <summary>The position, in UTF-16 units, of a code point.</summary>
    public static int UnitIndex(string text, int codePoint)
    {
        int at = 0;
        for (; codePoint > 0 && at < text.Length; codePoint--) at += UnitsAt(text, at);
        return at;
    }

    public static IEnumerable<string> CodePoints(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            int units = UnitsAt(text, i);
            yield return units == 1 ? SingleCharacter(text[i]) : text.Substring(i, units);
            i += units;
        }
    }

    private static readonly string[] s_ascii = [.. Enumerable.Range(0, 128).Select(c => ((char)c).ToString())];

    private static string SingleCharacter(char c) => c < 128 ? s_ascii[c] : c.ToString();

    /// <summary>Compares by code point, unlike an ordinal comparison, which puts surrogates before U+E000.</summary>
    public static int Compare(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length) return a.Length.CompareTo(b.Length);
        return Rank(a[common]).CompareTo(Rank(b[common]));

        static int Rank(char c) => c < 0xD800 ? c : c < 0xE000 ? c + 0x2000 : c - 0x800;
    }

    /// <summary>A letter, digit or underscore, as <c>\w</c> has it.</summary>
    public static bool IsWord(string text, int index)
    {
        char c = text[index];
        if (c < 128) return char.IsAsciiLetterOrDigit(c) || c == '_';
        return CharUnicodeInfo.GetUnicodeCategory(text, index) is
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
    }

    /// <summary>Whether Python prints a code point as it is in <c>repr</c>.</summary>
    public static bool IsPrintable(string text, int index)
    {
        char c = text[index];
        if (c < 127) return c >= ' ';
        return CharUnicodeInfo.GetUnicodeCategory(text, index) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
    }

    public static List<string> SplitLines(string text, bool keepEnds)
    {
        List<string> lines = [];
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            while (end < text.Length && !IsLineEnd(text[end])) end++;
            int next = end >= text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }

        return lines;

        static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';
    }

    /// <summary>CR LF and CR become LF.</summary>
    public static string ReplaceLineEndingsOnly(this string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>&lt; &gt; &amp; and both quotes as HTML entities.</summary>
    public static string EscapeHtml(string text)
    {
        if (text.AsSpan().IndexOfAny("<>&'\"") < 0) return text;
        StringBuilder escaped = new(text.Length + 16);
        foreach (char c in text)
        {
            _ = c switch
            {
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                '\'' => escaped.Append("&#39;"),
                '"' => escaped.Append("&#34;"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
