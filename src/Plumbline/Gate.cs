using System.Globalization;

namespace Plumbline;

/// <summary>
/// A bound that a team sets on a figure: <c>EVALUATION.METRIC [value|lower|upper|corrected] OP NUMBER</c>, OP one of
/// <c>&lt;= &lt; &gt;= &gt;</c>. A gate whose figure was not measured does not hold.
/// </summary>
public sealed record Gate(string Text, string Evaluation, string Metric, GateBound Bound, string Operator, double Number)
{
    /// <summary>Parses a gate.</summary>
    /// <exception cref="FormatException">The text is no gate; the message shows the form.</exception>
    public static Gate Parse(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length is not (3 or 4)) throw Wrong("it has the form EVALUATION.METRIC [value|lower|upper|corrected] OP NUMBER");
        int dot = words[0].LastIndexOf('.');
        if (dot <= 0 || dot == words[0].Length - 1) throw Wrong($"'{words[0]}' names no EVALUATION.METRIC");
        GateBound bound = words.Length == 3 ? GateBound.Value : words[1] switch
        {
            "value" => GateBound.Value,
            "lower" => GateBound.Lower,
            "upper" => GateBound.Upper,
            "corrected" => GateBound.Corrected,
            _ => throw Wrong($"'{words[1]}' is none of value, lower, upper, corrected"),
        };
        string op = words[^2];
        if (op is not ("<=" or "<" or ">=" or ">")) throw Wrong($"'{op}' is none of <= < >= >");
        return double.TryParse(words[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? new(text.Trim(), words[0][..dot], words[0][(dot + 1)..], bound, op, number)
            : throw Wrong($"'{words[^1]}' is no number");

        FormatException Wrong(string what) => new($"The gate \"{text}\" cannot be read: {what}. Example: \"jailbreak.asr upper <= 0.05\".");
    }

    /// <summary>Whether it holds for the metrics of a run.</summary>
    public GateResult Check(IEnumerable<Metric> metrics)
    {
        Metric? metric = metrics.FirstOrDefault(m => m.Evaluation == Evaluation && m.Name == Metric);
        double? actual = Bound switch
        {
            GateBound.Lower => metric?.Estimate?.Low,
            GateBound.Upper => metric?.Estimate?.High,
            GateBound.Corrected => metric?.Corrected?.Value,
            _ => metric?.Estimate?.Value,
        };
        bool holds = actual is { } a && Operator switch { "<=" => a <= Number, "<" => a < Number, ">=" => a >= Number, _ => a > Number };
        string? reason = actual is not null ? null
            : metric is null ? "the metric was not measured"
            : metric.Estimate is null ? metric.Reason ?? "nothing was judged"
            : "the figure has no correction: its judge was not measured on this kind of target";
        return new(Text, actual, holds, reason);
    }
}

/// <summary>Which figure of a metric a gate looks at.</summary>
public enum GateBound
{
    Value,
    Lower,
    Upper,
    Corrected,
}

/// <summary>A gate's verdict; <see cref="Reason"/> says why there is no figure.</summary>
public sealed record GateResult(string Gate, double? Actual, bool Holds, string? Reason);
