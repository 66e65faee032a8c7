using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>A model's weights for the hooked forward, in the types of the file where the kernels read them. Only read once loaded.</summary>
internal sealed class HookedWeights : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public HookedWeights(ITensorSource source, ModelConfig config, ModelDescription model, WorkerPool pool)
    {
        try
        {
            Embedding = Own(Linear.Load(source, [new(model.Embedding, config.VocabularySize, "vocab_size")], 0, pool));
            if (model.Positions is not null) Positions = HookedNorm.Floats(source, model.Positions + ".weight");
            if (model.TokenTypes is not null) TokenTypes = HookedNorm.Floats(source, model.TokenTypes + ".weight");
            EmbeddingNorm = Norm(model.EmbeddingNorm);
            if (model.ProjectIn is not null) ProjectIn = Own(Linear.Load(source, [new(model.ProjectIn, config.HiddenSize, "hidden_size")], 0, pool));
            if (model.ProjectOut is not null) ProjectOut = Own(Linear.Load(source, [new(model.ProjectOut, config.WordEmbeddingSize, "word_embed_proj_dim")], 0, pool));
            FinalNorm = Norm(model.FinalNorm);
            if (config.HasHead)
            {
                Head = config.TieWordEmbeddings ? Embedding : Own(Linear.Load(source, [new(model.Head, config.VocabularySize, "vocab_size")], 0, pool));
                if (config.HeadBias) HeadBias = HookedNorm.Floats(source, model.HeadBias);
                HeadTransform = Dense(model.HeadTransform);
                HeadNorm = Norm(model.HeadNorm);
            }

            Pooler = Dense(model.Pooler);
            NextSentence = Pooler is null ? null : Dense(model.NextSentence);
            Blocks = [.. Enumerable.Range(0, config.Layers).Select(Block)];
        }
        catch
        {
            Dispose();
            throw;
        }

        HookedNorm? Norm(string? name, int layer = 0, bool queryKey = false) => name is null ? null
            : HookedNorm.Load(source, ModelDescription.At(name, layer), queryKey && config.Norm == NormKind.LayerNorm ? NormKind.Rms : config.Norm, config.NormEpsilon);

        Linear? Dense(LinearPart? part) => part is null || !source.Tensors.ContainsKey(part.Name + ".weight") ? null : Own(Linear.Load(source, [part], 0, pool));

        // Each value of its own product, so that none has to be cut out of another.
        Linear Part(IReadOnlyList<LinearPart> parts, int first, int count, int layer) => Own(Linear.Load(source, Rows(parts, first, count), layer, pool));

        HookedBlock Block(int layer)
        {
            HookedNorm? first = Norm(model.AttentionNorm ?? model.AttentionSumNorm, layer);
            int queries = config.Heads * config.HeadDimension, keys = config.KeyValueHeads * config.HeadDimension;
            return new HookedBlock
            {
                Norm1 = first,
                AfterAttentionNorm = Norm(model.AfterAttentionNorm, layer),
                Norm2 = model.MlpNorm is null && config.ParallelResidual ? first : Norm(model.MlpNorm ?? model.MlpSumNorm, layer),
                AfterMlpNorm = Norm(model.AfterMlpNorm, layer),
                QueryNorm = Norm(model.QueryNorm, layer, queryKey: true),
                KeyNorm = Norm(model.KeyNorm, layer, queryKey: true),
                Query = Part(model.QueryKeyValue, 0, queries, layer),
                Key = Part(model.QueryKeyValue, queries, keys, layer),
                Value = Part(model.QueryKeyValue, queries + keys, keys, layer),
                Output = Own(Linear.Load(source, [model.Output], layer, pool)),
                Gate = model.Gated ? Part(model.Up, 0, config.IntermediateSize, layer) : null,
                Up = Part(model.Up, model.Gated ? config.IntermediateSize : 0, config.IntermediateSize, layer),
                Down = Own(Linear.Load(source, [model.Down], layer, pool)),
            };
        }
    }

    public Linear Embedding { get; }

    public float[]? Positions { get; }

    public float[]? TokenTypes { get; }

    public HookedNorm? EmbeddingNorm { get; }

    public Linear? ProjectIn { get; }

    public Linear? ProjectOut { get; }

    public HookedNorm? FinalNorm { get; }

    public Linear? Head { get; }

    public float[]? HeadBias { get; }

    public Linear? HeadTransform { get; }

    public HookedNorm? HeadNorm { get; }

    public Linear? Pooler { get; }

    public Linear? NextSentence { get; }

    public HookedBlock[] Blocks { get; } = [];

    public void Dispose()
    {
        foreach (IDisposable owned in _owned) owned.Dispose();
        _owned.Clear();
    }

    /// <summary>Some consecutive outputs of a layer's parts.</summary>
    private static List<LinearPart> Rows(IReadOnlyList<LinearPart> parts, int first, int count)
    {
        List<LinearPart> rows = [];
        int at = 0;
        foreach (LinearPart part in parts)
        {
            int from = Math.Max(first, at) - at, to = Math.Min(first + count, at + part.Rows) - at;
            if (from < to) rows.Add(from == 0 && to == part.Rows ? part : part with { Rows = to - from, Source = row => part.Source is null ? from + row : part.Source(from + row) });
            at += part.Rows;
        }

        return rows;
    }

    private Linear Own(Linear linear)
    {
        _owned.Add(linear);
        return linear;
    }
}

/// <summary>A block's weights. Norm1 and Norm2 stand before attention and MLP, or on the sums behind them (BERT).</summary>
internal sealed record HookedBlock
{
    public HookedNorm? Norm1 { get; init; }

    public HookedNorm? AfterAttentionNorm { get; init; }

    public HookedNorm? Norm2 { get; init; }

    public HookedNorm? AfterMlpNorm { get; init; }

    public HookedNorm? QueryNorm { get; init; }

    public HookedNorm? KeyNorm { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear Output { get; init; }

    public Linear? Gate { get; init; }

    public required Linear Up { get; init; }

    public required Linear Down { get; init; }
}
