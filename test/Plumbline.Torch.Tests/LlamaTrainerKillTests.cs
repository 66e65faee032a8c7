using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Plumbline.Torch.Tests;

/// <summary>A training that is killed at any moment, again and again, ends with the bytes of an uninterrupted one.</summary>
[Collection("torch")]
[Trait("Category", "slow")]
public sealed class LlamaTrainerKillTests : IDisposable
{
    private const string FolderVariable = "PLUMBLINE_TRAIN_IN";
    private const int Kills = 6, Steps = 400;
    private static readonly LlamaShape s_shape = new() { VocabularySize = 64, HiddenSize = 32, IntermediateSize = 64, Layers = 2, Heads = 2, KeyValueHeads = 2, Context = 32 };
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-kill-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Train_KilledAtRandom_GivesTheBytesOfAnUninterruptedRun()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string whole = Directory.CreateDirectory(Path.Combine(_folder, "whole")).FullName, cut = Directory.CreateDirectory(Path.Combine(_folder, "cut")).FullName;
        Run(whole);
        var random = new Random(20_260);
        int killed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using Process child = Start(cut);
            Task<string> said = child.StandardOutput.ReadToEndAsync(cancellation);

            // one in three dies while it starts or restores; the others while steps and checkpoints are written
            if (kill % 3 == 0) await Task.Delay(random.Next(100, 1500), cancellation);
            else await UntilAsync(() => child.HasExited || Lines(cut) > random.Next(1, 20 + (Steps * kill / Kills)), cancellation);
            if (!child.HasExited)
            {
                child.Kill();
                killed++;
            }

            await child.WaitForExitAsync(cancellation);
            await said;
        }

        Assert.True(killed >= Kills / 2, $"{killed} of {Kills} children were killed; the others had ended.");
        Run(cut);
        foreach (string file in (string[])["state.safetensors", "loss.csv", "loss.svg", "weights.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(cut, file)));
    }

    /// <summary>The child's part: trains in the folder that the variable names.</summary>
    [Fact(Explicit = true)]
    public void Child()
    {
        string? folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(folder is null, "runs as a child of the other test");
        Run(folder!);
    }

    private static void Run(string folder)
    {
        var options = new LlamaTrainerOptions
        {
            WarmUpSteps = 20,
            CheckpointEvery = 7,
            CheckpointPath = Path.Combine(folder, "state.safetensors"),
            LossPath = Path.Combine(folder, "loss.csv"),
        };
        using LlamaNetwork network = LlamaTrainer.Train(s_shape, Batches(), options);
        SafetensorsFile.Write(Path.Combine(folder, "weights.safetensors"), network.Export(), half: true);
    }

    private static List<PackedBatch> Batches()
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, Steps).Select(_ => PackedBatch.Pack([.. Enumerable.Range(0, 8).Select(_ => Document(random))], [32], 256, 0)[0])];
    }

    private static TokenDocument Document(Random random)
    {
        int[] ids = [1, .. Enumerable.Range(0, 20).Select(_ => 3 + random.Next(60)), 2];
        return new TokenDocument(ids, [false, .. Enumerable.Repeat(true, ids.Length - 1)]);
    }

    private static int Lines(string folder)
    {
        string log = Path.Combine(folder, "loss.csv");
        return File.Exists(log) ? File.ReadLines(log).Count() : 0;
    }

    private static async Task UntilAsync(Func<bool> holds, CancellationToken cancellation)
    {
        for (int i = 0; i < 3000 && !holds(); i++) await Task.Delay(10, cancellation);
    }

    private static Process Start(string folder)
    {
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(dotnet, ["exec", typeof(LlamaTrainerKillTests).Assembly.Location, "-explicit", "only", "-method", $"*{nameof(LlamaTrainerKillTests)}.{nameof(Child)}"]) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase) || k.StartsWith("XUNIT", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        start.Environment[FolderVariable] = folder;
        return Process.Start(start)!;
    }
}
