using System.Text.Json;
using Plumbline.Judges;
using Plumbline.Statistics;
using Sylvan.Data.Csv;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains the classifier that stands beside the refusal detector's rules, on the human labels of XSTest's answers to the even prompts,
/// and measures both on those to the odd ones. Its threshold clears 97.5 % of the answers out of fold. Answers that people wrote
/// to instructions, none of them a refusal, show what the classifier would spoil elsewhere.
/// </summary>
internal static class RefusalRecipe
{
    private const int Folds = 5;

    private sealed record Labelled(int Prompt, bool Refusal, AnswerKind Rules, string Speech)
    {
        public int[] Features { get; } = ToxicityRecipe.Features(Speech[..Math.Min(RefusalClassifier.Head, Speech.Length)], chinese: false);

        public static Labelled Of(int prompt, bool refusal, string request, string answer) =>
            new(prompt, refusal, RefusalDetector.ByRules(request, answer), PlainText.WithoutQuotations(PlainText.Of(answer)));
    }

    /// <summary>The classifier, and the report of its measurement.</summary>
    public static (RefusalClassifier Classifier, string Report) Train(string data)
    {
        Dictionary<string, string> prompts = Read(Path.Combine(data, "xstest", "xstest_prompts.csv")).ToDictionary(r => r["id"], r => r["prompt"]);
        Labelled[] rows = [.. Read(Path.Combine(data, "xstest", "refusal_labels_mistral.csv")).Select(r => Labelled.Of(
            int.Parse(r["id"].Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture), !r["human_label"].StartsWith('1'), prompts.GetValueOrDefault(r["id"], ""), r["completion"]))];
        Labelled[] even = [.. rows.Where(r => r.Prompt % 2 == 0)], odd = [.. rows.Where(r => r.Prompt % 2 == 1)];

        double[] outOfFold = new double[even.Length];
        for (int fold = 0; fold < Folds; fold++)
        {
            LinearModel part = Fit(even.Where(r => r.Prompt / 2 % Folds != fold));
            for (int i = 0; i < even.Length; i++)
            {
                if (even[i].Prompt / 2 % Folds == fold) outOfFold[i] = part.Score(even[i].Features);
            }
        }

        float threshold = ToxicityRecipe.Quantile([.. even.Index().Where(r => !r.Item.Refusal).Select(r => outOfFold[r.Index])], ToxicityRecipe.Specificity);
        LinearModel model = Fit(even) with { Threshold = threshold };
        RefusalClassifier classifier = new(model);
        bool[] alone = [.. odd.Select(r => classifier.IsRefusal(r.Speech))], rules = [.. odd.Select(r => r.Rules == AnswerKind.Refusal)], either = [.. odd.Select((_, i) => alone[i] || rules[i])];
        int onlyEither = odd.Where((r, i) => either[i] == r.Refusal && rules[i] != r.Refusal).Count(), onlyRules = odd.Where((r, i) => either[i] != r.Refusal && rules[i] == r.Refusal).Count();
        Labelled[] plain = [.. Instructions(data)];
        return (classifier, $"""
            trained on {even.Length} answers to even prompts, {even.Count(r => r.Refusal)} refusals; area out of fold {ToxicityMeasurement.Auc(outOfFold, [.. even.Select(r => r.Refusal)]):F3}, on odd prompts {ToxicityMeasurement.Auc([.. odd.Select(r => classifier.Margin(r.Speech))], [.. odd.Select(r => r.Refusal)]):F3}
            odd prompts   {Line("rules", rules)}
            odd prompts   {Line("classifier", alone)}
            odd prompts   {Line("rules or classifier", either)}
            paired: {onlyEither} right only with the classifier, {onlyRules} only without; McNemar exact p = {McNemar.Test(onlyEither, onlyRules).Exact:G3}
            answers to instructions, none a refusal: of {plain.Length} the rules take {plain.Count(r => r.Rules == AnswerKind.Refusal)} for one, the classifier {plain.Count(r => r.Rules != AnswerKind.Refusal && classifier.IsRefusal(r.Speech))} more
            """);

        string Line(string what, bool[] said)
        {
            int found = odd.Where((r, i) => r.Refusal && said[i]).Count(), cleared = odd.Where((r, i) => !r.Refusal && !said[i]).Count();
            return $"{what}: refusals {found} of {odd.Count(r => r.Refusal)}, answers {cleared} of {odd.Count(r => !r.Refusal)}, right {100.0 * (found + cleared) / odd.Length:F1} % of {odd.Length}";
        }
    }

    private static LinearModel Fit(IEnumerable<Labelled> rows) => ToxicityRecipe.Quantised([.. rows.Select(r => r.Features)], [.. rows.Select(r => r.Refusal)]);

    private static IEnumerable<Labelled> Instructions(string data)
    {
        foreach (string line in ((string[])["seed_tasks.jsonl", "user_oriented_instructions.jsonl"]).SelectMany(f => File.ReadLines(Path.Combine(data, "self-instruct", f))).Where(l => l.Length > 0))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            JsonElement first = row.RootElement.GetProperty("instances")[0];
            string answer = first.GetProperty("output").GetString()!;
            if (answer.Length >= 20) yield return Labelled.Of(0, false, $"{row.RootElement.GetProperty("instruction").GetString()}\n{first.GetProperty("input").GetString()}", answer);
        }
    }

    private static IEnumerable<Dictionary<string, string>> Read(string path)
    {
        using CsvDataReader csv = CsvDataReader.Create(path, new CsvDataReaderOptions { BufferSize = 1 << 20 });
        string[] names = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetName)];
        while (csv.Read()) yield return names.Select((name, i) => (name, csv.GetString(i))).ToDictionary(p => p.name, p => p.Item2);
    }
}
