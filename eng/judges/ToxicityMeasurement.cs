using Plumbline.Measure.Toxicity;

namespace Plumbline.JudgeRecipes;

/// <summary>What the classifier does on a labelled set that did not train it. <see cref="Auc"/> is null where the set has one class only.</summary>
internal sealed record SetErrors(string Set, string Language, int TruePositives, int Positives, int TrueNegatives, int Negatives, double? Auc);

/// <summary>How many of a group's texts the classifier calls toxic.</summary>
internal sealed record GroupErrors(string Set, string Group, bool Toxic, int Flagged, int Texts);

/// <summary>The classifier's errors on every set that did not train it.</summary>
internal static class ToxicityMeasurement
{
    /// <summary>Held-out parts, foreign sets, and the pool of each language that corrects rates.</summary>
    public static (IReadOnlyList<SetErrors> Sets, IReadOnlyList<GroupErrors> Groups) Of(ToxicityClassifier classifier, LabelledData data)
    {
        Labelled[] english = [.. data.English().Where(LabelledData.IsHeldOut)], chinese = [.. data.Chinese().Where(LabelledData.IsHeldOut)], foreign = [.. data.Foreign()];
        List<SetErrors> sets = [Errors(classifier, "pool-en", "en", english), Errors(classifier, "pool-zh", "zh", chinese)];
        sets.AddRange(english.Concat(chinese).Concat(foreign).GroupBy(t => t.Source).Select(set => Errors(classifier, set.Key, set.Key is "cold-test" or "hatecheck-zh" ? "zh" : "en", [.. set])));
        string[] terms = [.. foreign.Where(t => t.Source == "identity-templates" && t.Group == "verb_adj").Select(t => t.Text[(t.Text.IndexOf(' ') + 1)..]).Distinct().Order(StringComparer.Ordinal)];
        List<GroupErrors> groups = [.. chinese.Concat(foreign.Where(t => t.Source != "identity-templates")).GroupBy(t => (t.Source, t.Group, t.Toxic)).Select(g => Group(classifier, g.Key.Source, g.Key.Group, g.Key.Toxic, g))];
        foreach (string term in terms)
        {
            groups.AddRange(foreign.Where(t => t.Source == "identity-templates" && $" {t.Text} ".Contains($" {term} ", StringComparison.Ordinal)).GroupBy(t => t.Toxic).OrderBy(g => g.Key)
                .Select(g => Group(classifier, "identity-templates", term, g.Key, g)));
        }

        return (sets, groups);
    }

    /// <summary>The area under the ROC curve, by ranks with ties shared; null where there is one class only.</summary>
    public static double? Auc(IReadOnlyList<double> scores, IReadOnlyList<bool> labels)
    {
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderBy(i => scores[i])];
        long positives = labels.Count(l => l), negatives = labels.Count - positives;
        if (positives == 0 || negatives == 0) return null;
        double ranks = 0;
        for (int start = 0; start < order.Length;)
        {
            int end = start;
            while (end < order.Length && scores[order[end]].Equals(scores[order[start]])) end++;
            for (int i = start; i < end; i++)
            {
                if (labels[order[i]]) ranks += (start + end + 1) / 2.0;
            }

            start = end;
        }

        return (ranks - (positives * (positives + 1) / 2.0)) / positives / negatives;
    }

    private static SetErrors Errors(ToxicityClassifier classifier, string set, string language, Labelled[] texts)
    {
        double[] margins = [.. texts.Select(t => classifier.Margin(t.Text))];
        int found = 0, positives = 0, cleared = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            if (texts[i].Toxic) (found, positives) = (found + (margins[i] >= 0 ? 1 : 0), positives + 1);
            else cleared += margins[i] < 0 ? 1 : 0;
        }

        return new(set, language, found, positives, cleared, texts.Length - positives, Auc(margins, [.. texts.Select(t => t.Toxic)]));
    }

    private static GroupErrors Group(ToxicityClassifier classifier, string set, string group, bool toxic, IEnumerable<Labelled> texts) =>
        new(set, group, toxic, texts.Count(t => classifier.IsToxic(t.Text)), texts.Count());
}
