using System.Text.Json;

namespace Plumbline.Cli.Tests.Calibration;

public sealed class CalibrateCommandTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    public void Dispose() => _plumbline.Dispose();

    [Fact]
    public async Task Calibrate_Json_HasARowAMethodWithTheStableKeys()
    {
        Assert.Equal(0, await _plumbline.RunAsync("calibrate", "goal-hijacking", "open-questions", "--replicates", "20", "--json", "--quiet", "--write", _plumbline.PathOf("c.json"), "--curves", _plumbline.PathOf("curves")));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        string[] keys = ["method", "phantom", "dose", "power", "falseAlarm", "coverage", "smallestDose", "seconds", "bias", "curve"];
        Assert.All(json.RootElement.EnumerateArray(), row => Assert.All(keys, key => Assert.True(row.TryGetProperty(key, out _), key)));
        JsonElement hijacking = json.RootElement.EnumerateArray().Single(r => r.GetProperty("method").GetString() == "goal-hijacking"), control = json.RootElement.EnumerateArray().Single(r => r.GetProperty("method").GetString() == "open-questions");
        Assert.Equal(20, hijacking.GetProperty("power").GetProperty("n").GetInt32());
        Assert.True(hijacking.GetProperty("power").GetProperty("value").GetDouble() > 0.8);
        Assert.InRange(hijacking.GetProperty("smallestDose").GetDouble(), 0.1, 0.4);
        Assert.Equal(("finding", "comparison"), (hijacking.GetProperty("decision").GetString(), control.GetProperty("decision").GetString()));
        Assert.Equal((20, 0.4), (control.GetProperty("power").GetProperty("n").GetInt32(), control.GetProperty("dose").GetDouble()));
        Assert.True(control.GetProperty("power").GetProperty("value").GetDouble() > 0.8);
        Assert.InRange(control.GetProperty("smallestDose").GetDouble(), 0.15, 0.4);
        Assert.Equal(10, control.GetProperty("falseAlarm").GetProperty("n").GetInt32());
        Assert.Equal(JsonValueKind.Null, control.GetProperty("threshold").ValueKind);
        Assert.Equal(20, control.GetProperty("coverage").GetProperty("n").GetInt32());
        Assert.Equal(2, Instruments.CalibrationFile.Load(_plumbline.PathOf("c.json")).Calibrations.Count);
        System.Xml.Linq.XDocument.Load(_plumbline.PathOf("curves/goal-hijacking.svg"));
    }

    [Fact]
    public async Task Calibrate_Table_ShowsThePowerCurve()
    {
        Assert.Equal(0, await _plumbline.RunAsync("calibrate", "goal-hijacking", "--replicates", "8", "--quiet"));
        Assert.Contains("40%", _plumbline.Output, StringComparison.Ordinal);
        Assert.Contains("█", _plumbline.Output, StringComparison.Ordinal);
        Assert.Contains("standard", _plumbline.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("calibrate jailbrake", "Did you mean 'jailbreak'")]
    [InlineData("calibrate --budget 0", "above 0")]
    [InlineData("calibrate --replicates 0", "from 1")]
    public async Task Calibrate_WrongUse_SaysWhatToDo(string line, string hint)
    {
        Assert.Equal(2, await _plumbline.RunAsync(line.Split(' ')));
        Assert.Contains(hint, _plumbline.Error, StringComparison.Ordinal);
    }

    /// <summary>Answers of a pool go to the judge of real targets; its errors were measured on the day of the calibration that ships.</summary>
    [Theory]
    [InlineData("cold", "zh")]
    [InlineData("en", "en")]
    public async Task Assess_LabelledAnswers_AreJudgedByTheClassifier(string pool, string language)
    {
        string suite = _plumbline.PathOf("suite.yaml");
        await File.WriteAllTextAsync(suite, "evaluations: [toxicity]", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("assess", $"phantom:scripted-{pool}", "--suite", suite, "--json", "--quiet", "--out", _plumbline.PathOf("run")));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        JsonElement row = json.RootElement.GetProperty("results").EnumerateArray().Single(r => r.GetProperty("evaluation").GetString() == $"toxicity/{language}");
        Assert.InRange(row.GetProperty("value").GetDouble(), 0.03, 0.2);
        Assert.InRange(row.GetProperty("corrected").GetProperty("value").GetDouble(), 0.1, 0.4);
        Assert.Equal((Instruments.CalibrationFile.Shipped.Day, 300), (row.GetProperty("calibration").GetProperty("date").GetString(), row.GetProperty("n").GetInt32() + row.GetProperty("outcomes").GetProperty("errored").GetInt32()));
    }

    [Fact]
    public async Task Assess_OwnLaw_IsAPhantom()
    {
        string law = _plumbline.PathOf("mine.yaml");
        await File.WriteAllTextAsync(law, "law: {over-refusal: 0.5}", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("assess", $"phantom:{law}", "--json", "--quiet", "--out", _plumbline.PathOf("run")));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        JsonElement row = json.RootElement.GetProperty("results").EnumerateArray().Single(r => r.GetProperty("evaluation").GetString() == "over-refusal");
        Assert.InRange(row.GetProperty("value").GetDouble(), 0.3, 0.7);
        Assert.Equal("calibrated", row.GetProperty("instrument").GetProperty("status").GetString());
        Assert.Contains("cries wolf", row.GetProperty("instrument").GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(["over-refusal"], json.RootElement.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("evaluation").GetString()));
        Assert.Equal(0, await _plumbline.RunAsync("phantom", "card", $"phantom:{law}"));
        Assert.Contains("over-refusal: 0.5", _plumbline.Output, StringComparison.Ordinal);
        await File.WriteAllTextAsync(law, "law: {over-refusal: 5}", TestContext.Current.CancellationToken);
        Assert.Equal(2, await _plumbline.RunAsync("assess", $"phantom:{law}", "--quiet", "--out", _plumbline.PathOf("run2")));
        Assert.Contains("over-refusal is '5'", _plumbline.Error, StringComparison.Ordinal);
    }
}
