namespace Plumbline.Data.Language;

/// <summary>Scripts that are told apart by their characters.</summary>
internal enum Script : byte
{
    None, Latin, Cyrillic, Arabic, Devanagari, Han, Kana, Hangul, Greek, Hebrew, Thai, Georgian, Armenian, Ethiopic, Bengali, Gurmukhi, Gujarati, Tamil, Telugu, Kannada, Malayalam, Sinhala, Lao, Tibetan, Myanmar, Khmer,
}

/// <summary>The script of a character, and the language of scripts that one language writes. Pure.</summary>
internal static class Scripts
{
    /// <summary>How many scripts there are.</summary>
    public const int Count = (int)Script.Khmer + 1;

    // From the blocks of the Unicode standard: first, last, script.
    private static readonly (char First, char Last, Script Script)[] s_blocks =
    [
        ('A', 'Z', Script.Latin), ('a', 'z', Script.Latin), ('ª', 'ª', Script.Latin), ('º', 'º', Script.Latin), ('À', 'Ö', Script.Latin), ('Ø', 'ö', Script.Latin), ('ø', 'ɏ', Script.Latin), ('ɐ', 'ʯ', Script.Latin),
        ('\u0370', '\u03ff', Script.Greek), ('\u0400', '\u052f', Script.Cyrillic), ('\u0531', '\u058f', Script.Armenian), ('\u0591', '\u05ff', Script.Hebrew), ('\u0600', '\u06ff', Script.Arabic), ('\u0750', '\u077f', Script.Arabic),
        ('\u08a0', '\u08ff', Script.Arabic), ('\u0900', '\u097f', Script.Devanagari), ('\u0980', '\u09ff', Script.Bengali), ('\u0a00', '\u0a7f', Script.Gurmukhi), ('\u0a80', '\u0aff', Script.Gujarati), ('\u0b80', '\u0bff', Script.Tamil),
        ('\u0c00', '\u0c7f', Script.Telugu), ('\u0c80', '\u0cff', Script.Kannada), ('\u0d00', '\u0d7f', Script.Malayalam), ('\u0d80', '\u0dff', Script.Sinhala), ('\u0e00', '\u0e7f', Script.Thai), ('\u0e80', '\u0eff', Script.Lao),
        ('\u0f00', '\u0fff', Script.Tibetan), ('\u1000', '\u109f', Script.Myanmar), ('\u10a0', '\u10ff', Script.Georgian), ('\u1100', '\u11ff', Script.Hangul), ('\u1200', '\u139f', Script.Ethiopic), ('\u1780', '\u17ff', Script.Khmer),
        ('\u1c90', '\u1cbf', Script.Georgian), ('\u1e00', '\u1eff', Script.Latin), ('\u1f00', '\u1fff', Script.Greek), ('\u3005', '\u3007', Script.Han), ('\u3041', '\u30fa', Script.Kana), ('\u30fc', '\u30ff', Script.Kana), ('\u3131', '\u318e', Script.Hangul),
        ('\u31f0', '\u31ff', Script.Kana), ('\u3400', '\u4dbf', Script.Han), ('\u4e00', '\u9fff', Script.Han), ('\uac00', '\ud7a3', Script.Hangul), ('\uf900', '\ufaff', Script.Han), ('\ufb50', '\ufdff', Script.Arabic), ('\ufe70', '\ufefc', Script.Arabic),
        ('Ａ', 'Ｚ', Script.Latin), ('ａ', 'ｚ', Script.Latin), ('\uff66', '\uff9f', Script.Kana),
    ];

    /// <summary>The script of a character; none for what is no letter or mark of those known.</summary>
    public static Script Of(char c)
    {
        if (c < 0x80) return char.IsAsciiLetter(c) ? Script.Latin : Script.None;
        int low = 0, high = s_blocks.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            (char first, char last, Script script) = s_blocks[middle];
            if (c < first) high = middle - 1;
            else if (c > last) low = middle + 1;
            else return char.IsLetter(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark ? script : Script.None;
        }

        return Script.None;
    }

    /// <summary>How much a character weighs beside a letter of an alphabet: one that writes a syllable or word stands for several.</summary>
    public static int Weight(Script script) => script is Script.Han or Script.Kana or Script.Hangul ? 3 : 1;

    /// <summary>The language that a script is written for, by far the most often; null where several are told apart.</summary>
    public static string? Only(Script script) => script switch
    {
        Script.Hangul => "ko",
        Script.Greek => "el",
        Script.Hebrew => "he",
        Script.Thai => "th",
        Script.Georgian => "ka",
        Script.Armenian => "hy",
        Script.Ethiopic => "am",
        Script.Bengali => "bn",
        Script.Gurmukhi => "pa",
        Script.Gujarati => "gu",
        Script.Tamil => "ta",
        Script.Telugu => "te",
        Script.Kannada => "kn",
        Script.Malayalam => "ml",
        Script.Sinhala => "si",
        Script.Lao => "lo",
        Script.Tibetan => "bo",
        Script.Myanmar => "my",
        Script.Khmer => "km",
        _ => null,
    };
}
