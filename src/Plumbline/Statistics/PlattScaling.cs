namespace Plumbline.Statistics;

/// <summary>Platt's calibration P(positive) = 1 / (1 + exp(a score + b)), with his soft targets (1999). Immutable, thread-safe.</summary>
/// <param name="A">The slope, negative where higher scores mean positive.</param>
/// <param name="B">The offset.</param>
/// <param name="TargetPositive">(N₊ + 1) / (N₊ + 2).</param>
/// <param name="TargetNegative">1 / (N₋ + 2).</param>
/// <param name="CrossEntropy">The sum of cross-entropies to the soft targets, in nats.</param>
public sealed record PlattScaling(double A, double B, double TargetPositive, double TargetNegative, double CrossEntropy)
{
    /// <summary>Fits scores to labels by maximum likelihood.</summary>
    /// <exception cref="ArgumentException">Lengths differ, a score is not finite, all scores are equal, or one class is absent.</exception>
    public static PlattScaling Fit(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        Demand.SameLength(scores.Length, labels.Length, nameof(scores), nameof(labels));
        Demand.Sample(scores, 2, nameof(scores));
        int positives = labels.Count(true), negatives = labels.Length - positives;
        if (positives == 0 || negatives == 0) throw new ArgumentException("Only one class is present.", nameof(labels));
        double high = (positives + 1.0) / (positives + 2), low = 1.0 / (negatives + 2);
        double[][] rows = new double[scores.Length][];
        double[] targets = new double[scores.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = [scores[i]];
            targets[i] = labels[i] ? high : low;
        }

        LogisticRegression fit = LogisticRegression.Fit(rows, targets, 0);
        return new PlattScaling(-fit.Coefficients[1], -fit.Coefficients[0], high, low, -fit.LogLikelihood);
    }

    /// <summary>The calibrated probability of a score.</summary>
    public double Probability(double score) => Elementary.Logistic(-((A * score) + B));
}
