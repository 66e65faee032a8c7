using System.Globalization;
using System.Text;

namespace Plumbline.Reports;

/// <summary>Makes text from outside fit to be shown: what would hide or reorder its neighbours becomes visible.</summary>
internal static class VisibleText
{
    /// <summary>
    /// The text with control, bidi, zero-width and tag characters, non-characters and lone surrogates written as
    /// ⟦U+202E⟧. Tabs and line feeds stay (CR LF becomes LF); joiners stay, since emoji and Persian need them.
    /// Every character of the result is a legal character of XML 1.0.
    /// </summary>
    public static string Visible(string text)
    {
        StringBuilder? changed = null;
        for (int i = 0; i < text.Length;)
        {
            bool whole = Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            bool lineEnd = whole && rune.Value == '\r' && i + 1 < text.Length && text[i + 1] == '\n';
            if (whole && !lineEnd && !Hides(rune)) changed?.Append(text, i, length);
            else
            {
                changed ??= new StringBuilder(text.Length + 16).Append(text, 0, i);
                if (!lineEnd) changed.Append("⟦U+").Append((whole ? rune.Value : text[i]).ToString("X4", CultureInfo.InvariantCulture)).Append('⟧');
            }
            i += length;
        }
        return changed?.ToString() ?? text;
    }

    /// <summary>As <see cref="Visible"/>, on one line: white space runs become one space.</summary>
    public static string Line(string text) =>
        string.Join(' ', Visible(text).Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The text with each lone surrogate replaced by U+FFFD, so that it can be encoded.</summary>
    public static string WellFormed(string text)
    {
        StringBuilder? changed = null;
        for (int i = 0; i < text.Length;)
        {
            bool whole = Rune.DecodeFromUtf16(text.AsSpan(i), out _, out int length) == System.Buffers.OperationStatus.Done;
            if (whole) changed?.Append(text, i, length);
            else (changed ??= new StringBuilder(text.Length).Append(text, 0, i)).Append('\uFFFD');
            i += length;
        }
        return changed?.ToString() ?? text;
    }

    /// <summary>The first <paramref name="limit"/> UTF-16 units, never half of a pair, and how many are left out.</summary>
    public static (string Text, int LeftOut) Clip(string text, int limit)
    {
        if (text.Length <= limit) return (text, 0);
        int end = char.IsHighSurrogate(text[limit - 1]) && char.IsLowSurrogate(text[limit]) ? limit - 1 : limit;
        return (text[..end], text.Length - end);
    }

    /// <summary>As <see cref="Clip"/>, with an ellipsis where something is left out.</summary>
    public static string Short(string text, int limit)
    {
        (string kept, int leftOut) = Clip(text, limit);
        return leftOut == 0 ? kept : kept + "…";
    }

    private static bool Hides(Rune rune)
    {
        int v = rune.Value;
        return v switch
        {
            '\n' or '\t' or 0x200C or 0x200D => false,
            // Format characters that are drawn: Arabic and Kaithi number signs.
            (>= 0x0600 and <= 0x0605) or 0x06DD or 0x070F or 0x0890 or 0x0891 or 0x08E2 or 0x110BD or 0x110CD => false,
            // Letters without ink, and the variation selectors that can smuggle bytes.
            0x115F or 0x1160 or 0x3164 or 0xFFA0 or (>= 0xE0100 and <= 0xE01EF) => true,
            >= 0xFDD0 and <= 0xFDEF => true,
            _ => (v & 0xFFFE) == 0xFFFE || Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
        };
    }
}
