using System.Globalization;
using System.Text;

namespace Plumbline.Data.Pii;

/// <summary>
/// A text as rules read it: full width, styled and circled characters as plain ones, all dashes as "-", all spaces as " ", invisible characters gone,
/// spelled-out and Chinese digits as digits; with the place of each character in the original. Linear in the text. Immutable.
/// </summary>
internal sealed class ScannedText
{
    private const int SpelledRun = 7;

    private static readonly string[] s_words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"];

    private readonly int[] _starts;
    private readonly int[] _ends;

    private ScannedText(string original, string text, int[] starts, int[] ends)
    {
        (Original, Text, _starts, _ends) = (original, text, starts, ends);
        Lower = text.ToLowerInvariant();
        List<(int, int)> groups = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i])) continue;
            int start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i])) i++;
            groups.Add((start, i));
        }

        Groups = groups;
    }

    /// <summary>What was given.</summary>
    public string Original { get; }

    /// <summary>What rules read.</summary>
    public string Text { get; }

    /// <summary>The same in lower case.</summary>
    public string Lower { get; }

    /// <summary>The maximal runs of digits, start and end.</summary>
    public IReadOnlyList<(int Start, int End)> Groups { get; }

    /// <summary>The character at a place, or NUL outside.</summary>
    public char At(int i) => (uint)i < (uint)Text.Length ? Text[i] : '\0';

    /// <summary>The original character at a place, or NUL outside.</summary>
    public char OriginalAt(int i) => (uint)i < (uint)Text.Length ? Original[_starts[i]] : '\0';

    /// <summary>A span of the original for one of the text.</summary>
    public PiiSpan Span(PiiType type, int start, int end, string rule, double confidence, bool validated = false, bool reserved = false) =>
        new(type, _starts[start], _ends[end - 1] - _starts[start], rule, confidence, validated, reserved);

    /// <summary>Whether one of some words, in lower case, stands within so many characters before a place, or after another; Latin words only as whole ones.</summary>
    public bool Near(int start, int end, ReadOnlySpan<string> words, int before = 40, int after = 0)
    {
        int from = Math.Max(0, start - before), to = Math.Min(Lower.Length, end + after);
        return Holds(Lower.AsSpan(from, start - from), words) || (after > 0 && Holds(Lower.AsSpan(end, to - end), words));
    }

    /// <summary>Whether a character is a Latin letter or digit, so that a code beside it would be part of a longer one.</summary>
    public static bool IsLatin(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or (>= 'À' and <= 'ɏ');

    /// <summary>Whether a character is Han, kana or Hangul.</summary>
    public static bool IsEastAsian(char c) => c is (>= '\u3005' and <= '\u3007') or (>= '\u3040' and <= '\u30ff') or (>= '\u3400' and <= '\u9fff') or (>= '\uac00' and <= '\ud7a3') or (>= '\uf900' and <= '\ufaff');

    /// <summary>Reads a text.</summary>
    public static ScannedText Of(string original)
    {
        StringBuilder text = new(original.Length);
        List<int> starts = new(original.Length), ends = new(original.Length);
        for (int i = 0; i < original.Length;)
        {
            int length = char.IsHighSurrogate(original[i]) && i + 1 < original.Length && char.IsLowSurrogate(original[i + 1]) ? 2 : 1;
            char c = length == 1 ? original[i] < 0x80 ? original[i] : Plain(original[i]) : Plain(new Rune(original[i], original[i + 1]));
            if (c != '\0' || original[i] == '\0')
            {
                text.Append(c);
                starts.Add(i);
                ends.Add(i + length);
            }

            i += length;
        }

        return Spelled(original, text.ToString(), starts, ends);
    }

    private static bool Holds(ReadOnlySpan<char> part, ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            for (int at = 0; at < part.Length;)
            {
                int found = part[at..].IndexOf(word, StringComparison.Ordinal);
                if (found < 0) break;
                at += found;
                if (word[0] > 0x7f || ((at == 0 || !char.IsAsciiLetter(part[at - 1])) && (at + word.Length == part.Length || !char.IsAsciiLetter(part[at + word.Length])))) return true;
                at += word.Length;
            }
        }

        return false;
    }

    /// <summary>The plain form of a character; NUL for what nobody sees.</summary>
    private static char Plain(char c) => c switch
    {
        >= '！' and <= '～' => (char)(c - 0xfee0),
        '。' or '｡' => c,
        '\u3000' or '\u00a0' or (>= '\u2000' and <= '\u200a') or '\u202f' or '\u205f' => ' ',
        '\u2028' or '\u2029' or '\u0085' => '\n',
        (>= '\u2010' and <= '\u2015') or '\u2212' or '\ufe58' or '\ufe63' or '\u30fb' => c == '\u30fb' ? '·' : '-',
        >= '①' and <= '⑨' => (char)('1' + (c - '①')),
        '⓪' => '0',
        '\u034f' or '\u115f' or '\u1160' or '\u3164' or '\uffa0' or (>= '\ufe00' and <= '\ufe0f') => '\0',
        >= '\ud800' and <= '\udfff' => c,
        _ => char.GetUnicodeCategory(c) switch
        {
            UnicodeCategory.Format => '\0',
            UnicodeCategory.DecimalDigitNumber => (char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)),
            _ => c,
        },
    };

    private static char Plain(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Format => '\0',
        UnicodeCategory.DecimalDigitNumber => (char)('0' + (int)Rune.GetNumericValue(rune)),
        _ when rune.Value is >= 0xe0100 and <= 0xe01ef => '\0',
        // Mathematical letters come in alphabets of 26 capitals and 26 small ones.
        _ when rune.Value is >= 0x1d400 and <= 0x1d6a3 => (rune.Value - 0x1d400) % 52 is var place && place < 26 ? (char)('A' + place) : (char)('a' + place - 26),
        _ => '\ufffd',
    };

    /// <summary>Runs of seven or more spelled digits become digits.</summary>
    private static ScannedText Spelled(string original, string text, List<int> starts, List<int> ends)
    {
        StringBuilder result = new(text.Length);
        List<int> from = new(text.Length), to = new(text.Length);
        List<(char Digit, int Start, int End)> run = [];
        for (int i = 0; i < text.Length;)
        {
            run.Clear();
            int end = i;
            if (HanDigit(text[i]) >= 0 || (char.IsAsciiDigit(text[i]) && i + 1 < text.Length && HanDigit(text[i + 1]) >= 0))
            {
                while (end < text.Length && (HanDigit(text[end]) is >= 0 and var han ? han : char.IsAsciiDigit(text[end]) ? text[end] - '0' : -1) is >= 0 and var digit)
                {
                    run.Add(((char)('0' + digit), end, end + 1));
                    end++;
                }
            }
            else if (char.IsAsciiLetter(text[i]) && (i == 0 || !char.IsAsciiLetterOrDigit(text[i - 1])))
            {
                for (int at = i; Word(text, at) is { } word;)
                {
                    end = at + s_words[word].Length;
                    run.Add((word == 10 ? '0' : (char)('0' + word), at, end));
                    at = end;
                    int gap = 0;
                    while (at < text.Length && gap < 3 && text[at] is ' ' or '-' or ',' or '\n')
                    {
                        at++;
                        gap++;
                    }

                    if (gap == 0) break;
                }
            }

            if (run.Count >= SpelledRun)
            {
                foreach ((char digit, int start, int stop) in run)
                {
                    result.Append(digit);
                    from.Add(starts[start]);
                    to.Add(ends[stop - 1]);
                }
            }
            else
            {
                end = Math.Max(end, i + 1);
                for (int k = i; k < end; k++)
                {
                    result.Append(text[k]);
                    from.Add(starts[k]);
                    to.Add(ends[k]);
                }
            }

            i = end;
        }

        return new(original, result.ToString(), [.. from], [.. to]);
    }

    private static int? Word(string text, int at)
    {
        for (int w = 0; w < s_words.Length; w++)
        {
            string word = s_words[w];
            if (at + word.Length <= text.Length && text.AsSpan(at, word.Length).Equals(word, StringComparison.OrdinalIgnoreCase) && (at + word.Length == text.Length || !char.IsAsciiLetterOrDigit(text[at + word.Length]))) return w;
        }

        return null;
    }

    /// <summary>The value of a Chinese digit; −1 for anything else.</summary>
    public static int HanDigit(char c) => c switch
    {
        '〇' or '零' or '○' => 0,
        '一' or '壹' or '幺' => 1,
        '二' or '贰' => 2,
        '三' or '叁' => 3,
        '四' or '肆' => 4,
        '五' or '伍' => 5,
        '六' or '陆' => 6,
        '七' or '柒' => 7,
        '八' or '捌' => 8,
        '九' or '玖' => 9,
        _ => -1,
    };
}
