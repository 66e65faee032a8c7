using System.Text.Json;

namespace Plumbline.Cli.Tests;

public sealed class AssessTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    public void Dispose() => _plumbline.Dispose();

    [Fact]
    public async Task Assess_ScriptedPhantom_WritesEveryReportAndTheStableJson()
    {
        Assert.Equal(0, await _plumbline.RunAsync("assess", "phantom:scripted", "--json", "--quiet", "--out", _plumbline.PathOf("run")));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        string[] keys = ["run", "target", "suite", "report", "exit", "hosts", "seconds", "results", "findings", "gates"];
        Assert.All(keys, key => Assert.True(json.RootElement.TryGetProperty(key, out _), key));
        Assert.Equal(0, json.RootElement.GetProperty("exit").GetInt32());
        Assert.Empty(json.RootElement.GetProperty("hosts").EnumerateArray());
        Assert.Contains(json.RootElement.GetProperty("findings").EnumerateArray(), f => f.GetProperty("family").GetString() == "few-shot");
        foreach (string file in new[] { "report.html", "report.md", "report.json", "junit.xml", "report.sarif", "run.db" }) Assert.True(File.Exists(_plumbline.PathOf($"run/{file}")), file);
        string[] rows = [.. json.RootElement.GetProperty("results").EnumerateArray().Select(r => $"{r.GetProperty("evaluation")}.{r.GetProperty("metric")}")];
        Assert.Equal(rows.Distinct(), rows);
    }

    [Fact]
    public async Task Assess_SameSeed_GivesTheSameFigures()
    {
        string[] figures = new string[2];
        for (int i = 0; i < 2; i++)
        {
            await _plumbline.RunAsync("assess", "phantom:scripted", "--json", "--quiet", "--seed", "9", "--out", _plumbline.PathOf($"run{i}"));
            using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
            figures[i] = json.RootElement.GetProperty("results").GetRawText();
        }

        Assert.Equal(figures[0], figures[1]);
    }

    [Theory]
    [InlineData("jailbreak.asr upper <= 0.05", 3)]
    [InlineData("jailbreak.asr upper <= 0.9", 0)]
    [InlineData("jailbreak.rate <= 0.9", 2)]
    [InlineData("jailbreak <= 0.9", 2)]
    public async Task Assess_Gate_DecidesTheExitCode(string gate, int exit) =>
        Assert.Equal(exit, await _plumbline.RunAsync("assess", "phantom:scripted", "--quiet", "--out", _plumbline.PathOf("run"), "--gate", gate));

    [Theory]
    [InlineData("asess", "Did you mean 'assess'")]
    [InlineData("assess --sute quick", "Did you mean '--suite'")]
    [InlineData("assess nowhere.gguf", "neither a file nor a folder")]
    [InlineData("assess phantom:nobody", "phantom list")]
    [InlineData("assess phantom:scripted --suite nothing", "There is no suite 'nothing'")]
    [InlineData("assess phantom:scripted --limit 0", "above 0")]
    [InlineData("report nothing", "plumbline runs")]
    public async Task Run_WrongUse_SaysWhatToDo(string line, string hint)
    {
        Assert.Equal(2, await _plumbline.RunAsync(line.Split(' ')));
        Assert.Contains(hint, _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assess_BrokenModelFile_NamesIt()
    {
        string file = _plumbline.PathOf("model.gguf");
        await File.WriteAllTextAsync(file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", TestContext.Current.CancellationToken);
        Assert.Equal(1, await _plumbline.RunAsync("assess", file, "--quiet", "--out", _plumbline.PathOf("run")));
        Assert.Contains("LFS", _plumbline.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("html", "<!")]
    [InlineData("markdown", "#")]
    [InlineData("junit", "<?xml")]
    [InlineData("sarif", "{")]
    [InlineData("json", "{")]
    public async Task Report_EveryFormat_ComesFromTheStore(string format, string start)
    {
        await _plumbline.RunAsync("assess", "phantom:scripted", "--quiet", "--limit", "20", "--out", _plumbline.PathOf("run"));
        Assert.Equal(0, await _plumbline.RunAsync("report", _plumbline.PathOf("run"), "--format", format));
        Assert.StartsWith(start, _plumbline.Output.TrimStart('\uFEFF'), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Methods_Json_ListsEveryEvaluation()
    {
        Assert.Equal(0, await _plumbline.RunAsync("methods", "--json"));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        string[] keys = ["id", "title", "kind", "risk", "survey", "needs", "languages", "source", "licence", "calibration"];
        Assert.All(json.RootElement.EnumerateArray(), m => Assert.All(keys, key => Assert.True(m.TryGetProperty(key, out _), key)));
        Assert.Contains(json.RootElement.EnumerateArray(), m => m.GetProperty("id").GetString() == "jailbreak");
    }

    [Fact]
    public async Task Methods_Json_CalibrationIsThatOfTheRows()
    {
        await _plumbline.RunAsync("methods", "--json");
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        JsonElement Of(string id) => json.RootElement.EnumerateArray().Single(m => m.GetProperty("id").GetString() == id).GetProperty("calibration");
        foreach (string id in new[] { "jailbreak", "direct-request", "over-refusal" })
        {
            JsonElement calibration = Of(id);
            Assert.Equal("public", calibration.GetProperty("world").GetString());
            Assert.Equal((double)calibration.GetProperty("truePositives").GetInt32() / calibration.GetProperty("positives").GetInt32(), calibration.GetProperty("sensitivity").GetDouble());
            Assert.Equal((double)calibration.GetProperty("trueNegatives").GetInt32() / calibration.GetProperty("negatives").GetInt32(), calibration.GetProperty("specificity").GetDouble());
            Assert.True(calibration.GetProperty("worlds").GetArrayLength() >= 2);
        }

        // No judge stands in between, but the method was tried on phantoms.
        Assert.False(Of("goal-hijacking").TryGetProperty("judge", out _));
        Assert.True(Of("goal-hijacking").GetProperty("power").GetProperty("value").GetDouble() > 0.9);
        string source = Of("jailbreak").GetProperty("worlds").EnumerateArray().First(w => w.GetProperty("source").GetString()!.Contains("judged.jsonl", StringComparison.Ordinal)).GetProperty("source").GetString()!;
        await _plumbline.RunAsync("assess", "phantom", "--limit", "2", "--suite", "quick", "--json", "--quiet", "--out", _plumbline.PathOf("run"));
        using JsonDocument run = JsonDocument.Parse(_plumbline.Output);
        Assert.Contains(run.RootElement.GetProperty("results").EnumerateArray(), r => r.GetProperty("calibration") is { ValueKind: JsonValueKind.Object } c && c.GetProperty("source").GetString() == source);
    }

    [Fact]
    public async Task DryRun_ScriptedPhantom_SendsNothing()
    {
        Assert.Equal(0, await _plumbline.RunAsync("assess", "phantom:scripted", "--dry-run"));
        Assert.Contains("Nothing was sent", _plumbline.Output, StringComparison.Ordinal);
    }
}
