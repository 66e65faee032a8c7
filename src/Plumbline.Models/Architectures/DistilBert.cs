using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>DistilBERT: BERT without token types and pooler, its layer-norm epsilon fixed.</summary>
internal static class DistilBert
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "distilbert",
        ClassName = "DistilBert",
        Prefix = "distilbert.",
        Read = Read,
        Describe = Blocks,
    };

    private static ModelConfig Read(ConfigKeys keys)
    {
        int hidden = keys.Size("dim", "hidden_size"), heads = keys.Size("n_heads", "num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "dim", "n_heads", "n_heads");
        return Common.Plain(keys, "distilbert", hidden, keys.Size("n_layers", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("hidden_dim", "intermediate_size"),
            MaxPositions = keys.SizeOr(512, "max_position_embeddings"),
            NormEpsilon = 1e-12, // Fixed in transformers' code.
            Activation = Common.ReadActivation(keys, "gelu", "activation"),
            Causal = false,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            HeadBias = true,
        };
    }

    private static ModelDescription Blocks(ModelConfig c)
    {
        const string layer = "distilbert.transformer.layer.{0}.", hidden = "hidden_size";
        return new ModelDescription
        {
            Embedding = "distilbert.embeddings.word_embeddings",
            Positions = "distilbert.embeddings.position_embeddings",
            PositionRows = ("max_position_embeddings", c.MaxPositions),
            EmbeddingNorm = "distilbert.embeddings.LayerNorm",
            Head = "vocab_projector",
            HeadBias = "vocab_projector.bias",
            HeadTransform = new("vocab_transform", c.HiddenSize, hidden, Bias: true),
            HeadNorm = "vocab_layer_norm",
            AttentionSumNorm = layer + "sa_layer_norm",
            MlpSumNorm = layer + "output_layer_norm",
            QueryKeyValue = [new(layer + "attention.q_lin", c.HiddenSize, hidden, Bias: true), new(layer + "attention.k_lin", c.HiddenSize, hidden, Bias: true), new(layer + "attention.v_lin", c.HiddenSize, hidden, Bias: true)],
            Output = new(layer + "attention.out_lin", c.HiddenSize, hidden, Bias: true),
            Up = [new(layer + "ffn.lin1", c.IntermediateSize, "intermediate_size", Bias: true)],
            Down = new(layer + "ffn.lin2", c.HiddenSize, hidden, Bias: true),
        };
    }
}
