using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Plumbline.Endpoints;

/// <summary>
/// Reading JSON that servers really send: bare <c>NaN</c> and <c>Infinity</c>, lone halves of surrogate pairs (kept here,
/// because the other half may come in the next delta), keys twice (the last counts). Nesting is capped.
/// </summary>
internal static class JsonText
{
    /// <summary>Deeper nesting than this is refused; the deepest seen in an honest answer is about 60.</summary>
    public const int MaxDepth = 256;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth };

    /// <summary>Parses a text; null where it is no JSON. The elements live as long as the document.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        try
        {
            return JsonDocument.Parse(utf8, s_options);
        }
        catch (JsonException)
        {
            return WithoutBareConstants(utf8.Span) is { } mended ? ParseMended(mended) : null;
        }
    }

    /// <summary>A property (of an ASCII name) of an object, the last of that name; null where the element is no object, lacks it, or holds null.</summary>
    public static JsonElement? Get(this JsonElement element, string name) =>
        Has(element, name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Whether an object has a property, be it null.</summary>
    public static bool Has(this JsonElement element, string name, out JsonElement value)
    {
        value = default;
        if (element.ValueKind != JsonValueKind.Object) return false;
        bool found = false;
        foreach (JsonProperty property in element.EnumerateObject())
        {
            ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8PropertyName(property);
            bool same = raw.Contains((byte)'\\') ? Unescape(raw) == name : Ascii.Equals(raw, name);
            if (!same) continue;
            value = property.Value;
            found = true;
        }

        return found;
    }

    /// <summary>The items of an array; none where the element is none.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>The text of a string, lone surrogates kept; null where the element is no string.</summary>
    public static string? Text(this JsonElement? element) => element is { ValueKind: JsonValueKind.String } s ? Text(s) : null;

    /// <summary>A property's name, lone surrogates kept.</summary>
    public static string Name(JsonProperty property) => Unescape(JsonMarshal.GetRawUtf8PropertyName(property));

    /// <summary>A count written as 3, 3.0 or "3"; null for anything else.</summary>
    public static long? Count(this JsonElement? element)
    {
        double? value = Number(element);
        return value is { } v && v == Math.Floor(v) && Math.Abs(v) <= 1L << 53 ? (long)v : null;
    }

    /// <summary>A number, also one in a string; null for anything else.</summary>
    public static double? Number(this JsonElement? element)
    {
        switch (element)
        {
            case { ValueKind: JsonValueKind.Number } number:
                return number.TryGetDouble(out double value) ? value : null;
            case { ValueKind: JsonValueKind.String } text:
                return double.TryParse(Text(text), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double parsed) ? parsed : null;
            default:
                return null;
        }
    }

    /// <summary>Compact JSON of an element, with nothing but quotes, backslashes and control characters escaped.</summary>
    public static string Compact(JsonElement element)
    {
        StringBuilder text = new();
        Write(element, text);
        return text.ToString();
    }

    /// <summary>Joins halves of surrogate pairs that stand together; a lone half becomes U+FFFD.</summary>
    public static string WellFormed(string text)
    {
        int at = IllFormedAt(text);
        if (at < 0) return text;
        StringBuilder clean = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) clean.Append(rune);
        return clean.ToString();
    }

    private static int IllFormedAt(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return i;
            i++;
        }

        return -1;
    }

    private static string Text(JsonElement element)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(element);
        return Unescape(raw[1..^1]);
    }

    // JsonElement.GetString throws on the escape of a lone surrogate.
    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        int escape = raw.IndexOf((byte)'\\');
        if (escape < 0) return Encoding.UTF8.GetString(raw);
        StringBuilder text = new(raw.Length);
        while (escape >= 0)
        {
            text.Append(Encoding.UTF8.GetString(raw[..escape]));
            byte kind = raw[escape + 1];
            int length = 2;
            switch (kind)
            {
                case (byte)'u':
                    text.Append((char)int.Parse(raw.Slice(escape + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    length = 6;
                    break;
                case (byte)'n': text.Append('\n'); break;
                case (byte)'t': text.Append('\t'); break;
                case (byte)'r': text.Append('\r'); break;
                case (byte)'b': text.Append('\b'); break;
                case (byte)'f': text.Append('\f'); break;
                default: text.Append((char)kind); break;
            }

            raw = raw[(escape + length)..];
            escape = raw.IndexOf((byte)'\\');
        }

        return text.Append(Encoding.UTF8.GetString(raw)).ToString();
    }

    private static void Write(JsonElement element, StringBuilder text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                bool first = true;
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (!first) text.Append(',');
                    first = false;
                    Quote(Name(property), text);
                    text.Append(':');
                    Write(property.Value, text);
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                for (int i = 0; i < element.GetArrayLength(); i++)
                {
                    if (i > 0) text.Append(',');
                    Write(element[i], text);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                Quote(Text(element), text);
                break;
            default:
                text.Append(element.GetRawText());
                break;
        }
    }

    private static void Quote(string value, StringBuilder text)
    {
        text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case < ' ': text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default: text.Append(c); break;
            }
        }

        text.Append('"');
    }

    private static JsonDocument? ParseMended(byte[] mended)
    {
        try
        {
            return JsonDocument.Parse(mended, s_options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>NaN becomes null, the infinities become numbers that overflow to them; null where there is nothing to replace.</summary>
    private static byte[]? WithoutBareConstants(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("NaN"u8) < 0 && json.IndexOf("Infinity"u8) < 0) return null;
        ArrayBufferWriter<byte> mended = new(json.Length + 16);
        bool inString = false;
        for (int i = 0; i < json.Length; i++)
        {
            byte b = json[i];
            if (inString)
            {
                mended.Write(json.Slice(i, 1));
                if (b == (byte)'\\' && i + 1 < json.Length) mended.Write(json.Slice(++i, 1));
                else if (b == (byte)'"') inString = false;
            }
            else if (b == (byte)'N' && json[i..].StartsWith("NaN"u8))
            {
                mended.Write("null"u8);
                i += 2;
            }
            else if (b == (byte)'I' && json[i..].StartsWith("Infinity"u8))
            {
                mended.Write("1e999"u8);
                i += 7;
            }
            else
            {
                inString = b == (byte)'"';
                mended.Write(json.Slice(i, 1));
            }
        }

        return mended.WrittenSpan.ToArray();
    }
}
