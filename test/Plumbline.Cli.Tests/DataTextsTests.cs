using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests;

public sealed class DataTextsTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    public void Dispose() => _plumbline.Dispose();

    [Fact]
    public async Task Pii_Json_HasPlacesButNoValues()
    {
        Assert.Equal(0, await _plumbline.RunAsync("data", "pii", File("😀 write to nell@harrowgate.org\n\n{\"text\": \"手机13912345678\"}\n"), "--json"));
        JsonElement[] rows = [.. _plumbline.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal([1, 3], rows.Select(r => r.GetProperty("line").GetInt32()));
        JsonElement span = rows[0].GetProperty("spans")[0];
        Assert.Equal(("EMAIL", 11, 30), (span.GetProperty("type").GetString(), span.GetProperty("start").GetInt32(), span.GetProperty("end").GetInt32()));
        Assert.DoesNotContain("nell", _plumbline.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("139", _plumbline.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pii_Redact_WritesTheTextWithoutThem()
    {
        Assert.Equal(0, await _plumbline.RunAsync("data", "pii", File("write to nell@harrowgate.org, 202-555-0147"), "--redact", "--types", "EMAIL"));
        Assert.Equal("write to <EMAIL>, 202-555-0147", _plumbline.Output.Trim());
    }

    [Fact]
    public async Task Language_OfEachLine_AndWithAFastTextModel()
    {
        string file = File("Where is the library?\n图书馆在哪里？\n12345\n");
        Assert.Equal(0, await _plumbline.RunAsync("data", "language", file, "--json"));
        Assert.Equal(["en", "zh-Hans", "und"], _plumbline.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("language").GetString()!));
        Assert.Equal(0, await _plumbline.RunAsync("data", "language", file, "--model", Golden.Path("models", "lid.176", "lid.176.ftz")));
        Assert.Contains("2  zh", _plumbline.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pii", "--types", "EMAL", "Did you mean EMAIL?")]
    [InlineData("pii", "--confidence", "2", "between 0 and 1")]
    [InlineData("language", "--probability", "-1", "between 0 and 1")]
    [InlineData("language", "--model", "nowhere.ftz", "no file")]
    public async Task WrongOption_IsExplained(string command, string option, string value, string said)
    {
        Assert.Equal(2, await _plumbline.RunAsync("data", command, File("a"), option, value));
        Assert.Contains(said, _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongFile_IsExplained()
    {
        Assert.Equal(2, await _plumbline.RunAsync("data", "pii", "nowhere.txt"));
        Assert.Equal(2, await _plumbline.RunAsync("data", "pii", File("ok\n{\"txt\": 1}\n")));
        Assert.Contains(":2:", _plumbline.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _plumbline.RunAsync("data", "language", File("a"), "--model", File("no model", "m.bin")));
        Assert.Contains("no fastText model", _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JudgeCheck_OfInstruments_ReplaysTheirSets()
    {
        foreach (string name in (string[])["pii-detector/en", "pii-detector/zh", "language-identifier/zh", "refusal-detector"])
        {
            Assert.Equal(0, await _plumbline.RunAsync("judge", "check", "--instrument", name));
            Assert.Contains("within its stored interval", _plumbline.Output, StringComparison.Ordinal);
        }

        Assert.Equal(0, await _plumbline.RunAsync("judge", "check", "--instrument", "pii-detector/zh/CN_ID", "--json"));
        Assert.True(JsonDocument.Parse(_plumbline.Output).RootElement.GetProperty("holds").GetBoolean());
        Assert.Equal(2, await _plumbline.RunAsync("judge", "check", "--instrument", "toxicity-classifier/en"));
        Assert.Contains("does not ship", _plumbline.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _plumbline.RunAsync("judge", "check", "--instrument", "pii-detector/zz"));
        Assert.Equal(2, await _plumbline.RunAsync("judge", "check", "--instrument", "pii-detector/zh", "--judge", "http://127.0.0.1:1"));
    }

    private string File(string text, string name = "texts.txt")
    {
        string path = _plumbline.PathOf(name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}
