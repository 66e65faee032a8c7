using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>BERT: an encoder with norms after each sum, token types, a masked-LM head, a pooler and a next-sentence head.</summary>
internal static class Bert
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "bert",
        ClassName = "Bert",
        Prefix = "bert.",
        Read = static keys => Config(keys, "bert"),
        Describe = static c => Blocks(c, "bert.") with
        {
            Head = "cls.predictions.decoder",
            HeadBias = "cls.predictions.bias",
            HeadTransform = new("cls.predictions.transform.dense", c.HiddenSize, "hidden_size", Bias: true),
            HeadNorm = "cls.predictions.transform.LayerNorm",
            NextSentence = new("cls.seq_relationship", 2, "2", Bias: true),
        },
    };

    /// <summary>The config of BERT and RoBERTa.</summary>
    public static ModelConfig Config(ConfigKeys keys, string type)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads");
        int head = Common.HeadSize(keys, hidden, heads, heads, "hidden_size", "num_attention_heads", "num_attention_heads");
        if (keys.Text("position_embedding_type") is string positions and not "absolute") throw keys.Fault("position_embedding_type", $"is {TensorLookup.Quote(positions)}; only absolute is supported");
        Common.Refuse(keys, "is_decoder", expected: false, "BERT and RoBERTa are supported as encoders");
        return Common.Plain(keys, type, hidden, keys.Size("num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("intermediate_size"),
            MaxPositions = keys.SizeOr(512, "max_position_embeddings"),
            NormEpsilon = keys.PositiveOr(1e-12, "layer_norm_eps"),
            Activation = Common.ReadActivation(keys, "gelu", "hidden_act"),
            Causal = false,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            HeadBias = true,
            TypeVocabularySize = keys.SizeOr(2, "type_vocab_size"),
        };
    }

    /// <summary>The tensors that BERT and RoBERTa share.</summary>
    public static ModelDescription Blocks(ModelConfig c, string root)
    {
        string layer = root + "encoder.layer.{0}.";
        const string hidden = "hidden_size";
        return new ModelDescription
        {
            Embedding = root + "embeddings.word_embeddings",
            Positions = root + "embeddings.position_embeddings",
            PositionRows = ("max_position_embeddings", c.MaxPositions),
            TokenTypes = root + "embeddings.token_type_embeddings",
            EmbeddingNorm = root + "embeddings.LayerNorm",
            Head = "lm_head.decoder",
            HeadBias = "lm_head.bias",
            Pooler = new(root + "pooler.dense", c.HiddenSize, hidden, Bias: true),
            AttentionSumNorm = layer + "attention.output.LayerNorm",
            MlpSumNorm = layer + "output.LayerNorm",
            QueryKeyValue =
            [
                new(layer + "attention.self.query", c.HiddenSize, hidden, Bias: true),
                new(layer + "attention.self.key", c.HiddenSize, hidden, Bias: true),
                new(layer + "attention.self.value", c.HiddenSize, hidden, Bias: true),
            ],
            Output = new(layer + "attention.output.dense", c.HiddenSize, hidden, Bias: true),
            Up = [new(layer + "intermediate.dense", c.IntermediateSize, "intermediate_size", Bias: true)],
            Down = new(layer + "output.dense", c.HiddenSize, hidden, Bias: true),
        };
    }
}
