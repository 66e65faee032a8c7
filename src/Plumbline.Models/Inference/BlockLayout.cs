using System.Globalization;
using Plumbline.Models.Files;

namespace Plumbline.Models.Inference;

/// <summary>
/// Which tensors play which part in a causal model: with <see cref="ModelConfig"/> all that distinguishes the
/// architectures. "{0}" stands for the layer.
/// </summary>
internal sealed record BlockLayout
{
    public required string Embedding { get; init; }

    public string? Positions { get; init; }

    public string? ProjectIn { get; init; }

    public string? ProjectOut { get; init; }

    public required string FinalNorm { get; init; }

    public required string Head { get; init; }

    /// <summary>Norm before attention; null where norms stand behind (OLMo 2).</summary>
    public string? AttentionNorm { get; init; }

    /// <summary>Norm of attention's output.</summary>
    public string? AfterAttentionNorm { get; init; }

    /// <summary>Norm before the MLP; null where it stands behind, or where attention and MLP share one.</summary>
    public string? MlpNorm { get; init; }

    public string? AfterMlpNorm { get; init; }

    public string? QueryNorm { get; init; }

    public string? KeyNorm { get; init; }

    /// <summary>Queries, keys and values, in this order.</summary>
    public required IReadOnlyList<LinearPart> QueryKeyValue { get; init; }

    public required LinearPart Output { get; init; }

    /// <summary>Gate and up, or up alone.</summary>
    public required IReadOnlyList<LinearPart> Up { get; init; }

    public required LinearPart Down { get; init; }

    /// <summary>Whether the MLP has a gate.</summary>
    public bool Gated { get; init; } = true;

    /// <summary>A name with its layer.</summary>
    public static string At(string name, int layer) => string.Format(CultureInfo.InvariantCulture, name, layer);

    /// <exception cref="ModelFileException">The architecture is no causal language model that is known.</exception>
    public static BlockLayout Of(ModelConfig config) => config.Architecture switch
    {
        "llama" or "mistral" or "qwen2" or "qwen3" or "stablelm" or "gemma" => Llama(config),
        "phi3" => Llama(config) with
        {
            QueryKeyValue = [new("model.layers.{0}.self_attn.qkv_proj", (config.Heads + (2 * config.KeyValueHeads)) * config.HeadDimension)],
            Up = [new("model.layers.{0}.mlp.gate_up_proj", 2 * config.IntermediateSize)],
        },
        "olmo2" => Llama(config) with
        {
            AttentionNorm = null,
            AfterAttentionNorm = "model.layers.{0}.post_attention_layernorm",
            MlpNorm = null,
            AfterMlpNorm = "model.layers.{0}.post_feedforward_layernorm",
        },
        "gemma2" or "gemma3_text" => Llama(config) with
        {
            AfterAttentionNorm = "model.layers.{0}.post_attention_layernorm",
            MlpNorm = "model.layers.{0}.pre_feedforward_layernorm",
            AfterMlpNorm = "model.layers.{0}.post_feedforward_layernorm",
        },
        "gpt2" => Gpt2(config),
        "gptj" => GptJ(config),
        "gpt_neox" => GptNeoX(config),
        "falcon" => Falcon(config),
        "opt" => Opt(config),
        _ => throw new ModelFileException($"The architecture {config.Architecture} is no causal language model; scoring and generation need one."),
    };

    private static BlockLayout Llama(ModelConfig c)
    {
        const string layer = "model.layers.{0}.";
        int q = c.Heads * c.HeadDimension, kv = c.KeyValueHeads * c.HeadDimension;
        return new BlockLayout
        {
            Embedding = "model.embed_tokens",
            FinalNorm = "model.norm",
            Head = "lm_head",
            AttentionNorm = layer + "input_layernorm",
            MlpNorm = c.ParallelResidual ? null : layer + "post_attention_layernorm",
            QueryNorm = c.QueryKeyNorm == QueryKeyNorm.None ? null : layer + "self_attn.q_norm",
            KeyNorm = c.QueryKeyNorm == QueryKeyNorm.None ? null : layer + "self_attn.k_norm",
            QueryKeyValue =
            [
                new(layer + "self_attn.q_proj", q, Bias: c.QueryKeyValueBias),
                new(layer + "self_attn.k_proj", kv, Bias: c.QueryKeyValueBias),
                new(layer + "self_attn.v_proj", kv, Bias: c.QueryKeyValueBias),
            ],
            Output = new(layer + "self_attn.o_proj", c.HiddenSize, Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.gate_proj", c.IntermediateSize, Bias: c.MlpBias), new(layer + "mlp.up_proj", c.IntermediateSize, Bias: c.MlpBias)],
            Down = new(layer + "mlp.down_proj", c.HiddenSize, Bias: c.MlpBias),
        };
    }

    private static BlockLayout Gpt2(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.";
        return new BlockLayout
        {
            Embedding = "transformer.wte",
            Positions = "transformer.wpe",
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            AttentionNorm = layer + "ln_1",
            MlpNorm = layer + "ln_2",
            QueryKeyValue = [new(layer + "attn.c_attn", 3 * c.HiddenSize, Transposed: c.MatricesInOut, Bias: true)],
            Output = new(layer + "attn.c_proj", c.HiddenSize, Transposed: c.MatricesInOut, Bias: true),
            Up = [new(layer + "mlp.c_fc", c.IntermediateSize, Transposed: c.MatricesInOut, Bias: true)],
            Down = new(layer + "mlp.c_proj", c.HiddenSize, Transposed: c.MatricesInOut, Bias: true),
            Gated = false,
        };
    }

    private static BlockLayout GptJ(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.";
        int q = c.Heads * c.HeadDimension;
        return new BlockLayout
        {
            Embedding = "transformer.wte",
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            AttentionNorm = layer + "ln_1",
            QueryKeyValue = [new(layer + "attn.q_proj", q), new(layer + "attn.k_proj", q), new(layer + "attn.v_proj", q)],
            Output = new(layer + "attn.out_proj", c.HiddenSize),
            Up = [new(layer + "mlp.fc_in", c.IntermediateSize, Bias: true)],
            Down = new(layer + "mlp.fc_out", c.HiddenSize, Bias: true),
            Gated = false,
        };
    }

    private static BlockLayout GptNeoX(ModelConfig c)
    {
        const string layer = "gpt_neox.layers.{0}.";
        int d = c.HeadDimension;
        return new BlockLayout
        {
            Embedding = "gpt_neox.embed_in",
            FinalNorm = "gpt_neox.final_layer_norm",
            Head = "embed_out",
            AttentionNorm = layer + "input_layernorm",
            MlpNorm = layer + "post_attention_layernorm",
            QueryKeyValue = [Part(0), Part(1), Part(2)],
            Output = new(layer + "attention.dense", c.HiddenSize, Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.dense_h_to_4h", c.IntermediateSize, Bias: c.MlpBias)],
            Down = new(layer + "mlp.dense_4h_to_h", c.HiddenSize, Bias: c.MlpBias),
            Gated = false,
        };

        // Fused head by head: query, key and value of a head lie together.
        LinearPart Part(int which) =>
            new(layer + "attention.query_key_value", c.Heads * d, Source: row => (((row / d * 3) + which) * d) + (row % d), Bias: c.QueryKeyValueBias);
    }

    private static BlockLayout Falcon(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.";
        return new BlockLayout
        {
            Embedding = "transformer.word_embeddings",
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            AttentionNorm = layer + "input_layernorm",
            QueryKeyValue = [new(layer + "self_attention.query_key_value", (c.Heads + (2 * c.KeyValueHeads)) * c.HeadDimension, Bias: c.QueryKeyValueBias)],
            Output = new(layer + "self_attention.dense", c.HiddenSize, Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.dense_h_to_4h", c.IntermediateSize, Bias: c.MlpBias)],
            Down = new(layer + "mlp.dense_4h_to_h", c.HiddenSize, Bias: c.MlpBias),
            Gated = false,
        };
    }

    private static BlockLayout Opt(ModelConfig c)
    {
        const string layer = "model.decoder.layers.{0}.";
        int q = c.Heads * c.HeadDimension;
        bool projected = c.WordEmbeddingSize != c.HiddenSize;
        return new BlockLayout
        {
            Embedding = "model.decoder.embed_tokens",
            Positions = "model.decoder.embed_positions",
            ProjectIn = projected ? "model.decoder.project_in" : null,
            ProjectOut = projected ? "model.decoder.project_out" : null,
            FinalNorm = "model.decoder.final_layer_norm",
            Head = "lm_head",
            AttentionNorm = layer + "self_attn_layer_norm",
            MlpNorm = layer + "final_layer_norm",
            QueryKeyValue = [new(layer + "self_attn.q_proj", q, Bias: true), new(layer + "self_attn.k_proj", q, Bias: true), new(layer + "self_attn.v_proj", q, Bias: true)],
            Output = new(layer + "self_attn.out_proj", c.HiddenSize, Bias: true),
            Up = [new(layer + "fc1", c.IntermediateSize, Bias: true)],
            Down = new(layer + "fc2", c.HiddenSize, Bias: true),
            Gated = false,
        };
    }
}

/// <summary>Rows of a weight tensor (name.weight, and name.bias where it has one).</summary>
/// <param name="Name">The tensor without ".weight".</param>
/// <param name="Rows">Outputs taken from it.</param>
/// <param name="Source">Which of its rows is each output; null for the same order.</param>
/// <param name="Transposed">Stored [in, out].</param>
/// <param name="Bias">Whether it has a bias.</param>
internal sealed record LinearPart(string Name, int Rows, Func<int, int>? Source = null, bool Transposed = false, bool Bias = false);
