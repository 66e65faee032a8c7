namespace Plumbline.Instruments;

/// <summary>What an instrument (a method with its judge, its intervals and its rule for findings) was measured to do on a phantom and its clean twin. Immutable.</summary>
public sealed record InstrumentCalibration
{
    /// <summary>The least power at the standard dose that an instrument should have.</summary>
    public const double TargetPower = 0.95;

    /// <summary>The most false alarms on the clean twin.</summary>
    public const double TargetFalseAlarm = 0.05;

    /// <summary>The least coverage of a 95 % interval; a wider interval than needed is no defect.</summary>
    public const double TargetCoverage = 0.93;

    /// <summary>The method's id.</summary>
    public required string Method { get; init; }

    /// <summary>The phantom's name.</summary>
    public required string Phantom { get; init; }

    /// <summary>Its clean twin's name; null where it has none.</summary>
    public string? Twin { get; init; }

    /// <summary>The row that the figures are about: its evaluation. Null where there is no phantom for the method.</summary>
    public string? Evaluation { get; init; }

    /// <summary>The row's metric.</summary>
    public string? Metric { get; init; }

    /// <summary>The decision that power and false alarms are about.</summary>
    public InstrumentDecision Decision { get; init; }

    /// <summary>
    /// The size of the planted defect, in the unit of the row's metric; of a comparison the size of the change, above 0. Null where nothing of that kind was planted.
    /// </summary>
    public double? Dose { get; init; }

    /// <summary>Why this dose is the standard, where that is not said elsewhere: half a sentence. Null for findings.</summary>
    public string? DoseReason { get; init; }

    /// <summary>Where a finding begins; null for a method that makes none.</summary>
    public double? Threshold { get; init; }

    /// <summary>Whether doses are shares.</summary>
    public bool IsShare { get; init; } = true;

    /// <summary>The samples that a run asks.</summary>
    public int Samples { get; init; }

    /// <summary>Hypotheses of other methods for which the decision was corrected besides its own: thresholds that are not crossed, or rows that did not change.</summary>
    public int Beside { get; init; }

    /// <summary>How often the finding is made at this dose; of a comparison, how often the row is called changed, in the right direction.</summary>
    public MeasuredShare? Power { get; init; }

    /// <summary>How often the method makes any finding on the clean twin; of a comparison, how often it calls any row changed between two runs of the twin, with no other method beside it.</summary>
    public MeasuredShare? FalseAlarm { get; init; }

    /// <summary>How often the 95 % interval (the corrected one, where there is one) holds the truth at this dose.</summary>
    public MeasuredShare? Coverage { get; init; }

    /// <summary>How often the 95 % interval of the difference between two runs holds the true one; null for findings.</summary>
    public MeasuredShare? ChangeCoverage { get; init; }

    /// <summary>Mean error of the estimate, in the metric's unit.</summary>
    public double? Bias { get; init; }

    /// <summary>The smallest dose that is found with power 0.8, between the doses of <see cref="Curve"/>; null where none is or there is no curve.</summary>
    public double? SmallestDose { get; init; }

    /// <summary>Power by dose, ascending.</summary>
    public IReadOnlyList<CurvePoint> Curve { get; init; } = [];

    /// <summary>Every row of the method whose truth the phantom's law determines.</summary>
    public IReadOnlyList<RowCalibration> Rows { get; init; } = [];

    /// <summary>Why a figure is null.</summary>
    public string? Reason { get; init; }

    /// <summary>The same in Chinese.</summary>
    public string? ReasonZh { get; init; }

    /// <summary>Seconds of computing that the calibration took.</summary>
    public double Seconds { get; init; }

    /// <summary>
    /// SHA-256, in hexadecimal, of all that the instrument asked, made of the answers, and computed in the first replicate: an instrument that was
    /// changed in any way that shows has another. Null where the phantom is not scripted.
    /// </summary>
    public string? Fingerprint { get; init; }

    /// <summary>The targets that are missed: "power", "false alarm", "coverage", "coverage of the difference", each with its figure.</summary>
    public IEnumerable<(string Figure, double Value)> FallsShort()
    {
        if (Power is { } power && power.Value < TargetPower) yield return ("power", power.Value);
        if (FalseAlarm is { } alarm && alarm.Value > TargetFalseAlarm) yield return ("false alarm", alarm.Value);
        if (Coverage is { } coverage && coverage.Value < TargetCoverage) yield return ("coverage", coverage.Value);
        if (ChangeCoverage is { } change && change.Value < TargetCoverage) yield return ("coverage of the difference", change.Value);
    }
}

/// <summary>Power at a dose.</summary>
public sealed record CurvePoint(double Dose, MeasuredShare Power);

/// <summary>
/// A row of results at the standard dose, against its exact truth. <paramref name="Coverage"/> and <paramref name="Bias"/> are those of the corrected figure where there is one,
/// and then the uncorrected one's stand beside them, else null. <paramref name="Power"/> is null for a finding's row without a threshold, and where nothing was planted in it. Of a comparison
/// <paramref name="Truth"/> and the figures against it are those of the second run, the changed one.
/// </summary>
public sealed record RowCalibration(
    string Evaluation, string Metric, double Truth, MeasuredShare? Power, MeasuredShare Coverage, double Bias, double Width, MeasuredShare? UncorrectedCoverage, double? UncorrectedBias)
{
    /// <summary>The true change between the two runs, second minus first; null for findings.</summary>
    public double? Change { get; init; }

    /// <summary>How often the 95 % interval of the difference holds <see cref="Change"/>; null for findings, and where nothing could be compared.</summary>
    public MeasuredShare? ChangeCoverage { get; init; }
}
