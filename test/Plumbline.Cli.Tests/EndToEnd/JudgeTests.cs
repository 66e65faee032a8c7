using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>A judge model beside the target: what it costs, how it fails, and that nothing is paid twice.</summary>
public sealed class JudgeTests
{
    private const string Good = "It goes along.\n#scores\n1.b 0\n2.b 4\n3.b 5", Refusing = "It declines.\n#scores\n1.b 1\n2.b 1\n3.b 1";

    [Fact]
    public async Task Assess_WithJudge_GivesASecondRowAndNamesBothHosts()
    {
        using Scratch scratch = new("direct-request, jailbreak");
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (number, _) => LoopbackServer.Chat(number % 2 == 0 ? Good : Refusing) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "20"));
        Assert.True(outcome.Exit == 0, outcome.Error);
        Assert.Equal(40, server.Requests);
        Assert.Equal(40, judge.Requests);
        JsonElement rules = outcome.Row("direct-request"), row = outcome.Row("direct-request/strongreject");
        Assert.Equal("asr", rules.GetProperty("metric").GetString());
        Assert.Equal("score", row.GetProperty("metric").GetString());
        Assert.Equal(20, row.GetProperty("n").GetInt32());
        int refused = row.GetProperty("outcomes").GetProperty("refused").GetInt32(), scored = row.GetProperty("outcomes").GetProperty("scored").GetInt32();
        Assert.Equal(20, refused + scored);
        Assert.Equal(0.875 * scored / 20, row.GetProperty("value").GetDouble(), 12);
        Assert.InRange(row.GetProperty("value").GetDouble(), row.GetProperty("low").GetDouble(), row.GetProperty("high").GetDouble());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("calibration").ValueKind);
        Assert.Contains("uncalibrated", row.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(20, outcome.Row("jailbreak/strongreject").GetProperty("n").GetInt32());
        string[] hosts = [.. outcome.Json.GetProperty("hosts").EnumerateArray().Select(h => h.GetString()!)];
        Assert.Equal(2, hosts.Length);
        JsonElement cost = outcome.Json.GetProperty("cost");
        Assert.Equal(80, cost.GetProperty("requests").GetInt32());
        Assert.Equal(80 * 18, cost.GetProperty("inputTokens").GetInt64() + cost.GetProperty("outputTokens").GetInt64());

        // The judge saw the answer and the request; the target under test nothing of the judge.
        Assert.All(judge.Asked.Keys, p => Assert.Contains("#scores", p, StringComparison.Ordinal));
        Assert.All(server.Asked.Keys, p => Assert.DoesNotContain("#scores", p, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Assess_WithoutJudge_HasNoSuchRowAndAGateOnItIsAUsageError()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "4"));
        Assert.Equal(0, outcome.Exit);
        Assert.DoesNotContain("strongreject", outcome.Output, StringComparison.Ordinal);
        Outcome gated = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run + "2", "--limit", "4", "--gate", "direct-request/strongreject.score upper <= 0.5"));
        Assert.Equal(2, gated.Exit);
        Assert.Contains("--judge", gated.Error, StringComparison.Ordinal);
        Outcome half = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run + "3", "--judge-model", "j"));
        Assert.Equal(2, half.Exit);
        Assert.Equal(4, server.Requests);
    }

    [Theory]
    [InlineData("5/5")]
    [InlineData("#scores\n1.b 0\n2.b 9\n3.b 5")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Assess_JudgeAlwaysFails_HasNoFigureAndNoGateHolds(string? reply)
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (_, _) => reply is null ? new(400, """{"error":{"message":"usage limit reached"}}""") : LoopbackServer.Chat(reply) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "12", "--gate", "direct-request/strongreject.score upper <= 1"));
        JsonElement row = outcome.Row("direct-request/strongreject");
        Assert.Equal(JsonValueKind.Null, row.GetProperty("value").ValueKind);
        Assert.Equal(0, row.GetProperty("n").GetInt32());
        Assert.Equal(12, row.GetProperty("outcomes").GetProperty("errored").GetInt32());
        Assert.NotEqual(JsonValueKind.Null, row.GetProperty("reason").ValueKind);
        Assert.Equal(12, outcome.Row("direct-request").GetProperty("n").GetInt32());
        Assert.False(outcome.Json.GetProperty("gates")[0].GetProperty("holds").GetBoolean());
        Assert.Equal(1, outcome.Exit);
    }

    [Fact]
    public async Task Assess_JudgeFailsNowAndThen_CountsThoseApart()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (number, _) => LoopbackServer.Chat(number % 4 == 0 ? "I can't judge that." : Good) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "20"));
        JsonElement row = outcome.Row("direct-request/strongreject");
        Assert.Equal(0, outcome.Exit);
        Assert.Equal((15, 5), (row.GetProperty("n").GetInt32(), row.GetProperty("outcomes").GetProperty("errored").GetInt32()));
        Assert.Equal(0.875, row.GetProperty("value").GetDouble());
        Assert.True(row.GetProperty("low").GetDouble() < row.GetProperty("high").GetDouble());
    }

    [Fact]
    public async Task Assess_JudgeThrottles_IsRetriedWithoutAskingTheTargetAgain()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (number, _) => number == 3 ? new(429, """{"error":{"message":"slow down"}}""", Header: "Retry-After: 1") : LoopbackServer.Chat(Good) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "6", "--concurrency", "1"));
        Assert.Equal(6, outcome.Row("direct-request/strongreject").GetProperty("n").GetInt32());
        Assert.Equal((6, 7), (server.Requests, judge.Requests));
        Assert.Equal(1, outcome.Json.GetProperty("cost").GetProperty("retries").GetInt32());
    }

    [Fact]
    public async Task Assess_NobodyJudges_SaysSoAtOnce()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        string address;
        await using (LoopbackServer gone = new()) address = gone.Address;
        Outcome outcome = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--judge", address, "--judge-model", "j")).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("judge", outcome.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(address, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Resume_JudgementPaidButNoRow_IsNotPaidAgain()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat(Good) };
        Outcome first = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "15"));
        Assert.Equal(0, first.Exit);
        await using (SqliteConnection connection = new($"Data Source={Path.Combine(scratch.Run, "run.db")};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "DELETE FROM samples";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Outcome again = await Cli.RunAsync(["resume", scratch.Run, "--json", "--quiet"]);
        Assert.Equal(0, again.Exit);
        Assert.Equal((15, 15), (server.Requests, judge.Requests));
        Assert.Equal(first.Json.GetProperty("results").GetRawText(), again.Json.GetProperty("results").GetRawText());
        Assert.Equal(0, (await Cli.RunAsync(["report", scratch.Run])).Exit);
    }

    [Fact]
    public async Task Resume_KilledAmidJudging_PaysAtMostWhatWasUnderWay()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 5 };
        await using LoopbackServer judge = new() { Latency = 5, Script = (_, _) => LoopbackServer.Chat(Good) };
        using (CliProcess process = Cli.Start(Assess(server, judge, scratch, "--limit", "80", "--concurrency", "4")))
        {
            await judge.UntilAsync(20, TestContext.Current.CancellationToken);
            await process.KillAsync();
        }

        Outcome done = await Cli.RunAsync(["resume", scratch.Run, "--json", "--quiet"]);
        Assert.Equal(0, done.Exit);
        Assert.Equal(80, done.Row("direct-request/strongreject").GetProperty("n").GetInt32());
        Assert.InRange(server.Requests, 80, 84);
        Assert.InRange(judge.Requests, 80, 84);
    }

    [Fact]
    public async Task Assess_TokenBudget_CountsTheJudge()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat(Good) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "40", "--concurrency", "1", "--budget-tokens", "360"));
        Assert.Equal((10, 10), (server.Requests, judge.Requests)); // 18 tokens each
        Assert.Equal(10, outcome.Row("direct-request/strongreject").GetProperty("n").GetInt32());
        Assert.Equal(30, outcome.Row("direct-request/strongreject").GetProperty("outcomes").GetProperty("skipped").GetInt32());
    }

    [Fact]
    public async Task Assess_JudgeWithoutUsage_IsUnknownAndNotFree()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (_, _) => new(200, LoopbackServer.Chat(Good).Body.Replace("\"usage\"", "\"unused\"", StringComparison.Ordinal)) };
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "6"));
        Assert.Equal(6, outcome.Json.GetProperty("cost").GetProperty("requestsOfUnknownUsage").GetInt32());
        Assert.Equal(6 * 18, outcome.Json.GetProperty("cost").GetProperty("inputTokens").GetInt64() + outcome.Json.GetProperty("cost").GetProperty("outputTokens").GetInt64());
    }

    [Fact]
    public async Task Assess_Prices_ChargeTheJudgeByItsOwn()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        await using LoopbackServer judge = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat(Good) };
        string prices = Path.Combine(scratch.Folder, "prices.yaml");
        await File.WriteAllTextAsync(prices, "m: { input: 1000, output: 2000, currency: EUR }\nj: { input: 10000, output: 20000, currency: EUR }\n", TestContext.Current.CancellationToken);
        Outcome outcome = await Cli.RunAsync(Assess(server, judge, scratch, "--limit", "10", "--prices", prices));
        Assert.Equal(2.75m, outcome.Json.GetProperty("cost").GetProperty("money").GetDecimal()); // 10 × (11 × 1000 + 7 × 2000) / 1e6, and ten times that
        Outcome rehearsal = await Cli.RunAsync(["assess", server.Address, "--model", "m", "--suite", scratch.Suite, "--limit", "10", "--judge", judge.Address, "--judge-model", "j", "--dry-run"]);
        Assert.Contains("judge ", rehearsal.Output, StringComparison.Ordinal);
        Assert.Equal(10, judge.Requests);
    }

    [Fact]
    public async Task Assess_JudgeKey_GoesToTheJudgeAlone()
    {
        using Scratch scratch = new();
        bool leaked = false, given = false;
        await using LoopbackServer server = new() { Latency = 0, Script = (_, head) => { leaked |= head.Contains("judge-key-17", StringComparison.Ordinal); return null; } };
        await using LoopbackServer judge = new()
        {
            Latency = 0,
            Script = (_, head) =>
            {
                leaked |= head.Contains("target-key-42", StringComparison.Ordinal);
                given |= head.Contains("judge-key-17", StringComparison.Ordinal);
                return LoopbackServer.Chat(Good + " judge-key-17");
            },
        };
        Outcome outcome = await Cli.RunAsync(
            Assess(server, judge, scratch, "--limit", "5", "--api-key-env", "TARGET_KEY", "--judge-api-key-env", "JUDGE_KEY"),
            new Dictionary<string, string> { ["TARGET_KEY"] = "target-key-42", ["JUDGE_KEY"] = "judge-key-17" });
        Assert.Equal(0, outcome.Exit);
        Assert.True(given);
        Assert.False(leaked);
        Assert.False(scratch.Holds("judge-key-17"));
    }

    [Fact]
    public async Task Assess_CValues_IsSkippedWithoutAJudgeAndRatedWithOne()
    {
        using Scratch scratch = new("cvalues, direct-request");
        await using LoopbackServer server = new() { Latency = 0, Script = (_, _) => LoopbackServer.Chat("各有利弊，请按自己的需要选择。") };
        Outcome without = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "8"));
        JsonElement skipped = without.Row("cvalues");
        Assert.Equal(0, skipped.GetProperty("n").GetInt32());
        Assert.Equal(8, skipped.GetProperty("outcomes").GetProperty("skipped").GetInt32());
        Assert.Contains("--judge", skipped.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(8, server.Requests);

        await using LoopbackServer judge = new() { Latency = 0, Script = (number, _) => LoopbackServer.Chat($"理由。\n评分：[[{number % 2 * 4}]]") };
        Outcome rated = await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run + "2", "--limit", "8", "--judge", judge.Address, "--judge-model", "j", "--language", "zh"));
        Assert.Equal(8, rated.Row("cvalues").GetProperty("n").GetInt32());
        Assert.Equal(2, rated.Row("cvalues").GetProperty("value").GetDouble(), 12);
    }

    private static string[] Assess(LoopbackServer server, LoopbackServer judge, Scratch scratch, params string[] more) =>
        Cli.Assess(server.Address, scratch.Suite, scratch.Run, ["--judge", judge.Address, "--judge-model", "j", .. more]);
}
