using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Reports;

/// <summary>The run as JSON. What has no figure is null; a number is never NaN or infinite.</summary>
internal static class JsonReport
{
    /// <summary>All scripts are readable, what HTML could mistake for markup is escaped.</summary>
    public static JsonWriterOptions Options { get; } = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static void Write(RunResult run, TextWriter output, int? exit, string? path)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, Options))
        {
            json.WriteStartObject();
            Text(json, "run", run.Header.Id);
            Text(json, "target", run.Header.Target);
            Text(json, "suite", run.Header.Suite);
            Text(json, "report", path);
            if (exit is { } code) json.WriteNumber("exit", code);
            else json.WriteNull("exit");
            Texts(json, "hosts", run.Hosts.Select(h => h.Host));
            Number(json, "seconds", run.Seconds);
            Results(json, run);
            Findings(json, run);
            json.WriteStartArray("gates");
            foreach (GateResult gate in run.Gates)
            {
                json.WriteStartObject();
                Text(json, "gate", gate.Gate);
                Number(json, "actual", gate.Actual);
                json.WriteBoolean("holds", gate.Holds);
                Text(json, "reason", gate.Reason);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            Texts(json, "notes", run.Notes);
            Cost(json, run.Cost);
            if (run.Twin is { } twin)
            {
                json.WriteStartObject("twin");
                Text(json, "target", twin.Header.Target);
                Results(json, twin);
                Findings(json, twin);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        output.Write(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        output.Write('\n');
    }

    /// <summary>A string property that any text fits into: a lone surrogate becomes U+FFFD.</summary>
    public static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null) json.WriteNull(name);
        else json.WriteString(name, VisibleText.WellFormed(value));
    }

    /// <summary>A number, or null where it is none.</summary>
    public static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } v && double.IsFinite(v)) json.WriteNumber(name, v);
        else json.WriteNull(name);
    }

    /// <summary>"above" or "below".</summary>
    public static string Name(Direction direction) => direction == Direction.Above ? "above" : "below";

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(VisibleText.WellFormed(value));
        json.WriteEndArray();
    }

    private static void Results(Utf8JsonWriter json, RunResult run)
    {
        json.WriteStartArray("results");
        foreach (Metric metric in run.Metrics)
        {
            json.WriteStartObject();
            Text(json, "evaluation", metric.Evaluation);
            Text(json, "risk", metric.Risk.Id);
            Text(json, "metric", metric.Name);
            Text(json, "family", metric.Family);
            Text(json, "dataset", metric.Dataset.Name);
            Number(json, "value", metric.Estimate?.Value);
            Number(json, "low", metric.Estimate?.Low);
            Number(json, "high", metric.Estimate?.High);
            json.WriteNumber("n", metric.Estimate?.N ?? 0);
            Text(json, "method", metric.Estimate?.Method);
            json.WriteStartObject("outcomes");
            json.WriteNumber("scored", metric.Outcomes.Scored);
            json.WriteNumber("refused", metric.Outcomes.Refused);
            json.WriteNumber("unparsable", metric.Outcomes.Unparsable);
            json.WriteNumber("errored", metric.Outcomes.Errored);
            json.WriteNumber("skipped", metric.Outcomes.Skipped);
            json.WriteEndObject();
            Corrected(json, metric.Corrected);
            Calibration(json, metric.Calibration);
            run.Instrument(metric.Evaluation, metric.Name).Write(json, "instrument");
            Text(json, "reason", metric.Reason);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Corrected(Utf8JsonWriter json, Estimate? corrected)
    {
        if (corrected is null)
        {
            json.WriteNull("corrected");
            return;
        }
        json.WriteStartObject("corrected");
        Number(json, "value", corrected.Value);
        Number(json, "low", corrected.Low);
        Number(json, "high", corrected.High);
        json.WriteEndObject();
    }

    private static void Calibration(Utf8JsonWriter json, JudgeCalibration? calibration)
    {
        if (calibration is null)
        {
            json.WriteNull("calibration");
            return;
        }
        json.WriteStartObject("calibration");
        Text(json, "judge", calibration.Judge);
        Number(json, "sensitivity", (double)calibration.TruePositives / calibration.Positives);
        Number(json, "specificity", (double)calibration.TrueNegatives / calibration.Negatives);
        json.WriteNumber("truePositives", calibration.TruePositives);
        json.WriteNumber("positives", calibration.Positives);
        json.WriteNumber("trueNegatives", calibration.TrueNegatives);
        json.WriteNumber("negatives", calibration.Negatives);
        Text(json, "source", calibration.Source);
        Text(json, "date", calibration.Date);
        json.WriteEndObject();
    }

    private static void Findings(Utf8JsonWriter json, RunResult run)
    {
        json.WriteStartArray("findings");
        foreach (Finding finding in run.Findings)
        {
            json.WriteStartObject();
            Text(json, "id", finding.Id);
            Text(json, "evaluation", finding.Evaluation);
            Text(json, "metric", finding.Metric);
            Text(json, "risk", finding.Risk.Id);
            Text(json, "family", finding.Family);
            Text(json, "dataset", finding.Dataset);
            Text(json, "title", finding.Title);
            Text(json, "severity", Verdict.SeverityName(finding.Severity, chinese: false));
            Number(json, "value", finding.Value);
            Number(json, "low", finding.Low);
            Number(json, "high", finding.High);
            json.WriteNumber("n", finding.N);
            Number(json, "threshold", finding.Threshold);
            Text(json, "direction", Name(finding.Direction));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Cost(Utf8JsonWriter json, RunCost cost)
    {
        json.WriteStartObject("cost");
        json.WriteNumber("requests", cost.Requests);
        json.WriteNumber("retries", cost.Retries);
        json.WriteNumber("inputTokens", cost.InputTokens);
        json.WriteNumber("outputTokens", cost.OutputTokens);
        json.WriteNumber("requestsOfUnknownUsage", cost.RequestsOfUnknownUsage);
        if (cost.Money is { } money) json.WriteNumber("money", money);
        else json.WriteNull("money");
        Text(json, "currency", cost.Currency);
        json.WriteEndObject();
    }
}
