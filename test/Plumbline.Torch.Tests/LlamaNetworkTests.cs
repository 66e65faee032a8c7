using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests;

[Collection("torch")]
public sealed class LlamaNetworkTests
{
    [Fact]
    public void Forward_GoldenModel_GivesReferenceLogits()
    {
        using LlamaNetwork network = Golden("llama-gqa-tied", out IReadOnlyDictionary<string, NamedWeight> expected, out JsonDocument cases);
        using (cases)
        {
            JsonElement plain = cases.RootElement.GetProperty("groups").GetProperty("forward").GetProperty("cases")[0];
            long[] ids = [.. plain.GetProperty("in").GetProperty("ids")[0].EnumerateArray().Select(e => e.GetInt64())];
            using DisposeScope scope = NewDisposeScope();
            float[] logits = network.Logits(network.Forward(tensor(ids, [1, ids.Length]))).detach().contiguous().data<float>().ToArray();
            float[] wanted = expected["plain.logits"].Values;
            Assert.Equal(wanted.Length, logits.Length);
            for (int i = 0; i < wanted.Length; i++) Plumbline.Tests.Golden.Close(wanted[i], logits[i], 1e-5, 1e-4, $"logit {i}");
        }
    }

    [Fact]
    public void Loss_GoldenModel_GivesReferenceCrossEntropy()
    {
        using LlamaNetwork network = Golden("llama-gqa-tied", out _, out JsonDocument cases);
        using (cases)
        {
            JsonElement plain = cases.RootElement.GetProperty("groups").GetProperty("forward").GetProperty("cases")[0];
            int[] ids = [.. plain.GetProperty("in").GetProperty("ids")[0].EnumerateArray().Select(e => e.GetInt32())];
            // the same text twice in a row of 64: packing must not let the second see the first
            IReadOnlyList<PackedBatch> packed = PackedBatch.Pack([Document(ids), Document(ids)], [64], 64, 0);
            using Tensor loss = LlamaTrainer.Loss(network, Assert.Single(packed));
            Plumbline.Tests.Golden.Close(plain.GetProperty("out").GetProperty("loss").GetDouble(), loss.item<float>(), 1e-5, 1e-4, "loss");
        }
    }

    [Fact]
    public void Loss_Gradient_AgreesWithFiniteDifferences()
    {
        using LlamaNetwork network = LlamaNetwork.Initialise(new LlamaShape { VocabularySize = 11, HiddenSize = 8, IntermediateSize = 12, Layers = 2, Heads = 2, KeyValueHeads = 1, Context = 16 }, 5);
        PackedBatch batch = PackedBatch.Pack([Document([1, 2, 3, 4, 5, 6]), Document([7, 8, 9, 10, 1])], [16], 16, 0)[0];
        using DisposeScope scope = NewDisposeScope();
        IList<Tensor> gradients = autograd.grad([LlamaTrainer.Loss(network, batch)], [.. network.Parameters]);
        const float Step = 1e-2f;
        for (int p = 0; p < network.Parameters.Count; p++)
        {
            // along the gradient's own direction: (L(w + h u) − L(w − h u)) / 2h = |g|
            Tensor direction = gradients[p] / gradients[p].norm();
            double up = Shifted(p, direction, Step), down = Shifted(p, direction, -Step), norm = gradients[p].norm().item<float>();
            Plumbline.Tests.Golden.Close(norm, (up - down) / (2 * Step), 2e-2, 2e-4, $"gradient {p}");
        }

        double Shifted(int p, Tensor direction, float step)
        {
            using (no_grad()) network.Parameters[p].add_(direction, alpha: step);
            double loss = LlamaTrainer.Loss(network, batch).item<float>();
            using (no_grad()) network.Parameters[p].add_(direction, alpha: -step);
            return loss;
        }
    }

    [Fact]
    public void Export_ThenLoad_GivesTheSameLogits()
    {
        LlamaShape shape = new() { VocabularySize = 20, HiddenSize = 16, IntermediateSize = 24, Layers = 2, Heads = 4, KeyValueHeads = 2, Context = 8 };
        using LlamaNetwork first = LlamaNetwork.Initialise(shape, 3);
        IReadOnlyList<NamedWeight> weights = first.Export();
        Assert.Equal(shape.Parameters, weights.Sum(w => (long)w.Values.Length));
        using LlamaNetwork second = LlamaNetwork.Load(shape, weights.ToDictionary(w => w.Name, w => w.Values));
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = tensor([1L, 5, 7, 2], [1, 4]);
        Assert.True(first.Logits(first.Forward(ids)).equal(second.Logits(second.Forward(ids))).all().item<bool>());
    }

    [Fact]
    public void Load_MissingWeight_SaysWhich()
    {
        LlamaShape shape = new() { VocabularySize = 20, HiddenSize = 16, IntermediateSize = 24, Layers = 1, Heads = 4, KeyValueHeads = 2, Context = 8 };
        using LlamaNetwork network = LlamaNetwork.Initialise(shape, 3);
        Dictionary<string, float[]> weights = network.Export().Where(w => w.Name != "model.norm.weight").ToDictionary(w => w.Name, w => w.Values);
        Assert.Contains("model.norm.weight", Assert.Throws<InvalidDataException>(() => LlamaNetwork.Load(shape, weights)).Message, StringComparison.Ordinal);
    }

    private static TokenDocument Document(int[] ids) => new(ids, [.. ids.Select((_, i) => i > 0)]);

    private static LlamaNetwork Golden(string name, out IReadOnlyDictionary<string, NamedWeight> expected, out JsonDocument cases)
    {
        string folder = Plumbline.Tests.Golden.Path("golden", "models", name);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        JsonElement c = config.RootElement;
        LlamaShape shape = new()
        {
            VocabularySize = c.GetProperty("vocab_size").GetInt32(),
            HiddenSize = c.GetProperty("hidden_size").GetInt32(),
            IntermediateSize = c.GetProperty("intermediate_size").GetInt32(),
            Layers = c.GetProperty("num_hidden_layers").GetInt32(),
            Heads = c.GetProperty("num_attention_heads").GetInt32(),
            KeyValueHeads = c.GetProperty("num_key_value_heads").GetInt32(),
            Context = c.GetProperty("max_position_embeddings").GetInt32(),
            RopeTheta = c.GetProperty("rope_theta").GetDouble(),
            RmsNormEps = c.GetProperty("rms_norm_eps").GetDouble(),
        };
        cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        expected = SafetensorsFile.Read(Path.Combine(folder, "cases.safetensors")).Weights;
        return LlamaNetwork.Load(shape, SafetensorsFile.Read(Path.Combine(folder, "model.safetensors")).Weights.ToDictionary(w => w.Key, w => w.Value.Values));
    }
}
