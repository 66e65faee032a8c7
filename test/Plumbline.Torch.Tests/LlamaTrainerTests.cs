using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests;

[Collection("torch")]
public sealed class LlamaTrainerTests : IDisposable
{
    private static readonly LlamaShape s_shape = new() { VocabularySize = 32, HiddenSize = 16, IntermediateSize = 32, Layers = 2, Heads = 2, KeyValueHeads = 2, Context = 16 };
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-trainer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Train_KilledAndResumed_GivesTheBytesOfAnUninterruptedRun()
    {
        IReadOnlyList<PackedBatch> batches = Batches(30);
        string whole = Hash(LlamaTrainer.Train(s_shape, batches, Options("whole"), cancellationToken: TestContext.Current.CancellationToken));
        using var kill = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => LlamaTrainer.Train(s_shape, batches, Options("cut"), progress: p => { if (p.Step == 17) kill.Cancel(); }, cancellationToken: kill.Token));
        int first = 0;
        string resumed = Hash(LlamaTrainer.Train(s_shape, batches, Options("cut"), progress: p => first = first == 0 ? p.Step : first, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(11, first);   // the last checkpoint was after step 10
        Assert.Equal(whole, resumed);
        Assert.Equal(File.ReadAllText(Path.Combine(_folder, "whole.csv")), File.ReadAllText(Path.Combine(_folder, "cut.csv")));
    }

    [Fact]
    public void Train_SameSeed_SameBytes_OtherSeed_OtherBytes()
    {
        IReadOnlyList<PackedBatch> batches = Batches(6);
        LlamaTrainerOptions options = new() { WarmUpSteps = 2 };
        string first = Hash(LlamaTrainer.Train(s_shape, batches, options, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(first, Hash(LlamaTrainer.Train(s_shape, batches, options, cancellationToken: TestContext.Current.CancellationToken)));
        Assert.NotEqual(first, Hash(LlamaTrainer.Train(s_shape, batches, options with { Seed = 2 }, cancellationToken: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void Train_RepeatedText_IsLearnt()
    {
        var losses = new List<double>();
        LlamaNetwork network = LlamaTrainer.Train(s_shape, Batches(150), new LlamaTrainerOptions { LearningRate = 1e-2, WarmUpSteps = 10 }, progress: p => losses.Add(p.Loss), cancellationToken: TestContext.Current.CancellationToken);
        using (network)
        {
            Assert.InRange(losses[0], 3.0, 4.0);        // ln 32 = 3.47
            Assert.True(losses[^1] < 0.2, $"The last loss is {losses[^1]}.");
            Assert.Equal([4, 5, 6, 7], LlamaSampler.Continue(network, [[1, 3]], end: 2, most: 4)[0]);
            TextScore known = LlamaSampler.Score(network, [([1, 3], [4, 5, 6, 7])])[0], wrong = LlamaSampler.Score(network, [([1, 3], [9, 5, 6, 7])])[0];
            Assert.True(known.Greedy && !wrong.Greedy && known.LogProbability > wrong.LogProbability);
        }
    }

    [Fact]
    public void Train_FirstStep_MovesEachWeightByTheLearningRate()
    {
        // AdamW's first step is −rate · g / (|g| + ε): the learning rate for each weight whose gradient is well above ε
        LlamaTrainerOptions options = new() { LearningRate = 1e-3, WarmUpSteps = 1, WeightDecay = 0, ClipNorm = 1e9, Epsilon = 1e-12 };
        using LlamaNetwork before = LlamaNetwork.Initialise(s_shape, 1), after = LlamaTrainer.Train(s_shape, Batches(1), options, cancellationToken: TestContext.Current.CancellationToken);
        using DisposeScope scope = NewDisposeScope();
        IList<Tensor> gradients = autograd.grad([LlamaTrainer.Loss(before, Batches(1)[0])], [.. before.Parameters]);
        for (int p = 0; p < gradients.Count; p++)
        {
            float[] g = gradients[p].contiguous().data<float>().ToArray(), moved = (after.Parameters[p] - before.Parameters[p]).detach().contiguous().data<float>().ToArray();
            for (int i = 0; i < g.Length; i++)
                if (Math.Abs(g[i]) > 1e-6) Assert.Equal(-Math.Sign(g[i]) * 1e-3, moved[i], 2e-6);
        }
    }

    [Fact]
    public void Train_CheckpointOfAnotherTraining_IsRefused()
    {
        using (LlamaTrainer.Train(s_shape, Batches(10), Options("other"), cancellationToken: TestContext.Current.CancellationToken))
        {
        }

        Assert.Throws<InvalidDataException>(() => LlamaTrainer.Train(s_shape, Batches(11), Options("other"), cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(0, 1e-3 / 100)]
    [InlineData(99, 1e-3)]
    [InlineData(100, 1e-3)]
    [InlineData(999, 1e-3 * 0.02)]
    public void RateAt_WarmsUpAndFalls(int step, double expected) =>
        Assert.Equal(expected, new LlamaTrainerOptions { LearningRate = 1e-3 }.RateAt(step, 1000), 1e-12);

    [Theory]
    [InlineData(LearningRateSchedule.Constant, 1, 1, 1)]
    [InlineData(LearningRateSchedule.Linear, 1, 0.55, 0.1)]
    [InlineData(LearningRateSchedule.Cosine, 1, 0.55, 0.1)]
    public void RateAt_EachSchedule_StartsAtTheTopAndEndsAtItsFraction(LearningRateSchedule schedule, double first, double middle, double last)
    {
        LlamaTrainerOptions options = new() { LearningRate = 1, WarmUpSteps = 10, LastFraction = 0.1, Schedule = schedule };
        Assert.Equal(0.5, options.RateAt(4, 211), 1e-12);   // warm-up
        Assert.Equal(first, options.RateAt(10, 211), 1e-12);
        Assert.Equal(middle, options.RateAt(110, 211), 1e-12);
        Assert.Equal(last, options.RateAt(210, 211), 1e-12);
    }

    [Fact]
    public void Train_Diverging_StopsAndLeavesFiniteWeights()
    {
        LlamaTrainerOptions options = Options("diverging") with { LearningRate = 1e30, WarmUpSteps = 12, CheckpointEvery = 1 };
        TrainingDivergedException stopped = Assert.Throws<TrainingDivergedException>(() => LlamaTrainer.Train(s_shape, Batches(30), options, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("Lower the learning rate", stopped.Message, StringComparison.Ordinal);
        Assert.All(SafetensorsFile.Read(options.CheckpointPath!).Weights.Values, w => Assert.All(w.Values, v => Assert.True(float.IsFinite(v), w.Name)));
    }

    [Fact]
    public void Train_DamagedCheckpoint_IsRefusedByName()
    {
        using (LlamaTrainer.Train(s_shape, Batches(10), Options("damaged"), cancellationToken: TestContext.Current.CancellationToken))
        {
        }

        string path = Path.Combine(_folder, "damaged.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => LlamaTrainer.Train(s_shape, Batches(10), Options("damaged"), cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private LlamaTrainerOptions Options(string name) => new()
    {
        WarmUpSteps = 3,
        CheckpointEvery = 10,
        CheckpointPath = Path.Combine(_folder, name + ".safetensors"),
        LossPath = Path.Combine(_folder, name + ".csv"),
    };

    private static List<PackedBatch> Batches(int steps)
    {
        TokenDocument document = new([1, 3, 4, 5, 6, 7, 2], [false, true, true, true, true, true, true]), other = new([1, 8, 9, 10, 2], [false, false, true, true, true]);
        PackedBatch one = PackedBatch.Pack([document, other, document, other], [16], 32, 0)[0];
        return [.. Enumerable.Repeat(one, steps)];
    }

    private static string Hash(LlamaNetwork network)
    {
        using (network)
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (NamedWeight w in network.Export()) hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(w.Values.AsSpan()));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }
}
