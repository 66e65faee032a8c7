using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Data;
using Plumbline.Data.Pii;
using Plumbline.Instruments;

namespace Plumbline.JudgeRecipes;

/// <summary>The command `detectors`: measures the personal-data detector and the language identifier and writes their errors.json.</summary>
internal static class DetectorCommand
{
    /// <summary>The set that other people labelled.</summary>
    public const string Foreign = "presidio-research, 1199 English texts";

    /// <summary>The set of prompts and comments.</summary>
    public const string Prompts = "360 English prompts of XSTest and 4259 Chinese comments of COLD";

    /// <summary>Writes Pii/errors.json and Language/errors.json.</summary>
    public static int Run(IReadOnlyDictionary<string, string> options, Func<string, int> usage)
    {
        if (!options.TryGetValue("data", out string? folder) || !Directory.Exists(folder)) return usage("--data names the folder of the labelled sets.");
        if (!options.TryGetValue("out", out string? output)) return usage("--out names the folder to write to: src/Plumbline.Data.");
        if (!options.TryGetValue("date", out string? date) || !DateOnly.TryParseExact(date, "yyyy-MM-dd", out _)) return usage("--date is the day of the measurement, as 2026-11-29.");
        string own = JudgeErrors.Hash(PiiLabelledText.ShippedBytes.Span);
        Write(Path.Combine(output, "Pii", "errors.json"), date,
            [.. Rows(Detectors.Personal(Presidio(folder, null)), Foreign, null), .. Rows(Detectors.Personal(), PiiLabelledText.ShippedName, own)]);
        Write(Path.Combine(output, "Language", "errors.json"), date,
            [.. Rows(Detectors.Identified(Questions(new(folder))), Prompts, null), .. Rows(Detectors.Identified(), Detectors.LanguageSet, Detectors.LanguageSetSha256())]);
        foreach (int half in (int[])[0, 1])
        {
            (IReadOnlyDictionary<string, JudgeMatrix> matrices, IReadOnlyDictionary<string, int> exact) = PiiMeasurement.Of(new(), Presidio(folder, half));
            foreach ((string kind, JudgeMatrix m) in matrices) Console.WriteLine($"{(half == 0 ? "even" : "odd")} templates | {kind} | {m.TruePositives} of {m.Positives} (exact {exact.GetValueOrDefault(kind)}) | {m.TrueNegatives} of {m.Negatives}");
        }

        return 0;
    }

    /// <summary>Texts of presidio-research with the spans whose kinds the detector has; offsets there are code points.</summary>
    /// <param name="folder">The folder of the labelled sets.</param>
    /// <param name="half">0 or 1: texts of even or odd templates; null: all.</param>
    public static IReadOnlyList<PiiLabelledText> Presidio(string folder, int? half)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "presidio-pii", "synth_dataset_v2_part.json")));
        return [.. file.RootElement.EnumerateArray().Where(r => half is null || r.GetProperty("template_id").GetInt32() % 2 == half).Select(Row)];

        static PiiLabelledText Row(JsonElement row)
        {
            string text = row.GetProperty("full_text").GetString()!;
            return new(text, "en", [.. row.GetProperty("spans").EnumerateArray()
                .Select(s => (Kind: Kind(s.GetProperty("entity_type").GetString()!, text), Start: Units(text, s.GetProperty("start_position").GetInt32()), End: Units(text, s.GetProperty("end_position").GetInt32())))
                .Where(s => s.Kind is not null).Select(s => (s.Kind!.Value, s.Start, s.End))]);
        }

        static PiiType? Kind(string type, string text) => type switch
        {
            "PERSON" => PiiType.Person,
            "CREDIT_CARD" => PiiType.CreditCard,
            "PHONE_NUMBER" => PiiType.Phone,
            "EMAIL_ADDRESS" => PiiType.Email,
            "US_SSN" => PiiType.UsSsn,
            "IBAN_CODE" => PiiType.Iban,
            "IP_ADDRESS" => PiiType.Ip,
            // Days of birth are personal data, other dates are not.
            "DATE_TIME" when ((string[])["birth", "born", "dob"]).Any(w => text.Contains(w, StringComparison.OrdinalIgnoreCase)) => PiiType.Date,
            _ => null,
        };

        static int Units(string text, int codePoints)
        {
            int i = 0;
            for (int n = 0; n < codePoints; n++) i += char.IsHighSurrogate(text[i]) ? 2 : 1;
            return i;
        }
    }

    /// <summary>Prompts of XSTest and comments of COLD.</summary>
    public static IReadOnlyList<(string Text, string Language)> Questions(LabelledData data) =>
        [.. data.Csv("xstest/xstest_prompts.csv").Select(r => (r["prompt"], "en")), .. data.Csv("cold/test.csv").Select(r => (r["TEXT"], "zh"))];

    private static IEnumerable<(string Judge, JudgeMatrix Matrix, string Set, string? Sha256)> Rows(IReadOnlyDictionary<string, JudgeMatrix> matrices, string set, string? sha256) =>
        matrices.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => (m.Key, m.Value, set, sha256));

    private static void Write(string path, string date, IEnumerable<(string Judge, JudgeMatrix Matrix, string Set, string? Sha256)> rows)
    {
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter json = new(stream, new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("date", date);
        json.WriteStartArray("rows");
        foreach ((string judge, JudgeMatrix matrix, string set, string? sha256) in rows)
        {
            json.WriteStartObject();
            json.WriteString("judge", judge);
            json.WriteNumber("truePositives", matrix.TruePositives);
            json.WriteNumber("positives", matrix.Positives);
            json.WriteNumber("trueNegatives", matrix.TrueNegatives);
            json.WriteNumber("negatives", matrix.Negatives);
            json.WriteString("set", set);
            if (sha256 is not null) json.WriteString("setSha256", sha256);
            json.WriteEndObject();
            Console.WriteLine($"{judge} | {set} | {matrix.TruePositives} of {matrix.Positives} | {matrix.TrueNegatives} of {matrix.Negatives}");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
