using Microsoft.Data.Sqlite;
using Plumbline.Store;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>A run that is killed at any moment loses nothing and pays nothing twice but what was under way.</summary>
[Trait("Category", "slow")]
public sealed class KillTests
{
    private const int Kills = 50;
    private const int Concurrency = 4;
    private const int Limit = 500;
    private static readonly string[] s_evaluations = ["direct-request", "over-refusal", "autonomy", "safetybench"];

    [Fact]
    public async Task Kill_FiftyTimesAtRandom_LosesNothingAndPaysTwiceOnlyWhatWasUnderWay()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Scratch scratch = new(string.Join(", ", s_evaluations));
        await using LoopbackServer server = new() { Latency = 4 };
        await using LoopbackServer other = new() { Latency = 0 };
        string whole = Path.Combine(scratch.Folder, "whole");
        Outcome uninterrupted = await Cli.RunAsync(Cli.Assess(other.Address, scratch.Suite, whole, "--limit", $"{Limit}"));
        int samples = other.Requests;
        Assert.InRange(samples, 1000, s_evaluations.Length * Limit);

        Random random = new(20_260);
        string[] start = Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", $"{Limit}", "--concurrency", $"{Concurrency}");
        string[] resume = ["resume", scratch.Run, "--json", "--quiet"];
        Dictionary<string, int> durable = [];
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = server.Requests;
            using CliProcess process = Cli.Start(File.Exists(Path.Combine(scratch.Run, "run.db")) ? resume : start);

            // One in five dies while it starts; the others between two of their first few dozen requests.
            if (kill % 5 == 0)
            {
                await Task.Delay(random.Next(20, 500), cancellation);
            }
            else
            {
                await server.UntilAsync(before + random.Next(1, 24), cancellation);
                await Task.Delay(random.Next(0, 12), cancellation);
            }

            Assert.False(process.HasExited, $"session {kill} ended by itself: {(process.HasExited ? (await process.EndAsync()).Error : "")}");
            await process.KillAsync();
            if (kill % 7 == 6) await RememberAsync();
        }

        Outcome done = await Cli.RunAsync(resume);
        Assert.Equal(0, done.Exit);
        Assert.Equal(other.Asked.Keys.Order(StringComparer.Ordinal), server.Asked.Keys.Order(StringComparer.Ordinal));
        Assert.InRange(server.Requests, samples, samples + (Kills * Concurrency));
        Assert.All(server.Asked.Values, times => Assert.InRange(times, 1, 1 + Kills));
        Assert.NotEmpty(durable);
        Assert.All(durable, asked => Assert.Equal(asked.Value, server.Asked[asked.Key]));

        await using (SqliteRunStore store = SqliteRunStore.Open(scratch.Run))
        {
            Assert.Equal(samples, s_evaluations.Sum(store.Count));
            Assert.All(s_evaluations, e => Assert.Equal(store.Count(e), store.Read(e).Select(r => r.Id).Distinct(StringComparer.Ordinal).Count()));
        }

        Assert.Equal(uninterrupted.Json.GetProperty("results").GetRawText(), done.Json.GetProperty("results").GetRawText());

        // What has its row when the process is dead is never asked again.
        async Task RememberAsync()
        {
            if (!File.Exists(Path.Combine(scratch.Run, "run.db"))) return;
            await using SqliteRunStore store = SqliteRunStore.Open(scratch.Run);
            foreach (SampleRecord row in s_evaluations.SelectMany(store.Read)) durable.TryAdd(row.Prompt, server.Asked[row.Prompt]);
        }
    }

    [Fact]
    public async Task Journal_AnswerPaidButNoRow_IsNotSentAgain()
    {
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 0 };
        Assert.Equal(0, (await Cli.RunAsync(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "20"))).Exit);

        // As if the process had died between an answer's journal entry and the sample's row.
        await using (SqliteConnection connection = new($"Data Source={Path.Combine(scratch.Run, "run.db")};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "DELETE FROM samples";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Outcome again = await Cli.RunAsync(["resume", scratch.Run, "--json", "--quiet"]);
        Assert.Equal(0, again.Exit);
        Assert.Equal(20, again.Row("direct-request").GetProperty("n").GetInt32());
        Assert.Equal(20, server.Requests);
        Assert.Equal(20 * 18, again.Json.GetProperty("cost").GetProperty("inputTokens").GetInt64() + again.Json.GetProperty("cost").GetProperty("outputTokens").GetInt64());
    }

    [Fact]
    public async Task Interrupt_LeavesARunThatResumes()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no SIGINT on Windows.");
        using Scratch scratch = new();
        await using LoopbackServer server = new() { Latency = 20 };
        using (CliProcess process = Cli.Start(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "100", "--concurrency", "4")))
        {
            await server.UntilAsync(20, TestContext.Current.CancellationToken);
            Outcome interrupted = await process.InterruptAsync();
            Assert.Equal(130, interrupted.Exit);
        }

        int paid = server.Requests;
        Assert.InRange(paid, 20, 99);
        server.Latency = 0;
        File.Delete(scratch.Suite); // the run keeps its suite
        Outcome resumed = await Cli.RunAsync(["resume", scratch.Run, "--json", "--quiet"]);
        Assert.Equal(0, resumed.Exit);
        Assert.Equal(100, resumed.Row("direct-request").GetProperty("n").GetInt32());
        Assert.InRange(server.Requests, 100, 104);
    }

    [Fact]
    public async Task Create_KilledBeforeItsHeader_LeavesNoRun()
    {
        using Scratch scratch = new();
        Directory.CreateDirectory(scratch.Run);
        await File.WriteAllTextAsync(Path.Combine(scratch.Run, "run.db.new"), "half", TestContext.Current.CancellationToken);
        Outcome begun = await Cli.RunAsync(["assess", "phantom:scripted", "--suite", scratch.Suite, "--limit", "5", "--out", scratch.Run, "--json", "--quiet"]);
        Assert.Equal(0, begun.Exit);
        Assert.False(File.Exists(Path.Combine(scratch.Run, "run.db.new")));
    }
}
