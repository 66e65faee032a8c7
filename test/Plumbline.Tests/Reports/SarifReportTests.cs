using System.Text.Json;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class SarifReportTests
{
    [Fact]
    public void Write_PlantedPair_HasARuleAThresholdAndAResultAFinding()
    {
        RunResult run = SampleRuns.PlantedWithTwin();
        JsonElement sarif = Parse(run);
        PassesUploadRules(sarif);
        JsonElement first = sarif.GetProperty("runs")[0];
        Assert.Equal(run.Metrics.Where(m => m.Threshold is not null).Select(m => $"{m.Evaluation}.{m.Name}"), Rules(first).Select(r => r.GetProperty("id").GetString()));
        JsonElement[] results = [.. first.GetProperty("results").EnumerateArray()];
        Assert.Equal(["jailbreak.asr", "jailbreak/few-shot.asr", "crows-pairs.percent_stereo", "exposure.mean_bits"], results.Select(r => r.GetProperty("ruleId").GetString()));
        Assert.Equal(["error", "error", "warning", "error"], results.Select(r => r.GetProperty("level").GetString()));
        Assert.Equal("plumbline/jailbreak/few-shot.json", Uri(results[1]));
    }

    [Fact]
    public void Write_AnotherRunWithOtherFigures_KeepsTheFingerprints()
    {
        RunResult run = SampleRuns.PlantedWithTwin();
        RunResult later = run with { Header = run.Header with { Id = "later", Seed = 9 }, Findings = [.. run.Findings.Reverse().Select(f => f with { Value = 0.9, Low = 0.8, High = 0.95, N = 7, Id = "x", Severity = Severity.Low })] };
        string[] before = [.. Fingerprints(Parse(run))];
        Assert.Equal(before.Reverse(), Fingerprints(Parse(later)));
        Assert.Equal(before.Length, before.Distinct().Count());
    }

    [Theory]
    [InlineData("jailbreak", "plumbline/jailbreak.json")]
    [InlineData("jailbreak/few-shot", "plumbline/jailbreak/few-shot.json")]
    [InlineData("../../etc/passwd", "plumbline/_/_/etc/passwd.json")]
    [InlineData("C:\\x y", "plumbline/C%3A%5Cx%20y.json")]
    [InlineData("", "plumbline/_.json")]
    [InlineData("/越狱", "plumbline/_/%E8%B6%8A%E7%8B%B1.json")]
    public void Artifact_AnyEvaluation_IsARelativeFile(string evaluation, string uri) => Assert.Equal(uri, SarifReport.Artifact(evaluation));

    [Fact]
    public void Write_NothingMeasured_IsNoSuccess()
    {
        JsonElement sarif = Parse(SampleRuns.EverythingErrored());
        PassesUploadRules(sarif);
        Assert.False(sarif.GetProperty("runs")[0].GetProperty("invocations")[0].GetProperty("executionSuccessful").GetBoolean());
        PassesUploadRules(Parse(SampleRuns.Empty()));
    }

    /// <summary>The required properties of SARIF 2.1.0 and the rules that code hosts apply on upload.</summary>
    internal static void PassesUploadRules(JsonElement sarif)
    {
        Assert.Equal("2.1.0", sarif.GetProperty("version").GetString());
        JsonElement run = Assert.Single(sarif.GetProperty("runs").EnumerateArray().ToArray());
        JsonElement driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("Plumbline", driver.GetProperty("name").GetString());
        Assert.NotEqual("", driver.GetProperty("version").GetString());
        JsonElement[] rules = Rules(run);
        Assert.Equal(rules.Length, rules.Select(r => r.GetProperty("id").GetString()).Distinct().Count());
        foreach (JsonElement rule in rules)
        {
            Assert.InRange(rule.GetProperty("id").GetString()!.Length, 1, 255);
            foreach (string text in new[] { "shortDescription", "fullDescription", "help" }) Assert.InRange(rule.GetProperty(text).GetProperty("text").GetString()!.Length, 1, 1024);
            Assert.False(rule.TryGetProperty("helpUri", out _));
            JsonElement[] tags = [.. rule.GetProperty("properties").GetProperty("tags").EnumerateArray()];
            Assert.InRange(tags.Length, 1, 20);
            Assert.Equal(tags.Length, tags.Select(t => t.GetString()).Distinct().Count());
        }
        HashSet<string?> fingerprints = [];
        foreach (JsonElement result in run.GetProperty("results").EnumerateArray())
        {
            Assert.Equal(rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString(), result.GetProperty("ruleId").GetString());
            Assert.Contains(result.GetProperty("level").GetString(), new[] { "note", "warning", "error" });
            Assert.NotEqual("", result.GetProperty("message").GetProperty("text").GetString()!.Trim());
            string uri = Uri(result);
            Assert.True(System.Uri.TryCreate(uri, UriKind.Relative, out _) && !System.Uri.TryCreate(uri, UriKind.Absolute, out _), uri);
            Assert.Matches("^plumbline(/[A-Za-z0-9._~%-]+)+\\.json$", uri);
            Assert.DoesNotContain("/../", uri);
            Assert.Equal(1, Location(result).GetProperty("region").GetProperty("startLine").GetInt32());
            Assert.True(fingerprints.Add(result.GetProperty("partialFingerprints").GetProperty("primaryLocationLineHash").GetString()));
        }
    }

    private static JsonElement[] Rules(JsonElement run) => [.. run.GetProperty("tool").GetProperty("driver").GetProperty("rules").EnumerateArray()];

    private static JsonElement Location(JsonElement result) => result.GetProperty("locations")[0].GetProperty("physicalLocation");

    private static string Uri(JsonElement result) => Location(result).GetProperty("artifactLocation").GetProperty("uri").GetString()!;

    private static IEnumerable<string> Fingerprints(JsonElement sarif) =>
        sarif.GetProperty("runs")[0].GetProperty("results").EnumerateArray().Select(r => r.GetProperty("partialFingerprints").GetProperty("primaryLocationLineHash").GetString()!);

    private static JsonElement Parse(RunResult run)
    {
        using StringWriter output = new();
        Report.Write(run, ReportFormat.Sarif, output);
        return JsonDocument.Parse(output.ToString()).RootElement;
    }
}
