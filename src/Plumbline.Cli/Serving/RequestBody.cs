using System.Text.Json;

namespace Plumbline.Cli.Serving;

/// <summary>Reads parameters from a request's JSON object; each fault names its parameter. A parameter that is null counts as absent.</summary>
internal readonly struct RequestBody(JsonElement root)
{
    private const int MostStops = 4;

    public JsonElement? Find(string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Find(name) is { } value ? TextOf(value, name) : null;

    public bool Flag(string name) => Find(name) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw ServerFault.Invalid(name, $"'{name}' must be true or false, not {Kind(other)}.", "invalid_type"),
    };

    public double? Number(string name, double least, double most)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number) throw ServerFault.Invalid(name, $"'{name}' must be a number, not {Kind(value)}.", "invalid_type");
        return value.TryGetDouble(out double number) && number >= least && number <= most
            ? number
            : throw ServerFault.Invalid(name, $"'{name}' is {value.GetRawText()}; it must be from {least} to {most}.");
    }

    public long? Whole(string name, long least, long most)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number) throw ServerFault.Invalid(name, $"'{name}' must be an integer, not {Kind(value)}.", "invalid_type");
        if (!TryWhole(value, out long number)) throw ServerFault.Invalid(name, $"'{name}' is {value.GetRawText()}; it must be an integer from {least} to {most}.", "invalid_type");
        return number >= least && number <= most ? number : throw ServerFault.Invalid(name, $"'{name}' is {number}; it must be from {least} to {most}.");
    }

    /// <summary>`stop`: a text, or a list of up to four.</summary>
    public IReadOnlyList<string> Stops()
    {
        if (Find("stop") is not { } value) return [];
        string[] stops = value.ValueKind switch
        {
            JsonValueKind.String => [TextOf(value, "stop")],
            JsonValueKind.Array when value.GetArrayLength() <= MostStops => [.. value.EnumerateArray().Select(s => TextOf(s, "stop"))],
            JsonValueKind.Array => throw ServerFault.Invalid("stop", $"'stop' has {value.GetArrayLength()} texts; at most {MostStops} are served."),
            _ => throw ServerFault.Invalid("stop", $"'stop' must be a text or a list of texts, not {Kind(value)}.", "invalid_type"),
        };
        return stops.Any(s => s.Length == 0) ? throw ServerFault.Invalid("stop", "'stop' holds an empty text, which would end every answer before it begins.") : stops;
    }

    /// <summary>Parameters whose meaning would be lost: refused unless they say what is done anyway.</summary>
    public void RefuseUnserved()
    {
        if (Whole("n", 1, 128) is > 1) throw ServerFault.Unsupported("n", "'n' above 1 is not served; send the request several times, with other seeds.");
        if (Find("logit_bias") is { } bias && !(bias.ValueKind == JsonValueKind.Object && !bias.EnumerateObject().Any())) throw ServerFault.Unsupported("logit_bias", "'logit_bias' is not served; leave it out.");
    }

    /// <summary>A JSON string as text.</summary>
    public static string TextOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String) throw ServerFault.Invalid(name, $"'{name}' must be a text, not {Kind(value)}.", "invalid_type");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ServerFault.Invalid(name, $"'{name}' holds half of a surrogate pair, which is no character.");
        }
    }

    /// <summary>Whole numbers may be written 5, 5.0 or 5e0.</summary>
    public static bool TryWhole(JsonElement value, out long number)
    {
        if (value.TryGetInt64(out number)) return true;
        if (!value.TryGetDecimal(out decimal exact) || exact != decimal.Truncate(exact) || exact is < long.MinValue or > long.MaxValue) return false;
        number = (long)exact;
        return true;
    }

    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
