using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Plumbline.Judges;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Calibration;

/// <summary>A run in memory: its figures and its rows.</summary>
internal sealed record ScriptedRun(RunResult Result, IRunStore Store);

/// <summary>
/// One method on a scripted phantom, once: the product's own way from question to figures (engine, scorers, judges, intervals), on a store in
/// memory. Every replicate draws new items, new answers, and a new labelled set on which the judge is measured: its errors' uncertainty is part of what an
/// interval must cover. Safe for concurrent use.
/// </summary>
internal sealed class ScriptedTrial(Evaluation evaluation, int? limit, TimeProvider clock, AnswerPool? pool = null)
{
    private static readonly RunOptions s_options = new() { Concurrency = 1, MaxRetries = 0 };

    /// <summary>The samples that a replicate asks.</summary>
    public int Samples { get; } = evaluation.Samples(pool?.World(pool.Measure(1)) ?? new ScriptedWorld(), new Draw(1, limit))?.Samples.Count() ?? 0;

    /// <summary>The figures of a replicate.</summary>
    public async Task<IReadOnlyList<Metric>> RunAsync(ScriptedLaw law, ulong seed, CancellationToken cancellationToken) => (await RunAsync(law, seed, seed, cancellationToken)).Result.Metrics;

    /// <summary>A run whose questions one seed draws and whose answers another one.</summary>
    /// <param name="law">What the target follows.</param>
    /// <param name="questions">The seed of the questions; two runs with one seed ask the same.</param>
    /// <param name="answers">The seed of the answers; two runs with two seeds share no draw.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ScriptedRun> RunAsync(ScriptedLaw law, ulong questions, ulong answers, CancellationToken cancellationToken)
    {
        World world = World(law, questions);
        MemoryRunStore store = new(Header(world, answers));
        return new(await RunAsync(law, world, questions, store, cancellationToken), store);
    }

    /// <summary>A run into a store, whose header's seed draws the answers.</summary>
    internal async Task<RunResult> RunAsync(ScriptedLaw law, World world, ulong questions, IRunStore store, CancellationToken cancellationToken)
    {
        SampleSet samples = evaluation.Samples(world, new Draw(questions, limit)) ?? throw new InvalidOperationException($"The scripted world has no data for '{evaluation.Card.Id}', for which there is a plan.");
        await using Target target = new("scripted", "scripted", pool?.Phantom(law) ?? new ScriptedPhantom(law), world) { Concurrency = 1 };
        await using Target judge = new("judge", "judge", new ScriptedJudge(law.WrongFormat), world) { Concurrency = 1 };
        PlannedEvaluation planned = new(evaluation, samples, 0);
        await new RunEngine(target, store, s_options, clock, evaluation.Card.Needs == Needs.Judge ? judge : null).RunAsync([planned], null, cancellationToken);
        return Assessment.Measure([planned], store, world, [], null, cancelled: false);
    }

    /// <summary>The world of a run: its labelled answers are new ones with each seed.</summary>
    internal World World(ScriptedLaw law, ulong seed) => pool?.World(pool.Measure(seed)) ?? new ScriptedWorld(new Dictionary<string, JudgeCalibration> { [RefusalDetector.Id] = LabelledAnswers.Measure(law, seed, LabelledAnswers.Of(evaluation.Card.Id)) });

    /// <summary>The hash of all that a replicate asks, hears and computes.</summary>
    public async Task<string> FingerprintAsync(ScriptedLaw law, ulong seed, CancellationToken cancellationToken)
    {
        ScriptedRun run = await RunAsync(law, seed, seed, cancellationToken);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (SampleRecord record in run.Store.Read(evaluation.Card.Id)) Add($"{record.Id}\n{record.Prompt}\n{record.Answer}\n{record.Outcome} {Round(record.Value)}\n");
        foreach (Metric m in run.Result.Metrics)
        {
            Add($"{m.Evaluation} {m.Name} {Of(m.Estimate)} {Of(m.Corrected)} {(m.Threshold is { } t ? $"{t.Direction} {Round(t.Value)}" : "")}\n");
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));

        // Eight digits: the last bits of a sum may differ between processors.
        static string Round(double? value) => value is { } v ? v.ToString("G8", CultureInfo.InvariantCulture) : "";

        static string Of(Estimate? e) => e is null ? "" : $"{Round(e.Value)} {Round(e.Low)} {Round(e.High)} {e.N}";
    }

    private RunHeader Header(World world, ulong seed) => new()
    {
        Id = "calibration",
        Started = DateTimeOffset.UnixEpoch,
        Target = "scripted",
        Fingerprint = "scripted",
        World = world.Name,
        Suite = "calibration",
        SuiteText = "",
        Seed = seed,
        Limit = limit,
    };
}
