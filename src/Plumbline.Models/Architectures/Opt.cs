using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>OPT: learned positions from row 2 on, ReLU, word embeddings that may have a width of their own.</summary>
internal static class Opt
{
    private const int FirstPosition = 2;

    public static Architecture Architecture { get; } = new()
    {
        ModelType = "opt",
        ClassName = "OPT",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "hidden_size", "num_attention_heads", "num_attention_heads");
        foreach (string key in new[] { "do_layer_norm_before", "enable_bias", "layer_norm_elementwise_affine" }) Common.Refuse(keys, key, expected: true, "this variant of OPT is not supported");
        Common.Refuse(keys, "_remove_final_layer_norm", expected: false, "this variant of OPT is not supported");
        return Common.Plain(keys, "opt", hidden, keys.Size("num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("ffn_dim"),
            MaxPositions = keys.SizeOr(2048, "max_position_embeddings"),
            NormEpsilon = 1e-5, // Fixed in transformers' code.
            Activation = Common.ReadActivation(keys, "relu", "activation_function"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            PositionOffset = FirstPosition,
            WordEmbeddingSize = keys.SizeOr(hidden, "word_embed_proj_dim"),
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "model.decoder.layers.{0}.", hidden = "hidden_size";
        bool projected = c.WordEmbeddingSize != c.HiddenSize;
        return new ModelDescription
        {
            Embedding = "model.decoder.embed_tokens",
            Positions = "model.decoder.embed_positions",
            PositionRows = ("max_position_embeddings + 2", c.MaxPositions + FirstPosition),
            ProjectIn = projected ? "model.decoder.project_in" : null,
            ProjectOut = projected ? "model.decoder.project_out" : null,
            FinalNorm = "model.decoder.final_layer_norm",
            Head = "lm_head",
            HeadBias = "lm_head.bias",
            AttentionNorm = layer + "self_attn_layer_norm",
            MlpNorm = layer + "final_layer_norm",
            QueryKeyValue =
            [
                new(layer + "self_attn.q_proj", c.HiddenSize, hidden, Bias: true),
                new(layer + "self_attn.k_proj", c.HiddenSize, hidden, Bias: true),
                new(layer + "self_attn.v_proj", c.HiddenSize, hidden, Bias: true),
            ],
            Output = new(layer + "self_attn.out_proj", c.HiddenSize, hidden, Bias: true),
            Up = [new(layer + "fc1", c.IntermediateSize, "intermediate_size", Bias: true)],
            Down = new(layer + "fc2", c.HiddenSize, hidden, Bias: true),
        };
    }
}
