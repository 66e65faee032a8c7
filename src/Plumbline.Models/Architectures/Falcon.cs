using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Falcon-7B: one key and value head, attention and MLP in parallel from one norm, q, k, v in one matrix.</summary>
internal static class Falcon
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "falcon",
        ClassName = "Falcon",
        Prefix = "transformer.",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size", "n_embed"), heads = keys.Size("num_attention_heads", "n_head");
        Common.Refuse(keys, "alibi", expected: false, "only Falcon with rotary positions is supported");
        Common.Refuse(keys, "new_decoder_architecture", expected: false, "only Falcon-7B's layout is supported");
        Common.Refuse(keys, "parallel_attn", expected: true, "only Falcon-7B's layout is supported");
        Common.Refuse(keys, "multi_query", expected: true, "only Falcon-7B's layout is supported");
        int head = Common.HeadSize(keys, hidden, heads, 1, "hidden_size", "num_attention_heads", "num_kv_heads");
        int max = keys.SizeOr(2048, "max_position_embeddings"), rotary = Common.Rotary(keys, head, head);
        (double theta, _, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, 10000, local: false);
        bool bias = keys.Flag("bias", false);
        return Common.Plain(keys, "falcon", hidden, keys.Size("num_hidden_layers", "n_layer"), heads, head) with
        {
            KeyValueHeads = 1,
            IntermediateSize = keys.SizeOr(4 * hidden, "ffn_hidden_size"),
            MaxPositions = max,
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = Common.ReadActivation(keys, "gelu", "activation"),
            Positions = PositionKind.Rope,
            RopeTheta = theta,
            RotaryDimensions = rotary,
            RopeScaling = scaling,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            ParallelResidual = true,
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.";
        return new ModelDescription
        {
            Embedding = "transformer.word_embeddings",
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            HeadBias = "lm_head.bias",
            AttentionNorm = layer + "input_layernorm",
            QueryKeyValue = [new(layer + "self_attention.query_key_value", (c.Heads + (2 * c.KeyValueHeads)) * c.HeadDimension, "(num_attention_heads + 2) x head_dim", Bias: c.QueryKeyValueBias)],
            Output = new(layer + "self_attention.dense", c.HiddenSize, "hidden_size", Bias: c.AttentionOutputBias),
            Up = [new(layer + "mlp.dense_h_to_4h", c.IntermediateSize, "intermediate_size", Bias: c.MlpBias)],
            Down = new(layer + "mlp.dense_4h_to_h", c.HiddenSize, "hidden_size", Bias: c.MlpBias),
        };
    }
}
