using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Plumbline.Judges;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Calibration;

/// <summary>
/// One method on a scripted phantom, once: the product's own way from question to figures (engine, scorers, judges, intervals), on a store in
/// memory. Every replicate draws new items, new answers, and a new labelled set on which the judge is measured: its errors' uncertainty is part of what an
/// interval must cover. Safe for concurrent use.
/// </summary>
internal sealed class ScriptedTrial(Evaluation evaluation, int? limit, TimeProvider clock, AnswerPool? pool = null)
{
    private static readonly RunOptions s_options = new() { Concurrency = 1, MaxRetries = 0 };

    /// <summary>The samples that a replicate asks.</summary>
    public int Samples { get; } = evaluation.Samples(pool?.World() ?? new ScriptedWorld(), new Draw(1, limit))?.Samples.Count() ?? 0;

    /// <summary>The figures of a replicate.</summary>
    public async Task<IReadOnlyList<Metric>> RunAsync(ScriptedLaw law, ulong seed, CancellationToken cancellationToken) => (await MeasureAsync(law, seed, cancellationToken)).Metrics;

    /// <summary>The hash of all that a replicate asks, hears and computes.</summary>
    public async Task<string> FingerprintAsync(ScriptedLaw law, ulong seed, CancellationToken cancellationToken)
    {
        (IReadOnlyList<Metric> metrics, MemoryRunStore store) = await MeasureAsync(law, seed, cancellationToken);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (SampleRecord record in store.Read(evaluation.Card.Id)) Add($"{record.Id}\n{record.Prompt}\n{record.Answer}\n{record.Outcome} {Round(record.Value)}\n");
        foreach (Metric m in metrics)
        {
            Add($"{m.Evaluation} {m.Name} {Of(m.Estimate)} {Of(m.Corrected)} {(m.Threshold is { } t ? $"{t.Direction} {Round(t.Value)}" : "")}\n");
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));

        // Eight digits: the last bits of a sum may differ between processors.
        static string Round(double? value) => value is { } v ? v.ToString("G8", CultureInfo.InvariantCulture) : "";

        static string Of(Estimate? e) => e is null ? "" : $"{Round(e.Value)} {Round(e.Low)} {Round(e.High)} {e.N}";
    }

    private async Task<(IReadOnlyList<Metric> Metrics, MemoryRunStore Store)> MeasureAsync(ScriptedLaw law, ulong seed, CancellationToken cancellationToken)
    {
        World world = pool?.World(pool.Measure(seed)) ?? new ScriptedWorld(new Dictionary<string, JudgeCalibration> { [RefusalDetector.Id] = LabelledAnswers.Measure(law, seed, LabelledAnswers.Of(evaluation.Card.Id)) });
        SampleSet samples = evaluation.Samples(world, new Draw(seed, limit)) ?? throw new InvalidOperationException($"The scripted world has no data for '{evaluation.Card.Id}', for which there is a plan.");
        await using MemoryRunStore store = new(new RunHeader
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
        });
        await using Target target = new("scripted", "scripted", pool?.Phantom(law) ?? new ScriptedPhantom(law), world) { Concurrency = 1 };
        await using Target judge = new("judge", "judge", new ScriptedJudge(law.WrongFormat), world) { Concurrency = 1 };
        PlannedEvaluation planned = new(evaluation, samples, 0);
        await new RunEngine(target, store, s_options, clock, evaluation.Card.Needs == Needs.Judge ? judge : null).RunAsync([planned], null, cancellationToken);
        return (Assessment.Measure([planned], store, world, [], null, cancelled: false).Metrics, store);
    }
}
