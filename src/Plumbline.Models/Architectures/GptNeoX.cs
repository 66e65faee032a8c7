using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>GPT-NeoX (Pythia): attention and MLP in parallel from two norms, partial RoPE, q, k, v fused head by head.</summary>
internal static class GptNeoX
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gpt_neox",
        ClassName = "GPTNeoX",
        Prefix = "gpt_neox.",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "hidden_size", "num_attention_heads", "num_attention_heads");
        int max = keys.SizeOr(2048, "max_position_embeddings");
        double partial = keys.Has("rotary_pct") ? Common.Fraction(keys, "rotary_pct", 0.25) : Common.PartialRotary(keys, 0.25);
        int rotary = Common.Rotary(keys, (int)(head * partial), head);
        (double theta, _, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, keys.PositiveOr(10000, "rotary_emb_base"), local: false);
        bool bias = keys.Flag("attention_bias", true);
        return Common.Plain(keys, "gpt_neox", hidden, keys.Size("num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("intermediate_size"),
            MaxPositions = max,
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_eps"),
            Activation = Common.ReadActivation(keys, "gelu", "hidden_act"),
            Positions = PositionKind.Rope,
            RopeTheta = theta,
            RotaryDimensions = rotary,
            RopeScaling = scaling,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = true,
            ParallelResidual = keys.Flag("use_parallel_residual", true),
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "gpt_neox.layers.{0}.";
        int d = c.HeadDimension;
        return new ModelDescription
        {
            Embedding = "gpt_neox.embed_in",
            FinalNorm = "gpt_neox.final_layer_norm",
            Head = "embed_out",
            HeadBias = "embed_out.bias",
            AttentionNorm = layer + "input_layernorm",
            MlpNorm = layer + "post_attention_layernorm",
            QueryKeyValue = [Part(0), Part(1), Part(2)],
            Output = new(layer + "attention.dense", c.HiddenSize, "hidden_size", Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.dense_h_to_4h", c.IntermediateSize, "intermediate_size", Bias: c.MlpBias)],
            Down = new(layer + "mlp.dense_4h_to_h", c.HiddenSize, "hidden_size", Bias: c.MlpBias),
        };

        // Query, key and value of a head lie together.
        LinearPart Part(int which) =>
            new(layer + "attention.query_key_value", c.Heads * d, "3 hidden_size", Source: row => (((row / d * 3) + which) * d) + (row % d), Bias: c.QueryKeyValueBias);
    }
}
