using System.Text;
using System.Text.Json;
using Plumbline.Data.Language;
using Plumbline.Data.Pii;
using Plumbline.Instruments;
using Plumbline.Worlds;

namespace Plumbline.Data;

/// <summary>A detector's confusion matrix on a labelled set. Immutable.</summary>
/// <param name="Calibration">The matrix, the set and the date.</param>
/// <param name="SetSha256">The SHA-256 of the set, where it ships and can be replayed; else null.</param>
public sealed record MeasuredDetector(JudgeCalibration Calibration, string? SetSha256);

/// <summary>
/// What the detectors of this assembly were measured to do, written by <c>eng/judges</c>: "pii-detector/LANGUAGE" (all kinds, by span; others are texts without
/// personal data), "pii-detector/LANGUAGE/KIND", "pii-detector/LANGUAGE/texts" (whole texts with a value that leads to one person), and "language-identifier/LANGUAGE". Immutable.
/// </summary>
public static class Detectors
{
    /// <summary>What the names of the personal-data detector's rows begin with.</summary>
    public const string Pii = "pii-detector";

    /// <summary>What the names of the language identifier's rows begin with.</summary>
    public const string Languages = "language-identifier";

    /// <summary>The name of the identifier's set.</summary>
    public const string LanguageSet = "src/Plumbline.Data/Language/labelled.jsonl";

    private static readonly Lazy<IReadOnlyList<MeasuredDetector>> s_all = new(() => [.. Read("Pii"), .. Read("Language")]);

    /// <summary>All of them; the first of a name is the one that corrects rates.</summary>
    public static IReadOnlyList<MeasuredDetector> All => s_all.Value;

    /// <summary>The errors of a detector, by name; null where nobody measured it.</summary>
    public static JudgeCalibration? Of(string judge) => All.FirstOrDefault(d => d.Calibration.Judge == judge)?.Calibration;

    /// <summary>A detector on its shipped set, now and when it was stored; null where none ships.</summary>
    public static (MeasuredDetector Stored, string Set, string SetSha256, JudgeMatrix Now)? Replay(string judge)
    {
        if (All.FirstOrDefault(d => d.Calibration.Judge == judge && d.SetSha256 is not null) is not { } stored) return null;
        bool pii = judge.StartsWith(Pii, StringComparison.Ordinal);
        return (stored, pii ? PiiLabelledText.ShippedName : LanguageSet, JudgeErrors.Hash(pii ? PiiLabelledText.ShippedBytes.Span : LanguageBytes()), (pii ? Personal() : Identified())[judge]);
    }

    /// <summary>The matrices of the personal-data detector on its shipped set, by name.</summary>
    public static IReadOnlyDictionary<string, JudgeMatrix> Personal() => Personal(PiiLabelledText.Shipped());

    /// <summary>The matrices of the personal-data detector on labelled texts, by name.</summary>
    public static IReadOnlyDictionary<string, JudgeMatrix> Personal(IReadOnlyList<PiiLabelledText> texts)
    {
        PiiDetector detector = new();
        return texts.GroupBy(t => t.Language).SelectMany(language => PiiMeasurement.Of(detector, [.. language]).Matrices.Select(m => (Name: m.Key == PiiMeasurement.All ? $"{Pii}/{language.Key}" : $"{Pii}/{language.Key}/{m.Key}", m.Value)))
            .ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal);
    }

    /// <summary>The matrices of the language identifier on its shipped set, by name; both scripts of Chinese are one language.</summary>
    public static IReadOnlyDictionary<string, JudgeMatrix> Identified() => Identified([.. LanguageRows()]);

    /// <summary>The matrices of the language identifier on labelled texts, by name.</summary>
    /// <param name="rows">Texts and their primary languages.</param>
    public static IReadOnlyDictionary<string, JudgeMatrix> Identified(IReadOnlyList<(string Text, string Language)> rows)
    {
        (string Truth, string Said)[] said = [.. rows.Select(r => (r.Language, LanguageIdentifier.Shipped.Identify(r.Text).Primary))];
        return said.Select(s => s.Truth).Distinct().ToDictionary(
            language => $"{Languages}/{language}", language => said.Aggregate(new JudgeMatrix(0, 0, 0, 0), (m, s) => m.With(s.Truth == language, s.Said == language)), StringComparer.Ordinal);
    }

    /// <summary>The SHA-256 of the identifier's shipped set.</summary>
    public static string LanguageSetSha256() => JudgeErrors.Hash(LanguageBytes());

    private static IEnumerable<(string Text, string Language)> LanguageRows()
    {
        foreach (string line in Encoding.UTF8.GetString(LanguageBytes()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            yield return (row.RootElement.GetProperty("text").GetString()!, row.RootElement.GetProperty("label").GetString()!.Split('-')[0]);
        }
    }

    private static byte[] LanguageBytes() => Resource("Language.labelled.jsonl");

    private static IEnumerable<MeasuredDetector> Read(string folder)
    {
        byte[] bytes = Resource($"{folder}.errors.json");
        if (bytes.Length == 0) yield break;
        using JsonDocument document = JsonDocument.Parse(bytes);
        string date = document.RootElement.GetProperty("date").GetString()!;
        foreach (JsonElement row in document.RootElement.GetProperty("rows").EnumerateArray())
        {
            yield return new(
                new(row.GetProperty("judge").GetString()!, Count("truePositives"), Count("positives"), Count("trueNegatives"), Count("negatives"), row.GetProperty("set").GetString()!, date),
                row.TryGetProperty("setSha256", out JsonElement sha) ? sha.GetString() : null);

            int Count(string name) => row.GetProperty(name).GetInt32();
        }
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(Detectors).Assembly.GetManifestResourceStream($"Plumbline.Data.{name}")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
