using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class ReproductionTests
{
    [Fact]
    public void Command_Pair_NamesNoTarget() =>
        Assert.Equal("plumbline assess --suite quick --seed 1 --concurrency 4", Reproduction.Command(SampleRuns.PlantedWithTwin()));

    [Fact]
    public void Command_Options_AreQuotedForAShell()
    {
        RunResult run = SampleRuns.Empty();
        run = run with { Header = run.Header with { Target = "it's; rm -rf", Seed = 7, Limit = 20, Language = "zh", Options = new Dictionary<string, string> { ["--system"] = "@my file", ["no-cache"] = "true", ["out"] = "runs", ["seed"] = "1" } } };
        Assert.Equal("plumbline assess 'it'\\''s; rm -rf' --suite quick --seed 7 --limit 20 --language zh --no-cache --system '@my file'", Reproduction.Command(run));
    }
}
