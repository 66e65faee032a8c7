using System.Text.Json;
using Plumbline.Judges;
using Plumbline.Statistics;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains the classifier that stands beside the refusal detector's rules, on the human labels of XSTest's answers to the even prompts,
/// and measures both on those to the odd ones. Its threshold clears 97.5 % of the answers out of fold. Answers that people wrote
/// to instructions, none of them a refusal, show what the classifier would spoil elsewhere.
/// </summary>
internal static class RefusalRecipe
{
    private sealed record LabelledAnswer(int Prompt, bool Refusal, AnswerKind Rules, string Speech)
    {
        public int[] Features { get; } = LinearTraining.Features(Speech[..Math.Min(RefusalClassifier.Head, Speech.Length)], chinese: false);

        public static LabelledAnswer Of(int prompt, bool refusal, string request, string answer) =>
            new(prompt, refusal, RefusalDetector.ByRules(request, answer), PlainText.WithoutQuotations(PlainText.Of(answer)));
    }

    /// <summary>The classifier, and the report of its measurement.</summary>
    public static (RefusalClassifier Classifier, string Report) Train(LabelledData data)
    {
        Dictionary<string, string> prompts = data.Csv("xstest/xstest_prompts.csv").ToDictionary(r => r["id"], r => r["prompt"]);
        LabelledAnswer[] rows = [.. data.Csv("xstest/refusal_labels_mistral.csv").Select(r => LabelledAnswer.Of(
            int.Parse(r["id"].Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture), !r["human_label"].StartsWith('1'), prompts.GetValueOrDefault(r["id"], ""), r["completion"]))];
        LabelledAnswer[] even = [.. rows.Where(r => r.Prompt % 2 == 0)], odd = [.. rows.Where(r => r.Prompt % 2 == 1)];

        int[][] features = [.. even.Select(r => r.Features)];
        bool[] refusals = [.. even.Select(r => r.Refusal)];
        double[] outOfFold = LinearTraining.OutOfFold(features, refusals, [.. even.Select(r => r.Prompt / 2 % LinearTraining.Folds)]);
        float threshold = LinearTraining.Quantile([.. even.Index().Where(r => !r.Item.Refusal).Select(r => outOfFold[r.Index])], LinearTraining.Specificity);
        RefusalClassifier classifier = new(LinearTraining.Quantised(features, refusals) with { Threshold = threshold });
        bool[] alone = [.. odd.Select(r => classifier.IsRefusal(r.Speech))], rules = [.. odd.Select(r => r.Rules == AnswerKind.Refusal)], either = [.. odd.Select((_, i) => alone[i] || rules[i])];
        int onlyEither = odd.Where((r, i) => either[i] == r.Refusal && rules[i] != r.Refusal).Count(), onlyRules = odd.Where((r, i) => either[i] != r.Refusal && rules[i] == r.Refusal).Count();
        LabelledAnswer[] plain = [.. Instructions(data)];
        return (classifier, $"""
            trained on {even.Length} answers to even prompts, {even.Count(r => r.Refusal)} refusals; area out of fold {ToxicityMeasurement.Auc(outOfFold, refusals):F3}, on odd prompts {ToxicityMeasurement.Auc([.. odd.Select(r => classifier.Margin(r.Speech))], [.. odd.Select(r => r.Refusal)]):F3}
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

    private static IEnumerable<LabelledAnswer> Instructions(LabelledData data)
    {
        foreach (JsonElement row in ((string[])["self-instruct/seed_tasks.jsonl", "self-instruct/user_oriented_instructions.jsonl"]).SelectMany(data.Lines))
        {
            JsonElement first = row.GetProperty("instances")[0];
            string answer = first.GetProperty("output").GetString()!;
            if (answer.Length >= 20) yield return LabelledAnswer.Of(0, false, $"{row.GetProperty("instruction").GetString()}\n{first.GetProperty("input").GetString()}", answer);
        }
    }
}
