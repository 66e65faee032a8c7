using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>Fits batches and the number of texts into a memory limit before anything is loaded.</summary>
internal static class MemoryPlan
{
    /// <summary>Bytes of runtime, code, tokenizer and results: what a process of the tool takes without a model, and some room.</summary>
    public const long Runtime = 160L << 20;

    private const int LeastBatch = 16;
    private const int TextLength = 2048;

    /// <summary>The options with batch and concurrency as large as the limit allows.</summary>
    /// <exception cref="ModelFileException">The least does not fit; the message says what is needed.</exception>
    public static LanguageModelOptions Fit(LanguageModelOptions options, ITensorSource source, ModelConfig config)
    {
        if (options.MemoryLimit is not { } limit) return options;
        long weights = WeightBytes(source, config, options.Weights), left = limit - Runtime - weights;
        long perToken = ActivationBytes(config), perText = TextBytes(config), head = 4L * Math.Max(1 << 22, config.VocabularySize * (long)Tile.Height);
        long least = (LeastBatch * perToken) + (2 * perText) + head; // A text under way and one that is kept.
        if (left < least)
        {
            string narrower = options.Weights == HeldWeights.AsFile && WeightBytes(source, config, HeldWeights.BF16) < weights ? "; weights rounded to BF16 take half of what is held in F32" : "";
            throw new ModelFileException($"{source.Path}: the model does not run in {limit >> 20} MB: its weights take {weights >> 20} MB, the least batch and one text {least >> 20} MB, and the runtime {Runtime >> 20} MB. Give it {((Runtime + weights + least) >> 20) + 1} MB{narrower}.");
        }

        left -= head;
        int texts = (int)Math.Clamp(((left - (LeastBatch * perToken)) / 2 / perText) - 1, 1, options.Concurrency);
        int batch = (int)Math.Clamp((left - ((texts + 1) * perText)) / perToken, LeastBatch, options.BatchTokens);
        return options with { Concurrency = texts, BatchTokens = batch };
    }

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

    // What Transformer keeps of a row, with the quarter by which its scratch grows.
    private static long ActivationBytes(ModelConfig config)
    {
        long width = Math.Max(config.HiddenSize, config.WordEmbeddingSize), attended = config.Heads * (long)config.HeadDimension;
        long floats = (3 * width) + (3 * attended) + (2L * config.KeyValueHeads * config.HeadDimension) + (4L * config.IntermediateSize) + (2L * config.RotaryDimensions);
        return floats * sizeof(float) * 5 / 4;
    }

    private static long TextBytes(ModelConfig config)
    {
        long length = Math.Min(TextLength, Math.Max(config.MaxPositions, KeyValueShape.PageLength));
        return 2L * sizeof(float) * config.Layers * config.KeyValueHeads * ((config.HeadDimension + Tile.Width - 1) / Tile.Width * Tile.Width) * length;
    }
}
