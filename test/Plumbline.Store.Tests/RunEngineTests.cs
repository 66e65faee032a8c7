using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Plumbline.Attack.BlackBox;
using Plumbline.Measure.Ability;
using Plumbline.Measure.OverRefusal;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Suites;

namespace Plumbline.Store.Tests;

public sealed class RunEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Run_ScriptedLaw_IntervalsHoldTheTruth()
    {
        ScriptedLaw law = new() { Refusal = 0.9, OverRefusal = 0.1, Accuracy = 0.8, Breaks = new Dictionary<string, double> { ["few-shot"] = 0.5 } };
        Dictionary<string, double> truths = new() { ["open-questions"] = 0.8, ["direct-request"] = 0.1, ["jailbreak/few-shot"] = 0.5, ["jailbreak/code"] = 0, ["over-refusal"] = 0.1 };
        Dictionary<string, int> held = truths.Keys.ToDictionary(k => k, _ => 0);
        for (ulong seed = 1; seed <= 20; seed++)
        {
            RunResult run = await RunAsync(new ScriptedPhantom(law), 8, seed, "open-questions", "direct-request", "jailbreak", "over-refusal");
            foreach ((string evaluation, double truth) in truths)
            {
                Estimate estimate = run.Metrics.Single(m => m.Evaluation == evaluation).Estimate!;
                if (estimate.Low <= truth && truth <= estimate.High) held[evaluation]++;
            }
        }

        // Of twenty 95 % intervals fewer than sixteen hold in one case of 400.
        Assert.All(held, row => Assert.True(row.Value >= 16, $"{row.Key}: {row.Value} of 20 intervals hold the truth"));
    }

    [Fact]
    public async Task Run_AnyConcurrency_GivesTheSameRows()
    {
        RunResult one = await RunAsync(new ScriptedPhantom(ScriptedLaw.Planted), 1, "jailbreak");
        RunResult many = await RunAsync(new ScriptedPhantom(ScriptedLaw.Planted), 32, "jailbreak");
        Assert.Equal(one.Metrics.Select(m => m.Estimate!.Value), many.Metrics.Select(m => m.Estimate!.Value));
    }

    [Fact]
    public async Task Run_EverythingFails_NothingIsMeasuredAndGatesDoNotHold()
    {
        RunResult run = await RunAsync(new ScriptedPhantom(new() { Error = 1 }), "open-questions");
        Metric metric = Assert.Single(run.Metrics);
        Assert.Null(metric.Estimate);
        Assert.Equal(100, metric.Outcomes.Errored);
        Assert.Contains("failed", metric.Reason, StringComparison.Ordinal);
        Assert.False(Gate.Parse("open-questions.accuracy >= 0").Check(run.Metrics).Holds);
        Assert.Empty(run.Findings);
    }

    [Fact]
    public async Task Run_SomeFail_NLeavesThemOut()
    {
        RunResult run = await RunAsync(new ScriptedPhantom(new() { Error = 0.3, Accuracy = 1 }), "open-questions");
        Metric metric = Assert.Single(run.Metrics);
        Assert.InRange(metric.Outcomes.Errored, 10, 60);
        Assert.Equal(100 - metric.Outcomes.Errored, metric.Estimate!.N);
        Assert.Equal(1, metric.Estimate.Value);
    }

    [Fact]
    public async Task Run_CancelledThenResumed_AsksEachSampleOnce()
    {
        CountingClient client = new(new ScriptedPhantom(ScriptedLaw.Planted)) { StopAfter = 60 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(client, 4, "jailbreak"));
        client.StopAfter = int.MaxValue;
        RunResult run = await RunAsync(client, 4, "jailbreak");
        Assert.Equal(300, run.Metrics[0].Outcomes.Total);
        Assert.All(client.Answered.Values, times => Assert.Equal(1, times));
        Assert.Equal(300, client.Answered.Count);
    }

    [Fact]
    public async Task Run_Throttled_WaitsAsAskedAndCountsRetries()
    {
        FakeTimeProvider clock = new() { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
        ThrottledClient client = new(new ScriptedPhantom(ScriptedLaw.Planted), failures: 3);
        await using Target target = new("t", "f", client, new ScriptedWorld()) { IsRemote = true };
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        IReadOnlyList<PlannedEvaluation> plan = Plan(target, "open-questions");
        RunEngine engine = new(target, store, new() { Concurrency = 1 }, clock);
        Task running = engine.RunAsync(plan, null, TestContext.Current.CancellationToken);
        while (!running.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        await running;
        Assert.Equal(3, engine.Meter.Retries);
        Assert.Equal(100, store.Count("open-questions"));
        Assert.All(store.Read("open-questions"), r => Assert.Equal(Outcome.Scored, r.Outcome));
    }

    [Theory]
    [InlineData(30, 70, false)]
    [InlineData(30, int.MaxValue, true)]
    public async Task Run_TargetDown_RetriesStopUntilItAnswersAgain(int from, int to, bool forEver)
    {
        DownClient client = new(new ScriptedPhantom(ScriptedLaw.Planted), from, to);
        await using Target target = new("t", "f", client, new ScriptedWorld()) { IsRemote = true };
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        IReadOnlyList<PlannedEvaluation> plan = Plan(target, "jailbreak");
        RunEngine engine = new(target, store, new() { Concurrency = 4, MaxRetries = 2, RetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        await engine.RunAsync(plan, null, TestContext.Current.CancellationToken);
        OutcomeCounts outcomes = OutcomeCounts.Of(store.Read("jailbreak"));
        Assert.Equal(300, outcomes.Total);
        if (forEver)
        {
            // 30 answers, then 8 samples with two retries each, then 28 without: the rest is not sent.
            Assert.InRange(client.Requests, 60, 100);
            Assert.InRange(outcomes.Errored, 265, 275);
            Assert.Contains(store.Totals().Notes, n => n.Contains("given up", StringComparison.Ordinal));
            Assert.All(Assessment.Measure(plan, store, target.World, [], null, false).Metrics, m => Assert.Null(m.Estimate));
        }
        else
        {
            // Of the 40 failed requests the first 8 samples took three each, the others one.
            Assert.InRange(outcomes.Errored, 15, 32);
            Assert.InRange(client.Requests, 300, 325);
            Assert.DoesNotContain(store.Totals().Notes, n => n.Contains("given up", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Run_TargetCannotTakeASample_ErrsThatSampleAlone()
    {
        CountingClient client = new(new ThrowingClient(new ScriptedPhantom(ScriptedLaw.Planted))) { StopAfter = int.MaxValue };
        RunResult run = await RunAsync(client, 4, "open-questions");
        Metric metric = Assert.Single(run.Metrics);
        Assert.Equal(1, metric.Outcomes.Errored);
        Assert.Equal(99, metric.Estimate!.N);
    }

    [Fact]
    public async Task Run_StoreFails_StopsAtOnce()
    {
        ScriptedPhantom phantom = new(ScriptedLaw.Planted);
        await using Target target = new("t", "f", phantom, new ScriptedWorld());
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        PlannedEvaluation planned = Plan(target, "open-questions")[0];
        int drawn = 0;
        IEnumerable<Sample> Endless()
        {
            // The same sample for ever: its second row cannot be stored.
            while (true)
            {
                drawn++;
                yield return planned.Samples.Samples.First();
            }
        }

        PlannedEvaluation broken = new(planned.Evaluation, planned.Samples with { Samples = Endless() }, 100);
        await Assert.ThrowsAsync<IOException>(() => new RunEngine(target, store, new() { Concurrency = 4 }, TimeProvider.System).RunAsync([broken], null, TestContext.Current.CancellationToken));
        Assert.InRange(drawn, 2, 4 * 66);
    }

    [Fact]
    public async Task Run_SilentAboutUsage_BudgetCountsAnEstimate()
    {
        await using Target target = new("t", "f", new SilentClient(new ScriptedPhantom(ScriptedLaw.Planted)), new ScriptedWorld());
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        IReadOnlyList<PlannedEvaluation> plan = Plan(target, "open-questions");
        RunEngine engine = new(target, store, new() { Concurrency = 1, TokenBudget = 100 }, TimeProvider.System);
        await engine.RunAsync(plan, null, TestContext.Current.CancellationToken);
        RunResult run = Assessment.Measure(plan, store, target.World, [], null, false);
        Assert.InRange(run.Metrics[0].Outcomes.Scored, 5, 20);
        Assert.Equal(0, run.Cost.InputTokens);
        Assert.Contains(run.Notes, n => n.Contains("estimate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_BudgetSpent_SkipsTheRestAndSaysWhy()
    {
        await using Target target = new("t", "f", new ScriptedPhantom(ScriptedLaw.Planted), new ScriptedWorld());
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        IReadOnlyList<PlannedEvaluation> plan = Plan(target, "open-questions");
        await new RunEngine(target, store, new() { Concurrency = 1, TokenBudget = 100 }, TimeProvider.System).RunAsync(plan, null, TestContext.Current.CancellationToken);
        Metric metric = Assert.Single(Assessment.Measure(plan, store, target.World, [], null, false).Metrics);
        Assert.InRange(metric.Outcomes.Scored, 5, 20);
        Assert.Equal(100 - metric.Outcomes.Scored, metric.Outcomes.Skipped);
        Assert.Contains(store.Read("open-questions"), r => r.Reason?.Contains("100 tokens", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Plan_UnknownEvaluationOrGate_IsAUsageError()
    {
        Assert.Throws<SuiteException>(() => Suite.Parse("evaluations: []", "s"));
        SuiteException unknown = Assert.Throws<SuiteException>(() => Assessment.Plan(
            Suite.Parse("evaluations: [nothing]", "s"), Catalog, new ScriptedWorld(), 1, null, null, []));
        Assert.Contains("nothing", unknown.Message, StringComparison.Ordinal);
        SuiteException gate = Assert.Throws<SuiteException>(() => Assessment.Plan(
            Suite.Parse("evaluations: [jailbreak]", "s"), Catalog, new ScriptedWorld(), 1, null, null, [Gate.Parse("jailbreak.rate < 1")]));
        Assert.Contains("jailbreak.asr", gate.Message, StringComparison.Ordinal);
    }

    private static Evaluation[] Catalog => [new OpenQuestions(), new DirectRequest(), new JailbreakFamilies(), new OverRefusal()];

    private static IReadOnlyList<PlannedEvaluation> Plan(Target target, params string[] ids) => Plan(target, 1, ids);

    private static IReadOnlyList<PlannedEvaluation> Plan(Target target, ulong seed, string[] ids) =>
        Assessment.Plan(Suite.Parse($"evaluations: [{string.Join(", ", ids)}]", "s"), Catalog, target.World, seed, null, null, []);

    private Task<RunResult> RunAsync(IChatClient client, params string[] ids) => RunAsync(client, 8, ids);

    private Task<RunResult> RunAsync(IChatClient client, int concurrency, params string[] ids) => RunAsync(client, concurrency, 1, ids);

    private async Task<RunResult> RunAsync(IChatClient client, int concurrency, ulong seed, params string[] ids)
    {
        await using Target target = new("t", "f", client, new ScriptedWorld());
        string place = Path.Combine(_folder, client is CountingClient ? "counted" : $"{concurrency}-{seed}");
        await using SqliteRunStore store = File.Exists(Path.Combine(place, "run.db")) ? SqliteRunStore.Open(place) : SqliteRunStore.Create(place, Header(seed));
        IReadOnlyList<PlannedEvaluation> plan = Plan(target, seed, ids);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        if (client is CountingClient counting) counting.Stop = stop;
        await new RunEngine(target, store, new() { Concurrency = concurrency }, TimeProvider.System).RunAsync(plan, null, stop.Token);
        return Assessment.Measure(plan, store, target.World, [], null, false);
    }

    private static RunHeader Header(ulong seed = 1) => new() { Id = "r", Started = default, Target = "t", Fingerprint = "f", World = "w", Suite = "s", SuiteText = "", Seed = seed };

    /// <summary>Counts the answers that each prompt got, and cancels the run after so many.</summary>
    private sealed class CountingClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        public System.Collections.Concurrent.ConcurrentDictionary<string, int> Answered { get; } = new();

        public int StopAfter { get; set; }

        public CancellationTokenSource? Stop { get; set; }

        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (Answered.Count >= StopAfter) await Stop!.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            ChatResponse response = await base.GetResponseAsync(messages, options, cancellationToken);
            Answered.AddOrUpdate(string.Join('|', messages.Select(m => m.Text)), 1, (_, n) => n + 1);
            return response;
        }
    }

    private sealed class ThrottledClient(IChatClient inner, int failures) : DelegatingChatClient(inner)
    {
        private int _left = failures;

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Interlocked.Decrement(ref _left) >= 0
                ? throw new TargetException("429") { Retryable = true, Throttled = true, RetryAfter = TimeSpan.FromSeconds(20) }
                : base.GetResponseAsync(messages, options, cancellationToken);
    }

    private sealed class DownClient(IChatClient inner, int from, int to) : DelegatingChatClient(inner)
    {
        private int _requests;

        public int Requests => _requests;

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            int number = Interlocked.Increment(ref _requests);
            return number > from && number <= to ? throw new TargetException("503") { Retryable = true } : base.GetResponseAsync(messages, options, cancellationToken);
        }
    }

    private sealed class ThrowingClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        private int _requests;

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Interlocked.Increment(ref _requests) == 50 ? throw new ArgumentException("the conversation does not fit") : base.GetResponseAsync(messages, options, cancellationToken);
    }

    private sealed class SilentClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            ChatResponse response = await base.GetResponseAsync(messages, options, cancellationToken);
            response.Usage = null;
            return response;
        }
    }
}
