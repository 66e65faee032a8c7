namespace Plumbline.Statistics;

/// <summary>A rate with its score and its exact interval.</summary>
public sealed record RateEstimate(double Value, Interval Wilson, Interval ClopperPearson)
{
    /// <summary>A rate of counts; null where there are no trials.</summary>
    internal static RateEstimate? Of(long successes, long trials, double alpha = 0.05) => trials == 0 ? null
        : new RateEstimate((double)successes / trials, Proportions.Wilson(successes, trials, alpha), Proportions.ClopperPearson(successes, trials, alpha));
}

/// <summary>Verdicts of a detector against the truth. Measures with a zero denominator are null. Immutable, thread-safe.</summary>
public sealed record ConfusionMatrix
{
    /// <summary>Counts of at least 0, not all 0.</summary>
    /// <exception cref="ArgumentException">A count is negative or all are 0.</exception>
    public ConfusionMatrix(long truePositives, long falsePositives, long falseNegatives, long trueNegatives)
    {
        Demand.AtLeast(truePositives, 0);
        Demand.AtLeast(falsePositives, 0);
        Demand.AtLeast(falseNegatives, 0);
        Demand.AtLeast(trueNegatives, 0);
        if (truePositives + falsePositives + falseNegatives + trueNegatives == 0) throw new ArgumentException("The matrix is empty.", nameof(truePositives));
        (TruePositives, FalsePositives, FalseNegatives, TrueNegatives) = (truePositives, falsePositives, falseNegatives, trueNegatives);
    }

    /// <summary>Flagged and positive.</summary>
    public long TruePositives { get; }

    /// <summary>Flagged and negative.</summary>
    public long FalsePositives { get; }

    /// <summary>Passed and positive.</summary>
    public long FalseNegatives { get; }

    /// <summary>Passed and negative.</summary>
    public long TrueNegatives { get; }

    /// <summary>All items.</summary>
    public long N => Positives + Negatives;

    /// <summary>Share of positives flagged.</summary>
    public RateEstimate? Sensitivity => RateEstimate.Of(TruePositives, Positives);

    /// <summary>Share of negatives passed.</summary>
    public RateEstimate? Specificity => RateEstimate.Of(TrueNegatives, Negatives);

    /// <summary>Share of the flagged that are positive, at this sample's prevalence.</summary>
    public RateEstimate? Precision => RateEstimate.Of(TruePositives, TruePositives + FalsePositives);

    /// <summary>Share of the passed that are negative, at this sample's prevalence.</summary>
    public RateEstimate? NegativePredictiveValue => RateEstimate.Of(TrueNegatives, TrueNegatives + FalseNegatives);

    /// <summary>Share of negatives flagged.</summary>
    public RateEstimate? FalsePositiveRate => RateEstimate.Of(FalsePositives, Negatives);

    /// <summary>Share of positives passed.</summary>
    public RateEstimate? FalseNegativeRate => RateEstimate.Of(FalseNegatives, Positives);

    /// <summary>Share of right verdicts.</summary>
    public RateEstimate Accuracy => RateEstimate.Of(TruePositives + TrueNegatives, N)!;

    /// <summary>Share of positives.</summary>
    public RateEstimate Prevalence => RateEstimate.Of(Positives, N)!;

    /// <summary>The harmonic mean of precision and sensitivity.</summary>
    public double? F1 => Ratio(2.0 * TruePositives, (2.0 * TruePositives) + FalsePositives + FalseNegatives);

    /// <summary>The mean of sensitivity and specificity.</summary>
    public double? BalancedAccuracy => (TruePositiveShare + TrueNegativeShare) / 2;

    /// <summary>Sensitivity plus specificity less 1.</summary>
    public double? YoudenJ => TruePositiveShare - Ratio(FalsePositives, Negatives);

    /// <summary>The Matthews correlation.</summary>
    public double? Matthews
    {
        get
        {
            double scale = Math.Sqrt((double)(TruePositives + FalsePositives) * (TrueNegatives + FalseNegatives)) * Math.Sqrt((double)Positives * Negatives);
            return Ratio(((double)TruePositives * TrueNegatives) - ((double)FalsePositives * FalseNegatives), scale);
        }
    }

    /// <summary>Sensitivity over false-positive rate; infinite where only the latter is 0.</summary>
    public double? LikelihoodRatioPositive => Quotient(TruePositiveShare, Ratio(FalsePositives, Negatives));

    /// <summary>False-negative rate over specificity; infinite where only the latter is 0.</summary>
    public double? LikelihoodRatioNegative => Quotient(Ratio(FalseNegatives, Positives), TrueNegativeShare);

    /// <summary>The odds ratio of verdict and truth; infinite where only its denominator is 0.</summary>
    public double? DiagnosticOddsRatio => Quotient((double)TruePositives * TrueNegatives, (double)FalsePositives * FalseNegatives);

    private long Positives => TruePositives + FalseNegatives;

    private long Negatives => FalsePositives + TrueNegatives;

    private double? TruePositiveShare => Ratio(TruePositives, Positives);

    private double? TrueNegativeShare => Ratio(TrueNegatives, Negatives);

    private static double? Ratio(double a, double b) => b == 0 ? null : a / b;

    private static double? Quotient(double? a, double? b) => a is null || b is null || (a == 0 && b == 0) ? null : a / b;
}
