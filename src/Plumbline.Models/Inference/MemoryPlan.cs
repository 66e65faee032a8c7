using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// How a model stays within a memory limit: how many tokens run at once, how many texts side by side, and how many pages their
/// keys and values may take together. Made before anything is loaded.
/// </summary>
internal sealed record MemoryPlan
{
    /// <summary>Bytes of runtime, code, tokenizer and results: what a process of the tool takes without a model, and some room.</summary>
    public const long Runtime = 160L << 20;

    private const int LeastBatch = 16;

    // A text of this length must fit, or of the model's positions or the options' context where these are fewer.
    private const int TextLength = 2048;

    /// <summary>The options, with batch and texts as large as the limit allows.</summary>
    public required LanguageModelOptions Options { get; init; }

    /// <summary>Bytes of runtime, weights, logits and activations: what is there before the first text.</summary>
    public long FixedBytes { get; private init; }

    /// <summary>Bytes of a page of 32 positions, with what attention and, where the length of a text matters, activations take for it.</summary>
    public long PageBytes { get; private init; }

    /// <summary>Pages that keys and values of all texts may take; null for no limit.</summary>
    public long? CachePages { get; private init; }

    /// <summary>Most tokens of one text that keys and values are kept of.</summary>
    public int LongestText => CachePages is { } pages ? (int)Math.Min(int.MaxValue, pages * KeyValueShape.PageLength) : int.MaxValue;

    /// <summary>Plans with batch and texts as large as the limit allows.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="source">The model's tensors; only their shapes are looked at.</param>
    /// <param name="config">The model.</param>
    /// <param name="threads">Threads of the kernels.</param>
    /// <exception cref="ModelFileException">The least does not fit; the message says what is needed.</exception>
    public static MemoryPlan Fit(LanguageModelOptions options, ITensorSource source, ModelConfig config, int threads)
    {
        if (options.MemoryLimit is not { } limit) return new MemoryPlan { Options = options };
        long weights = WeightBytes(source, config, options.Weights), left = limit - Runtime - weights;
        long perToken = ActivationBytes(config), perPage = BytesOfPage(config, threads, perToken);
        int length = Math.Min(Math.Min(TextLength, options.Context ?? TextLength), Math.Max(config.MaxPositions, KeyValueShape.PageLength));
        // One page more is for the copy of a page that two texts share.
        long text = CacheSpace.PagesOf(length) + 1, least = LogitBytes(config, 1) + (LeastBatch * perToken) + (text * perPage);
        if (left < least)
        {
            string narrower = options.Weights == HeldWeights.AsFile && WeightBytes(source, config, HeldWeights.BF16) < weights ? " --weights bf16 halves what is held in F32." : "";
            string shorter = length > 8 * KeyValueShape.PageLength ? $" --context N plans for texts of N tokens instead of {length}." : "";
            throw new ModelFileException($"{source.Path}: the model does not run in {Megabytes(limit)} MB: its weights take {Megabytes(weights)} MB, the least batch and one text of {length} tokens {Megabytes(least)} MB, and the runtime {Runtime >> 20} MB. Give it {Megabytes(Runtime + weights + least)} MB.{narrower}{shorter}");
        }

        // A quarter of what is left for activations, so that long texts find room; what they do not use as well.
        int texts = options.Concurrency;
        while (texts > 1 && left - LogitBytes(config, texts) < least - LogitBytes(config, 1) + ((texts - 1) * perPage)) texts /= 2;
        left -= LogitBytes(config, texts);
        int batch = (int)Math.Clamp(Math.Min(left / 4, left - (text * perPage)) / perToken, LeastBatch, options.BatchTokens);
        left -= batch * perToken;
        return new MemoryPlan
        {
            Options = options with { Concurrency = texts, BatchTokens = batch },
            FixedBytes = Runtime + weights + LogitBytes(config, texts) + (batch * perToken),
            PageBytes = perPage,
            CachePages = (left / perPage) - 1,
        };
    }

    /// <summary>What to say of a text that does not fit.</summary>
    /// <param name="what">The text, as the beginning of a sentence: "The prompt with its answer".</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="parameter">The caller's parameter.</param>
    /// <param name="pages">Pages that it needs; null for those of its tokens.</param>
    public MemoryLimitException Refusal(string what, long tokens, string parameter, long? pages = null)
    {
        long own = (pages ?? CacheSpace.PagesOf(tokens)) * PageBytes, needed = FixedBytes + own + PageBytes, limit = Options.MemoryLimit!.Value;
        string advice = pages is null
            ? $", in which a text may have {LongestText} tokens. Shorten it, raise the limit (--memory {Megabytes(needed)}m), or let texts end earlier (--context {LongestText})."
            : $". Take fewer beams, shorten text or answer, or raise the limit (--memory {Megabytes(needed)}m).";
        return new MemoryLimitException($"{what} has {tokens} tokens: keys and values take {Megabytes(own)} MB and the process would need {Megabytes(needed)} MB; its limit is {Megabytes(limit)} MB{advice}", parameter, needed, limit);
    }

    /// <summary>What to say of a text that would fit if other sequences of the caller's did not hold the room.</summary>
    public MemoryLimitException Crowded(long pages, string parameter) => new(
        $"{Megabytes(pages * PageBytes)} MB more of keys and values do not fit into the limit of {Megabytes(Options.MemoryLimit!.Value)} MB beside those that sequences of this model keep: dispose or truncate some, or raise the limit.",
        parameter, Options.MemoryLimit.Value + (pages * PageBytes), Options.MemoryLimit.Value);

    /// <summary>Bytes of all linear layers as they would be held.</summary>
    public static long WeightBytes(ITensorSource source, ModelConfig config, HeldWeights weights)
    {
        ModelDescription layout = KnownArchitectures.Describe(config);
        long bytes = 0;
        foreach (TensorInfo tensor in source.Tensors.Values)
        {
            if (!tensor.Type.HoldsWeights() || tensor.Shape.Count != 2)
            {
                bytes += tensor.Count * sizeof(float);
                continue;
            }

            bool transposed = layout.QueryKeyValue.Concat(layout.Up).Append(layout.Output).Append(layout.Down).Any(part => part.Transposed) && !tensor.Name.StartsWith(layout.Embedding, StringComparison.Ordinal);
            int rows = checked((int)tensor.Shape[transposed ? 1 : 0]), columns = checked((int)tensor.Shape[transposed ? 0 : 1]);
            TensorType held = transposed || !PackedMatrix.Holds(tensor.Type) ? TensorType.F32 : tensor.Type;
            bytes += PackedMatrix.Size(held == TensorType.F32 && weights == HeldWeights.BF16 ? TensorType.BF16 : held, rows, columns);
        }

        return bytes;
    }

    /// <summary>Megabytes, rounded up: what is named as needed must be enough.</summary>
    public static long Megabytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    // Logits of a batch that is scored and of one that is shown, and a row of each text that is generated.
    private static long LogitBytes(ModelConfig config, int texts)
    {
        long rows = Math.Max(1 << 22, config.VocabularySize * (long)Tile.Height);
        return sizeof(float) * ((2 * rows) + (Math.Max(texts, 4) * (long)config.VocabularySize));
    }

    // What Transformer keeps of a row, with the quarter by which its scratch grows.
    private static long ActivationBytes(ModelConfig config)
    {
        long width = Math.Max(config.HiddenSize, config.WordEmbeddingSize), attended = config.Heads * (long)config.HeadDimension;
        long floats = (3 * width) + (3 * attended) + (2L * config.KeyValueHeads * config.HeadDimension) + (4L * config.IntermediateSize) + (2L * config.RotaryDimensions);
        // Inputs of products are packed; those of a step in fixed point as well.
        floats += (Math.Max(width, attended) + config.IntermediateSize) * FixedPointRows.BlockBytes / (32 * sizeof(float));
        return floats * sizeof(float) * 5 / 4;
    }

    private static long BytesOfPage(ModelConfig config, int threads, long perToken)
    {
        KeyValueShape shape = new(config.Layers, config.KeyValueHeads, config.HeadDimension);
        // Each thread keeps scores and weights of twelve queries, and half as much again.
        long attention = threads * (2L * Tile.Height * KeyValueShape.PageLength) * 3 / 2;
        bool whole = config.Positions != PositionKind.Learned && new Rotary(config, sliding: false).DependsOnLength;
        return (sizeof(float) * (shape.PageFloats + attention)) + (whole ? KeyValueShape.PageLength * perToken : 0);
    }
}
