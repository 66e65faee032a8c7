using Plumbline.Judges;
using Plumbline.Measure.Toxicity;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains the toxicity classifier: naive-Bayes log-count ratios as feature values under a logistic regression (Wang and Manning
/// 2012), a threshold from out-of-fold scores of the training part alone, then weights of one byte.
/// </summary>
internal static class ToxicityRecipe
{
    /// <summary>The penalty with the best out-of-fold area of 1e-3, 3e-4, 1e-4 and 3e-5, in both languages.</summary>
    public const double Lambda = 3e-5;

    /// <summary>
    /// Out of fold, the civil texts of each training set are cleared at least this often, where it has enough of them to tell.
    /// Rates are low among answers, so one false alarm in forty already outweighs most of what there is to find.
    /// </summary>
    public const double Specificity = 0.975;

    /// <summary>Fewer civil texts than this place no quantile near the end.</summary>
    private const int Enough = 200;

    private const int Folds = 5;

    /// <summary>The classifier that these labelled texts give.</summary>
    public static ToxicityClassifier Train(LabelledData data) => new(Fit(Training(data.English()), chinese: false), Fit(Training(data.Chinese()), chinese: true));

    /// <summary>The texts that train: not held out, nor equal to one that is.</summary>
    private static Labelled[] Training(IEnumerable<Labelled> texts)
    {
        HashSet<string> heldOut = [.. texts.Where(LabelledData.IsHeldOut).Select(t => t.Text)];
        return [.. texts.Where(t => !heldOut.Contains(t.Text))];
    }

    /// <summary>The features of a text.</summary>
    public static int[] Features(string text, bool chinese)
    {
        int[] buckets = new int[TextFeatures.Room(text.Length)];
        return buckets[..TextFeatures.Extract(text, chinese, buckets)];
    }

    private static LinearModel Fit(Labelled[] texts, bool chinese)
    {
        int[][] features = [.. texts.Select(t => Features(t.Text, chinese))];
        bool[] labels = [.. texts.Select(t => t.Toxic)];
        int[] folds = [.. texts.Select(t => LabelledData.Fold(t.Text, Folds))];
        double[] outOfFold = new double[texts.Length];
        for (int fold = 0; fold < Folds; fold++)
        {
            int[] inside = [.. Enumerable.Range(0, texts.Length).Where(i => folds[i] != fold)];
            LinearModel part = Quantised([.. inside.Select(i => features[i])], [.. inside.Select(i => labels[i])]);
            for (int i = 0; i < texts.Length; i++)
            {
                if (folds[i] == fold) outOfFold[i] = part.Score(features[i]);
            }
        }

        float threshold = Enumerable.Range(0, texts.Length).Where(i => !labels[i]).GroupBy(i => texts[i].Source).Where(civil => civil.Count() >= Enough).Max(civil => Quantile([.. civil.Select(i => outOfFold[i])], Specificity));
        return Quantised(features, labels) with { Threshold = threshold };
    }

    /// <summary>The classifier that these features and labels give, its threshold at even odds.</summary>
    public static LinearModel Quantised(int[][] features, bool[] labels)
    {
        double[] factors = Ratios(features, labels);
        double[] weights = new LogisticRegression(features, labels, factors, Lambda).Fit();
        double largest = 0;
        for (int f = 0; f < factors.Length; f++) largest = Math.Max(largest, Math.Abs(weights[f] * factors[f]));
        float scale = (float)(largest / sbyte.MaxValue);
        return new((float)weights[^1], scale, 0, [.. factors.Select((factor, f) => (sbyte)Math.Round(weights[f] * factor / scale))]);
    }

    /// <summary>log((share of a feature among toxic texts) / (among civil ones)), with one occurrence added to each.</summary>
    private static double[] Ratios(int[][] features, bool[] labels)
    {
        double[] toxic = new double[TextFeatures.Buckets], civil = new double[TextFeatures.Buckets];
        Array.Fill(toxic, 1);
        Array.Fill(civil, 1);
        for (int i = 0; i < features.Length; i++)
        {
            double[] counts = labels[i] ? toxic : civil;
            foreach (int f in features[i]) counts[f]++;
        }

        double toxicSum = toxic.Sum(), civilSum = civil.Sum();
        return [.. toxic.Select((count, f) => Math.Log(count / toxicSum / (civil[f] / civilSum)))];
    }

    /// <summary>A threshold above this share of the values.</summary>
    public static float Quantile(double[] values, double share)
    {
        Array.Sort(values);
        return MathF.BitIncrement(MathF.BitIncrement((float)values[(int)Math.Ceiling(share * values.Length) - 1]));
    }
}
