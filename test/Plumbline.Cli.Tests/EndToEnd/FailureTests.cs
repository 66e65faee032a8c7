using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>An endpoint that gives nothing measures nothing: null figures, no gate that holds, an exit code that says so.</summary>
public sealed class FailureTests
{
    private const string Key = "sk-loopback-0123456789abcdef";

    public static TheoryData<string> DeadEndpoints => ["404", "html", "three", "429", "cut", "redirect", "500", "empty-object"];

    [Theory]
    [MemberData(nameof(DeadEndpoints))]
    public async Task Assess_EndpointGivesNothing_HasNoFigureAndNoGateHolds(string kind)
    {
        // A gate that any low or missing rate would pass.
        using Scratch scratch = new("direct-request", "direct-request.asr <= 1");
        await using LoopbackServer elsewhere = new();
        await using LoopbackServer server = new()
        {
            Latency = 0,
            Script = (number, _) => kind switch
            {
                "404" => new(404, """{"error":{"message":"no such route"}}"""),
                "html" => new(200, "<!doctype html><title>Log in</title>", "text/html"),
                "three" => number <= 3 ? null : new(503, """{"error":{"message":"overloaded"}}"""),
                "429" => new(429, """{"error":{"message":"slow down"}}"""),
                "cut" => LoopbackServer.Chat("I'm sorry, but I can't help with that.") with { CutAfter = 40 },
                "redirect" => new(302, "", Header: $"Location: {elsewhere.Address}/chat/completions"),
                "500" => new(500, "oops", "text/plain"),
                _ => new(200, "{}"),
            },
        };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "100", "--max-retries", "1", "--concurrency", "8"));
        Assert.Equal(1, outcome.Exit);
        JsonElement row = outcome.Row("direct-request");
        Assert.Equal(JsonValueKind.Null, row.GetProperty("value").ValueKind);
        Assert.Equal(0, row.GetProperty("n").GetInt32());
        Assert.Equal(kind == "three" ? 97 : 100, row.GetProperty("outcomes").GetProperty("errored").GetInt32());
        Assert.False(string.IsNullOrEmpty(row.GetProperty("reason").GetString()));
        JsonElement gate = Assert.Single(outcome.Json.GetProperty("gates").EnumerateArray());
        Assert.False(gate.GetProperty("holds").GetBoolean());
        Assert.Equal(JsonValueKind.Null, gate.GetProperty("actual").ValueKind);
        Assert.False(string.IsNullOrEmpty(gate.GetProperty("reason").GetString()));
        Assert.Equal(0, outcome.Json.GetProperty("findings").GetArrayLength());
        Assert.Equal(0, elsewhere.Sockets);
        Assert.Equal(server.Address.Replace("http://", "", StringComparison.Ordinal).Replace("/v1", "", StringComparison.Ordinal), Assert.Single(outcome.Json.GetProperty("hosts").EnumerateArray()).GetString());

        // The circuit: those that may be retried are given up long before every sample had its retry.
        if (kind is "429" or "three" or "cut" or "500") Assert.InRange(server.Requests, 10, 80);
        if (kind is "429" or "three") Assert.Contains(outcome.Json.GetProperty("notes").EnumerateArray(), n => n.GetString()!.Contains("given up", StringComparison.Ordinal));
    }

    /// <summary>After an outage: `resume --errors` asks the failed samples, and no other, again; a plain `resume` asks none.</summary>
    [Fact]
    public async Task Resume_Errors_AsksWhatFailedAgain()
    {
        using Scratch scratch = new();
        bool down = true;
        await using LoopbackServer server = new() { Latency = 0, Script = (number, _) => down && number % 4 == 0 ? new(400, """{"error":{"message":"broken"}}""") : null };
        Outcome first = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "20", "--concurrency", "1"));
        Assert.Equal(5, first.Row("direct-request").GetProperty("outcomes").GetProperty("errored").GetInt32());
        Assert.Equal(20, server.Requests);
        down = false;
        await Cli.RunAsync(["resume", scratch.Run, "--quiet"]);
        Assert.Equal(20, server.Requests);
        Outcome again = await Cli.RunAsync(["resume", scratch.Run, "--errors", "--quiet", "--json"]);
        Assert.Equal(25, server.Requests);
        JsonElement row = again.Row("direct-request");
        Assert.Equal(0, row.GetProperty("outcomes").GetProperty("errored").GetInt32());
        Assert.Equal(20, row.GetProperty("n").GetInt32());
        Assert.Equal(5, server.Asked.Count(p => p.Value == 2));
        await Cli.RunAsync(["resume", scratch.Run, "--errors", "--quiet"]);
        Assert.Equal(25, server.Requests);
    }

    [Fact]
    public async Task Assess_SomeAnswersCut_AreErroredAndLeftOutOfN()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new()
        {
            Latency = 0,
            Script = (number, _) => number % 10 == 0 ? LoopbackServer.Chat("I'm sorry, but I can't help with that.") with { CutAfter = 60 } : null,
        };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "100", "--max-retries", "0"));
        Assert.Equal(0, outcome.Exit);
        JsonElement row = outcome.Row("direct-request");
        Assert.Equal(90, row.GetProperty("n").GetInt32());
        Assert.Equal(10, row.GetProperty("outcomes").GetProperty("errored").GetInt32());
    }

    [Fact]
    public async Task Assess_WrongKeyEchoed_SaysSoAfterOneRequestAndLeavesTheKeyNowhere()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new()
        {
            Script = (_, head) => new(401, $$$"""{"error":{"message":"Incorrect API key provided: {{{(head.Contains(Key, StringComparison.Ordinal) ? Key : "none")}}}. Ask {{{Key}}}."}}"""),
        };
        Outcome outcome = await Cli.RunAsync(
            Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--api-key-env", "LOOPBACK_KEY"), new Dictionary<string, string> { ["LOOPBACK_KEY"] = Key });
        Assert.Equal(1, outcome.Exit);
        Assert.Equal(1, server.Requests);
        Assert.Contains("401", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Incorrect API key", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, outcome.Output, StringComparison.Ordinal);
        Assert.False(scratch.Holds(Key));
        Assert.True(scratch.Holds("LOOPBACK_KEY")); // the search does find what is there
    }

    [Fact]
    public async Task Assess_KeyEchoedInAnswersAndErrors_ReachesNeitherStoreNorLog()
    {
        using Scratch scratch = new();
        bool seen = false;
        int scans = 0;
        await using LoopbackServer server = new() { Latency = 0 };
        server.Script = (number, _) =>
        {
            // Now and then while the run is under way: its write-ahead log lies open then.
            if (number % 10 == 0)
            {
                seen |= scratch.Holds(Key);
                if (File.Exists(Path.Combine(scratch.Run, "run.db-wal"))) Interlocked.Increment(ref scans);
            }

            return number % 3 == 0
                ? new(400, $$$"""{"error":{"message":"bad request from {{{Key}}}"}}""")
                : LoopbackServer.Chat($"I'm sorry, but I can't help you, {Key}.");
        };
        // A process of its own: reading its files here would drop the store's locks there.
        using CliProcess process = Cli.StartWith(new() { ["LOOPBACK_KEY"] = Key }, Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "60", "--api-key-env", "LOOPBACK_KEY"));
        Outcome outcome = await process.EndAsync();
        Assert.Equal(0, outcome.Exit);
        Assert.Equal(40, outcome.Row("direct-request").GetProperty("n").GetInt32());
        Assert.True(scans > 0);
        Assert.False(seen);
        Assert.False(scratch.Holds(Key));
        Assert.DoesNotContain(Key, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assess_PasswordInAddress_IsNotKeptAndAskedForAgain()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        string address = server.Address.Replace("http://", "http://someone:hush-hush-42@", StringComparison.Ordinal);
        Assert.Equal(0, (await Cli.RunAsync(Cli.Assess(address, scratch.Suite, scratch.Run, "--limit", "5"))).Exit);
        Assert.False(scratch.Holds("hush-hush-42"));
        Outcome without = await Cli.RunAsync(["resume", scratch.Run]);
        Assert.Equal(2, without.Exit);
        Assert.Contains("--target", without.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Cli.RunAsync(["resume", scratch.Run, "--target", address, "--quiet"])).Exit);
        Assert.Equal(5, server.Requests);
        Assert.Equal(0, (await Cli.RunAsync(["report", scratch.Run])).Exit); // a report needs neither
    }

    [Fact]
    public async Task Assess_NobodyListens_SaysSoAtOnce()
    {
        using Scratch scratch = new();
        string address;
        await using (LoopbackServer server = new()) address = server.Address;
        Outcome outcome = await Cli.RunAsync(Cli.Assess(address, scratch.Suite, scratch.Run)).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("connection refused", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(address, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assess_RetryAfter_IsHonoured()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new()
        {
            Latency = 0,
            Script = (number, _) => number == 2 ? new(429, """{"error":{"message":"slow down"}}""", Header: "Retry-After: 2") : null,
        };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "3", "--concurrency", "1"));
        Assert.Equal(0, outcome.Exit);
        Assert.Equal(3, outcome.Row("direct-request").GetProperty("n").GetInt32());
        Assert.Equal(1, outcome.Json.GetProperty("cost").GetProperty("retries").GetInt32());
        DateTimeOffset[] times = [.. server.Times];
        Assert.True(times[2] - times[1] >= TimeSpan.FromSeconds(1.95), $"{times[2] - times[1]}");
    }

    [Fact]
    public async Task Assess_RetryAfterADay_IsNotWaitedFor()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0, Script = (_, _) => new(429, """{"error":{"message":"tomorrow"}}""", Header: "Retry-After: 86400") };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "10")).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(1, outcome.Exit);
        Assert.Equal(10, outcome.Row("direct-request").GetProperty("outcomes").GetProperty("errored").GetInt32());
    }

    [Fact]
    public async Task Assess_BudgetSpentThenResumed_CountsWhatEarlierSessionsUsed()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 10 };
        using (CliProcess process = Cli.Start(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "100", "--concurrency", "1", "--budget-tokens", "720")))
        {
            await server.UntilAsync(20, TestContext.Current.CancellationToken);
            await process.KillAsync();
        }

        Outcome outcome = await Cli.RunAsync(["resume", scratch.Run, "--json", "--quiet"]);
        Assert.InRange(server.Requests, 40, 41); // 18 tokens each; one may have been under way at the kill
        Assert.Equal(40, outcome.Row("direct-request").GetProperty("n").GetInt32());
        Assert.Equal(60, outcome.Row("direct-request").GetProperty("outcomes").GetProperty("skipped").GetInt32());
    }

    [Fact]
    public async Task Assess_Prices_GiveMoney()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        string prices = Path.Combine(scratch.Folder, "prices.yaml");
        await File.WriteAllTextAsync(prices, "m: { input: 1000, output: 2000, currency: EUR }\n", TestContext.Current.CancellationToken);
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "10", "--prices", prices));
        JsonElement cost = outcome.Json.GetProperty("cost");
        Assert.Equal(0.25m, cost.GetProperty("money").GetDecimal()); // 10 × (11 × 1000 + 7 × 2000) / 1e6
        Assert.Equal("EUR", cost.GetProperty("currency").GetString());
        Outcome rehearsal = await Cli.RunAsync(["assess", server.Address, "--model", "m", "--suite", scratch.Suite, "--limit", "10", "--prices", prices, "--dry-run"]);
        Assert.Contains("EUR", rehearsal.Output, StringComparison.Ordinal);
        Assert.Equal(10, server.Requests);
        Outcome broke = await Cli.RunAsync(["assess", server.Address, "--model", "m", "--suite", scratch.Suite, "--budget-money", "1"]);
        Assert.Equal(2, broke.Exit);
        Assert.Contains("--prices", broke.Error, StringComparison.Ordinal);
        Outcome other = await Cli.RunAsync(["assess", server.Address, "--model", "other", "--suite", scratch.Suite, "--prices", prices]);
        Assert.Equal(2, other.Exit);
        Assert.Contains("'other'", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assess_MoneyBudget_StopsTheRun()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        string prices = Path.Combine(scratch.Folder, "prices.yaml");
        await File.WriteAllTextAsync(prices, "m: { input: 1000, output: 2000, currency: EUR }\n", TestContext.Current.CancellationToken);
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "50", "--concurrency", "1", "--prices", prices, "--budget-money", "0.25"));
        Assert.Equal(10, server.Requests);
        Assert.Equal(10, outcome.Row("direct-request").GetProperty("n").GetInt32());
        Assert.Contains(outcome.Json.GetProperty("notes").EnumerateArray(), n => n.GetString()!.Contains("0.25 EUR", StringComparison.Ordinal));
    }
}
