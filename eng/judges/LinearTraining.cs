using Plumbline.Judges;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains a linear classifier: naive-Bayes log-count ratios as feature values under a logistic regression (Wang and Manning
/// 2012), then weights of one byte.
/// </summary>
internal static class LinearTraining
{
    /// <summary>The penalty with the best out-of-fold area of 1e-3, 3e-4, 1e-4 and 3e-5 on toxic texts, in both languages.</summary>
    public const double Lambda = 3e-5;

    /// <summary>
    /// Out of fold, the negatives of a training set are cleared at least this often. Rates are low among answers, so one false
    /// alarm in forty already outweighs most of what there is to find.
    /// </summary>
    public const double Specificity = 0.975;

    /// <summary>Parts of which each in turn is scored by a model that the others trained.</summary>
    public const int Folds = 5;

    /// <summary>The features of a text.</summary>
    public static int[] Features(string text, bool chinese)
    {
        int[] buckets = new int[TextFeatures.Room(text.Length)];
        return buckets[..TextFeatures.Extract(text, chinese, buckets)];
    }

    /// <summary>Each text's score by a model that its own fold did not train.</summary>
    /// <param name="features">Of each text.</param>
    /// <param name="labels">Of each text.</param>
    /// <param name="folds">Of each text, from 0 to <see cref="Folds"/> − 1.</param>
    public static double[] OutOfFold(int[][] features, bool[] labels, int[] folds)
    {
        double[] scores = new double[features.Length];
        for (int fold = 0; fold < Folds; fold++)
        {
            int[] inside = [.. Enumerable.Range(0, features.Length).Where(i => folds[i] != fold)];
            LinearModel part = Quantised([.. inside.Select(i => features[i])], [.. inside.Select(i => labels[i])]);
            for (int i = 0; i < features.Length; i++)
            {
                if (folds[i] == fold) scores[i] = part.Score(features[i]);
            }
        }

        return scores;
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

    /// <summary>log((share of a feature among cases) / (among the others)), with one occurrence added to each.</summary>
    private static double[] Ratios(int[][] features, bool[] labels)
    {
        double[] cases = new double[TextFeatures.Buckets], others = new double[TextFeatures.Buckets];
        Array.Fill(cases, 1);
        Array.Fill(others, 1);
        for (int i = 0; i < features.Length; i++)
        {
            double[] counts = labels[i] ? cases : others;
            foreach (int f in features[i]) counts[f]++;
        }

        double caseSum = cases.Sum(), otherSum = others.Sum();
        return [.. cases.Select((count, f) => Math.Log(count / caseSum / (others[f] / otherSum)))];
    }

    /// <summary>A threshold above this share of the values.</summary>
    public static float Quantile(double[] values, double share)
    {
        Array.Sort(values);
        return MathF.BitIncrement(MathF.BitIncrement((float)values[(int)Math.Ceiling(share * values.Length) - 1]));
    }
}
