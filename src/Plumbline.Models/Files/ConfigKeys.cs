using System.Globalization;
using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Checked reading of a JSON object's keys; a message names the file, the key and the value. Null counts as absent.</summary>
internal readonly struct ConfigKeys(string path, JsonElement json)
{
    /// <summary>No size in any model is above this.</summary>
    private const int Largest = 1 << 26;

    public bool Has(string key) => json.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public JsonElement? Element(string key) => Has(key) ? json.GetProperty(key) : null;

    /// <summary>The first of these keys that is present.</summary>
    public string? First(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (Has(key)) return key;
        }

        return null;
    }

    /// <summary>A size of at least 1 that must be there.</summary>
    public int Size(params ReadOnlySpan<string> keys) => First(keys) is string key ? Whole(key, 1) : throw Fault(keys[0], "is missing");

    public int SizeOr(int otherwise, params ReadOnlySpan<string> keys) => First(keys) is string key ? Whole(key, 1) : otherwise;

    public int? Id(string key) => Has(key) ? Whole(key, 0) : null;

    public bool Flag(string key, bool otherwise) => Element(key) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Fault(key, $"is {Show(value)}; it must be true or false");

    public string? Text(string key) => Element(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Fault(key, $"is {Show(value)}; it must be a string");

    /// <summary>A finite number; null where the key is absent.</summary>
    public double? Number(string key)
    {
        if (Element(key) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !double.IsFinite(number)) throw Fault(key, $"is {Show(value)}; it must be a finite number");
        return number;
    }

    public double? Positive(string key) => Number(key) is not double number ? null : number > 0 ? number : throw Fault(key, $"is {number.ToString(CultureInfo.InvariantCulture)}; it must be above 0");

    public double PositiveOr(double otherwise, params ReadOnlySpan<string> keys) => First(keys) is string key ? Positive(key)!.Value : otherwise;

    public double NeededPositive(string key) => Positive(key) ?? throw Fault(key, "is missing");

    public List<double> Positives(string key, int count)
    {
        if (Element(key) is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() != count) throw Fault(key, $"must be a list of {count} numbers, half the rotary dimensions");
        List<double> numbers = [];
        foreach (JsonElement e in list.EnumerateArray())
            numbers.Add(e.ValueKind == JsonValueKind.Number && e.TryGetDouble(out double number) && number > 0 && double.IsFinite(number) ? number : throw Fault(key, $"holds {Show(e)}; its numbers must be above 0"));
        return numbers;
    }

    /// <summary>One id or a list of ids.</summary>
    public List<int> Ids(string key)
    {
        if (Element(key) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) return [Whole(key, 0)];
        if (value.GetArrayLength() > 1024) throw Fault(key, $"has {value.GetArrayLength()} ids");
        List<int> ids = [];
        foreach (JsonElement e in value.EnumerateArray()) ids.Add(e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int id) && id >= 0 ? id : throw Fault(key, $"holds {Show(e)}; ids are whole numbers from 0"));
        return ids;
    }

    /// <summary>The keys of an object inside this one; messages name both.</summary>
    public ConfigKeys Inside(string key, JsonElement inner) => new($"{path}: {key}", inner);

    public ModelFileException Fault(string key, string what) => new($"{path}: {key} {what}.");

    private int Whole(string key, int least)
    {
        JsonElement value = json.GetProperty(key);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= Largest
            ? number
            : throw Fault(key, $"is {Show(value)}; it must be a whole number from {least} to {Largest}");
    }

    private static string Show(JsonElement value) => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null
        ? JsonFile.Kind(value)
        : TensorLookup.Quote(value.GetRawText());
}
