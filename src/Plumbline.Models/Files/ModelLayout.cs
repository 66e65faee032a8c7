namespace Plumbline.Models.Files;

/// <summary>A tensor that a model must have, or may have: its Hugging Face name and its shape in sizes that messages can name.</summary>
internal sealed record ExpectedTensor(string Name, IReadOnlyList<(string What, long Size)> Dimensions, bool Optional)
{
    public IEnumerable<long> Shape => Dimensions.Select(d => d.Size);
}

/// <summary>Which tensors each architecture has, under Hugging Face's names, as its modeling code in transformers declares them.</summary>
internal sealed class ModelLayout
{
    private readonly ModelConfig _config;
    private readonly List<ExpectedTensor> _tensors = [];
    private readonly (string, long) _hidden, _vocabulary, _inner, _queries, _keys, _positions;

    private ModelLayout(ModelConfig config)
    {
        _config = config;
        _hidden = ("hidden_size", config.HiddenSize);
        _vocabulary = ("vocab_size", config.VocabularySize);
        _inner = ("intermediate_size", config.IntermediateSize);
        _queries = ("num_attention_heads x head_dim", (long)config.Heads * config.HeadDimension);
        _keys = ("num_key_value_heads x head_dim", (long)config.KeyValueHeads * config.HeadDimension);
        _positions = ("max_position_embeddings", config.MaxPositions + (config.Architecture == "opt" ? 2 : 0));
    }

    /// <summary>The prefix that a base model's file leaves out.</summary>
    public static string Prefix(string architecture) => architecture switch
    {
        "gpt2" or "gptj" or "falcon" => "transformer.",
        "gpt_neox" => "gpt_neox.",
        "bert" or "distilbert" or "roberta" => architecture + ".",
        _ => "model.",
    };

    /// <summary>The vocabulary head's matrix.</summary>
    public static string Head(string architecture) => architecture switch
    {
        "gpt_neox" => "embed_out.weight",
        "bert" => "cls.predictions.decoder.weight",
        "roberta" => "lm_head.decoder.weight",
        "distilbert" => "vocab_projector.weight",
        _ => "lm_head.weight",
    };

    /// <summary>The vocabulary head's bias.</summary>
    public static string HeadBias(string architecture) => architecture switch
    {
        "bert" => "cls.predictions.bias",
        "distilbert" => "vocab_projector.bias",
        _ => "lm_head.bias",
    };

    /// <summary>The word embeddings.</summary>
    public static string Embedding(string architecture) => architecture switch
    {
        "gpt2" or "gptj" => "transformer.wte.weight",
        "falcon" => "transformer.word_embeddings.weight",
        "gpt_neox" => "gpt_neox.embed_in.weight",
        "opt" => "model.decoder.embed_tokens.weight",
        "bert" or "distilbert" or "roberta" => architecture + ".embeddings.word_embeddings.weight",
        _ => "model.embed_tokens.weight",
    };

    /// <summary>All tensors of a model, in the order of the forward pass; the head's matrix only where it is not tied.</summary>
    public static IReadOnlyList<ExpectedTensor> Of(ModelConfig config)
    {
        ModelLayout layout = new(config);
        switch (config.Architecture)
        {
            case "gpt2": layout.Gpt2(); break;
            case "gptj": layout.GptJ(); break;
            case "gpt_neox": layout.GptNeoX(); break;
            case "falcon": layout.Falcon(); break;
            case "opt": layout.Opt(); break;
            case "bert" or "roberta": layout.Bert(); break;
            case "distilbert": layout.DistilBert(); break;
            default: layout.Llama(); break;
        }

        // BERT's head is tied or absent with all of its parts: a base model has none.
        if (!config.TieWordEmbeddings) layout.Add(Head(config.Architecture), optional: !config.Causal, layout._vocabulary, ("hidden_size", config.WordEmbeddingSize));
        return layout._tensors;
    }

    private void Add(string name, params (string, long)[] dimensions) => Add(name, optional: false, dimensions);

    private void Add(string name, bool optional, params (string, long)[] dimensions) => _tensors.Add(new ExpectedTensor(name, dimensions, optional));

    private void Linear(string name, (string, long) output, (string, long) input, bool bias)
    {
        Add(name + ".weight", output, input);
        if (bias) Add(name + ".bias", output);
    }

    private void LayerNorm(string name, bool optional = false)
    {
        Add(name + ".weight", optional, _hidden);
        Add(name + ".bias", optional, _hidden);
    }

    private void Norm(string name)
    {
        Add(name + ".weight", _hidden);
        if (_config.Norm == NormKind.LayerNorm) Add(name + ".bias", _hidden);
    }

    private void Llama()
    {
        ModelConfig c = _config;
        bool fourNorms = c.Architecture is "gemma2" or "gemma3_text";
        Add("model.embed_tokens.weight", _vocabulary, _hidden);
        for (int i = 0; i < c.Layers; i++)
        {
            string at = $"model.layers.{i}.";
            if (c.Architecture != "olmo2") Norm(at + "input_layernorm");
            if (c.Architecture == "phi3")
            {
                Linear(at + "self_attn.qkv_proj", ("(num_attention_heads + 2 num_key_value_heads) x head_dim", _queries.Item2 + (2 * _keys.Item2)), _hidden, bias: false);
            }
            else
            {
                Linear(at + "self_attn.q_proj", _queries, _hidden, c.QueryKeyValueBias);
                Linear(at + "self_attn.k_proj", _keys, _hidden, c.QueryKeyValueBias);
                Linear(at + "self_attn.v_proj", _keys, _hidden, c.QueryKeyValueBias);
            }

            if (c.QueryKeyNorm != QueryKeyNorm.None)
            {
                bool each = c.QueryKeyNorm == QueryKeyNorm.PerHead;
                Add(at + "self_attn.q_norm.weight", each ? ("head_dim", c.HeadDimension) : _queries);
                Add(at + "self_attn.k_norm.weight", each ? ("head_dim", c.HeadDimension) : _keys);
            }

            Linear(at + "self_attn.o_proj", _hidden, _queries, c.AttentionOutputBias);

            // StableLM's parallel form has one norm.
            if (!(c.Architecture == "stablelm" && c.ParallelResidual)) Norm(at + "post_attention_layernorm");
            if (fourNorms) Norm(at + "pre_feedforward_layernorm");
            if (c.Architecture == "phi3")
            {
                Linear(at + "mlp.gate_up_proj", ("2 intermediate_size", 2 * _inner.Item2), _hidden, bias: false);
            }
            else
            {
                Linear(at + "mlp.gate_proj", _inner, _hidden, c.MlpBias);
                Linear(at + "mlp.up_proj", _inner, _hidden, c.MlpBias);
            }

            Linear(at + "mlp.down_proj", _hidden, _inner, c.MlpBias);
            if (fourNorms || c.Architecture == "olmo2") Norm(at + "post_feedforward_layernorm");
        }

        Norm("model.norm");
    }

    private void Gpt2()
    {
        Add("transformer.wte.weight", _vocabulary, _hidden);
        Add("transformer.wpe.weight", _positions, _hidden);
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"transformer.h.{i}.";
            LayerNorm(at + "ln_1");
            Matrix(at + "attn.c_attn", ("3 hidden_size", 3 * _hidden.Item2), _hidden);
            Matrix(at + "attn.c_proj", _hidden, _hidden);
            LayerNorm(at + "ln_2");
            Matrix(at + "mlp.c_fc", _inner, _hidden);
            Matrix(at + "mlp.c_proj", _hidden, _inner);
        }

        LayerNorm("transformer.ln_f");

        void Matrix(string name, (string, long) output, (string, long) input)
        {
            Add(name + ".weight", _config.MatricesInOut ? [input, output] : [output, input]);
            Add(name + ".bias", output);
        }
    }

    private void GptJ()
    {
        Add("transformer.wte.weight", _vocabulary, _hidden);
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"transformer.h.{i}.";
            LayerNorm(at + "ln_1");
            foreach (string name in new[] { "q_proj", "k_proj", "v_proj", "out_proj" }) Linear(at + "attn." + name, _hidden, _hidden, bias: false);
            Linear(at + "mlp.fc_in", _inner, _hidden, bias: true);
            Linear(at + "mlp.fc_out", _hidden, _inner, bias: true);
        }

        LayerNorm("transformer.ln_f");
        Add("lm_head.bias", _vocabulary);
    }

    private void GptNeoX()
    {
        Add("gpt_neox.embed_in.weight", _vocabulary, _hidden);
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"gpt_neox.layers.{i}.";
            LayerNorm(at + "input_layernorm");
            Linear(at + "attention.query_key_value", ("3 hidden_size", 3 * _hidden.Item2), _hidden, _config.QueryKeyValueBias);
            Linear(at + "attention.dense", _hidden, _hidden, _config.AttentionOutputBias);
            LayerNorm(at + "post_attention_layernorm");
            Linear(at + "mlp.dense_h_to_4h", _inner, _hidden, bias: true);
            Linear(at + "mlp.dense_4h_to_h", _hidden, _inner, bias: true);
        }

        LayerNorm("gpt_neox.final_layer_norm");
    }

    private void Falcon()
    {
        Add("transformer.word_embeddings.weight", _vocabulary, _hidden);
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"transformer.h.{i}.";
            LayerNorm(at + "input_layernorm");
            Linear(at + "self_attention.query_key_value", ("(num_attention_heads + 2) x head_dim", _queries.Item2 + (2 * _keys.Item2)), _hidden, _config.QueryKeyValueBias);
            Linear(at + "self_attention.dense", _hidden, _queries, _config.AttentionOutputBias);
            Linear(at + "mlp.dense_h_to_4h", _inner, _hidden, _config.MlpBias);
            Linear(at + "mlp.dense_4h_to_h", _hidden, _inner, _config.MlpBias);
        }

        LayerNorm("transformer.ln_f");
    }

    private void Opt()
    {
        (string, long) word = ("word_embed_proj_dim", _config.WordEmbeddingSize);
        Add("model.decoder.embed_tokens.weight", _vocabulary, word);
        Add("model.decoder.embed_positions.weight", ("max_position_embeddings + 2", _positions.Item2), _hidden);
        if (_config.WordEmbeddingSize != _config.HiddenSize) Add("model.decoder.project_in.weight", _hidden, word);
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"model.decoder.layers.{i}.";
            LayerNorm(at + "self_attn_layer_norm");
            foreach (string name in new[] { "q_proj", "k_proj", "v_proj", "out_proj" }) Linear(at + "self_attn." + name, _hidden, _hidden, bias: true);
            LayerNorm(at + "final_layer_norm");
            Linear(at + "fc1", _inner, _hidden, bias: true);
            Linear(at + "fc2", _hidden, _inner, bias: true);
        }

        LayerNorm("model.decoder.final_layer_norm");
        if (_config.WordEmbeddingSize != _config.HiddenSize) Add("model.decoder.project_out.weight", word, _hidden);
    }

    private void Bert()
    {
        string root = _config.Architecture + ".";
        Add(root + "embeddings.word_embeddings.weight", _vocabulary, _hidden);
        Add(root + "embeddings.position_embeddings.weight", _positions, _hidden);
        Add(root + "embeddings.token_type_embeddings.weight", ("type_vocab_size", _config.TypeVocabularySize), _hidden);
        LayerNorm(root + "embeddings.LayerNorm");
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"{root}encoder.layer.{i}.";
            foreach (string name in new[] { "query", "key", "value" }) Linear(at + "attention.self." + name, _hidden, _hidden, bias: true);
            Linear(at + "attention.output.dense", _hidden, _hidden, bias: true);
            LayerNorm(at + "attention.output.LayerNorm");
            Linear(at + "intermediate.dense", _inner, _hidden, bias: true);
            Linear(at + "output.dense", _hidden, _inner, bias: true);
            LayerNorm(at + "output.LayerNorm");
        }

        Add(root + "pooler.dense.weight", optional: true, _hidden, _hidden);
        Add(root + "pooler.dense.bias", optional: true, _hidden);
        bool bert = _config.Architecture == "bert";
        string dense = bert ? "cls.predictions.transform.dense" : "lm_head.dense";
        Add(dense + ".weight", optional: true, _hidden, _hidden);
        Add(dense + ".bias", optional: true, _hidden);
        LayerNorm(bert ? "cls.predictions.transform.LayerNorm" : "lm_head.layer_norm", optional: true);
        Add(bert ? "cls.predictions.bias" : "lm_head.bias", optional: true, _vocabulary);
        if (!bert) return;
        Add("cls.seq_relationship.weight", optional: true, ("2", 2), _hidden);
        Add("cls.seq_relationship.bias", optional: true, ("2", 2));
    }

    private void DistilBert()
    {
        Add("distilbert.embeddings.word_embeddings.weight", _vocabulary, _hidden);
        Add("distilbert.embeddings.position_embeddings.weight", _positions, _hidden);
        LayerNorm("distilbert.embeddings.LayerNorm");
        for (int i = 0; i < _config.Layers; i++)
        {
            string at = $"distilbert.transformer.layer.{i}.";
            foreach (string name in new[] { "q_lin", "k_lin", "v_lin", "out_lin" }) Linear(at + "attention." + name, _hidden, _hidden, bias: true);
            LayerNorm(at + "sa_layer_norm");
            Linear(at + "ffn.lin1", _inner, _hidden, bias: true);
            Linear(at + "ffn.lin2", _hidden, _inner, bias: true);
            LayerNorm(at + "output_layer_norm");
        }

        Add("vocab_transform.weight", optional: true, _hidden, _hidden);
        Add("vocab_transform.bias", optional: true, _hidden);
        LayerNorm("vocab_layer_norm", optional: true);
        Add("vocab_projector.bias", optional: true, _vocabulary);
    }
}
