using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>GPT-2: learned positions, layer norms, biases everywhere, tied head; Hugging Face's matrices lie [in, out].</summary>
internal static class Gpt2
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "gpt2",
        ClassName = "GPT2",
        Prefix = "transformer.",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("n_embd", "hidden_size"), heads = keys.Size("n_head", "num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "n_embd", "n_head", "n_head");
        Common.Refuse(keys, "scale_attn_by_inverse_layer_idx", expected: false, "this variant of GPT-2 is not supported");
        Common.Refuse(keys, "scale_attn_weights", expected: true, "this variant of GPT-2 is not supported");
        return Common.Plain(keys, "gpt2", hidden, keys.Size("n_layer", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.SizeOr(4 * hidden, "n_inner"),
            MaxPositions = keys.SizeOr(1024, "n_positions", "n_ctx"),
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = Common.ReadActivation(keys, "gelu_new", "activation_function"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            MatricesInOut = true,
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "transformer.h.{0}.";
        return new ModelDescription
        {
            Embedding = "transformer.wte",
            Positions = "transformer.wpe",
            PositionRows = ("max_position_embeddings", c.MaxPositions),
            FinalNorm = "transformer.ln_f",
            Head = "lm_head",
            HeadBias = "lm_head.bias",
            AttentionNorm = layer + "ln_1",
            MlpNorm = layer + "ln_2",
            QueryKeyValue = [new(layer + "attn.c_attn", 3 * c.HiddenSize, "3 hidden_size", Transposed: c.MatricesInOut, Bias: true)],
            Output = new(layer + "attn.c_proj", c.HiddenSize, "hidden_size", Transposed: c.MatricesInOut, Bias: true),
            Up = [new(layer + "mlp.c_fc", c.IntermediateSize, "intermediate_size", Transposed: c.MatricesInOut, Bias: true)],
            Down = new(layer + "mlp.c_proj", c.HiddenSize, "hidden_size", Transposed: c.MatricesInOut, Bias: true),
        };
    }
}
