using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Data.Language;

namespace Plumbline.JudgeRecipes;

/// <summary>The command `languages`: weights and labelled set, written beside the identifier.</summary>
internal static class LanguageCommand
{
    /// <summary>Characters of a labelled text.</summary>
    public const int LongestText = 120;

    /// <summary>Writes weights.bin and labelled.jsonl.</summary>
    public static int Run(IReadOnlyDictionary<string, string> options, Func<string, int> usage)
    {
        if (!options.TryGetValue("texts", out string? folder) || !File.Exists(Path.Combine(folder, "everyday.txt"))) return usage("--texts names the folder of the languages' texts: eng/judges/languages.");
        if (!options.TryGetValue("out", out string? output)) return usage("--out names the folder to write to: src/Plumbline.Data/Language for the identifier that ships.");
        Directory.CreateDirectory(output);
        LetterModel model = LanguageRecipe.Train(folder);
        File.WriteAllBytes(Path.Combine(output, "weights.bin"), model.ToBytes());
        File.WriteAllText(Path.Combine(output, "labelled.jsonl"), Labelled(folder), new UTF8Encoding(false));
        Console.WriteLine($"{model.Tables.Count} languages of four scripts, {model.ToBytes().Length} bytes; scale {model.Scale}, power {model.Power}, least share of known n-grams {string.Join(", ", model.Tables.DistinctBy(t => t.Script).Select(t => $"{t.Script} {t.LeastSeen}"))}");
        return 0;
    }

    /// <summary>The labelled set: a line {"text", "label"} each.</summary>
    public static string Labelled(string folder)
    {
        StringBuilder lines = new();
        foreach ((string language, string text) in LanguageRecipe.HeldOut(folder, LongestText))
        {
            using MemoryStream bytes = new();
            using (Utf8JsonWriter json = new(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                json.WriteString("text", text);
                json.WriteString("label", language);
                json.WriteEndObject();
            }

            lines.Append(Encoding.UTF8.GetString(bytes.ToArray())).Append('\n');
        }

        return lines.ToString();
    }
}
