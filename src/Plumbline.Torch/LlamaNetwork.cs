using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch;

/// <summary>
/// A Llama as plain tensors and functions (Touvron et al. 2023): x += Attention(RMSNorm(x)); x += MLP(RMSNorm(x));
/// logits = RMSNorm(x) Eᵀ. Queries, keys and values share one matrix, gate and up another; both are split on export.
/// Not safe for concurrent use.
/// </summary>
public sealed class LlamaNetwork : IDisposable
{
    private readonly Tensor _embedding, _finalNorm;
    private readonly Block[] _blocks;
    private readonly Tensor _cos, _sin;

    private sealed record Block(Tensor AttentionNorm, Tensor Qkv, Tensor Output, Tensor MlpNorm, Tensor GateUp, Tensor Down);

    private LlamaNetwork(LlamaShape shape, Device device, Func<long[], double, Tensor> matrix, Func<long, Tensor> ones)
    {
        shape.Validate();
        (Shape, Device) = (shape, device);
        long d = shape.HiddenSize, keys = (long)shape.KeyValueHeads * shape.HeadSize, f = shape.IntermediateSize;
        double std = 0.5 / Math.Sqrt(d), residual = std / Math.Sqrt(2 * shape.Layers);
        _embedding = matrix([shape.VocabularySize, d], std);
        _finalNorm = ones(d);
        _blocks = new Block[shape.Layers];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = new Block(ones(d), matrix([d + (2 * keys), d], std), matrix([d, d], residual), ones(d), matrix([2 * f, d], std), matrix([d, f], residual));

        // angles[t, j] = t · θ^(-2j / headSize), repeated for both halves of a head
        int half = shape.HeadSize / 2;
        var cos = new float[shape.Context * shape.HeadSize];
        var sin = new float[cos.Length];
        for (int t = 0; t < shape.Context; t++)
        {
            for (int j = 0; j < half; j++)
            {
                double angle = t * Math.Pow(shape.RopeTheta, -2.0 * j / shape.HeadSize);
                int at = (t * shape.HeadSize) + j;
                (cos[at], sin[at]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
                (cos[at + half], sin[at + half]) = (cos[at], sin[at]);
            }
        }

        _cos = tensor(cos, [shape.Context, shape.HeadSize], device: device).DetachFromDisposeScope();
        _sin = tensor(sin, [shape.Context, shape.HeadSize], device: device).DetachFromDisposeScope();
        Parameters = [_embedding, _finalNorm, .. _blocks.SelectMany(b => new[] { b.AttentionNorm, b.Qkv, b.Output, b.MlpNorm, b.GateUp, b.Down })];
        foreach (Tensor p in Parameters) p.DetachFromDisposeScope();
    }

    /// <summary>The sizes.</summary>
    public LlamaShape Shape { get; }

    /// <summary>Where it computes.</summary>
    public Device Device { get; }

    /// <summary>All weights, leaves of the autograd graph, in a fixed order.</summary>
    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>Draws weights N(0, 0.25/d), residual outputs scaled by 1/√(2 layers), norms 1; the same seed gives the same weights on every device.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="seed">Of the drawing.</param>
    /// <param name="device">As <see cref="TorchDevices.Open"/> takes it.</param>
    /// <exception cref="TorchDeviceException">There is no such device.</exception>
    public static LlamaNetwork Initialise(LlamaShape shape, ulong seed, string device = TorchDevices.Processor)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return Initialise(shape, seed, TorchDevices.Open(device));
    }

    internal static LlamaNetwork Initialise(LlamaShape shape, ulong seed, Device device)
    {
        using Generator generator = new();
        generator.manual_seed((long)seed);
        return new LlamaNetwork(
            shape,
            device,
            (size, std) => (randn(size, generator: generator) * std).to(device).requires_grad_(true),
            n => ones(n, device: device).requires_grad_(true));
    }

    /// <summary>Builds the network from weights by their Hugging Face names.</summary>
    /// <exception cref="InvalidDataException">A weight is missing or of another size.</exception>
    public static LlamaNetwork Load(LlamaShape shape, IReadOnlyDictionary<string, float[]> weights)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(weights);
        TorchRuntime.EnsureLoaded();
        var network = new LlamaNetwork(shape, CPU, (size, _) => zeros(size).requires_grad_(true), n => ones(n).requires_grad_(true));
        using (no_grad())
        {
            foreach ((string name, Tensor part) in network.Named())
            {
                using Tensor view = part;
                if (!weights.TryGetValue(name, out float[]? values)) throw new InvalidDataException($"No tensor {name}.");
                if (values.Length != view.numel()) throw new InvalidDataException($"Tensor {name} has {values.Length} values; the shape needs {view.numel()}.");
                using Tensor source = tensor(values, view.shape);
                view.copy_(source);
            }
        }

        return network;
    }

    /// <summary>The residual stream after the last norm, [batch, time, hidden].</summary>
    /// <param name="ids">Token ids, [batch, time].</param>
    /// <param name="mask">Which key each query may see, [batch, 1, query, key], bool; null: causal.</param>
    public Tensor Forward(Tensor ids, Tensor? mask = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.dim() != 2 || ids.shape[1] > Shape.Context) throw new ArgumentException($"Ids must be [batch, time ≤ {Shape.Context}], not [{string.Join(", ", ids.shape)}].", nameof(ids));
        using DisposeScope scope = NewDisposeScope();
        long batch = ids.shape[0], time = ids.shape[1], d = Shape.HiddenSize;
        Tensor cos = _cos.narrow(0, 0, time), sin = _sin.narrow(0, 0, time);
        Tensor x = _embedding.index_select(0, ids.reshape(-1)).view(batch, time, d);
        foreach (Block block in _blocks)
        {
            x = x + Attention(block, Norm(x, block.AttentionNorm), cos, sin, mask);
            x = x + Mlp(block, Norm(x, block.MlpNorm));
        }

        return Norm(x, _finalNorm).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of hidden states, [.., vocabulary].</summary>
    public Tensor Logits(Tensor hidden) => nn.functional.linear(hidden, _embedding);

    /// <summary>The weights by their Hugging Face names, as f32 in row-major order, with their shapes.</summary>
    public IReadOnlyList<NamedWeight> Export()
    {
        using var _ = no_grad();
        var all = new List<NamedWeight>();
        foreach ((string name, Tensor part) in Named())
        {
            using Tensor view = part;
            using Tensor whole = view.contiguous().cpu();
            all.Add(new NamedWeight(name, whole.shape, whole.data<float>().ToArray()));
        }

        return all;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor p in Parameters) p.Dispose();
        _cos.Dispose();
        _sin.Dispose();
    }

    private IEnumerable<(string Name, Tensor View)> Named()
    {
        long d = Shape.HiddenSize, keys = (long)Shape.KeyValueHeads * Shape.HeadSize, f = Shape.IntermediateSize;
        yield return ("model.embed_tokens.weight", _embedding.alias());
        for (int i = 0; i < _blocks.Length; i++)
        {
            Block b = _blocks[i];
            string at = $"model.layers.{i}.";
            yield return (at + "input_layernorm.weight", b.AttentionNorm.alias());
            yield return (at + "self_attn.q_proj.weight", b.Qkv.narrow(0, 0, d));
            yield return (at + "self_attn.k_proj.weight", b.Qkv.narrow(0, d, keys));
            yield return (at + "self_attn.v_proj.weight", b.Qkv.narrow(0, d + keys, keys));
            yield return (at + "self_attn.o_proj.weight", b.Output.alias());
            yield return (at + "post_attention_layernorm.weight", b.MlpNorm.alias());
            yield return (at + "mlp.gate_proj.weight", b.GateUp.narrow(0, 0, f));
            yield return (at + "mlp.up_proj.weight", b.GateUp.narrow(0, f, f));
            yield return (at + "mlp.down_proj.weight", b.Down.alias());
        }

        yield return ("model.norm.weight", _finalNorm.alias());
    }

    private Tensor Norm(Tensor x, Tensor weight) => x * rsqrt((x * x).mean([-1L], keepdim: true) + Shape.RmsNormEps) * weight;

    private Tensor Attention(Block block, Tensor x, Tensor cos, Tensor sin, Tensor? mask)
    {
        long batch = x.shape[0], time = x.shape[1], size = Shape.HeadSize, heads = Shape.Heads, keyHeads = Shape.KeyValueHeads;
        Tensor qkv = nn.functional.linear(x, block.Qkv);                                                     // [batch, time, (heads + 2 keyHeads) · size]
        Tensor all = qkv.view(batch, time, heads + (2 * keyHeads), size).transpose(1, 2);                    // [batch, head, time, size]
        Tensor[] parts = all.split([heads + keyHeads, keyHeads], dim: 1);                                    // split's gradient is one cat; narrow's fills a whole tensor with zeros
        Tensor[] turned = Rotate(parts[0], cos, sin).split([heads, keyHeads], dim: 1);
        Tensor q = turned[0], k = turned[1], v = parts[1];
        if (keyHeads != heads)
        {
            k = k.repeat_interleave(heads / keyHeads, dim: 1);
            v = v.repeat_interleave(heads / keyHeads, dim: 1);
        }

        Tensor mixed = mask is null
            ? nn.functional.scaled_dot_product_attention(q, k, v, is_casual: true)
            : nn.functional.scaled_dot_product_attention(q, k, v, attn_mask: mask);
        return nn.functional.linear(mixed.transpose(1, 2).reshape(batch, time, heads * size), block.Output);
    }

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        Tensor[] halves = x.chunk(2, -1);
        return (x * cos) + (cat([-halves[1], halves[0]], -1) * sin);
    }

    private static Tensor Mlp(Block block, Tensor x)
    {
        Tensor[] both = nn.functional.linear(x, block.GateUp).chunk(2, -1);
        return nn.functional.linear(nn.functional.silu(both[0]) * both[1], block.Down);
    }
}

/// <summary>A weight by its Hugging Face name: shape (outermost first) and values in row-major order.</summary>
public sealed record NamedWeight(string Name, IReadOnlyList<long> Shape, float[] Values);
