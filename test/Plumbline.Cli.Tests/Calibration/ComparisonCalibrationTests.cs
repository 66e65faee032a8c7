using System.Text.Json;
using Plumbline.Instruments;
using Plumbline.Phantoms.Calibration;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Statistics;
using Plumbline.Store;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests.Calibration;

/// <summary>The power and the false alarms of comparisons are those of `plumbline compare`, and where there is a closed form they agree with it.</summary>
public sealed class ComparisonCalibrationTests : IDisposable
{
    private const int Samples = 100;
    private const string Target = "phantom:scripted-noisy-clean";

    private readonly CommandLine _plumbline = new();

    public static TheoryData<string> Methods => [.. MethodPlan.All.Where(p => p.Decision == InstrumentDecision.Comparison).Select(p => p.Method)];

    /// <summary>Methods with one row, which is a share of independent samples: between two runs exactly McNemar's test.</summary>
    public static TheoryData<string> Shares => ["autonomy", "cmoraleval", "mmlu", "open-questions", "safetybench", "truthfulqa"];

    private static ScriptedLaw Clean => ScriptedPhantoms.Find("scripted-noisy-clean")!.Law;

    public void Dispose() => _plumbline.Dispose();

    /// <summary>The runs are stored as `assess` stores them, and then read by the command itself.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Compare_StoredRuns_DecidesWhatTheCalibratorCounts(string method)
    {
        MethodPlan plan = MethodPlan.All.Single(p => p.Method == method);
        ScriptedTrial trial = new(Evaluations().Single(e => e.Card.Id == method), Samples, TimeProvider.System);
        bool changed = false;
        foreach ((ulong seed, double dose) in new (ulong, double)[] { (1, 0), (2, plan.Standard), (3, plan.Standard), (4, plan.Standard / 2) })
        {
            ScriptedLaw after = dose == 0 ? Clean : plan.Planted(Clean, dose);
            ScriptedRun first = await trial.RunAsync(Clean, seed, seed, TestContext.Current.CancellationToken), second = await trial.RunAsync(after, seed, seed + ComparisonBench.Apart, TestContext.Current.CancellationToken);
            IReadOnlyList<MetricComparison> counted = ComparisonBench.Compare(first, second, beside: 0);
            await using (SqliteRunStore a = Store($"a{seed}", [method], seed)) await trial.RunAsync(Clean, trial.World(Clean, seed), seed, a, TestContext.Current.CancellationToken);
            await using (SqliteRunStore b = Store($"b{seed}", [method], seed + ComparisonBench.Apart)) await trial.RunAsync(after, trial.World(after, seed), seed, b, TestContext.Current.CancellationToken);
            JsonElement[] said = await CompareAsync($"a{seed}", $"b{seed}");
            Assert.Equal(counted.Count, said.Length);
            foreach ((MetricComparison one, JsonElement row) in counted.Zip(said)) Same(one, row, [.. first.Result.Metrics]);
            changed |= dose > 0 && counted.Any(r => r.Real);
        }

        Assert.True(changed, "no change was found, so that this test shows little");
    }

    /// <summary>Rows of other methods that did not change are, to the correction, what the calibrator puts in their place.</summary>
    [Theory]
    [InlineData("mmlu")]
    [InlineData("cold")]
    public async Task Compare_WholeSuiteOfWhichOneMethodChanged_IsCorrectedAsTheCalibratorDoes(string method)
    {
        const ulong Seed = 5;
        MethodPlan plan = MethodPlan.All.Single(p => p.Method == method);
        ScriptedLaw after = plan.AtStandard(Clean);
        Evaluation[] suite = [.. Evaluations().Where(e => MethodPlan.All.Any(p => p.Method == e.Card.Id) && e is not UserPrompts)];
        ScriptedTrial own = new(suite.Single(e => e.Card.Id == method), Samples, TimeProvider.System);
        await using (SqliteRunStore a = Store("a", [.. suite.Select(e => e.Card.Id)], Seed))
        await using (SqliteRunStore b = Store("b", [.. suite.Select(e => e.Card.Id)], Seed))
        {
            foreach (Evaluation evaluation in suite)
            {
                ScriptedTrial trial = new(evaluation, Samples, TimeProvider.System);
                await trial.RunAsync(Clean, trial.World(Clean, Seed), Seed, a, TestContext.Current.CancellationToken);
                await trial.RunAsync(evaluation.Card.Id == method ? after : Clean, trial.World(Clean, Seed), Seed, b, TestContext.Current.CancellationToken);
            }
        }

        JsonElement[] said = await CompareAsync("a", "b");
        JsonElement[] rows = [.. said.Where(r => r.GetProperty("evaluation").GetString() == method)];
        int tested = said.Count(r => r.GetProperty("p").ValueKind == JsonValueKind.Number);
        Assert.InRange(tested, 20, Evaluations().Sum(e => e.Card.Metrics.Count));
        Assert.All(said.Except(rows).Where(r => r.GetProperty("p").ValueKind == JsonValueKind.Number), r => Assert.Equal(1, r.GetProperty("p").GetDouble()));
        ScriptedRun first = await own.RunAsync(Clean, Seed, Seed, TestContext.Current.CancellationToken), second = await own.RunAsync(after, Seed, Seed, TestContext.Current.CancellationToken);
        IReadOnlyList<MetricComparison> counted = ComparisonBench.Compare(first, second, beside: tested - rows.Length);
        Assert.Contains(counted, r => r.Real);
        foreach ((MetricComparison one, JsonElement row) in counted.Zip(rows)) Same(one, row, [.. first.Result.Metrics]);
    }

    /// <summary>
    /// A sample is a pair where neither run lost it to an error, a garbled answer or a missing choice; a pair counts where one run alone is right. Of so many discordant pairs
    /// the exact test at 5 % over all rows of the suite decides. So power has a closed form in the law's figures, and the stored one must be a draw from it.
    /// </summary>
    [Theory]
    [MemberData(nameof(Shares))]
    public void Stored_PowerAndFalseAlarms_AreThoseOfMcNemarsTest(string method)
    {
        InstrumentCalibration stored = CalibrationFile.Load(Repository.Path("phantoms", "calibration.json")).Of(method).First();
        bool choice = method != "open-questions";
        double judged = (1 - Clean.Error) * (choice ? (1 - Clean.Garbled) * (1 - Clean.WrongFormat) : 1), right = Clean.Accuracy * (choice ? 1 : 1 - Clean.Garbled);
        Assert.Equal(38, stored.Beside);
        Assert.All(stored.Curve, point => Draw($"power at {point.Dose}", point.Power, Of(right - point.Dose, 0.05 / (1 + stored.Beside)).ExactRightDirection));
        Draw("false alarms", stored.FalseAlarm!, Of(right, 0.05).Exact);

        McNemarPower Of(double second, double alpha) => McNemarPower.Of(judged * judged * right * (1 - second), judged * judged * (1 - right) * second, stored.Samples, alpha);

        // Seven doses and the twin for six methods: a draw as far out as this occurs in one of 20,000 such tests.
        void Draw(string what, MeasuredShare counted, double exact)
        {
            long count = (long)Math.Round(counted.Value * counted.N);
            double chance = Math.Min(Binomial.Cdf(count, counted.N, exact).Lower, Binomial.Cdf(count - 1, counted.N, exact).Upper);
            Assert.True(chance > 1e-6, $"{method}: {what} is {counted.Value:0.0000} of {counted.N}, the closed form gives {exact:0.0000}");
        }
    }

    private static void Same(MetricComparison counted, JsonElement said, IReadOnlyList<Metric> metrics)
    {
        Assert.Equal((counted.Evaluation, counted.Metric, counted.Real, counted.Pairs, counted.Method), (said.GetProperty("evaluation").GetString(), said.GetProperty("metric").GetString(), said.GetProperty("real").GetBoolean(), said.GetProperty("pairs").GetInt32(), said.GetProperty("method").GetString()));
        Assert.Contains(metrics, m => m.Evaluation == counted.Evaluation && m.Name == counted.Metric);
        foreach ((string name, double? value) in new[] { ("a", counted.First), ("b", counted.Second), ("low", counted.Low), ("high", counted.High), ("p", counted.P), ("adjusted", counted.Adjusted) })
        {
            JsonElement figure = said.GetProperty(name);
            Assert.Equal(value, figure.ValueKind == JsonValueKind.Number ? figure.GetDouble() : null);
        }
    }

    private IEnumerable<Evaluation> Evaluations()
    {
        string prompts = _plumbline.PathOf("prompts.jsonl");
        if (!File.Exists(prompts)) ScriptedPrompts.Write(prompts);
        return Catalog.All.Select(e => e is UserPrompts ? new UserPrompts(prompts, "prompts.jsonl") : e);
    }

    private SqliteRunStore Store(string name, IReadOnlyList<string> suite, ulong seed)
    {
        SortedDictionary<string, string> options = new(StringComparer.Ordinal) { ["target"] = Target, ["--limit"] = $"{Samples}" };
        if (suite.Contains(UserPrompts.Id)) options["--prompts"] = "prompts.jsonl";
        SqliteRunStore store = SqliteRunStore.Create(_plumbline.PathOf(name), new()
        {
            Id = name,
            Started = DateTimeOffset.UnixEpoch,
            Target = Target,
            Fingerprint = "f",
            World = "scripted",
            Suite = "s",
            SuiteText = $"name: s\nevaluations: [{string.Join(", ", suite)}]",
            Seed = seed,
            Limit = Samples,
            Options = options,
        });
        if (suite.Contains(UserPrompts.Id)) File.Copy(_plumbline.PathOf("prompts.jsonl"), RunFolder.Prompts(_plumbline.PathOf(name)));
        return store;
    }

    private async Task<JsonElement[]> CompareAsync(string first, string second)
    {
        int exit = await _plumbline.RunAsync("compare", _plumbline.PathOf(first), _plumbline.PathOf(second), "--json");
        Assert.True(exit == 0, _plumbline.Error);
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output);
        return [.. json.RootElement.GetProperty("comparisons").EnumerateArray().Select(r => r.Clone())];
    }
}
