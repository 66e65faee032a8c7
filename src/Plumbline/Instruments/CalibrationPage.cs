using System.Globalization;
using System.Text;

namespace Plumbline.Instruments;

/// <summary>The part of a method's documentation page that its calibration writes, between two marks. Pure.</summary>
public static class CalibrationPage
{
    /// <summary>Where the part begins.</summary>
    public const string Begin = "<!-- calibration: eng/calibration.sh writes this part -->";

    /// <summary>Where it ends.</summary>
    public const string End = "<!-- /calibration -->";

    /// <summary>The page with its part written anew; line ends are LF.</summary>
    /// <param name="page">The page's text.</param>
    /// <param name="method">The method's id.</param>
    /// <param name="file">All calibrations.</param>
    /// <exception cref="InvalidDataException">The page has no marks, or not in this order.</exception>
    public static string Update(string page, string method, CalibrationFile file)
    {
        ArgumentNullException.ThrowIfNull(page);
        page = page.Replace("\r\n", "\n", StringComparison.Ordinal);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal), end = page.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? $"{page[..begin]}{Begin}\n{Section(method, file)}{page[end..]}"
            : throw new InvalidDataException($"The page of '{method}' has no part between '{Begin}' and '{End}'.");
    }

    /// <summary>The part itself.</summary>
    public static string Section(string method, CalibrationFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        InstrumentCalibration[] all = [.. file.Of(method)];
        StringBuilder text = new();
        Line();
        Line("### On phantoms");
        Line();
        if (all.Length == 0)
        {
            Line("Uncalibrated: no [phantom](../phantoms.md) has a defect of this kind.");
            Line();
            return text.ToString();
        }

        Line($"What `plumbline calibrate` measured on {file.Day} from seed {file.Seed} on; [how and why](../phantoms.md#calibration).");
        Line();
        Line("| phantom | planted in | decision | dose | power | false alarms on the twin | coverage | bias | smallest dose found | runs |");
        Line("|---|---|---|---|---|---|---|---|---|---|");
        foreach (InstrumentCalibration c in all)
        {
            string planted = c.Power is null ? "–" : $"`{c.Evaluation}.{c.Metric}`";
            Line($"| `{c.Phantom}` | {planted} | {CalibrationFile.Name(c.Decision)} | {(c.Dose is { } d ? PowerCurve.Dose(d, c) : "–")} | {Share(c.Power)} | {Share(c.FalseAlarm)} | {Share(c.Coverage)} | {Bias(c.Bias, c.IsShare)} | {(c.SmallestDose is { } s ? PowerCurve.Dose(s, c) : "–")} | {(c.Coverage ?? c.Power ?? c.FalseAlarm)!.N} |");
        }

        Line();
        foreach (InstrumentCalibration c in all.Where(c => c.Reason is not null)) Line($"- `{c.Phantom}`: {c.Reason}.");
        if (all.Any(c => c.Reason is not null)) Line();
        foreach (InstrumentCalibration c in all.Where(c => c.Decision == InstrumentDecision.Comparison))
        {
            Line($"There is no threshold, so the figures are those of a comparison of two runs of {c.Samples} samples each, by the rule of [`plumbline compare`](../compare.md). Power: how often it calls the row changed, in the right direction, between `{c.Twin}` and `{c.Phantom}`, beside {c.Beside} unchanged rows of the suite `standard`. False alarms: how often it calls any row of this method changed between two runs of `{c.Twin}`, with no other method beside it. Both runs ask the same questions and share nothing else.");
            Line();
            Line($"The standard dose, {PowerCurve.Dose(c.Dose ?? 0, c)}: {c.DoseReason}. {(c.SmallestDose is { } s ? $"A change of {PowerCurve.Dose(s, c)} is found four times in five, smaller ones less often, as the curve shows." : "No smaller change is found four times in five.")}");
            Line();
        }

        foreach (InstrumentCalibration first in all.Where(c => c.Rows.Count > 0))
        {
            Line($"Each row against its exact truth on `{first.Phantom}`, {first.Samples} samples a run{(first.Decision == InstrumentDecision.Comparison ? "; the change is that from the twin" : "")}. A 95 % interval that holds the truth more often than 95 % is wider than it need be.");
            Line();
            bool judged = first.Rows.Any(r => r.UncorrectedCoverage is not null), compared = first.Decision == InstrumentDecision.Comparison;
            Line($"| row | truth |{(compared ? " change |" : "")} power |{(compared ? " coverage of the difference |" : "")} coverage | bias | mean width |{(judged ? " uncorrected: coverage | bias |" : "")}");
            Line($"|---|---|{(compared ? "---|---|" : "")}---|---|---|---|{(judged ? "---|---|" : "")}");
            foreach (RowCalibration r in first.Rows)
            {
                bool share = IsShare(first, r);
                Line($"| `{r.Evaluation}.{r.Metric}` | {PowerCurve.Dose(r.Truth, share)} |{(compared ? $" {Change(r.Change, share)} |" : "")} {Share(r.Power)} |{(compared ? $" {Share(r.ChangeCoverage)} |" : "")} {Share(r.Coverage)} | {Bias(r.Bias, share)} | {(share ? Percent(r.Width) : r.Width.ToString("0.###", CultureInfo.InvariantCulture))} |{(judged ? $" {Share(r.UncorrectedCoverage)} | {Bias(r.UncorrectedBias, share)} |" : "")}");
            }

            Line();
            if (first.Curve.Count <= 1) continue;
            Line($"![Power by dose on {first.Phantom}](../curves/{CurveFile(all, first)})");
            Line();
        }

        (InstrumentCalibration Calibration, string Figure, double Value)[] misses = [.. all.SelectMany(c => c.FallsShort().Select(f => (c, f.Figure, f.Value)))];
        if (misses.Length > 0)
        {
            Line("## Falls short");
            Line();
            foreach ((InstrumentCalibration c, string figure, double value) in misses)
                Line($"- `{figure}`: {Percent(value)} on `{c.Phantom}`{(c.Dose is { } d ? $" at dose {PowerCurve.Dose(d, c)}" : "")}; the target is {Target(figure)}.");
            Line();
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    /// <summary>The name of a power curve's file: the method's, with the phantom's for all phantoms but the method's first.</summary>
    public static string CurveFile(IEnumerable<InstrumentCalibration> all, InstrumentCalibration one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return all.First(c => c.Method == one.Method).Phantom == one.Phantom ? $"{one.Method}.svg" : $"{one.Method}-{one.Phantom}.svg";
    }

    private static string Target(string figure) => figure switch
    {
        "power" => $"at least {Percent(InstrumentCalibration.TargetPower)}",
        "false alarm" => $"at most {Percent(InstrumentCalibration.TargetFalseAlarm)}",
        _ => $"at least {Percent(InstrumentCalibration.TargetCoverage)}",
    };

    // A mean of log-likelihoods stands beside shares in one method.
    private static bool IsShare(InstrumentCalibration calibration, RowCalibration row) => row.Metric switch
    {
        "likelihood_difference" => false,
        "accuracy_ambig" or "accuracy_disambig" => true,
        _ => calibration.IsShare,
    };

    private static string Share(MeasuredShare? share) => share is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:0.0}% [{100 * share.Low:0.0}, {100 * share.High:0.0}]");

    private static string Change(double? change, bool share) => change is not { } c ? "–"
        : share ? string.Create(CultureInfo.InvariantCulture, $"{100 * c:+0.#;−0.#;0} points") : string.Create(CultureInfo.InvariantCulture, $"{c:+0.##;−0.##;0}");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0}%");

    private static string Bias(double? bias, bool share) => bias is not { } b ? "–"
        : share ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(100 * b, 2) + 0.0:+0.00;−0.00} points") : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(b, 3) + 0.0:+0.000;−0.000}");
}
