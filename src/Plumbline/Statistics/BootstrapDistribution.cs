namespace Plumbline.Statistics;

/// <summary>The replicates of a bootstrap with the estimate they belong to. Immutable, thread-safe.</summary>
public sealed class BootstrapDistribution
{
    private readonly double[] _replicates;
    private readonly double[] _sorted;

    internal BootstrapDistribution(double estimate, double[] replicates, double acceleration)
    {
        if (!double.IsFinite(estimate)) throw new ArgumentException($"The statistic of the data is {estimate}; it must be finite.", nameof(estimate));
        foreach (double v in replicates)
        {
            if (!double.IsFinite(v)) throw new ArgumentException($"A replicate of the statistic is {v}; the statistic must exist for every resample.", nameof(replicates));
        }

        Estimate = estimate;
        Acceleration = acceleration;
        _replicates = replicates;
        _sorted = [.. replicates.Order()];

        // Equality is meant as decimals: a replicate with the same observations in another order rounds differently.
        double slack = 1e-12 * Math.Max(Math.Abs(estimate), Math.Max(Math.Abs(_sorted[0]), Math.Abs(_sorted[^1])));
        Less = replicates.Count(v => v < estimate - slack);
        Equal = replicates.Count(v => Math.Abs(v - estimate) <= slack);
    }

    /// <summary>The statistic of the data.</summary>
    public double Estimate { get; }

    /// <summary>The statistic of each resample, in the order drawn.</summary>
    public ReadOnlySpan<double> Replicates => _replicates;

    /// <summary>Replicates below the estimate.</summary>
    public int Less { get; }

    /// <summary>Replicates equal to the estimate.</summary>
    public int Equal { get; }

    /// <summary>The mean of the replicates.</summary>
    public double Mean => Means.Mean(_replicates);

    /// <summary>The mean of the replicates less the estimate.</summary>
    public double Bias => Mean - Estimate;

    /// <summary>The standard deviation of the replicates, divisor B - 1; NaN for a single replicate.</summary>
    public double StandardError => Math.Sqrt(Means.Moments(_replicates).Variance);

    /// <summary>The jackknife acceleration of BCa; 0 where leaving out an observation changes nothing.</summary>
    public double Acceleration { get; }

    /// <summary>The bias correction of BCa, ties counted half; infinite where the estimate lies outside all replicates.</summary>
    public double BiasCorrection => Normal.Quantile((Less + (0.5 * Equal)) / _replicates.Length);

    /// <summary>Efron's bias correction, which counts strictly smaller replicates only.</summary>
    public double StrictBiasCorrection => Normal.Quantile((double)Less / _replicates.Length);

    /// <summary>The percentile interval.</summary>
    public Interval Percentile(double alpha = 0.05)
    {
        Demand.Alpha(alpha);
        return new Interval(Quantiles.OfSorted(_sorted, alpha / 2), Quantiles.OfSorted(_sorted, 1 - (alpha / 2)));
    }

    /// <summary>The basic interval, twice the estimate less the percentile interval reversed; it can leave the range of the quantity.</summary>
    public Interval Basic(double alpha = 0.05)
    {
        Interval p = Percentile(alpha);
        return new Interval((2 * Estimate) - p.High, (2 * Estimate) - p.Low);
    }

    /// <summary>The bias-corrected and accelerated interval (Efron 1987), ties counted half: the default. Null where it does not exist.</summary>
    public Interval? Bca(double alpha = 0.05) => At(BcaLevels(alpha));

    /// <summary>The interval of <see cref="StrictBiasCorrection"/>. Null where it does not exist.</summary>
    public Interval? BcaStrict(double alpha = 0.05) => At(Levels(StrictBiasCorrection, alpha));

    /// <summary>The levels of the percentiles that <see cref="Bca"/> reads.</summary>
    internal Interval? BcaLevels(double alpha) => Levels(BiasCorrection, alpha);

    /// <summary>The levels of the percentiles that <see cref="BcaStrict"/> reads.</summary>
    internal Interval? BcaStrictLevels(double alpha) => Levels(StrictBiasCorrection, alpha);

    private Interval? Levels(double z0, double alpha)
    {
        double z = Normal.TwoSidedQuantile(alpha);
        if (!double.IsFinite(z0) || !double.IsFinite(Acceleration)) return null;
        double low = Adjust(-z), high = Adjust(z);
        return double.IsNaN(low) || double.IsNaN(high) ? null : new Interval(low, high);

        double Adjust(double at) => Normal.Cdf(z0 + ((z0 + at) / (1 - (Acceleration * (z0 + at)))));
    }

    private Interval? At(Interval? levels) =>
        levels is Interval l ? new Interval(Quantiles.OfSorted(_sorted, l.Low), Quantiles.OfSorted(_sorted, l.High)) : null;
}
