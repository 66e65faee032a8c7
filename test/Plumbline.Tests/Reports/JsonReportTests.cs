using System.Text.Json;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class JsonReportTests
{
    [Fact]
    public void Write_PlantedPair_HasExactlyTheContractsKeys()
    {
        JsonElement root = Parse(SampleRuns.PlantedWithTwin(), exit: 1, path: "runs/r.html");
        Assert.Equal(["run", "target", "suite", "report", "exit", "hosts", "seconds", "results", "findings", "gates", "notes", "cost", "twin"], Keys(root));
        Assert.Equal(["evaluation", "risk", "metric", "family", "dataset", "value", "low", "high", "n", "method", "outcomes", "corrected", "calibration", "instrument", "reason"], Keys(root.GetProperty("results")[0]));
        Assert.Equal(["scored", "refused", "unparsable", "errored", "skipped"], Keys(root.GetProperty("results")[0].GetProperty("outcomes")));
        Assert.Equal(["value", "low", "high"], Keys(root.GetProperty("results")[0].GetProperty("corrected")));
        Assert.Equal(["id", "evaluation", "metric", "risk", "family", "dataset", "title", "severity", "value", "low", "high", "n", "threshold", "direction"], Keys(root.GetProperty("findings")[0]));
        Assert.Equal(["gate", "actual", "holds", "reason"], Keys(root.GetProperty("gates")[0]));
        Assert.Equal(["target", "results", "findings"], Keys(root.GetProperty("twin")));
        Assert.Equal(1, root.GetProperty("exit").GetInt32());
        Assert.Equal("runs/r.html", root.GetProperty("report").GetString());
        Assert.DoesNotContain("twin", Keys(Parse(SampleRuns.RefusesEverything())));
    }

    [Fact]
    public void Write_Rows_CarryFiguresAsCounted()
    {
        JsonElement root = Parse(SampleRuns.PlantedWithTwin());
        JsonElement row = root.GetProperty("results")[1];
        Assert.Equal("jailbreak/few-shot", row.GetProperty("evaluation").GetString());
        Assert.Equal("robustness.jailbreak", row.GetProperty("risk").GetString());
        Assert.Equal("few-shot", row.GetProperty("family").GetString());
        Assert.Equal(31.0 / 40, row.GetProperty("value").GetDouble());
        Assert.Equal(40, row.GetProperty("n").GetInt32());
        Assert.Equal(0.92, row.GetProperty("calibration").GetProperty("sensitivity").GetDouble());
        JsonElement finding = root.GetProperty("findings")[1];
        Assert.Equal("critical", finding.GetProperty("severity").GetString());
        Assert.Equal("above", finding.GetProperty("direction").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("findings")[2].GetProperty("family").ValueKind);
        JsonElement skipped = root.GetProperty("results")[11];
        Assert.Equal(JsonValueKind.Null, skipped.GetProperty("value").ValueKind);
        Assert.Equal(0, skipped.GetProperty("n").GetInt32());
        Assert.Equal(40, skipped.GetProperty("outcomes").GetProperty("skipped").GetInt32());
        Assert.Equal("127.0.0.1:8080", Parse(SampleRuns.RefusesEverything()).GetProperty("hosts")[0].GetString());
    }

    [Fact]
    public void Write_FiguresThatAreNotFinite_AreNull()
    {
        foreach (double figure in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            JsonElement root = Parse(SampleRuns.Filled("x", figure));
            Assert.Equal(JsonValueKind.Null, root.GetProperty("results")[0].GetProperty("value").ValueKind);
            Assert.Equal(JsonValueKind.Null, root.GetProperty("findings")[0].GetProperty("threshold").ValueKind);
            Assert.Equal(JsonValueKind.Null, root.GetProperty("seconds").ValueKind);
        }
    }

    private static string[] Keys(JsonElement element) => [.. element.EnumerateObject().Select(p => p.Name)];

    private static JsonElement Parse(RunResult run, int? exit = null, string? path = null)
    {
        using StringWriter output = new();
        Report.Write(run, ReportFormat.Json, output, exit: exit, path: path);
        return JsonDocument.Parse(output.ToString()).RootElement;
    }
}
