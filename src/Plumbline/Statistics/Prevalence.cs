using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>How a judge or detector fared on items whose truth is known.</summary>
/// <param name="TruePositives">True positives it flagged.</param>
/// <param name="FalseNegatives">True positives it passed.</param>
/// <param name="TrueNegatives">True negatives it passed.</param>
/// <param name="FalsePositives">True negatives it flagged.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct JudgeCalibration(long TruePositives, long FalseNegatives, long TrueNegatives, long FalsePositives)
{
    /// <summary>Calibration items that are truly positive.</summary>
    public long Positives => TruePositives + FalseNegatives;

    /// <summary>Calibration items that are truly negative.</summary>
    public long Negatives => TrueNegatives + FalsePositives;

    /// <summary>The share of true positives flagged; NaN without positives.</summary>
    public double Sensitivity => (double)TruePositives / Positives;

    /// <summary>The share of true negatives passed; NaN without negatives.</summary>
    public double Specificity => (double)TrueNegatives / Negatives;

    /// <summary>Whether the judge does better than chance, Se + Sp &gt; 1: without this no corrected rate exists.</summary>
    public bool Informative => ((double)TruePositives * Negatives) + ((double)TrueNegatives * Positives) > (double)Positives * Negatives;
}

/// <summary>A rate corrected for the judge's errors.</summary>
/// <param name="Unclipped">The estimate as the formula gives it; outside [0, 1] it says that rate and calibration disagree.</param>
/// <param name="StandardError">The delta-method standard error, calibration included.</param>
/// <param name="KnownErrorRatesSe">The standard error that takes the error rates for known: too small.</param>
/// <param name="UnclippedInterval">The Wald interval as the formula gives it.</param>
public sealed record RoganGladenEstimate(double Unclipped, double StandardError, double KnownErrorRatesSe, Interval UnclippedInterval)
{
    /// <summary>The estimate in [0, 1].</summary>
    public double Value => Math.Clamp(Unclipped, 0, 1);

    /// <summary>The Wald interval in [0, 1]; it may have no width.</summary>
    public Interval Interval => UnclippedInterval.Clip(0, 1);
}

/// <summary>Lang and Reiczigel's interval of a corrected rate.</summary>
/// <param name="Centre">Its centre, not clipped.</param>
/// <param name="Unclipped">The interval as the formula gives it.</param>
public sealed record LangReiczigelEstimate(double Centre, Interval Unclipped)
{
    /// <summary>The interval in [0, 1]; of no width only where the unclipped one lies outside.</summary>
    public Interval Interval => Unclipped.Clip(0, 1);
}

/// <summary>Rates measured by an imperfect judge, corrected by its measured sensitivity and specificity.</summary>
/// <remarks>
/// positives of n items were flagged. No items, counts outside their range and a calibration without positives or negatives throw
/// <see cref="ArgumentException"/>. Where the judge is no better than chance there is no correction: null. Thread-safe.
/// </remarks>
public static class Prevalence
{
    /// <summary>Rogan and Gladen's estimate (1978) with the uncertainty of the calibration by the delta method.</summary>
    public static RoganGladenEstimate? RoganGladen(long positives, long n, JudgeCalibration judge, double alpha = 0.05)
    {
        Check(positives, n, judge);
        double z = Normal.TwoSidedQuantile(alpha);
        if (!judge.Informative) return null;
        double t = (double)positives / n, se = judge.Sensitivity, sp = judge.Specificity, j = se + sp - 1, p = (t - ((double)judge.FalsePositives / judge.Negatives)) / j;
        double sampling = t * (1 - t) / n;
        double error = Math.Sqrt(sampling + (p * p * se * (1 - se) / judge.Positives) + ((1 - p) * (1 - p) * sp * (1 - sp) / judge.Negatives)) / j;
        return new RoganGladenEstimate(p, error, Math.Sqrt(sampling) / j, Interval.Around(p, z * error));
    }

    /// <summary>Lang and Reiczigel's interval (2014): the default for corrected rates.</summary>
    public static LangReiczigelEstimate? LangReiczigel(long positives, long n, JudgeCalibration judge, double alpha = 0.05)
    {
        Check(positives, n, judge);
        double z = Normal.TwoSidedQuantile(alpha);
        if (!judge.Informative) return null;
        double total = n + (z * z), positive = judge.Positives + 2.0, negative = judge.Negatives + 2.0;
        double t = (positives + (z * z / 2)) / total, se = (judge.TruePositives + 1) / positive, sp = (judge.TrueNegatives + 1) / negative, j = se + sp - 1;
        double p = (t + sp - 1) / j, a = se * (1 - se) / positive, b = sp * (1 - sp) / negative;
        double centre = p + (2 * z * z * ((p * a) - ((1 - p) * b)));
        double error = Math.Sqrt((t * (1 - t) / total) + (p * p * a) + ((1 - p) * (1 - p) * b)) / j;
        return new LangReiczigelEstimate(centre, Interval.Around(centre, z * error));
    }

    /// <summary>The posterior of the rate with independent Beta(1/2, 1/2) priors on rate, sensitivity and specificity.</summary>
    /// <remarks>Defined even for a judge at chance, where it says next to nothing: look at <see cref="JudgeCalibration.Informative"/> first.</remarks>
    public static PrevalencePosterior Posterior(long positives, long n, JudgeCalibration judge)
    {
        Check(positives, n, judge);
        return new PrevalencePosterior(positives, n, judge);
    }

    /// <summary>
    /// The law of (t + Sp - 1) / (Se + Sp - 1) for independent Beta(count + 1/2) laws of apparent rate, sensitivity and specificity,
    /// given Se + Sp &gt; 1 and a value in [0, 1].
    /// </summary>
    public static TruncatedPrevalence Truncated(long positives, long n, JudgeCalibration judge)
    {
        Check(positives, n, judge);
        return new TruncatedPrevalence(positives, n, judge);
    }

    private static void Check(long positives, long n, JudgeCalibration judge)
    {
        Demand.Counts(positives, n);
        if (judge.TruePositives < 0 || judge.FalseNegatives < 0 || judge.TrueNegatives < 0 || judge.FalsePositives < 0)
            throw new ArgumentOutOfRangeException(nameof(judge), judge, "Calibration counts must not be negative.");
        if (judge.Positives == 0) throw new ArgumentException("The calibration holds no true positives, so the judge's sensitivity is unknown.", nameof(judge));
        if (judge.Negatives == 0) throw new ArgumentException("The calibration holds no true negatives, so the judge's specificity is unknown.", nameof(judge));
    }
}
