using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Plumbline.Models.Templates;

/// <summary>JSON as values of the template language.</summary>
internal static class JsonValues
{
    public static Value ToValue(Evaluator evaluator, JsonElement element, int depth)
    {
        evaluator.CheckDepth(depth);
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                DictValue dict = new(element.GetPropertyCount());
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    dict.Set(new TextValue(property.Name), ToValue(evaluator, property.Value, depth + 1));
                }

                return dict;
            case JsonValueKind.Array:
                Value[] items = new Value[element.GetArrayLength()];
                int at = 0;
                foreach (JsonElement item in element.EnumerateArray()) items[at++] = ToValue(evaluator, item, depth + 1);
                return new ListValue(items);
            case JsonValueKind.String:
                return new TextValue(Text(element));
            case JsonValueKind.Number:
                return Number(element.GetRawText());
            case JsonValueKind.True:
                return BoolValue.True;
            case JsonValueKind.False:
                return BoolValue.False;
            default:
                return NoneValue.Instance;
        }
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new ChatTemplateException("A string among the variables holds half of a surrogate pair; give whole characters.", e);
        }
    }

    /// <summary>Numbers without point and exponent are integers.</summary>
    private static Value Number(string raw)
    {
        if (raw.AsSpan().IndexOfAny(".eE") >= 0) return new FloatValue(double.Parse(raw, CultureInfo.InvariantCulture));
        if (raw.Length > IntValue.MaxDigits) throw Fault.Value($"an integer of more than {IntValue.MaxDigits} digits");
        return long.TryParse(raw, CultureInfo.InvariantCulture, out long number)
            ? IntValue.Of(number)
            : IntValue.Of(BigInteger.Parse(raw, CultureInfo.InvariantCulture));
    }
}
