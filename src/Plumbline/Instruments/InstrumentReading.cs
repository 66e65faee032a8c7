using System.Globalization;
using System.Text.Json;

namespace Plumbline.Instruments;

/// <summary>
/// What is known of the instrument behind one row of results: its calibration on the scripted phantom, where the row's truth is known. Immutable.
/// </summary>
/// <param name="Calibration">The method's calibration; null where it is uncalibrated.</param>
/// <param name="Row">The row's own figures.</param>
public sealed record InstrumentReading(InstrumentCalibration? Calibration, RowCalibration? Row)
{
    /// <summary>The reading for a row of a method.</summary>
    /// <param name="file">All calibrations.</param>
    /// <param name="method">The method's id.</param>
    /// <param name="evaluation">The row's evaluation.</param>
    /// <param name="metric">The row's metric.</param>
    /// <param name="corrected">Whether the row is corrected for a judge's errors: a figure that a judge makes is another instrument than one that is counted. Null: either.</param>
    public static InstrumentReading For(CalibrationFile file, string method, string evaluation, string metric, bool? corrected = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        InstrumentReading[] readings =
        [
            .. file.Of(method).SelectMany(c => c.Rows.Where(r => r.Evaluation == evaluation && r.Metric == metric && (corrected is null || corrected == r.UncorrectedCoverage is not null)).Select(r => new InstrumentReading(c, r))),
        ];
        return readings.Length > 0 ? readings[0] : new(null, null);
    }

    /// <summary>Whether the row was measured on a phantom.</summary>
    public bool IsCalibrated => Row is not null;

    /// <summary>One line for people: power, false alarms, coverage; "uncalibrated" where nothing is known.</summary>
    public string Text(bool chinese)
    {
        if (Calibration is null || Row is null) return chinese ? "未校准" : "uncalibrated";
        string coverage = chinese ? $"其 95% 区间在 {Percent(Row.Coverage)} 的运行中包含真值" : $"its 95% interval holds the truth {Percent(Row.Coverage)} of the time";
        if (Row.Power is not { } power) return chinese ? $"无阈值；{coverage}" : $"no threshold; {coverage}";
        if (Row.Change is { } change) return $"{Comparison(Calibration, change, power, chinese)}{(chinese ? "；" : "; ")}{coverage}";
        string dose = PowerCurve.Dose(Row.Truth, Calibration.IsShare);
        string wolf = Calibration.FalseAlarm is { } alarm ? chinese ? $"，误报 {Percent(alarm)}" : $", cries wolf {Percent(alarm)}" : "";
        return chinese
            ? $"对大小为 {dose} 的缺陷检出率 {Percent(power)}（每次 {Calibration.Samples} 个样本）{wolf}；{coverage}"
            : $"finds a defect of {dose} {Percent(power)} of the time ({Calibration.Samples} samples){wolf}; {coverage}";
    }

    private static string Comparison(InstrumentCalibration calibration, double change, MeasuredShare power, bool chinese)
    {
        double size = Math.Abs(change);
        string said = !chinese ? PowerCurve.Dose(size, calibration)
            : calibration.IsShare ? string.Create(CultureInfo.InvariantCulture, $"{100 * size:0.#} 个百分点") : $"{PowerCurve.Dose(size, calibration)} ";
        string wolf = calibration.FalseAlarm is not { } alarm ? "" : chinese ? $"，无变化时误报 {Percent(alarm)}" : $", and cries wolf over unchanged ones {Percent(alarm)}";
        return chinese
            ? $"无阈值；比较两次运行（每次 {calibration.Samples} 个样本）时，{(change < 0 ? "下降" : "上升")} {said}的检出率为 {Percent(power)}{wolf}"
            : $"no threshold; a comparison of two runs of {calibration.Samples} samples each finds a {(change < 0 ? "drop" : "rise")} of {said} {Percent(power)} of the time{wolf}";
    }

    /// <summary>Writes the reading as a property.</summary>
    public void Write(Utf8JsonWriter json, string name)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject(name);
        json.WriteString("status", IsCalibrated ? "calibrated" : "uncalibrated");
        json.WriteString("text", Text(chinese: false));
        if (Calibration is not null && Row is not null)
        {
            json.WriteString("phantom", Calibration.Phantom);
            json.WriteNumber("samples", Calibration.Samples);
            json.WriteString("decision", CalibrationFile.Name(Calibration.Decision));
            CalibrationFile.Number(json, "dose", Row.Power is null ? null : Row.Change is { } change ? Math.Abs(change) : Row.Truth);
            CalibrationFile.Share(json, "power", Row.Power);
            CalibrationFile.Share(json, "falseAlarm", Row.Power is null ? null : Calibration.FalseAlarm);
            CalibrationFile.Share(json, "coverage", Row.Coverage);
            CalibrationFile.Number(json, "smallestDose", Row.Evaluation == Calibration.Evaluation && Row.Metric == Calibration.Metric ? Calibration.SmallestDose : null);
        }

        json.WriteEndObject();
    }

    // Nothing that was counted is certain: of a share of all, or of none, the interval's end is what was shown.
    private static string Percent(MeasuredShare share) => share.Value >= 0.9995 ? string.Create(CultureInfo.InvariantCulture, $">{Math.Floor(1000 * share.Low) / 10:0.0}%")
        : share.Value < 0.0005 ? string.Create(CultureInfo.InvariantCulture, $"<{Math.Ceiling(1000 * share.High) / 10:0.0}%")
        : string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:0.0}%");
}
