using System.Diagnostics;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Store;
using Plumbline.Suites;

namespace Plumbline.Bench.Engine;

/// <summary>The engine with the scripted phantom, which answers in a microsecond, against a loop that only asks it.</summary>
internal static class InProcess
{
    /// <summary>Samples a second through engine and store, and requests a second of the loop; the better of two rounds each.</summary>
    public static async Task<(double Engine, double Bare)> MeasureAsync(int samples)
    {
        double engine = 0, bare = 0;
        for (int round = 0; round < 2; round++)
        {
            bare = Math.Max(bare, await BareAsync(samples));
            engine = Math.Max(engine, await EngineAsync(samples));
        }

        return (engine, bare);
    }

    private static IReadOnlyList<PlannedEvaluation> Plan(int samples) =>
        Assessment.Plan(Suite.Parse("evaluations: [direct-request]", "bench"), Attack.Evaluations.All, new ScriptedWorld(), 1, samples, null, []);

    private static async Task<double> BareAsync(int samples)
    {
        using ScriptedPhantom phantom = new(ScriptedLaw.Planted);
        long began = Stopwatch.GetTimestamp();
        foreach (Sample sample in Plan(samples)[0].Samples.Samples) await phantom.GetResponseAsync(sample.Messages);
        return samples / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> EngineAsync(int samples)
    {
        string folder = Directory.CreateTempSubdirectory("plumbline-bench").FullName;
        try
        {
            await using Target target = new("t", "f", new ScriptedPhantom(ScriptedLaw.Planted), new ScriptedWorld());
            await using SqliteRunStore store = SqliteRunStore.Create(folder, new() { Id = "r", Started = default, Target = "t", Fingerprint = "f", World = "w", Suite = "s", SuiteText = "", Seed = 1 });
            IReadOnlyList<PlannedEvaluation> plan = Plan(samples);
            long began = Stopwatch.GetTimestamp();
            await new RunEngine(target, store, new(), TimeProvider.System).RunAsync(plan, null, CancellationToken.None);
            return samples / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
