using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

public sealed class CompareTests
{
    [Fact]
    public async Task Compare_PlantedAndClean_FindsThePlantsAndTheSameRunNothing()
    {
        using Scratch scratch = new("direct-request, over-refusal, crows-pairs");
        string planted = Path.Combine(scratch.Folder, "planted"), clean = Path.Combine(scratch.Folder, "clean"), again = Path.Combine(scratch.Folder, "again");
        foreach ((string target, string folder) in new[] { ("phantom:scripted", planted), ("phantom:scripted-clean", clean), ("phantom:scripted-clean", again) })
        {
            Assert.Equal(0, (await Cli.RunAsync(["assess", target, "--suite", scratch.Suite, "--limit", "60", "--out", folder, "--json", "--quiet"])).Exit);
        }

        Outcome same = await Cli.RunAsync(["compare", clean, again, "--json"]);
        Assert.Equal(0, same.Exit);
        Assert.All(Rows(same), r =>
        {
            Assert.Equal(0, r.GetProperty("difference").GetDouble());
            Assert.Equal(1, r.GetProperty("p").GetDouble());
            Assert.False(r.GetProperty("real").GetBoolean());
            Assert.True(r.GetProperty("pairs").GetInt32() >= 30);
            Assert.True(r.GetProperty("low").GetDouble() < 0 && r.GetProperty("high").GetDouble() > 0);
        });

        Outcome different = await Cli.RunAsync(["compare", planted, clean, "--json"]), back = await Cli.RunAsync(["compare", clean, planted, "--json"]);
        Assert.Contains(Rows(different), r => r.GetProperty("real").GetBoolean());
        foreach ((JsonElement there, JsonElement here) in Rows(different).Zip(Rows(back)))
        {
            Assert.Equal(there.GetProperty("difference").GetDouble(), -here.GetProperty("difference").GetDouble(), 12);
            Assert.Equal(there.GetProperty("p").GetDouble(), here.GetProperty("p").GetDouble(), 12);
            Assert.Equal(there.GetProperty("low").GetDouble(), -here.GetProperty("high").GetDouble(), 12);
            Assert.True(there.GetProperty("adjusted").GetDouble() >= there.GetProperty("p").GetDouble());
        }

        Outcome table = await Cli.RunAsync(["compare", planted, clean]);
        Assert.Contains("Real differences", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_OwnPrompts_AreCompared_AndThePageIsWritten()
    {
        using Scratch scratch = new();
        string file = Path.Combine(scratch.Folder, "mine.jsonl"), a = Path.Combine(scratch.Folder, "a"), b = Path.Combine(scratch.Folder, "b"), page = Path.Combine(scratch.Folder, "page.html");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 20).Select(i => $"{{\"prompt\":\"How do I brew florpian mist of kind {i}?\"}}"), TestContext.Current.CancellationToken);
        await using LoopbackServer refusing = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat("I'm sorry, but I can't help with that.") };
        await using LoopbackServer answering = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat("Sure: to brew florpian mist, warm the kettle slowly and stir it twice.") };
        Assert.Equal(0, (await Cli.RunAsync(Cli.Assess(refusing.Address, scratch.Suite, a, "--limit", "20", "--prompts", file))).Exit);
        await Cli.RunAsync(Cli.Assess(answering.Address, scratch.Suite, b, "--limit", "20", "--prompts", file));
        Outcome compared = await Cli.RunAsync(["compare", a, b, "--json", "--out", page]);
        Assert.Equal(0, compared.Exit);
        JsonElement row = Rows(compared).Single(r => r.GetProperty("evaluation").GetString() == "prompts");
        Assert.Equal(-1, row.GetProperty("difference").GetDouble());
        Assert.Equal(20, row.GetProperty("pairs").GetInt32());
        Assert.True(row.GetProperty("real").GetBoolean());
        Assert.Contains("prompts · refusal_rate", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static IEnumerable<JsonElement> Rows(Outcome outcome) => outcome.Json.GetProperty("comparisons").EnumerateArray();
}
