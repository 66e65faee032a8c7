using System.Text;
using System.Text.Json;

namespace Plumbline.Data.Pii;

/// <summary>A text with its true personal data, in UTF-16 units. Immutable.</summary>
/// <param name="Text">The text.</param>
/// <param name="Language">"en" or "zh".</param>
/// <param name="Spans">What it holds.</param>
public sealed record PiiLabelledText(string Text, string Language, IReadOnlyList<(PiiType Type, int Start, int End)> Spans)
{
    /// <summary>The name of the set that ships.</summary>
    public const string ShippedName = "src/Plumbline.Data/Pii/labelled.jsonl";

    private static readonly Lazy<byte[]> s_bytes = new(() =>
    {
        using Stream stream = typeof(PiiLabelledText).Assembly.GetManifestResourceStream("Plumbline.Data.Pii.labelled.jsonl")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    });

    /// <summary>The bytes of the set that ships.</summary>
    public static ReadOnlyMemory<byte> ShippedBytes => s_bytes.Value;

    /// <summary>The set that ships: own texts, all persons and numbers invented.</summary>
    public static IReadOnlyList<PiiLabelledText> Shipped() => Parse(s_bytes.Value, ShippedName);

    /// <summary>Reads lines of {"text", "language", "spans": [[type, start, end]]}.</summary>
    /// <exception cref="InvalidDataException">A line is wrong; the message names it.</exception>
    public static IReadOnlyList<PiiLabelledText> Parse(ReadOnlySpan<byte> bytes, string place)
    {
        List<PiiLabelledText> rows = [];
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                using JsonDocument row = JsonDocument.Parse(line);
                string text = row.RootElement.GetProperty("text").GetString() ?? "";
                rows.Add(new(text, row.RootElement.GetProperty("language").GetString() ?? "", [.. row.RootElement.GetProperty("spans").EnumerateArray().Select(s => Span(s, text))]));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
            {
                throw new InvalidDataException($"{place}, line {number}: a line {{\"text\", \"language\", \"spans\": [[TYPE, START, END]]}} is wanted ({e.Message}).", e);
            }
        }

        return rows;

        static (PiiType, int, int) Span(JsonElement span, string text)
        {
            string label = span[0].GetString() ?? "";
            (int start, int end) = (span[1].GetInt32(), span[2].GetInt32());
            return PiiTypes.Parse(label) is { } type && start >= 0 && end > start && end <= text.Length
                ? (type, start, end)
                : throw new FormatException($"there is no {label} from {start} to {end} in {text.Length} characters");
        }
    }
}
