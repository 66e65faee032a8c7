using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Llama: RMS norms, RoPE, grouped queries, SwiGLU. Most later families differ from it in a few points.</summary>
internal static class Llama
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "llama",
        ClassName = "Llama",
        Read = static keys =>
        {
            bool bias = keys.Flag("attention_bias", false);
            return Config(keys, "llama", new()) with { QueryKeyValueBias = bias, AttentionOutputBias = bias, MlpBias = keys.Flag("mlp_bias", false) };
        },
        Describe = Blocks,
    };

    /// <summary>The config of a family near Llama; null of a default means Llama's.</summary>
    public static ModelConfig Config(ConfigKeys keys, string type, Defaults defaults)
    {
        int hidden = keys.Size("hidden_size"), layers = keys.Size("num_hidden_layers"), heads = keys.Size("num_attention_heads");
        int keyValueHeads = keys.SizeOr(defaults.KeyValueHeads ?? heads, "num_key_value_heads");
        int head = Common.HeadSize(keys, hidden, heads, keyValueHeads, "hidden_size", "num_attention_heads", "num_key_value_heads", keys.SizeOr(defaults.HeadDimension, "head_dim"));
        int rotary = Common.Rotary(keys, (int)(head * Common.PartialRotary(keys, defaults.PartialRotary)), head);
        int max = keys.SizeOr(defaults.MaxPositions, "max_position_embeddings");
        (double theta, double? local, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, defaults.Theta, defaults.LocalTheta);
        return new ModelConfig
        {
            Architecture = type,
            HiddenSize = hidden,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDimension = head,
            IntermediateSize = keys.Size("intermediate_size"),
            VocabularySize = keys.Size("vocab_size"),
            MaxPositions = max,
            NormEpsilon = keys.PositiveOr(defaults.Epsilon, defaults.EpsilonKeys),
            Norm = defaults.Norm,
            Activation = defaults.Activation ?? Common.ReadActivation(keys, "silu", "hidden_act"),
            Positions = PositionKind.Rope,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", defaults.Tied),
            RopeTheta = theta,
            RopeLocalTheta = local,
            RotaryDimensions = rotary,
            RopeScaling = scaling,
            AttentionScale = 1 / Math.Sqrt(head),
        };
    }

    /// <summary>Llama's tensors, with the biases and norms that the config says.</summary>
    public static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "model.layers.{0}.";
        int q = c.Heads * c.HeadDimension, kv = c.KeyValueHeads * c.HeadDimension;
        const string queries = "num_attention_heads x head_dim", keys = "num_key_value_heads x head_dim";
        return new ModelDescription
        {
            Embedding = "model.embed_tokens",
            FinalNorm = "model.norm",
            Head = "lm_head",
            HeadBias = "lm_head.bias",
            AttentionNorm = layer + "input_layernorm",
            MlpNorm = c.ParallelResidual ? null : layer + "post_attention_layernorm",
            QueryNorm = c.QueryKeyNorm == QueryKeyNorm.None ? null : layer + "self_attn.q_norm",
            KeyNorm = c.QueryKeyNorm == QueryKeyNorm.None ? null : layer + "self_attn.k_norm",
            QueryKeyValue =
            [
                new(layer + "self_attn.q_proj", q, queries, Bias: c.QueryKeyValueBias),
                new(layer + "self_attn.k_proj", kv, keys, Bias: c.QueryKeyValueBias),
                new(layer + "self_attn.v_proj", kv, keys, Bias: c.QueryKeyValueBias),
            ],
            Output = new(layer + "self_attn.o_proj", c.HiddenSize, "hidden_size", Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.gate_proj", c.IntermediateSize, "intermediate_size", Bias: c.MlpBias), new(layer + "mlp.up_proj", c.IntermediateSize, "intermediate_size", Bias: c.MlpBias)],
            Down = new(layer + "mlp.down_proj", c.HiddenSize, "hidden_size", Bias: c.MlpBias),
            Gated = true,
        };
    }

    /// <summary>Where a family's class in transformers has other defaults than Llama's.</summary>
    public sealed record Defaults
    {
        public int? KeyValueHeads { get; init; }

        public int HeadDimension { get; init; }

        public double PartialRotary { get; init; } = 1;

        public int MaxPositions { get; init; } = 2048;

        public double Theta { get; init; } = 10000;

        public bool LocalTheta { get; init; }

        public double Epsilon { get; init; } = 1e-6;

        public string[] EpsilonKeys { get; init; } = ["rms_norm_eps"];

        public NormKind Norm { get; init; } = NormKind.Rms;

        public Activation? Activation { get; init; }

        public bool Tied { get; init; }
    }
}
