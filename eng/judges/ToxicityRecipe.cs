using Plumbline.Judges;
using Plumbline.Measure.Toxicity;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains the toxicity classifier: naive-Bayes log-count ratios as feature values under a logistic regression (Wang and Manning
/// 2012), a threshold from out-of-fold scores of the training part alone, then weights of one byte.
/// </summary>
internal static class ToxicityRecipe
{
    /// <summary>Fewer civil texts than this place no quantile near the end.</summary>
    private const int Enough = 200;

    /// <summary>The classifier that these labelled texts give.</summary>
    public static ToxicityClassifier Train(LabelledData data) => new(Fit(Training(data.English()), chinese: false), Fit(Training(data.Chinese()), chinese: true));

    /// <summary>The texts that train: not held out, nor equal to one that is.</summary>
    private static Labelled[] Training(IEnumerable<Labelled> texts)
    {
        HashSet<string> heldOut = [.. texts.Where(LabelledData.IsHeldOut).Select(t => t.Text)];
        return [.. texts.Where(t => !heldOut.Contains(t.Text))];
    }

    private static LinearModel Fit(Labelled[] texts, bool chinese)
    {
        int[][] features = [.. texts.Select(t => LinearTraining.Features(t.Text, chinese))];
        bool[] labels = [.. texts.Select(t => t.Toxic)];
        double[] outOfFold = LinearTraining.OutOfFold(features, labels, [.. texts.Select(t => LabelledData.Fold(t.Text, LinearTraining.Folds))]);
        float threshold = Enumerable.Range(0, texts.Length).Where(i => !labels[i]).GroupBy(i => texts[i].Source).Where(civil => civil.Count() >= Enough).Max(civil => LinearTraining.Quantile([.. civil.Select(i => outOfFold[i])], LinearTraining.Specificity));
        return LinearTraining.Quantised(features, labels) with { Threshold = threshold };
    }
}
