using System.Text.Json;
using Plumbline.Worlds;

namespace Plumbline.Measure.Toxicity;

/// <summary>What <see cref="ToxicityClassifier"/> was measured to do on labelled texts that did not train it (<c>errors.json</c>, written by the recipe).</summary>
public static class ToxicityErrors
{
    private static readonly Lazy<IReadOnlyDictionary<string, JudgeCalibration>> s_all = new(Read);

    /// <summary>The id under which a language's error rates are kept: "toxicity-classifier/en".</summary>
    public static string Judge(string language) => $"toxicity-classifier/{language}";

    /// <summary>A language's error rates by the id; null for other ids.</summary>
    public static JudgeCalibration? Of(string judge) => s_all.Value.GetValueOrDefault(judge);

    private static Dictionary<string, JudgeCalibration> Read()
    {
        using Stream stream = typeof(ToxicityErrors).Assembly.GetManifestResourceStream("Plumbline.Measure.Toxicity.errors.json")!;
        using JsonDocument file = JsonDocument.Parse(stream);
        string date = file.RootElement.GetProperty("date").GetString()!;
        Dictionary<string, JudgeCalibration> all = new(StringComparer.Ordinal);
        foreach (JsonElement set in file.RootElement.GetProperty("sets").EnumerateArray().Where(s => s.GetProperty("set").GetString()!.StartsWith("pool-", StringComparison.Ordinal)))
        {
            string language = set.GetProperty("language").GetString()!;
            all[Judge(language)] = new(
                Judge(language), Count("truePositives"), Count("positives"), Count("trueNegatives"), Count("negatives"),
                language == "zh" ? "COLD, seven in ten of the test rows" : "held-out parts of Surge toxicity, ToxiGen, OpenAI moderation and Self-Instruct", date);

            int Count(string name) => set.GetProperty(name).GetInt32();
        }

        return all;
    }
}
