using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>
/// What a model is, read from config.json, GGUF metadata, llama2.c's header or minGPT's config alike. Everything has been
/// checked: sizes are positive and fit each other, epsilons and scales are finite. Immutable.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Hugging Face's model_type: llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3_text, phi3, olmo2, stablelm, gpt2, gptj, gpt_neox, falcon, opt, bert, distilbert or roberta.</summary>
    public required string Architecture { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head; Heads × HeadDimension need not be <see cref="HiddenSize"/>.</summary>
    public required int HeadDimension { get; init; }

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added to the variance in every norm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Which norm.</summary>
    public required NormKind Norm { get; init; }

    /// <summary>The MLP's activation.</summary>
    public required Activation Activation { get; init; }

    /// <summary>How positions come in.</summary>
    public required PositionKind Positions { get; init; }

    /// <summary>Whether a token sees only itself and those before it; false for BERT and its kin.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Whether the head is the embedding matrix, as the tensors have it; there is a head tensor where false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Biases on q, k and v.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Bias on attention's output.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Biases in the MLP.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether the file has a vocabulary head, tied or not; false for a BERT that only embeds.</summary>
    public bool HasHead { get; init; } = true;

    /// <summary>Bias on the vocabulary head.</summary>
    public bool HeadBias { get; init; }

    /// <summary>Whether GPT-2's matrices lie as [in, out] (Hugging Face's Conv1D); all others lie as [out, in].</summary>
    public bool MatricesInOut { get; init; }

    /// <summary>Norms on queries and keys before rotation.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>RoPE's base.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>RoPE's base in sliding layers, unscaled, where it differs (Gemma 3).</summary>
    public double? RopeLocalTheta { get; init; }

    /// <summary>How many dimensions of a head rotate; even.</summary>
    public int RotaryDimensions { get; init; }

    /// <summary>How RoPE is stretched; null where it is not.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Learned positions: the row of position 0 (2 for OPT, pad + 1 for RoBERTa).</summary>
    public int PositionOffset { get; init; }

    /// <summary>How many positions a query of a sliding layer sees, itself included.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>For each layer whether it slides; empty where none does.</summary>
    public IReadOnlyList<bool> SlidingLayers { get; init; } = [];

    /// <summary>Scores are multiplied by this.</summary>
    public required double AttentionScale { get; init; }

    /// <summary>c in c · tanh(score / c), before the mask.</summary>
    public double? AttentionSoftcap { get; init; }

    /// <summary>c in c · tanh(logit / c).</summary>
    public double? LogitSoftcap { get; init; }

    /// <summary>Embeddings are multiplied by this.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Whether attention and MLP read the same input, and both are added to it.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>Width of the word embeddings, which differs from <see cref="HiddenSize"/> in some OPT models.</summary>
    public int WordEmbeddingSize { get; init; }

    /// <summary>Token types (segments); 0 where there are none.</summary>
    public int TypeVocabularySize { get; init; }

    /// <summary>Start-of-sequence id.</summary>
    public int? BosId { get; init; }

    /// <summary>Ids that end a generation.</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>Padding id.</summary>
    public int? PadId { get; init; }

    /// <summary>config.json as it is; Undefined for other formats.</summary>
    public JsonElement Raw { get; init; }
}

/// <summary>A norm: layer norm with weight and bias, RMS norm, or RMS norm whose weight counts from 1 (Gemma).</summary>
public enum NormKind { LayerNorm, Rms, RmsPlusOne }

/// <summary>An activation: x·σ(x), x·Φ(x), its tanh approximation, max(x, 0).</summary>
public enum Activation { Silu, Gelu, GeluTanh, Relu }

/// <summary>Learned position embeddings, RoPE on the two halves of a head, or RoPE on adjacent pairs (GPT-J).</summary>
public enum PositionKind { Learned, Rope, RopeAdjacent }

/// <summary>A norm of queries and keys: none, for each head by itself, or over all heads together.</summary>
public enum QueryKeyNorm { None, PerHead, AllHeads }
