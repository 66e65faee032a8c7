using System.Globalization;
using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>
/// Which tensors play which part in a model: with <see cref="ModelConfig"/> all that distinguishes the architectures.
/// Every forward and the check of a file's tensors follow it. Names are Hugging Face's without ".weight"; "{0}" stands for the layer.
/// </summary>
internal sealed record ModelDescription
{
    /// <summary>Word embeddings.</summary>
    public required string Embedding { get; init; }

    /// <summary>Learned positions.</summary>
    public string? Positions { get; init; }

    /// <summary>Rows of learned positions and what the config calls them.</summary>
    public (string What, int Rows) PositionRows { get; init; }

    /// <summary>Embeddings of token types (segments).</summary>
    public string? TokenTypes { get; init; }

    /// <summary>Norm of the summed embeddings.</summary>
    public string? EmbeddingNorm { get; init; }

    /// <summary>From the width of word embeddings to that of the residual stream.</summary>
    public string? ProjectIn { get; init; }

    /// <summary>Back, before the vocabulary head.</summary>
    public string? ProjectOut { get; init; }

    /// <summary>Norm after the last layer.</summary>
    public string? FinalNorm { get; init; }

    /// <summary>The vocabulary head.</summary>
    public required string Head { get; init; }

    /// <summary>The tensor of the head's bias, whole name.</summary>
    public required string HeadBias { get; init; }

    /// <summary>A dense layer and the MLP's activation before the head (masked models).</summary>
    public LinearPart? HeadTransform { get; init; }

    /// <summary>The norm after <see cref="HeadTransform"/>.</summary>
    public string? HeadNorm { get; init; }

    /// <summary>tanh of a dense layer at position 0.</summary>
    public LinearPart? Pooler { get; init; }

    /// <summary>Two classes from the pooled vector: whether the second sentence follows the first.</summary>
    public LinearPart? NextSentence { get; init; }

    /// <summary>Norm before attention; null where norms stand behind.</summary>
    public string? AttentionNorm { get; init; }

    /// <summary>Norm of attention's output, before the sum.</summary>
    public string? AfterAttentionNorm { get; init; }

    /// <summary>Norm of the sum of input and attention's output.</summary>
    public string? AttentionSumNorm { get; init; }

    /// <summary>Norm before the MLP; null where it stands behind, or where attention and MLP share one.</summary>
    public string? MlpNorm { get; init; }

    /// <summary>Norm of the MLP's output, before the sum.</summary>
    public string? AfterMlpNorm { get; init; }

    /// <summary>Norm of the sum of input and the MLP's output.</summary>
    public string? MlpSumNorm { get; init; }

    /// <summary>Norm of queries, of each head or of all together as <see cref="ModelConfig.QueryKeyNorm"/> says.</summary>
    public string? QueryNorm { get; init; }

    /// <summary>Norm of keys.</summary>
    public string? KeyNorm { get; init; }

    /// <summary>Queries, keys and values, in this order.</summary>
    public required IReadOnlyList<LinearPart> QueryKeyValue { get; init; }

    /// <summary>Attention's output.</summary>
    public required LinearPart Output { get; init; }

    /// <summary>Gate and up, or up alone.</summary>
    public required IReadOnlyList<LinearPart> Up { get; init; }

    /// <summary>Back to the residual stream.</summary>
    public required LinearPart Down { get; init; }

    /// <summary>Whether the MLP has a gate.</summary>
    public bool Gated { get; init; }

    /// <summary>A name with its layer.</summary>
    public static string At(string name, int layer) => string.Format(CultureInfo.InvariantCulture, name, layer);
}
