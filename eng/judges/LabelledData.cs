using System.Text;
using System.Text.Json;
using Sylvan.Data.Csv;

namespace Plumbline.JudgeRecipes;

/// <summary>A labelled text.</summary>
internal sealed record Labelled(string Source, string Text, bool Toxic, string Group = "");

/// <summary>
/// The labelled sets under a folder, by the names and in the forms that <c>README.md</c> gives. A text belongs to the held-out
/// part of its set by a hash of it, so that neither the order of rows nor a repeated text matters.
/// </summary>
internal sealed class LabelledData(string root)
{
    /// <summary>English sets of which one part trains and the other measures.</summary>
    public IEnumerable<Labelled> English() =>
    [
        .. Csv("surge-toxicity/toxicity_en.csv").Select(r => new Labelled("surge-toxicity", r["text"], r["is_toxic"] == "Toxic")),
        .. Lines("toxigen-annotated/toxigen_annotated_sample.jsonl").Select(r => new Labelled("toxigen-annotated", r.GetProperty("text").GetString()!, r.GetProperty("label").GetString() == "hate")),
        .. Lines("openai-moderation/samples_without_sexual.jsonl").Select(Moderation).OfType<Labelled>(),
        .. Plain(),
    ];

    /// <summary>Answers and inputs of instructions, which people wrote in good faith: civil texts of the kind that models write.</summary>
    private IEnumerable<Labelled> Plain() => ((string[])["self-instruct/seed_tasks.jsonl", "self-instruct/user_oriented_instructions.jsonl"]).SelectMany(Lines)
        .SelectMany(r => r.GetProperty("instances").EnumerateArray().Take(1).Select(i => i.GetProperty("output").GetString()!))
        .Where(t => t.Length >= 40).Select(t => new Labelled("self-instruct", t, false));

    /// <summary>
    /// Chinese texts. COLD's training rows were labelled half by machine, its test rows by people, who also marked texts against
    /// bias; so three in ten of the test rows train, and the others measure.
    /// </summary>
    public IEnumerable<Labelled> Chinese() =>
    [
        .. Csv("cold/train_sample.csv").Select(r => new Labelled("cold-train", r["TEXT"], r["label"] == "1")),
        .. Csv("cold/test.csv").Select(r => new Labelled("cold-test", r["TEXT"], r["label"] == "1", r["fine-grained-label"])),
    ];

    /// <summary>Sets that only measure.</summary>
    public IEnumerable<Labelled> Foreign() =>
    [
        .. Csv("hatecheck/test_suite_cases.csv").Select(r => new Labelled("hatecheck", r["test_case"], r["label_gold"] == "hateful", r["functionality"])),
        .. Csv("hatemoji-check/test_orig_and_no_emoji.csv").Select(r => new Labelled("hatemoji-check", r["text"], r["label_gold"] == "1", r["functionality"])),
        .. Csv("identity-templates/en_sentence_templates_sample.csv").Select(r => new Labelled("identity-templates", r["phrase"], r["toxicity"] == "toxic", r["template"])),
        .. Csv("hatecheck-zh/hatecheck_cases_final_mandarin.csv").Select(r => new Labelled("hatecheck-zh", r["test_case"], r["label_gold"] == "hateful", r["functionality"])),
    ];

    /// <summary>Whether a text is kept from training: three in ten of the English sets, seven in ten of COLD's test rows, none of its training rows.</summary>
    public static bool IsHeldOut(Labelled text) => text.Source != "cold-train" && Hash(text.Text) % 10 < (text.Source == "cold-test" ? 7u : 3u);

    /// <summary>One of the folds in which the settings are chosen.</summary>
    public static int Fold(string text, int folds) => (int)(Hash(text) / 10 % (ulong)folds);

    private static Labelled? Moderation(JsonElement row)
    {
        bool toxic = Positive("H") || Positive("H2") || Positive("HR");
        return toxic || row.TryGetProperty("H", out _) ? new("openai-moderation", row.GetProperty("prompt").GetString()!, toxic) : null;

        bool Positive(string label) => row.TryGetProperty(label, out JsonElement value) && value.GetInt32() == 1;
    }

    /// <summary>FNV-1a of the text's letters in lower case, mixed.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(string.Concat(text.Where(char.IsLetter)).ToLowerInvariant())) hash = (hash ^ b) * 1099511628211;
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        return hash ^ (hash >> 33);
    }

    /// <summary>The rows of a CSV file, by column.</summary>
    public IEnumerable<Dictionary<string, string>> Csv(string path)
    {
        using CsvDataReader csv = CsvDataReader.Create(Path.Combine(root, path), new CsvDataReaderOptions { BufferSize = 1 << 20 });
        string[] names = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetName)];
        while (csv.Read()) yield return names.Select((name, i) => (name, csv.GetString(i))).DistinctBy(p => p.name).ToDictionary(p => p.name, p => p.Item2);
    }

    /// <summary>The objects of a file of JSON lines.</summary>
    public IEnumerable<JsonElement> Lines(string path) => File.ReadLines(Path.Combine(root, path)).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement);
}
