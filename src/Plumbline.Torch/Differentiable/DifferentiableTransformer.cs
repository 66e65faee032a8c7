using System.IO.Enumeration;
using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Differentiable;

/// <summary>
/// A transformer of any architecture that <see cref="HookedTransformer"/> runs, with gradients: the same description of
/// blocks, the same weights, the same hooks by the same names, attention with an explicit softmax.
/// </summary>
/// <threadsafety>Runs keep no state and change no weight, so they may run side by side; dispose when none runs.</threadsafety>
public sealed class DifferentiableTransformer : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights = new(StringComparer.Ordinal);

    private DifferentiableTransformer(ModelConfig config, ModelDescription description, ITensorSource source, ScalarType type, Device device)
    {
        if (type is not (ScalarType.Float32 or ScalarType.Float64)) throw new ArgumentException($"The type is {type}; gradients are computed in Float32 or Float64.", nameof(type));
        (Path, Config, Type, Device, Description) = (source.Path, config, type, device, description);
        Catalog = new HookCatalog(config, description, source);
        try
        {
            foreach (TensorInfo info in source.Tensors.Values)
            {
                float[] values = new float[checked((int)info.Count)];
                source.Read(info.Name, values);
                using Tensor single = tensor(values, [.. info.Shape]);
                Tensor weight = single.to(type, device, copy: true);
                _weights.Add(info.Name, weight.DetachFromDisposeScope());
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What was loaded.</summary>
    public string Path { get; }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>The type that everything is computed in.</summary>
    public ScalarType Type { get; }

    /// <summary>Where everything is computed.</summary>
    public Device Device { get; }

    /// <summary>Every hook in forward order.</summary>
    public IReadOnlyList<HookPoint> Hooks => Catalog.All;

    /// <summary>Copies of the residual stream that single heads or the MLP read, as <see cref="HookedTransformer.Forks"/>.</summary>
    public IReadOnlyList<HookPoint> Forks => Catalog.Forks;

    /// <summary>The weights' names: Hugging Face's, or those of <see cref="ModelWeights"/>.</summary>
    public IReadOnlyCollection<string> Parameters => _weights.Keys;

    internal ModelDescription Description { get; }

    internal HookCatalog Catalog { get; }

    /// <summary>Loads a model; weights are copied, dequantised.</summary>
    /// <param name="folder">The model's files; stays the caller's.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <param name="device">As <see cref="TorchDevices.Open"/> takes it.</param>
    /// <exception cref="TorchDeviceException">There is no such device.</exception>
    /// <exception cref="ModelFileException">A tensor cannot be read.</exception>
    /// <exception cref="DllNotFoundException">libtorch is missing.</exception>
    public static DifferentiableTransformer Load(ModelFolder folder, ScalarType type = ScalarType.Float32, string device = TorchDevices.Processor)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Load(folder, type, TorchDevices.Open(device));
    }

    internal static DifferentiableTransformer Load(ModelFolder folder, ScalarType type, Device device) => new(folder.Config, KnownArchitectures.Describe(folder.Config), folder.Tensors, type, device);

    /// <summary>A model of weights that were folded or changed; <see cref="Parameters"/> then are their names.</summary>
    /// <param name="weights">The weights; copied.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <param name="device">As <see cref="TorchDevices.Open"/> takes it.</param>
    /// <exception cref="TorchDeviceException">There is no such device.</exception>
    public static DifferentiableTransformer Load(ModelWeights weights, ScalarType type = ScalarType.Float32, string device = TorchDevices.Processor)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new DifferentiableTransformer(weights.Config, weights.Description, weights.ToTensors(), type, TorchDevices.Open(device));
    }

    /// <summary>Opens and loads a model.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <param name="device">As <see cref="TorchDevices.Open"/> takes it.</param>
    /// <exception cref="TorchDeviceException">There is no such device.</exception>
    /// <exception cref="ModelFileException">The model is broken, hostile or of a kind that is not supported.</exception>
    public static DifferentiableTransformer Load(string path, ScalarType type = ScalarType.Float32, string device = TorchDevices.Processor)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        return Load(folder, type, device);
    }

    /// <summary>A weight; the tensor is the model's own: read it, don't write into it, don't dispose it.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public Tensor Weight(string name) => _weights.TryGetValue(name, out Tensor? weight) ? weight
        : throw new ArgumentException($"{Path} has no weight {name}. Near it are {string.Join(", ", HookCatalog.Near(name, _weights.Keys))}.", nameof(name));

    /// <summary>Whether the model has a weight of this name.</summary>
    internal bool HasWeight(string name) => _weights.ContainsKey(name);

    /// <summary>
    /// One forward pass whose result is part of a graph: for training loops and attacks that differentiate themselves.
    /// Tensors of the result belong to the caller's dispose scope.
    /// </summary>
    /// <param name="batch">Prompts; padding changes nothing of the real positions.</param>
    /// <param name="run">What to keep, to change and to differentiate; null for nothing.</param>
    /// <exception cref="ArgumentException">Ids, mask, types or shapes do not fit, a hook or weight does not exist, or an edit changed a shape.</exception>
    /// <exception cref="HookException">An edit gave NaN.</exception>
    public TensorOutput Run(TokenBatch batch, TensorRun? run = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using DisposeScope scope = NewDisposeScope();
        TensorOutput output = new DifferentiableForward(this, batch, run ?? new TensorRun()).Run();
        output.Logits?.MoveToOuterDisposeScope();
        output.Residual.MoveToOuterDisposeScope();
        foreach (Tensor kept in output.Kept.Values) kept.MoveToOuterDisposeScope();
        return output;
    }

    /// <summary>Logits of one prompt, [1, pos, vocab], without a graph.</summary>
    /// <exception cref="InvalidOperationException">The model has no head.</exception>
    public HookTensor Logits(IReadOnlyList<int> ids) => Values(TokenBatch.Of(ids), []).Logits ?? throw NoHead();

    /// <summary>Logits [batch, pos, vocab] and values at hooks, without a graph, on the processor.</summary>
    /// <param name="batch">Prompts.</param>
    /// <param name="keep">Names or patterns of hooks.</param>
    /// <returns>The logits, null where the model has no head; and the values in forward order.</returns>
    /// <exception cref="ArgumentException">As <see cref="Run"/>.</exception>
    public (HookTensor? Logits, IReadOnlyList<KeyValuePair<string, HookTensor>> Kept) Values(TokenBatch batch, IReadOnlyList<string> keep)
    {
        using var _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        TensorOutput output = Run(batch, new TensorRun { Keep = keep });
        return (output.Logits?.ToHookTensor(), [.. output.Kept.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToHookTensor()))]);
    }

    /// <summary>A loss and its gradients with respect to hooks, weights and input.</summary>
    /// <param name="batch">Prompts.</param>
    /// <param name="run">The loss, and of what gradients are wanted.</param>
    /// <exception cref="ArgumentException">As <see cref="Run"/>; or the loss has more than one element, or does not depend on the model.</exception>
    /// <exception cref="InvalidOperationException">Gradients are off in the calling scope, or the model has no head.</exception>
    public GradientResult Gradients(TokenBatch batch, GradientRun run)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(run);
        if (!is_grad_enabled()) throw new InvalidOperationException("Gradients are off in this scope (no_grad or inference_mode), so the run has no graph; call outside of it.");
        if (run.Embeddings is not null && (run.OneHot is not null || run.OneHotGradient)) throw new ArgumentException("Embeddings bypass the vocabulary; give either embeddings or one-hot rows.", nameof(run));
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> leaves = run.Parameters.SelectMany(Matching).Distinct(StringComparer.Ordinal).ToDictionary(name => name, name => Leaf(_weights[name]), StringComparer.Ordinal);
        Tensor? oneHot = run.OneHot is not null ? FromHook(run.OneHot) : run.OneHotGradient ? OneHotOf(batch) : null;
        if (oneHot is not null && run.OneHotGradient) oneHot = oneHot.requires_grad_(true);
        TensorOutput output = new DifferentiableForward(this, batch, new TensorRun
        {
            Differentiate = run.Hooks,
            Edits = run.Edits,
            Weights = leaves,
            Embeddings = run.Embeddings is null ? null : FromHook(run.Embeddings),
            OneHot = oneHot,
        }).Run();
        Tensor logits = output.Logits ?? throw NoHead();
        Tensor loss = run.Loss(logits, batch);
        if (loss.numel() != 1) throw new ArgumentException($"The loss has shape [{string.Join(", ", loss.shape)}]; a gradient needs a scalar.", nameof(run));

        List<Tensor> inputs = [.. output.Kept.Values, .. leaves.Values];
        if (oneHot is not null && run.OneHotGradient) inputs.Add(oneHot);
        if (inputs.Count > 0 && !loss.requires_grad) throw new ArgumentException("The loss does not depend on anything that gradients are wanted of.", nameof(run));
        IList<Tensor> gradients = inputs.Count == 0 ? [] : autograd.grad([loss.reshape([])], inputs, allow_unused: true);
        HookTensor[] results = [.. inputs.Select((input, i) => gradients[i] is { IsInvalid: false } g ? g.ToHookTensor() : zeros_like(input).ToHookTensor())];
        string[] hooks = [.. output.Kept.Keys], weights = [.. leaves.Keys];
        return new GradientResult(
            loss.ToDouble(),
            logits.ToHookTensor(),
            Named(hooks, i => results[i]),
            Named(hooks, i => inputs[i].ToHookTensor()),
            Named(weights, i => results[hooks.Length + i]),
            run.OneHotGradient ? results[^1] : null);

        static OrderedDictionary<string, HookTensor> Named(string[] names, Func<int, HookTensor> value)
        {
            OrderedDictionary<string, HookTensor> named = new(StringComparer.Ordinal);
            for (int i = 0; i < names.Length; i++) named.Add(names[i], value(i));
            return named;
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        foreach (Tensor weight in _weights.Values) weight.Dispose();
        _weights.Clear();
    }

    internal Tensor FromHook(HookTensor value) => tensor(value.Values, [.. value.Shape.Select(size => (long)size)]).to(Type, Device);

    private Tensor OneHotOf(TokenBatch batch)
    {
        batch.Check(Config);
        return nn.functional.one_hot(tensor([.. batch.Ids.SelectMany(row => row.Select(id => (long)id))], [batch.Ids.Count, batch.Ids[0].Count]), Config.VocabularySize).to(Type, Device);
    }

    private string[] Matching(string pattern)
    {
        string[] names = [.. _weights.Keys.Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))];
        if (names.Length == 0) Weight(pattern);
        return names;
    }

    // The same memory as a leaf of its own, so that the model's weight keeps no flag and no gradient.
    private static Tensor Leaf(Tensor weight) => weight.detach().requires_grad_(true);

    private InvalidOperationException NoHead() => new($"{Path} has no vocabulary head.");
}

/// <summary>From torch's tensors to ours.</summary>
internal static class TensorValues
{
    public static HookTensor ToHookTensor(this Tensor value)
    {
        using Tensor single = value.detach().to(ScalarType.Float32, CPU).contiguous();
        return new HookTensor([.. single.shape.Select(size => checked((int)size))], single.data<float>().ToArray());
    }
}
