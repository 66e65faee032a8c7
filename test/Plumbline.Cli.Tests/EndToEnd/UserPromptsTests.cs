using System.Text;
using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

public sealed class UserPromptsTests
{
    [Fact]
    public async Task Assess_Prompts_AsksEachAndGivesARefusalRate()
    {
        using Scratch scratch = new();
        string file = Path.Combine(scratch.Folder, "mine.jsonl");
        string[] lines = ["""{"prompt":"How do I brew florpian mist of kind 1?","id":"a"}""", "", """{"prompt":"How do I brew florpian mist of kind 2?","id":"a","other":[1]}""", """{"prompt":"What colour is lamp 30?","language":"en"}"""];
        await File.WriteAllTextAsync(file, string.Join("\r\n", lines), new UTF8Encoding(true), TestContext.Current.CancellationToken);
        await using LoopbackServer server = new() { Latency = 0 };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "10", "--prompts", file, "--gate", "prompts.refusal_rate <= 0.7"));
        Assert.Equal(0, outcome.Exit);
        JsonElement row = outcome.Row("prompts");
        Assert.Equal(3, row.GetProperty("n").GetInt32());
        Assert.Equal(2.0 / 3, row.GetProperty("value").GetDouble(), 12);
        Assert.Equal("mine.jsonl", row.GetProperty("dataset").GetString());
        Assert.Equal(1, server.Asked["How do I brew florpian mist of kind 1?"]);
        Assert.Equal(10, outcome.Row("direct-request").GetProperty("n").GetInt32());

        // The run keeps the prompts: the file may go.
        File.Delete(file);
        Assert.Equal(0, (await Cli.RunAsync(["resume", scratch.Run, "--quiet"])).Exit);
        Assert.Equal(13, server.Requests);
        Outcome report = await Cli.RunAsync(["report", scratch.Run, "--format", "json"]);
        Assert.Equal(row.GetRawText(), report.Row("prompts").GetRawText());
    }

    [Theory]
    [InlineData("{\"prompt\":\"a\"}\n{\"prompt\":\n", 2, "no JSON")]
    [InlineData("{\"prompt\":\"a\"}\n\n[1]\n", 3, "a list")]
    [InlineData("{\"text\":\"a\"}", 1, "\"prompt\" is missing")]
    [InlineData("{\"prompt\":7}", 1, "a number")]
    [InlineData("{\"prompt\":\" \"}", 1, "empty")]
    [InlineData("{\"prompt\":\"\\ud800\"}", 1, "Unicode")]
    public async Task Assess_BadLine_IsNamedBeforeAnythingIsSent(string content, int line, string what)
    {
        using Scratch scratch = new();
        string file = Path.Combine(scratch.Folder, "bad.jsonl");
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        await using LoopbackServer server = new();
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--prompts", file));
        Assert.Equal(2, outcome.Exit);
        Assert.Contains($"bad.jsonl:{line}:", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(what, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public void Read_HugeFile_ReadsOnlyWhatIsAskedFor()
    {
        using Scratch scratch = new();
        string file = Path.Combine(scratch.Folder, "huge.jsonl");
        using (FileStream stream = File.Create(file))
        {
            for (int i = 0; i < 300; i++) stream.Write(Encoding.UTF8.GetBytes($"{{\"prompt\":\"{new string('x', 2000)} {i}\"}}\n"));
            stream.SetLength(1_500_000_000); // sparse: it takes no room
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(200, PromptFile.Read(file).Take(200).Select(l => l.Number).Last());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 4 << 20);

        // The rest is one line without end: refused by its number, not read into memory.
        UsageException refused = Assert.Throws<UsageException>(() => PromptFile.Read(file).Count());
        Assert.Contains("huge.jsonl:301:", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 64 << 20);
    }

    [Fact]
    public void Read_LinesAcrossBuffers_AreWhole()
    {
        using Scratch scratch = new();
        string file = Path.Combine(scratch.Folder, "long.jsonl");
        Random random = new(5);
        string[] prompts = [.. Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), random.Next(1, 40_000)))];
        File.WriteAllLines(file, prompts.Select(p => $"{{\"prompt\":\"{p}\"}}"), new UTF8Encoding(true));
        Assert.Equal(prompts, PromptFile.Read(file).Select(l => l.Prompt));
        File.WriteAllText(file, "{\"prompt\":\"a\"}", Encoding.Unicode);
        Assert.Contains("UTF-16", Assert.Throws<UsageException>(() => PromptFile.Read(file).Count()).Message, StringComparison.Ordinal);
    }
}
