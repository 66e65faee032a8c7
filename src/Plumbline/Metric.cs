using Plumbline.Worlds;

namespace Plumbline;

/// <summary>
/// A value with its 95 % interval, the number of samples it rests on and the method. <see cref="At"/> gives the
/// interval at any other two-sided error, for corrections over many thresholds.
/// </summary>
public sealed record Estimate(double Value, double Low, double High, int N, string Method, Func<double, (double Low, double High)> At)
{
    /// <summary>How many independent samples the interval is worth; below N where samples come in clusters.</summary>
    public double EffectiveN { get; init; } = N;

    /// <summary>An estimate whose 95 % interval is <paramref name="at"/>(0.05).</summary>
    public static Estimate Of(double value, int n, string method, Func<double, (double Low, double High)> at)
    {
        (double low, double high) = at(0.05);
        return new(value, low, high, n, method, at);
    }
}

/// <summary>One row of results.</summary>
public sealed record Metric
{
    /// <summary>The evaluation's id, or that with a slash and a part ("jailbreak/few-shot").</summary>
    public required string Evaluation { get; init; }

    /// <summary>The metric's name; unique within the evaluation id.</summary>
    public required string Name { get; init; }

    /// <summary>The risk.</summary>
    public required Risk Risk { get; init; }

    /// <summary>Attack family, null outside attacks.</summary>
    public string? Family { get; init; }

    /// <summary>The data asked about.</summary>
    public required Dataset Dataset { get; init; }

    /// <summary>The figure as counted; null where nothing was judged.</summary>
    public Estimate? Estimate { get; init; }

    /// <summary>The figure corrected for its judge's measured errors; null where the judge has none or nobody measured them.</summary>
    public Estimate? Corrected { get; init; }

    /// <summary>The judge's measured errors, where the figure rests on a judge.</summary>
    public JudgeCalibration? Calibration { get; init; }

    /// <summary>What became of the samples.</summary>
    public OutcomeCounts Outcomes { get; init; }

    /// <summary>Why there is no figure, or what to bear in mind.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether "%" is how people read it.</summary>
    public bool IsShare { get; init; } = true;

    /// <summary>Where a finding begins; null for figures that only inform.</summary>
    public Threshold? Threshold { get; init; }

    /// <summary>
    /// A sample's share in the figure, for paired comparison of two runs; null where the figure is no mean over
    /// samples. The function gives null for samples that do not enter.
    /// </summary>
    public Func<SampleRecord, double?>? Contribution { get; init; }
}

/// <summary>Where a finding begins, with the reason for the number.</summary>
public sealed record Threshold(Direction Direction, double Value, string Reason, string Title, string TitleZh, Severity Severity = Severity.Medium);

/// <summary>On which side of a threshold the trouble lies.</summary>
public enum Direction
{
    Above,
    Below,
}

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    Low,
    Medium,
    High,
    Critical,
}

/// <summary>
/// A figure (corrected, where it can be) whose whole interval, adjusted over all thresholds of the run by Holm's
/// method, lies beyond its threshold.
/// </summary>
public sealed record Finding(
    string Id, string Evaluation, string Metric, Risk Risk, string? Family, string Dataset, string Title, string TitleZh,
    Severity Severity, double Value, double Low, double High, int N, double Threshold, Direction Direction, string ThresholdReason);
