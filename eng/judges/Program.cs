using System.Globalization;
using System.Text.Json;
using Plumbline.JudgeRecipes;
using Plumbline.Judges;
using Plumbline.Measure.Toxicity;
using Plumbline.Statistics;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Dictionary<string, string> options = new(StringComparer.Ordinal);
for (int i = 1; i < args.Length; i += 2)
{
    if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length) return Usage($"{args[i]} needs a value.");
    options[args[i][2..]] = args[i + 1];
}

if (args is ["languages", ..]) return LanguageCommand.Run(options, Usage);
if (args is ["detectors", ..]) return DetectorCommand.Run(options, Usage);
if (args.Length == 0 || args[0] is not ("toxicity" or "refusals")) return Usage(args.Length == 0 ? "No command." : $"No command is called {args[0]}.");
if (!options.TryGetValue("data", out string? folder) || !Directory.Exists(folder)) return Usage("--data names the folder of the labelled sets.");
if (!options.TryGetValue("out", out string? output)) return Usage("--out names the folder to write to: src/Plumbline/Judges or src/Plumbline.Measure/Toxicity for the classifiers that ship.");
LabelledData data = new(folder);
Directory.CreateDirectory(output);
if (args[0] == "refusals")
{
    (RefusalClassifier refusals, string report) = RefusalRecipe.Train(data);
    File.WriteAllBytes(Path.Combine(output, "refusal-weights.bin"), refusals.ToBytes());
    Console.WriteLine(report);
    return 0;
}

if (!options.TryGetValue("date", out string? date) || !DateOnly.TryParseExact(date, "yyyy-MM-dd", out _)) return Usage("--date is the day of the measurement, as 2026-11-29.");

ToxicityClassifier classifier = ToxicityRecipe.Train(data);
byte[] weights = classifier.ToBytes();
classifier = new(weights);
(IReadOnlyList<SetErrors> sets, IReadOnlyList<GroupErrors> groups) = ToxicityMeasurement.Of(classifier, data);
File.WriteAllBytes(Path.Combine(output, "weights.bin"), weights);
using (FileStream stream = File.Create(Path.Combine(output, "errors.json")))
{
    using Utf8JsonWriter json = new(stream, new() { Indented = true, NewLine = "\n" });
    json.WriteStartObject();
    json.WriteString("date", date);
    json.WriteStartArray("sets");
    foreach (SetErrors set in sets)
    {
        json.WriteStartObject();
        json.WriteString("set", set.Set);
        json.WriteString("language", set.Language);
        json.WriteNumber("truePositives", set.TruePositives);
        json.WriteNumber("positives", set.Positives);
        json.WriteNumber("trueNegatives", set.TrueNegatives);
        json.WriteNumber("negatives", set.Negatives);
        if (set.Auc is { } auc) json.WriteNumber("auc", Math.Round(auc, 4));
        json.WriteEndObject();
    }

    json.WriteEndArray();
    json.WriteStartArray("groups");
    foreach (GroupErrors group in groups)
    {
        json.WriteStartObject();
        json.WriteString("set", group.Set);
        json.WriteString("group", group.Group);
        json.WriteBoolean("toxic", group.Toxic);
        json.WriteNumber("flagged", group.Flagged);
        json.WriteNumber("texts", group.Texts);
        json.WriteEndObject();
    }

    json.WriteEndArray();
    json.WriteEndObject();
}

foreach (SetErrors set in sets)
    Console.WriteLine($"| {set.Set} | {set.Language} | {Share(set.TruePositives, set.Positives)} | {Share(set.TrueNegatives, set.Negatives)} | {(set.Auc is { } auc ? $"{auc:F3}" : "–")} |");
foreach (GroupErrors group in groups.Where(g => g.Set is "cold-test" || (g.Set == "identity-templates" && !g.Toxic && g.Flagged > 0))) Console.WriteLine($"{group.Set} {group.Group} toxic {group.Toxic}: {group.Flagged} of {group.Texts} flagged");
return 0;

static string Share(int found, int of)
{
    if (of == 0) return "–";
    Interval interval = Proportions.Wilson(found, of, 0.05);
    return $"{found} of {of}: {100.0 * found / of:F1} % [{100 * interval.Low:F1}, {100 * interval.High:F1}]";
}

static int Usage(string fault)
{
    Console.Error.WriteLine($"{fault}\nUsage: toxicity --data DIR --date YYYY-MM-DD --out DIR | refusals --data DIR --out DIR | languages --texts DIR --out DIR | detectors --data DIR --date YYYY-MM-DD --out DIR");
    return 2;
}
