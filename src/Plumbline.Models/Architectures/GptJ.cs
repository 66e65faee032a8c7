using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>GPT-J: RoPE on adjacent pairs, attention and MLP in parallel from one norm, a head with a bias.</summary>
internal static class GptJ
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gptj",
        ClassName = "GPTJ",
        Prefix = "transformer.",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("n_embd", "hidden_size"), heads = keys.Size("n_head", "num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "n_embd", "n_head", "n_head");
        return Common.Plain(keys, "gptj", hidden, keys.Size("n_layer", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.SizeOr(4 * hidden, "n_inner"),
            MaxPositions = keys.SizeOr(2048, "n_positions"),
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = Common.ReadActivation(keys, "gelu_new", "activation_function"),
            Positions = PositionKind.RopeAdjacent,
            RotaryDimensions = Common.Rotary(keys, keys.SizeOr(head, "rotary_dim"), head),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            MlpBias = true,
            HeadBias = true,
            ParallelResidual = true,
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.", hidden = "hidden_size";
        return new ModelDescription
        {
            Embedding = "transformer.wte",
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            HeadBias = "lm_head.bias",
            AttentionNorm = layer + "ln_1",
            QueryKeyValue = [new(layer + "attn.q_proj", c.HiddenSize, hidden), new(layer + "attn.k_proj", c.HiddenSize, hidden), new(layer + "attn.v_proj", c.HiddenSize, hidden)],
            Output = new(layer + "attn.out_proj", c.HiddenSize, hidden),
            Up = [new(layer + "mlp.fc_in", c.IntermediateSize, "intermediate_size", Bias: true)],
            Down = new(layer + "mlp.fc_out", c.HiddenSize, hidden, Bias: true),
        };
    }
}
