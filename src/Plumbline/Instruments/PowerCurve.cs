using System.Globalization;
using System.Text;

namespace Plumbline.Instruments;

/// <summary>Power by dose as a picture of its own and as lines of text. Pure.</summary>
public static class PowerCurve
{
    private const double Width = 640, Height = 300, Left = 52, Right = 20, Top = 34, Bottom = 46;
    private const double Wanted = 0.8;
    private const int Bar = 30;

    /// <summary>An SVG that needs nothing else, readable on light and dark ground; null where there is no curve.</summary>
    public static string? Svg(InstrumentCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        if (calibration.Curve.Count < 2) return null;
        double start = Math.Min(calibration.Threshold ?? calibration.Curve[0].Dose, calibration.Curve[0].Dose), end = calibration.Curve[^1].Dose, room = (end - start) * 0.04;
        (start, end) = (start - room, end + room);
        bool compared = calibration.Decision == InstrumentDecision.Comparison;
        StringBuilder svg = new();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" font-family=\"system-ui,sans-serif\" font-size=\"12\">");
        Add($"<title>{calibration.Method}: power by dose on {calibration.Phantom}</title>");
        Add($"<style>text{{fill:#57606a}}.l{{stroke:#8c959f;stroke-width:1}}.g{{stroke:#d0d7de;stroke-width:1}}.c{{stroke:#1c4e80;stroke-width:2;fill:none}}.d{{fill:#1c4e80}}.t{{stroke:#a3271f;stroke-dasharray:4 3}}.w{{stroke:#23633f;stroke-dasharray:2 3}}@media(prefers-color-scheme:dark){{text{{fill:#a6abb4}}.g{{stroke:#30343b}}.c{{stroke:#8fbcea}}.d{{fill:#8fbcea}}.t{{stroke:#ff9c90}}.w{{stroke:#84cfa2}}}}</style>");
        Add($"<text x=\"{Left}\" y=\"18\" font-weight=\"600\">{calibration.Evaluation} {calibration.Metric}: how often {(compared ? "a change" : "a defect")} of this size is found ({calibration.Samples} samples a run)</text>");
        foreach (double power in (double[])[0, 0.25, 0.5, 0.75, 1])
        {
            Add($"<line class=\"g\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(power)}\" y2=\"{Y(power)}\"/><text x=\"{Left - 8}\" y=\"{Y(power) + 4}\" text-anchor=\"end\">{100 * power:0}%</text>");
        }

        foreach (CurvePoint point in calibration.Curve) Add($"<line class=\"l\" x1=\"{X(point.Dose)}\" x2=\"{X(point.Dose)}\" y1=\"{Y(0)}\" y2=\"{Y(0) + 4}\"/>");
        double last = double.NegativeInfinity;
        foreach (CurvePoint point in calibration.Curve.Where(p => (X(p.Dose) - last > 44 && (last = X(p.Dose)) > 0)))
        {
            Add($"<text x=\"{X(point.Dose)}\" y=\"{Y(0) + 18}\" text-anchor=\"middle\">{(compared && calibration.IsShare ? (100 * point.Dose).ToString("0.#", CultureInfo.InvariantCulture) : Dose(point.Dose, calibration))}</text>");
        }

        Add($"<text x=\"{Width - Right}\" y=\"{Height - 8}\" text-anchor=\"end\">{(compared ? calibration.IsShare ? "change between two runs, in percentage points" : "change between two runs" : "size of the planted defect")}</text>");
        if (calibration.Threshold is { } threshold) Add($"<line class=\"t\" x1=\"{X(threshold)}\" x2=\"{X(threshold)}\" y1=\"{Top}\" y2=\"{Y(0)}\"/><text x=\"{X(threshold) + 5}\" y=\"{Top + 12}\">threshold</text>");
        Add($"<line class=\"w\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(Wanted)}\" y2=\"{Y(Wanted)}\"/>");
        foreach (CurvePoint point in calibration.Curve) Add($"<line class=\"c\" x1=\"{X(point.Dose)}\" x2=\"{X(point.Dose)}\" y1=\"{Y(point.Power.Low)}\" y2=\"{Y(point.Power.High)}\" stroke-opacity=\".45\"/>");
        Add($"<polyline class=\"c\" points=\"{string.Join(' ', calibration.Curve.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.Dose):0.#},{Y(p.Power.Value):0.#}")))}\"/>");
        foreach (CurvePoint point in calibration.Curve) Add($"<circle class=\"d\" cx=\"{X(point.Dose)}\" cy=\"{Y(point.Power.Value)}\" r=\"4\"><title>{Dose(point.Dose, calibration)}: {100 * point.Power.Value:0.0}% of {point.Power.N}</title></circle>");
        return svg.Append("</svg>\n").ToString();

        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

        double X(double dose) => Math.Round(Left + ((dose - start) / (end - start) * (Width - Left - Right)), 1);

        static double Y(double power) => Math.Round(Height - Bottom - (power * (Height - Top - Bottom)), 1);
    }

    /// <summary>A line a dose: the dose, a bar, and the power with its interval.</summary>
    public static IEnumerable<string> Text(InstrumentCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        foreach (CurvePoint point in calibration.Curve)
        {
            int filled = (int)Math.Round(Bar * point.Power.Value);
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{Dose(point.Dose, calibration),11} {new string('█', filled)}{new string('·', Bar - filled)} {100 * point.Power.Value,5:0.0}%  [{100 * point.Power.Low:0.0}, {100 * point.Power.High:0.0}]{(point.Dose == calibration.Dose ? "  standard" : "")}");
        }
    }

    /// <summary>A figure as people read it.</summary>
    public static string Dose(double dose, bool share) => share ? string.Create(CultureInfo.InvariantCulture, $"{100 * dose:0.#}%") : dose.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A dose of a calibration as people read it: a figure, or a change of one, which is in points where the figure is a share.</summary>
    public static string Dose(double dose, InstrumentCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        return calibration is { Decision: InstrumentDecision.Comparison, IsShare: true } ? string.Create(CultureInfo.InvariantCulture, $"{100 * dose:0.#} points") : Dose(dose, calibration.IsShare);
    }
}
