using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>
/// A transformer, decoder or encoder, whose every intermediate value can be read and changed at hooks named as in
/// TransformerLens. It computes in f32 with the weights as the file holds them, so values are the model's own; folded weights
/// come from <see cref="ModelWeights"/>, on purpose only.
/// Safe for concurrent use; runs keep no state.
/// </summary>
public sealed class HookedTransformer : IDisposable
{
    private readonly WorkerPool _pool;
    private readonly HookedWeights _weights;
    private readonly HookCatalog _catalog;
    private readonly ModelDescription _description;
    private readonly ArrayRecycler _recycler = new();
    private readonly HookedMemory _memory;
    private readonly long? _limit;
    private readonly long _room;
    private readonly SemaphoreSlim? _turn;

    private HookedTransformer(string path, ModelConfig config, ModelDescription description, ITensorSource tensors, int threads, long? memoryLimit)
    {
        (Path, Config, _description, _limit) = (path, config, description, memoryLimit);
        _catalog = new HookCatalog(Config, _description, tensors);
        _memory = new HookedMemory(config, description, _catalog, threads);
        _room = long.MaxValue;
        if (memoryLimit is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit, nameof(memoryLimit));
            long weights = MemoryPlan.WeightBytes(tensors, config, HeldWeights.AsFile), least = _memory.Bytes(1, 1, 1, new HookRun());
            _room = limit - MemoryPlan.Runtime - weights;
            if (_room < least)
                throw new ModelFileException($"{path}: the model does not run in {MemoryPlan.Megabytes(limit)} MB: its weights take {MemoryPlan.Megabytes(weights)} MB, one token {MemoryPlan.Megabytes(least)} MB, and the runtime {MemoryPlan.Runtime >> 20} MB. Give it {MemoryPlan.Megabytes(MemoryPlan.Runtime + weights + least)} MB and room for its texts.");
            // Two runs at once would take the room twice.
            _turn = new SemaphoreSlim(1, 1);
        }

        _pool = new WorkerPool(threads);
        try
        {
            _weights = new HookedWeights(tensors, Config, _description, _pool);
        }
        catch
        {
            _pool.Dispose();
            throw;
        }
    }

    /// <summary>What was loaded.</summary>
    public string Path { get; }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>Every hook in forward order.</summary>
    public IReadOnlyList<HookPoint> Hooks => _catalog.All;

    /// <summary>
    /// Copies of the residual stream, before the norm, that single heads (hook_q_input, hook_k_input, hook_v_input) or the MLP
    /// (hook_mlp_in) read: edges into them. They exist in a run where a pattern spells their last part.
    /// </summary>
    public IReadOnlyList<HookPoint> Forks => _catalog.Forks;

    internal ModelDescription Description => _description;

    /// <summary>Loads a model; weights are copied into memory and the folder is not needed afterwards.</summary>
    /// <param name="folder">The model's files; stays the caller's.</param>
    /// <param name="threads">Threads of the kernels; null for the processor's count.</param>
    /// <param name="memoryLimit">Bytes that the process should stay within; a run that would not gets a <see cref="MemoryLimitException"/> before it begins, and runs wait for each other. Null for no limit.</param>
    /// <exception cref="ModelFileException">A tensor is missing, or the model does not run within the limit.</exception>
    public static HookedTransformer Load(ModelFolder folder, int? threads = null, long? memoryLimit = null) =>
        new(folder.Path, folder.Config, KnownArchitectures.Describe(folder.Config), folder.Tensors, threads ?? Environment.ProcessorCount, memoryLimit);

    /// <summary>A model of weights that were folded or changed.</summary>
    /// <param name="weights">The weights; copied.</param>
    /// <param name="threads">Threads of the kernels; null for the processor's count.</param>
    public static HookedTransformer Load(ModelWeights weights, int? threads = null) => new(weights.Path, weights.Config, weights.Description, weights.ToTensors(), threads ?? Environment.ProcessorCount, null);

    /// <summary>Opens and loads a model.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <param name="threads">Threads of the kernels; null for the processor's count.</param>
    /// <param name="memoryLimit">As in <see cref="Load(ModelFolder, int?, long?)"/>.</param>
    /// <exception cref="ModelFileException">The model is broken, hostile or of a kind that is not supported, or does not run within the limit.</exception>
    public static HookedTransformer Load(string path, int? threads = null, long? memoryLimit = null)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        return Load(folder, threads, memoryLimit);
    }

    /// <summary>The hooks of a model without its weights, in forward order.</summary>
    /// <param name="folder">The model's files.</param>
    /// <param name="forks">Whether the <see cref="Forks"/> are listed among them.</param>
    public static IReadOnlyList<HookPoint> HooksOf(ModelFolder folder, bool forks = false)
    {
        HookCatalog catalog = new(folder.Config, KnownArchitectures.Describe(folder.Config), folder.Tensors);
        return forks ? catalog.Every : catalog.All;
    }

    /// <summary>The hooks that a name or pattern means.</summary>
    /// <exception cref="ArgumentException">None; the message names what is near.</exception>
    public IReadOnlyList<HookPoint> Match(string pattern) => _catalog.Match(pattern);

    /// <summary>One forward pass.</summary>
    /// <param name="batch">Prompts; padding changes nothing of the real positions.</param>
    /// <param name="run">What to keep and to change; null for neither.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">Ids, mask, types or shapes do not fit, a hook does not exist, or an edit changed a shape.</exception>
    /// <exception cref="HookException">An edit gave NaN.</exception>
    /// <exception cref="MemoryLimitException">The run would not fit into the memory limit.</exception>
    public HookedOutput Run(TokenBatch batch, HookRun? run = null, CancellationToken cancellationToken = default) => Run(batch, run ?? new HookRun(), null, cancellationToken);

    /// <summary>A sequence that grows token by token, with hooks at each step.</summary>
    /// <exception cref="NotSupportedException">The model is no causal one.</exception>
    public HookedSequence Begin() => new(this);

    /// <summary>Continues a prompt with hooks at every step: keys and values are computed once, edits run on the prompt and on each new token.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="options">How tokens are chosen; stop strings need a tokenizer and are refused.</param>
    /// <param name="edits">Changes; null for none.</param>
    /// <param name="editPrompt">Whether the prompt is changed too, or the new tokens alone.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>The new ids, an end-of-sequence token not among them.</returns>
    /// <exception cref="NotSupportedException">As <see cref="Begin"/>.</exception>
    public IReadOnlyList<int> Generate(IReadOnlyList<int> ids, GenerationOptions? options = null, IReadOnlyList<HookEdit>? edits = null, bool editPrompt = true, CancellationToken cancellationToken = default)
    {
        options ??= new GenerationOptions();
        options.Validate();
        if (options.StopStrings.Count > 0) throw new ArgumentException("Stop strings need a tokenizer; stop by tokens here.", nameof(options));
        HookedSequence sequence = Begin();
        Sampler sampler = new(options, ids);
        List<int> generated = [];
        HookRun token = new() { Edits = edits ?? [], Logits = LogitPositions.Last }, prompt = editPrompt ? token : token with { Edits = [] };
        HookedOutput output = sequence.Append(ids, prompt, cancellationToken);
        int most = Config.Positions == PositionKind.Learned ? Math.Min(options.MaxTokens, Config.MaxPositions - ids.Count) : options.MaxTokens;
        while (generated.Count < most)
        {
            int id = sampler.Next((output.Logits ?? throw new InvalidOperationException($"{Path} has no vocabulary head.")).Row(0, 0)).Id;
            output.Dispose();
            if (Config.EosIds.Contains(id) && !options.IgnoreEnd) break;
            generated.Add(id);
            if (generated.Count < most) output = sequence.Append([id], token, cancellationToken);
        }

        return generated;
    }

    internal HookedOutput Run(TokenBatch batch, HookRun run, HookedKeyValues? keyValues, CancellationToken cancellationToken)
    {
        if (_turn is null) return Forward(batch, run, keyValues, cancellationToken);
        _turn.Wait(cancellationToken);
        try
        {
            long needed = Needed(batch, run, keyValues);
            if (needed > _room) throw Refusal(batch, needed);
            _recycler.Trim(_room - needed);
            return Forward(batch, run, keyValues, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Copies of a text that may run together within the memory limit, at most so many; 1 where none fits and the run will say so.</summary>
    internal int MostRows(int positions, int most, HookRun run)
    {
        while (most > 1 && _memory.Bytes(most, positions, positions, run) > _room) most--;
        return most;
    }

    private HookedOutput Forward(TokenBatch batch, HookRun run, HookedKeyValues? keyValues, CancellationToken cancellationToken)
    {
        using HookedForward forward = new(Config, _description, _weights, _catalog, _pool, batch, run, _recycler, keyValues);
        return forward.Run(cancellationToken);
    }

    /// <summary>Refuses tokens for which a sequence that makes room for them has no memory, beside other bytes that it holds.</summary>
    internal void Demand(TokenBatch batch, HookRun run, HookedKeyValues keyValues, int more, long beside)
    {
        if (_limit is null) return;
        long needed = Needed(batch, run, keyValues) - keyValues.Bytes + keyValues.BytesWith(more) + beside;
        if (needed > _room) throw Refusal(batch, needed);
    }

    // Keys and values of a sequence count with all that there is room for.
    private long Needed(TokenBatch batch, HookRun run, HookedKeyValues? keyValues)
    {
        batch.Check(Config);
        int positions = batch.Ids[0].Count;
        return _memory.Bytes(batch.Ids.Count, positions, positions + (keyValues?.Length ?? 0), run) + (keyValues?.Bytes ?? 0);
    }

    private MemoryLimitException Refusal(TokenBatch batch, long needed)
    {
        long limit = _limit!.Value, whole = limit - _room + needed;
        return new MemoryLimitException(
            $"The run over {batch.Ids.Count} text{(batch.Ids.Count == 1 ? "" : "s")} of {batch.Ids[0].Count} tokens needs {MemoryPlan.Megabytes(needed)} MB beside the weights, the process {MemoryPlan.Megabytes(whole)} MB; its limit is {MemoryPlan.Megabytes(limit)} MB. Shorten the texts, run fewer together, keep fewer values, or raise the limit (--memory {MemoryPlan.Megabytes(whole)}m).",
            nameof(batch), whole, limit);
    }

    /// <summary>Runs prompts and keeps values.</summary>
    /// <param name="batch">Prompts.</param>
    /// <param name="keep">Names or patterns; none for every hook that is not optional.</param>
    public HookedOutput RunWithCache(TokenBatch batch, params IReadOnlyList<string> keep) => Run(batch, new HookRun { Keep = keep.Count == 0 ? ["*"] : keep });

    /// <summary>
    /// A weight by TransformerLens's name, multiplied from the right (x · W): embed.W_E [vocab, d_model], pos_embed.W_pos,
    /// unembed.W_U [d_model, vocab], unembed.b_U, ln_final.w, and of each block attn.W_Q [heads, d_model, d_head], attn.W_K and
    /// attn.W_V [kv_heads, d_model, d_head], attn.W_O [heads, d_head, d_model], attn.b_Q, b_K, b_V, b_O, mlp.W_in, W_gate, W_out,
    /// b_in, b_out, ln1.w, ln1.b, ln2.w, ln2.b. A bias that the model has not is zeros. A copy in f32: dequantised, not folded.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">The model has no such weight.</exception>
    public HookTensor Weight(string name) => new WeightViews(Config, _weights).Get(name);

    /// <summary>Logits of one prompt, [1, pos, vocab].</summary>
    /// <exception cref="InvalidOperationException">The model has no head.</exception>
    public HookTensor Logits(IReadOnlyList<int> ids) => Run(TokenBatch.Of(ids)).Logits ?? throw new InvalidOperationException($"{Path} has no vocabulary head.");

    /// <summary>The mean of the last hidden states over the real positions of each prompt, [batch, d_model]: a sentence's embedding.</summary>
    /// <param name="batch">Prompts, with the special tokens that the model expects.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <remarks>Hidden states are those after the final norm.</remarks>
    public HookTensor MeanPooled(TokenBatch batch, CancellationToken cancellationToken = default)
    {
        using HookedOutput output = Run(batch, new HookRun { Keep = Config.Causal ? ["unembed.hook_in"] : [], Logits = LogitPositions.None }, cancellationToken);
        HookTensor hidden = Config.Causal ? output.Cache["unembed.hook_in"] : output.Residual;
        int width = hidden.Shape[2];
        float[] pooled = new float[batch.Ids.Count * width];
        double[] sums = new double[width];
        foreach (((int first, int end), int row) in batch.Check(Config).Select((range, row) => (range, row)))
        {
            Array.Clear(sums);
            for (int i = first; i < end; i++)
            {
                Span<float> state = hidden.Row(row, i);
                for (int d = 0; d < width; d++) sums[d] += state[d];
            }

            for (int d = 0; d < width; d++) pooled[(row * width) + d] = (float)(sums[d] / (end - first));
        }

        return new HookTensor([batch.Ids.Count, width], pooled);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _weights.Dispose();
        _pool.Dispose();
        _recycler.Clear();
        _turn?.Dispose();
    }
}

/// <summary>An edit let NaN into the forward pass; the message names the hook.</summary>
public sealed class HookException : Exception
{
    public HookException(string message) : base(message) { }

    public HookException(string message, Exception inner) : base(message, inner) { }

    public HookException() { }
}
