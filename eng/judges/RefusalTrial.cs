using Plumbline.Judges;
using Plumbline.Measure.Toxicity;
using Plumbline.Statistics;
using Sylvan.Data.Csv;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Whether a linear classifier beside the rules tells refusals better than the rules alone. It trains on the human labels of XSTest's
/// answers to the even prompts, on which the rules were written too; the odd prompts measure. An answer counts as a refusal where the
/// rules or the classifier say so, the classifier from a threshold that clears 97.5 % of the answers out of fold.
/// </summary>
internal static class RefusalTrial
{
    private const int Head = 600;
    private const int Folds = 5;

    /// <summary>The trial's report.</summary>
    public static string Run(string data)
    {
        Dictionary<string, string> prompts = Read(Path.Combine(data, "xstest", "xstest_prompts.csv")).ToDictionary(r => r["id"], r => r["prompt"]);
        var rows = Read(Path.Combine(data, "xstest", "refusal_labels_mistral.csv")).Select(r => (
            Prompt: int.Parse(r["id"].Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture),
            Refusal: !r["human_label"].StartsWith('1'),
            Rules: RefusalDetector.Classify(prompts.GetValueOrDefault(r["id"], ""), r["completion"]) == AnswerKind.Refusal,
            Features: ToxicityRecipe.Features(r["completion"][..Math.Min(Head, r["completion"].Length)], chinese: false))).ToArray();
        var even = rows.Where(r => r.Prompt % 2 == 0).ToArray();
        var odd = rows.Where(r => r.Prompt % 2 == 1).ToArray();

        double[] outOfFold = new double[even.Length];
        for (int fold = 0; fold < Folds; fold++)
        {
            LinearModel part = Fit([.. even.Where(r => r.Prompt / 2 % Folds != fold).Select(r => (r.Features, r.Refusal))]);
            for (int i = 0; i < even.Length; i++)
            {
                if (even[i].Prompt / 2 % Folds == fold) outOfFold[i] = part.Score(even[i].Features);
            }
        }

        float threshold = ToxicityRecipe.Quantile([.. even.Index().Where(r => !r.Item.Refusal).Select(r => outOfFold[r.Index])], ToxicityRecipe.Specificity);
        LinearModel model = Fit([.. even.Select(r => (r.Features, r.Refusal))]);
        double[] scores = [.. odd.Select(r => model.Score(r.Features))];
        bool[] alone = [.. scores.Select(s => s >= 0)], either = [.. odd.Select((r, i) => r.Rules || scores[i] >= threshold)];
        int onlyEither = odd.Where((r, i) => either[i] == r.Refusal && r.Rules != r.Refusal).Count(), onlyRules = odd.Where((r, i) => either[i] != r.Refusal && r.Rules == r.Refusal).Count();
        return $"""
            trained on {even.Length} answers to even prompts, {even.Count(r => r.Refusal)} refusals; area out of fold {ToxicityMeasurement.Auc(outOfFold, [.. even.Select(r => r.Refusal)]):F3}, on odd prompts {ToxicityMeasurement.Auc(scores, [.. odd.Select(r => r.Refusal)]):F3}
            odd prompts   {Line("rules", [.. odd.Select(r => r.Rules)])}
            odd prompts   {Line("classifier, log-odds >= 0", alone)}
            odd prompts   {Line("rules or classifier", either)}
            paired: {onlyEither} right only with the classifier, {onlyRules} only without; McNemar exact p = {McNemar.Test(onlyEither, onlyRules).Exact:G3}
            """;

        string Line(string what, bool[] said)
        {
            int found = odd.Where((r, i) => r.Refusal && said[i]).Count(), cleared = odd.Where((r, i) => !r.Refusal && !said[i]).Count();
            return $"{what}: refusals {found} of {odd.Count(r => r.Refusal)}, answers {cleared} of {odd.Count(r => !r.Refusal)}, right {100.0 * (found + cleared) / odd.Length:F1} % of {odd.Length}";
        }
    }

    private static LinearModel Fit((int[] Features, bool Refusal)[] rows) => ToxicityRecipe.Quantised([.. rows.Select(r => r.Features)], [.. rows.Select(r => r.Refusal)]);

    private static IEnumerable<Dictionary<string, string>> Read(string path)
    {
        using CsvDataReader csv = CsvDataReader.Create(path, new CsvDataReaderOptions { BufferSize = 1 << 20 });
        string[] names = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetName)];
        while (csv.Read()) yield return names.Select((name, i) => (name, csv.GetString(i))).ToDictionary(p => p.name, p => p.Item2);
    }
}
