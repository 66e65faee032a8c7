using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests;

public sealed class DataCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public DataCommandTests() => _line.With("PLUMBLINE_DATA", _line.PathOf("data"));

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task List_Json_SaysWhatIsHere()
    {
        Assert.Equal(0, await _line.RunAsync("data", "list", "--json"));
        using JsonDocument list = JsonDocument.Parse(_line.Output);
        Dictionary<string, string> states = list.RootElement.EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => s.GetProperty("state").GetString()!);
        Assert.Equal("ships", states["simple-safety-tests"]);
        Assert.Equal("can be pulled", states["harmbench"]);
        Assert.DoesNotContain("missing", states.Values);
        Assert.All(list.RootElement.EnumerateArray(), s => Assert.Equal(s.GetProperty("state").GetString() == "ships", s.GetProperty("path").ValueKind == JsonValueKind.String));
    }

    [Fact]
    public async Task List_Table_NamesEverySet()
    {
        Assert.Equal(0, await _line.RunAsync("data", "list"));
        foreach (string name in (string[])["bold", "cold", "harmbench", "xstest"]) Assert.Contains(name, _line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_UnknownName_SuggestsOne()
    {
        Assert.Equal(2, await _line.RunAsync("data", "pull", "harmbensh"));
        Assert.Contains("Did you mean 'harmbench'", _line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_BundledSet_SaysThatItShips()
    {
        Assert.Equal(0, await _line.RunAsync("data", "pull", "xstest"));
        Assert.Contains("ships with plumbline", _line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_NoSuchSource_IsAUsageError()
    {
        Assert.Equal(2, await _line.RunAsync("data", "pull", "harmbench", "--from", _line.PathOf("nowhere")));
        Assert.Contains("--from", _line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_FolderWithoutTheFile_IsAnError()
    {
        Assert.Equal(1, await _line.RunAsync("data", "pull", "harmbench", "--from", _line.Folder));
        Assert.Contains("harmbench_behaviors_text_all.csv", _line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_FromFolder_IsThenListedAsPulled()
    {
        string from = Golden.Path("datasets");
        Assert.Equal(0, await _line.RunAsync("data", "pull", "surge-toxicity", "--from", from));
        Assert.Equal(Path.Combine(_line.PathOf("data"), "surge-toxicity"), _line.Output.Trim());
        Assert.Equal(0, await _line.RunAsync("data", "list", "--json"));
        Assert.Contains("\"state\": \"pulled\"", _line.Output, StringComparison.Ordinal);
        Assert.Equal(0, await _line.RunAsync("data", "pull", "surge-toxicity", "--from", from, "--out", _line.PathOf("other")));
        Assert.Contains($"PLUMBLINE_DATA={_line.PathOf("other")}", _line.Error, StringComparison.Ordinal);
    }
}
