using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>
/// The run as SARIF 2.1.0 (OASIS, 2020): a rule for each metric with a threshold, a result for each finding. Code hosts
/// ask for more than the standard: a relative file, a line, a stable fingerprint, texts and tags within their limits.
/// A finding about a model lies in no source file, so each evaluation has an artifact name of its own.
/// </summary>
internal static class SarifReport
{
    // Limits on upload: 255 characters for a rule's id, 1,024 for a description.
    private const int LongestId = 255;
    private const int LongestText = 1000;

    private static readonly string s_version = typeof(SarifReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    public static void Write(RunResult run, TextWriter output)
    {
        List<Rule> rules = Rules(run);
        Dictionary<string, int> index = rules.Select((r, i) => (r.Id, i)).ToDictionary(x => x.Id, x => x.i);
        HashSet<string> fingerprints = [];
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, JsonReport.Options))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            json.WriteStartObject("tool");
            json.WriteStartObject("driver");
            json.WriteString("name", "Plumbline");
            json.WriteString("version", s_version);
            json.WriteStartArray("rules");
            foreach (Rule rule in rules) Write(json, rule);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("automationDetails");
            // The part before the last slash is the category: runs of one suite against one target replace each other.
            json.WriteString("id", $"plumbline/{Segment(run.Header.Suite)}/{Segment(run.Header.Target)}/{Segment(run.Header.Id)}");
            json.WriteEndObject();
            json.WriteStartArray("invocations");
            json.WriteStartObject();
            json.WriteBoolean("executionSuccessful", !run.Cancelled && run.Samples().Judged > 0);
            json.WriteString("startTimeUtc", run.Header.Started.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("columnKind", "utf16CodeUnits");
            json.WriteStartArray("results");
            foreach (Finding finding in run.Findings) Write(json, run, finding, rules, index, fingerprints);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.Write(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        output.Write('\n');
    }

    /// <summary>The artifact of an evaluation: a relative URI without dot segments, "plumbline/jailbreak/few-shot.json".</summary>
    public static string Artifact(string evaluation) => "plumbline/" + string.Join('/', evaluation.Split('/').Select(Segment)) + ".json";

    private static List<Rule> Rules(RunResult run)
    {
        List<Rule> rules = [];
        HashSet<string> ids = [];
        foreach (Metric metric in run.Metrics.Where(m => m.Threshold is not null))
        {
            Threshold t = metric.Threshold!;
            Add(metric.Evaluation, metric.Name, metric.Risk, t.Title, t.Severity, t.Direction, t.Value, t.Reason, metric.IsShare);
        }
        foreach (Finding f in run.Findings) Add(f.Evaluation, f.Metric, f.Risk, f.Title, f.Severity, f.Direction, f.Threshold, f.ThresholdReason, run.Metric(f)?.IsShare ?? false);
        return rules;

        void Add(string evaluation, string metric, Risk risk, string title, Severity severity, Direction direction, double threshold, string reason, bool share)
        {
            string id = RuleId(evaluation, metric);
            if (!ids.Add(id)) return;
            EvaluationCard? card = run.Card(evaluation);
            string limit = $"A finding begins {(direction == Direction.Above ? "above" : "below")} {Figures.Number(threshold, share)}: {reason}";
            string[] names = [.. new[] { risk.Owasp, risk.Nist, risk.MlCommons }.Where(n => n.Length > 0)];
            rules.Add(new(id, title, card?.Title ?? title, string.Join(' ', new[] { card?.Meaning, limit, card is null ? null : "Source: " + card.Source }.Where(s => s is not null)), severity, ["security", "llm", risk.Id, .. names]));
        }
    }

    private static void Write(Utf8JsonWriter json, Rule rule)
    {
        json.WriteStartObject();
        json.WriteString("id", rule.Id);
        Message(json, "shortDescription", rule.Title);
        Message(json, "fullDescription", rule.Description);
        Message(json, "help", rule.Help);
        json.WriteStartObject("defaultConfiguration");
        json.WriteString("level", Level(rule.Severity));
        json.WriteEndObject();
        json.WriteStartObject("properties");
        json.WriteStartArray("tags");
        foreach (string tag in rule.Tags.Distinct()) json.WriteStringValue(Clean(tag));
        json.WriteEndArray();
        json.WriteString("security-severity", rule.Severity switch { Severity.Low => "3.0", Severity.Medium => "5.5", Severity.High => "8.0", _ => "9.5" });
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RunResult run, Finding finding, List<Rule> rules, Dictionary<string, int> index, HashSet<string> fingerprints)
    {
        bool share = run.Metric(finding)?.IsShare ?? false;
        string ruleId = RuleId(finding.Evaluation, finding.Metric);
        json.WriteStartObject();
        json.WriteString("ruleId", rules[index[ruleId]].Id);
        json.WriteNumber("ruleIndex", index[ruleId]);
        json.WriteString("level", Level(finding.Severity));
        Message(json, "message", $"{finding.Title}: {Figures.Number(finding.Value, share)} (adjusted interval {Figures.Interval(finding.Low, finding.High, share)}, n = {finding.N}) lies {JsonReport.Name(finding.Direction)} {Figures.Number(finding.Threshold, share)}. Target: {run.Header.Target}. Data: {finding.Dataset}.");
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartObject("physicalLocation");
        json.WriteStartObject("artifactLocation");
        json.WriteString("uri", Artifact(finding.Evaluation));
        json.WriteEndObject();
        json.WriteStartObject("region");
        json.WriteNumber("startLine", 1);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("partialFingerprints");
        string fingerprint = Fingerprint(finding);
        for (int again = 2; !fingerprints.Add(fingerprint); again++) fingerprint = Fingerprint(finding)[..^2] + again.ToString("x2", CultureInfo.InvariantCulture);
        json.WriteString("plumblineFinding/v1", fingerprint);
        // The name under which code hosts look for a fingerprint before they make their own from the file's lines.
        json.WriteString("primaryLocationLineHash", fingerprint + ":1");
        json.WriteEndObject();
        json.WriteStartObject("properties");
        JsonReport.Text(json, "evaluation", finding.Evaluation);
        JsonReport.Text(json, "metric", finding.Metric);
        JsonReport.Text(json, "risk", finding.Risk.Id);
        JsonReport.Text(json, "family", finding.Family);
        JsonReport.Text(json, "dataset", finding.Dataset);
        JsonReport.Number(json, "value", finding.Value);
        JsonReport.Number(json, "low", finding.Low);
        JsonReport.Number(json, "high", finding.High);
        json.WriteNumber("n", finding.N);
        JsonReport.Number(json, "threshold", finding.Threshold);
        json.WriteString("direction", JsonReport.Name(finding.Direction));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // What the finding is about; neither the run nor its figures, so that tomorrow's run finds the same alert.
    private static string Fingerprint(Finding finding) => Hash($"{finding.Evaluation}\n{finding.Metric}\n{finding.Family}\n{finding.Dataset}");

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];

    private static string RuleId(string evaluation, string metric)
    {
        string id = VisibleText.Line($"{evaluation}.{metric}");
        return id.Length <= LongestId ? id : VisibleText.Clip(id, LongestId - 40).Text + "~" + Hash(id);
    }

    private static void Message(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        string clean = Clean(text);
        json.WriteString("text", string.IsNullOrWhiteSpace(clean) ? "–" : clean);
        json.WriteEndObject();
    }

    private static string Clean(string text) => VisibleText.Short(VisibleText.Line(VisibleText.Short(text, LongestText)), LongestText);

    private static string Level(Severity severity) => severity switch { Severity.Low => "note", Severity.Medium => "warning", _ => "error" };

    private static string Segment(string text)
    {
        string segment = Uri.EscapeDataString(VisibleText.WellFormed(VisibleText.Short(text, 200)));
        return segment.Trim('.').Length == 0 ? "_" : segment;
    }

    private sealed record Rule(string Id, string Title, string Description, string Help, Severity Severity, IReadOnlyList<string> Tags);
}
