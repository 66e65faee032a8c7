using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Plumbline.Cli;

/// <summary>JSON strings in which an escape stands for half a surrogate pair, which the platform's reader refuses.</summary>
internal static class LoneSurrogates
{
    /// <summary>A string's text; a half without its other half becomes U+FFFD.</summary>
    public static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(value.GetRawText().AsSpan()[1..^1]);
        }
    }

    private static string Unescape(ReadOnlySpan<char> raw)
    {
        StringBuilder text = new(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            char kind = raw[++i];
            text.Append(kind switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', 'u' => (char)ushort.Parse(raw.Slice(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture), _ => kind });
            if (kind == 'u') i += 4;
        }

        StringBuilder whole = new(text.Length);
        foreach (Rune rune in text.ToString().EnumerateRunes()) whole.Append(rune.ToString());
        return whole.ToString();
    }
}
