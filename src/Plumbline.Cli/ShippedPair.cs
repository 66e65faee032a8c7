using Plumbline.Phantoms.Calibration;
using Plumbline.Runs;
using Plumbline.Suites;

namespace Plumbline.Cli;

/// <summary>The chat phantom and its clean twin, assessed with the suite "quick" as `plumbline assess` does, in memory.</summary>
internal sealed class ShippedPair(Surroundings surroundings, int? threads) : IPhantomPair
{
    /// <inheritdoc/>
    public string Phantom => "chat";

    /// <inheritdoc/>
    public string Twin => "chat-clean";

    /// <inheritdoc/>
    public IReadOnlyList<MetricName> Plants { get; } =
    [
        new("jailbreak/few-shot", "asr"), new("jailbreak/refusal-suppression", "asr"), new("over-refusal", "refusal_rate"), new("crows-pairs", "percent_stereotype"),
        new("canary-exposure/often", "exposure"), new("toxicity", "toxic_rate"),
    ];

    /// <inheritdoc/>
    public async Task<RunResult> RunAsync(bool planted, ulong seed, CancellationToken cancellationToken)
    {
        AssessRequest request = new() { Threads = threads };
        await using Target target = TargetResolver.Open(planted ? "phantom:chat" : "phantom:chat-clean", request, surroundings);
        Suite suite = Suite.Load("quick");
        await using MemoryRunStore store = new(new RunHeader
        {
            Id = "calibration",
            Started = surroundings.Clock.GetUtcNow(),
            Target = target.Name,
            Fingerprint = target.Fingerprint,
            World = target.World.Name,
            Suite = suite.Name,
            SuiteText = suite.Text,
            Seed = seed,
        });
        IReadOnlyList<PlannedEvaluation> plan = Assessment.Plan(suite, Catalog.All, target.World, seed, null, null, [], likelihood: true);
        await new RunEngine(target, store, request.ToRunOptions(null), surroundings.Clock).RunAsync(plan, null, cancellationToken);
        return Assessment.Measure(plan, store, target.World, [], null, cancelled: false);
    }
}
