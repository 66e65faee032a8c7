using System.Globalization;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Upper, lower and title case with Unicode's full mappings (SpecialCasing.txt), which .NET's one-to-one mappings leave out.</summary>
internal static class LetterCase
{
    // A letter and what it becomes in upper case, where that is more than one letter.
    private const string Expansions =
        "\u00dfSS \u0149\u02bcN \u01f0J\u030c \u0390\u0399\u0308\u0301 \u03b0\u03a5\u0308\u0301 \u0587\u0535\u0552 \u1e96H\u0331 " +
        "\u1e97T\u0308 \u1e98W\u030a \u1e99Y\u030a \u1e9aA\u02be \u1f50\u03a5\u0313 \u1f52\u03a5\u0313\u0300 " +
        "\u1f54\u03a5\u0313\u0301 \u1f56\u03a5\u0313\u0342 \u1fb2\u1fba\u0399 \u1fb3\u0391\u0399 \u1fb4\u0386\u0399 " +
        "\u1fb6\u0391\u0342 \u1fb7\u0391\u0342\u0399 \u1fbc\u0391\u0399 \u1fc2\u1fca\u0399 \u1fc3\u0397\u0399 \u1fc4\u0389\u0399 " +
        "\u1fc6\u0397\u0342 \u1fc7\u0397\u0342\u0399 \u1fcc\u0397\u0399 \u1fd2\u0399\u0308\u0300 \u1fd3\u0399\u0308\u0301 " +
        "\u1fd6\u0399\u0342 \u1fd7\u0399\u0308\u0342 \u1fe2\u03a5\u0308\u0300 \u1fe3\u03a5\u0308\u0301 \u1fe4\u03a1\u0313 " +
        "\u1fe6\u03a5\u0342 \u1fe7\u03a5\u0308\u0342 \u1ff2\u1ffa\u0399 \u1ff3\u03a9\u0399 \u1ff4\u038f\u0399 \u1ff6\u03a9\u0342 " +
        "\u1ff7\u03a9\u0342\u0399 \u1ffc\u03a9\u0399 \ufb00FF \ufb01FI \ufb02FL \ufb03FFI \ufb04FFL \ufb05ST \ufb06ST " +
        "\ufb13\u0544\u0546 \ufb14\u0544\u0535 \ufb15\u0544\u053b \ufb16\u054e\u0546 \ufb17\u0544\u053d";

    private static readonly Dictionary<char, string> s_upper = Expansions.Split(' ').ToDictionary(e => e[0], e => e[1..]);

    public static string Upper(string text)
    {
        if (Ascii.IsValid(text)) return text.ToUpperInvariant();
        StringBuilder result = new(text.Length + 8);
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i)) AppendUpper(result, text, i);
        return result.ToString();
    }

    public static string Lower(string text)
    {
        if (Ascii.IsValid(text)) return text.ToLowerInvariant();
        StringBuilder result = new(text.Length + 8);
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i)) AppendLower(result, text, i);
        return result.ToString();
    }

    /// <summary>The first letter in title case, the others in lower case.</summary>
    public static string Capitalize(string text)
    {
        StringBuilder result = new(text.Length + 8);
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (i == 0) AppendTitle(result, text, i);
            else AppendLower(result, text, i);
        }

        return result.ToString();
    }

    /// <summary>Python's <c>str.title</c>: a word begins behind everything that has no case.</summary>
    public static string Title(string text)
    {
        StringBuilder result = new(text.Length + 8);
        bool inWord = false;
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (inWord) AppendLower(result, text, i);
            else AppendTitle(result, text, i);
            inWord = IsCased(text, i);
        }

        return result.ToString();
    }

    public static string Swap(string text)
    {
        StringBuilder result = new(text.Length + 8);
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (IsUpper(text, i)) AppendLower(result, text, i);
            else if (IsLower(text, i)) AppendUpper(result, text, i);
            else result.Append(text, i, PythonText.UnitsAt(text, i));
        }

        return result.ToString();
    }

    /// <summary>Case folding: lower case of upper case, save for the dotless i and the Cherokee letters, which fold to capitals.</summary>
    public static string Fold(string text)
    {
        StringBuilder result = new(text.Length + 8), upper = new(4);
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            char c = text[i];
            if (c is '\u0131' or (>= '\u13a0' and <= '\u13f5'))
            {
                result.Append(c);
                continue;
            }

            if (c is '\u0130' or '\u1e9e')
            {
                result.Append(c == '\u0130' ? "i\u0307" : "ss");
                continue;
            }

            AppendUpper(upper.Clear(), text, i);
            if (c is (>= '\u13f8' and <= '\u13fd') or (>= '\uab70' and <= '\uabbf')) result.Append(upper);
            else result.Append(upper.ToString().ToLowerInvariant());
        }

        return result.ToString();
    }

    public static bool IsUpper(string text, int index) =>
        CharUnicodeInfo.GetUnicodeCategory(text, index) == UnicodeCategory.UppercaseLetter || IsWithin(s_otherUpper, text, index);

    public static bool IsLower(string text, int index) =>
        CharUnicodeInfo.GetUnicodeCategory(text, index) == UnicodeCategory.LowercaseLetter || IsWithin(s_otherLower, text, index);

    public static bool IsCased(string text, int index) =>
        IsUpper(text, index) || IsLower(text, index) || CharUnicodeInfo.GetUnicodeCategory(text, index) == UnicodeCategory.TitlecaseLetter;

    /// <summary>Unicode's Other_Uppercase (PropList.txt): capitals that are no letters by category, from and to.</summary>
    private static readonly int[] s_otherUpper = [0x2160, 0x216F, 0x24B6, 0x24CF, 0x1F130, 0x1F149, 0x1F150, 0x1F169, 0x1F170, 0x1F189];

    /// <summary>Unicode's Other_Lowercase, from and to.</summary>
    private static readonly int[] s_otherLower =
    [
        0xAA, 0xAA, 0xBA, 0xBA, 0x2B0, 0x2B8, 0x2C0, 0x2C1, 0x2E0, 0x2E4, 0x345, 0x345, 0x37A, 0x37A, 0x1D2C, 0x1D6A, 0x1D78, 0x1D78, 0x1D9B, 0x1DBF,
        0x2071, 0x2071, 0x207F, 0x207F, 0x2090, 0x209C, 0x2170, 0x217F, 0x24D0, 0x24E9, 0x2C7C, 0x2C7D, 0xA69C, 0xA69D, 0xA770, 0xA770, 0xA7F8, 0xA7F9,
        0xAB5C, 0xAB5F, 0x10780, 0x10780, 0x10783, 0x10785, 0x10787, 0x107B0, 0x107B2, 0x107BA,
    ];

    private static bool IsWithin(int[] ranges, string text, int index)
    {
        if (text[index] < ranges[0]) return false;
        int point = PythonText.UnitsAt(text, index) == 2 ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];
        for (int i = 0; i < ranges.Length; i += 2)
        {
            if (point >= ranges[i] && point <= ranges[i + 1]) return true;
        }

        return false;
    }

    private static void AppendUpper(StringBuilder result, string text, int index)
    {
        char c = text[index];
        if (c is >= '\u1f80' and <= '\u1faf')
        {
            // Greek letters with an iota below: the capital of the letter, and a capital iota.
            int row = c < '\u1f90' ? 0x1f08 : c < '\u1fa0' ? 0x1f28 : 0x1f68;
            result.Append((char)(row + (c & 7))).Append('\u0399');
        }
        else if (c == '\u0131') result.Append('I');
        else if (c == '\u017f') result.Append('S');
        else if (c > 127 && s_upper.TryGetValue(c, out string? expansion)) result.Append(expansion);
        else AppendMapped(result, text, index, upper: true);
    }

    private static void AppendLower(StringBuilder result, string text, int index)
    {
        switch (text[index])
        {
            case '\u0130': result.Append("i\u0307"); break;
            case '\u03a3' when EndsWord(text, index): result.Append('\u03c2'); break;
            default: AppendMapped(result, text, index, upper: false); break;
        }
    }

    private static void AppendMapped(StringBuilder result, string text, int index, bool upper)
    {
        int units = PythonText.UnitsAt(text, index);
        if (units == 1)
        {
            result.Append(upper ? char.ToUpperInvariant(text[index]) : char.ToLowerInvariant(text[index]));
            return;
        }

        Rune rune = new(text[index], text[index + 1]);
        result.Append((upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).ToString());
    }

    private static void AppendTitle(StringBuilder result, string text, int index)
    {
        char c = text[index];
        if (c is >= '\u01c4' and <= '\u01cc') result.Append((char)('\u01c5' + ((c - '\u01c4') / 3 * 3)));
        else if (c is >= '\u01f1' and <= '\u01f3') result.Append('\u01f2');
        else if (c is (>= '\u10d0' and <= '\u10fa') or (>= '\u10fd' and <= '\u10ff')) result.Append(c);
        else if (c is >= '\u1f80' and <= '\u1faf') result.Append((char)(c | 8));
        else if (c is '\u1fb3' or '\u1fbc') result.Append('\u1fbc');
        else if (c is '\u1fc3' or '\u1fcc') result.Append('\u1fcc');
        else if (c is '\u1ff3' or '\u1ffc') result.Append('\u1ffc');
        else
        {
            StringBuilder upper = new(4);
            AppendUpper(upper, text, index);
            if (upper.Length > 1 && c != '\u0149' && PythonText.UnitsAt(text, index) == 1)
            {
                for (int i = 1; i < upper.Length; i++)
                {
                    upper[i] = c >= '\u1f80' && c <= '\u1fff' && upper[i] == '\u0399' ? '\u0345' : char.ToLowerInvariant(upper[i]);
                }
            }

            result.Append(upper);
        }
    }

    /// <summary>Whether a capital sigma stands behind a letter and before none: then it becomes a final sigma.</summary>
    private static bool EndsWord(string text, int index)
    {
        int before = index - 1;
        while (before >= 0 && IsIgnorable(text, before)) before--;
        if (before < 0 || !IsCased(text, before > 0 && char.IsLowSurrogate(text[before]) ? before - 1 : before)) return false;
        int after = index + 1;
        while (after < text.Length && IsIgnorable(text, after)) after += PythonText.UnitsAt(text, after);
        return after >= text.Length || !IsCased(text, after);
    }

    private static bool IsIgnorable(string text, int index) => text[index] is '\'' or '.' or ':' or '\u00b7' or '\u2019'
        || CharUnicodeInfo.GetUnicodeCategory(text, index) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
