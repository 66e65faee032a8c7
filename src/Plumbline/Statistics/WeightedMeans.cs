namespace Plumbline.Statistics;

/// <summary>A weighted mean.</summary>
/// <param name="N">Number of rows, those of weight zero included.</param>
/// <param name="Mean">Σ w x / Σ w.</param>
/// <param name="SumOfWeights">Σ w.</param>
/// <param name="EffectiveN">Kish's effective sample size (Σ w)² / Σ w².</param>
/// <param name="SeLinearised">The linearised standard error for sampling weights, without small-sample factor.</param>
/// <param name="SeCorrected">The same times √(n / (n - 1)).</param>
/// <param name="VarianceReliability">The unbiased variance for reliability weights; NaN where a single row carries all weight.</param>
/// <param name="Interval">The t interval of the corrected linearised standard error, n - 1 degrees of freedom.</param>
/// <param name="Frequency">The results with weights as frequencies; null unless all weights are whole numbers of sum above 1.</param>
public sealed record WeightedMean(
    int N, double Mean, double SumOfWeights, double EffectiveN, double SeLinearised, double SeCorrected, double VarianceReliability, Interval Interval, FrequencyMean? Frequency);

/// <summary>Variance, standard error and t interval where every weight is a number of repetitions.</summary>
public sealed record FrequencyMean(double Variance, double StandardError, Interval Interval);

/// <summary>Weighted means. Thread-safe.</summary>
public static class WeightedMeans
{
    /// <summary>The mean of at least two rows with weights of at least 0.</summary>
    /// <exception cref="ArgumentException">Lengths differ, a weight is negative, all are zero, or a value is not finite.</exception>
    public static WeightedMean Of(ReadOnlySpan<double> x, ReadOnlySpan<double> weights, double alpha = 0.05)
    {
        Demand.SameLength(x.Length, weights.Length, nameof(x), nameof(weights));
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(weights, 2, nameof(weights));
        Demand.Alpha(alpha);
        bool whole = true;
        foreach (double w in weights)
        {
            if (w < 0) throw new ArgumentException($"A weight is {w}; weights must not be negative.", nameof(weights));
            whole &= w == Math.Floor(w);
        }

        double total = Elementary.Sum(weights);
        if (total == 0) throw new ArgumentException("The weights sum to 0.", nameof(weights));
        int n = x.Length;
        double[] terms = new double[n];
        double origin = x[0];
        for (int i = 0; i < n; i++) terms[i] = weights[i] * (x[i] - origin);
        double offset = Elementary.Sum(terms) / total, mean = origin + offset;

        // Deviations from the mean are taken through the offset: a heavy row differs from the mean by less than the rounding of the mean.
        for (int i = 0; i < n; i++)
        {
            double e = Deviation(x, weights, i, origin, offset, total);
            terms[i] = weights[i] * e * (weights[i] * e);
        }

        double linearised = Math.Sqrt(Elementary.Sum(terms)) / total;
        for (int i = 0; i < n; i++)
        {
            double e = Deviation(x, weights, i, origin, offset, total);
            terms[i] = weights[i] * e * e;
        }

        double squares = Elementary.Sum(terms), squaredWeights = 0, pairs = 0, before = 0;
        for (int i = 0; i < n; i++)
        {
            squaredWeights += weights[i] * weights[i];
            pairs += weights[i] * before;
            before += weights[i];
        }

        // W - Σ w² / W = 2 Σ_{i<j} w_i w_j / W without cancellation.
        double denominator = 2 * pairs / total, corrected = linearised * Math.Sqrt((double)n / (n - 1));
        FrequencyMean? frequency = null;
        if (whole && total > 1)
        {
            double variance = squares / (total - 1), se = Math.Sqrt(variance / total);
            frequency = new FrequencyMean(variance, se, Means.Around(mean, se, total - 1, alpha));
        }

        return new WeightedMean(
            n, mean, total, total / squaredWeights * total, linearised, corrected, denominator > 0 ? squares / denominator : double.NaN,
            Means.Around(mean, corrected, n - 1, alpha), frequency);
    }

    // x_i - mean = Σ_j w_j (x_i - x_j) / W: exact where one row dominates.
    private static double Deviation(ReadOnlySpan<double> x, ReadOnlySpan<double> weights, int i, double origin, double offset, double total)
    {
        if (weights[i] <= 0.5 * total) return x[i] - origin - offset;
        double sum = 0;
        for (int j = 0; j < x.Length; j++) sum += weights[j] * (x[i] - x[j]);
        return sum / total;
    }
}
