using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Reads Hugging Face's config.json into a <see cref="ModelConfig"/>, with the defaults of each class of transformers where a key is absent.</summary>
internal static class JsonConfig
{
    /// <summary>Every model_type that is read.</summary>
    public static readonly IReadOnlyList<string> Supported =
    [
        "bert", "distilbert", "falcon", "gemma", "gemma2", "gemma3_text", "gpt2", "gptj", "gpt_neox", "llama", "mistral", "olmo2", "opt", "phi3", "qwen2", "qwen3", "roberta", "stablelm",
    ];

    // "LlamaForCausalLM" and its like, for configs without model_type.
    private static readonly Dictionary<string, string> s_classes = new(StringComparer.Ordinal)
    {
        ["Bert"] = "bert",
        ["DistilBert"] = "distilbert",
        ["Falcon"] = "falcon",
        ["Gemma"] = "gemma",
        ["Gemma2"] = "gemma2",
        ["Gemma3"] = "gemma3_text",
        ["GPT2"] = "gpt2",
        ["GPTJ"] = "gptj",
        ["GPTNeoX"] = "gpt_neox",
        ["Llama"] = "llama",
        ["Mistral"] = "mistral",
        ["Olmo2"] = "olmo2",
        ["OPT"] = "opt",
        ["Phi3"] = "phi3",
        ["Qwen2"] = "qwen2",
        ["Qwen3"] = "qwen3",
        ["Roberta"] = "roberta",
        ["StableLm"] = "stablelm",
    };

    public static ModelConfig Read(string path, JsonElement json)
    {
        ConfigKeys keys = new(path, json);
        string architecture = ModelType(keys, json);
        if (keys.Has("quantization_config")) throw keys.Fault("quantization_config", "says that the weights are quantised by another library, with scales that are not known here; use the unquantised model or a GGUF");
        ModelConfig config = architecture switch
        {
            "gpt2" => Gpt2(keys),
            "gptj" => GptJ(keys),
            "gpt_neox" => GptNeoX(keys),
            "falcon" => Falcon(keys),
            "opt" => Opt(keys),
            "bert" or "roberta" => Bert(keys, architecture),
            "distilbert" => DistilBert(keys),
            _ => Llama(keys, architecture),
        };
        return config with
        {
            WordEmbeddingSize = config.WordEmbeddingSize == 0 ? config.HiddenSize : config.WordEmbeddingSize,
            BosId = keys.Id("bos_token_id"),
            EosIds = keys.Ids("eos_token_id"),
            PadId = config.PadId ?? (keys.Element("pad_token_id") is { ValueKind: JsonValueKind.Number } pad && pad.TryGetInt32(out int id) && id < 0 ? null : keys.Id("pad_token_id")),
            Raw = json,
        };
    }

    private static string ModelType(ConfigKeys keys, JsonElement json)
    {
        string? type = keys.Text("model_type");
        if (type is null && keys.Element("architectures") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && list[0].ValueKind == JsonValueKind.String)
        {
            string name = list[0].GetString()!;
            int end = new[] { "For", "Model", "LMHead" }.Select(part => name.IndexOf(part, StringComparison.Ordinal)).Where(at => at > 0).DefaultIfEmpty(name.Length).Min();
            type = s_classes.GetValueOrDefault(name[..end], name);
        }

        if (type is null) throw keys.Fault("model_type", "is missing, and architectures too; what the model is cannot be known");
        if (Supported.Contains(type)) return type;
        string remote = json.TryGetProperty("auto_map", out _) ? " Its auto_map names code that comes with the model; such code is never run." : "";
        throw keys.Fault("model_type", $"{TensorLookup.Quote(type)} is not supported. Supported are {string.Join(", ", Supported)}.{remote} Nothing is guessed");
    }

    // Llama and those that differ from it in a few points.
    private static ModelConfig Llama(ConfigKeys keys, string type)
    {
        bool gemma = type.StartsWith("gemma", StringComparison.Ordinal);
        int hidden = keys.Size("hidden_size"), layers = Layers(keys, "num_hidden_layers"), heads = keys.Size("num_attention_heads");
        int keyValueHeads = keys.SizeOr(type switch { "mistral" => 8, "gemma2" or "gemma3_text" => 4, _ => heads }, "num_key_value_heads");
        int head = keys.SizeOr(gemma ? 256 : type == "qwen3" ? 128 : 0, "head_dim");
        CheckHeads(keys, hidden, heads, keyValueHeads, ref head, "hidden_size", "num_attention_heads", "num_key_value_heads");
        double partial = type is "stablelm" or "phi3" ? PartialRotary(keys, type == "stablelm" ? 0.25 : 1) : PartialRotary(keys, 1);
        int rotary = Rotary(keys, (int)(head * partial), head);
        int max = keys.SizeOr(type switch { "mistral" => 131072, "gemma3_text" => 131072, "gemma" or "gemma2" => 8192, "qwen2" or "qwen3" => 32768, "phi3" or "stablelm" => 4096, _ => 2048 }, "max_position_embeddings");
        bool attentionBias = keys.Flag("attention_bias", false);
        bool queryBias = type switch { "qwen2" => true, "stablelm" => keys.Flag("use_qkv_bias", false), "phi3" or "mistral" => false, _ => attentionBias };
        if (type == "stablelm" && keys.Flag("qk_layernorm", false)) throw keys.Fault("qk_layernorm", "is true; this variant of StableLM is not supported");
        (double theta, double? local, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, gemma && type == "gemma3_text" ? 1_000_000 : 10000, type == "gemma3_text");
        (int? window, List<bool> sliding) = Sliding(keys, type, layers);
        double scalar = type is "gemma2" or "gemma3_text" ? keys.PositiveOr(256, "query_pre_attn_scalar") : head;
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
            NormEpsilon = type == "stablelm" ? keys.PositiveOr(1e-5, "layer_norm_eps", "rms_norm_eps") : keys.PositiveOr(type is "phi3" or "olmo2" ? 1e-5 : 1e-6, "rms_norm_eps"),
            Norm = type == "stablelm" ? NormKind.LayerNorm : gemma ? NormKind.RmsPlusOne : NormKind.Rms,
            // Gemma 1's published config says gelu and means its tanh approximation; hidden_activation, where present, wins.
            Activation = gemma ? GemmaActivation(keys) : ReadActivation(keys, "silu", "hidden_act"),
            Positions = PositionKind.Rope,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", gemma),
            QueryKeyValueBias = queryBias,
            AttentionOutputBias = type is "llama" or "gemma" or "gemma2" or "gemma3_text" or "olmo2" or "qwen3" && attentionBias,
            MlpBias = type == "llama" && keys.Flag("mlp_bias", false),
            QueryKeyNorm = type switch { "qwen3" or "gemma3_text" => QueryKeyNorm.PerHead, "olmo2" => QueryKeyNorm.AllHeads, _ => QueryKeyNorm.None },
            RopeTheta = theta,
            RopeLocalTheta = local,
            RotaryDimensions = rotary,
            RopeScaling = scaling,
            SlidingWindow = window,
            SlidingLayers = sliding,
            AttentionScale = 1 / Math.Sqrt(scalar),
            AttentionSoftcap = type is "gemma2" ? keys.Positive("attn_logit_softcapping") : type is "gemma3_text" ? keys.Positive("attn_logit_softcapping") : null,
            LogitSoftcap = type is "gemma2" or "gemma3_text" ? keys.Positive("final_logit_softcapping") : null,
            EmbeddingScale = gemma ? Math.Sqrt(hidden) : 1,
            ParallelResidual = type == "stablelm" && keys.Flag("use_parallel_residual", false),
        };
    }

    private static ModelConfig Gpt2(ConfigKeys keys)
    {
        int hidden = keys.Size("n_embd", "hidden_size"), heads = keys.Size("n_head", "num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "n_embd", "n_head", "n_head");
        if (keys.Flag("scale_attn_by_inverse_layer_idx", false)) throw keys.Fault("scale_attn_by_inverse_layer_idx", "is true; this variant of GPT-2 is not supported");
        if (!keys.Flag("scale_attn_weights", true)) throw keys.Fault("scale_attn_weights", "is false; this variant of GPT-2 is not supported");
        return Plain(keys, "gpt2", hidden, Layers(keys, "n_layer", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.SizeOr(4 * hidden, "n_inner"),
            MaxPositions = keys.SizeOr(1024, "n_positions", "n_ctx"),
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = ReadActivation(keys, "gelu_new", "activation_function"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            MatricesInOut = true,
        };
    }

    private static ModelConfig GptJ(ConfigKeys keys)
    {
        int hidden = keys.Size("n_embd", "hidden_size"), heads = keys.Size("n_head", "num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "n_embd", "n_head", "n_head");
        return Plain(keys, "gptj", hidden, Layers(keys, "n_layer", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.SizeOr(4 * hidden, "n_inner"),
            MaxPositions = keys.SizeOr(2048, "n_positions"),
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = ReadActivation(keys, "gelu_new", "activation_function"),
            Positions = PositionKind.RopeAdjacent,
            RotaryDimensions = Rotary(keys, keys.SizeOr(head, "rotary_dim"), head),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            MlpBias = true,
            HeadBias = true,
            ParallelResidual = true,
        };
    }

    private static ModelConfig GptNeoX(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "hidden_size", "num_attention_heads", "num_attention_heads");
        int max = keys.SizeOr(2048, "max_position_embeddings");
        double partial = keys.Has("rotary_pct") ? Fraction(keys, "rotary_pct", 0.25) : PartialRotary(keys, 0.25);
        int rotary = Rotary(keys, (int)(head * partial), head);
        (double theta, _, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, keys.PositiveOr(10000, "rotary_emb_base"), local: false);
        bool bias = keys.Flag("attention_bias", true);
        return Plain(keys, "gpt_neox", hidden, Layers(keys, "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("intermediate_size"),
            MaxPositions = max,
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_eps"),
            Activation = ReadActivation(keys, "gelu", "hidden_act"),
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

    private static ModelConfig Falcon(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size", "n_embed"), heads = keys.Size("num_attention_heads", "n_head"), head = 0;
        if (keys.Flag("alibi", false)) throw keys.Fault("alibi", "is true; only Falcon with rotary positions is supported");
        if (keys.Flag("new_decoder_architecture", false)) throw keys.Fault("new_decoder_architecture", "is true; only Falcon-7B's layout is supported");
        if (!keys.Flag("parallel_attn", true)) throw keys.Fault("parallel_attn", "is false; only Falcon-7B's layout is supported");
        if (!keys.Flag("multi_query", true)) throw keys.Fault("multi_query", "is false; only Falcon-7B's layout is supported");
        CheckHeads(keys, hidden, heads, 1, ref head, "hidden_size", "num_attention_heads", "num_kv_heads");
        int max = keys.SizeOr(2048, "max_position_embeddings"), rotary = Rotary(keys, head, head);
        (double theta, _, RopeScaling? scaling) = RopeConfig.Read(keys, rotary, max, 10000, local: false);
        bool bias = keys.Flag("bias", false);
        return Plain(keys, "falcon", hidden, Layers(keys, "num_hidden_layers", "n_layer"), heads, head) with
        {
            KeyValueHeads = 1,
            IntermediateSize = keys.SizeOr(4 * hidden, "ffn_hidden_size"),
            MaxPositions = max,
            NormEpsilon = keys.PositiveOr(1e-5, "layer_norm_epsilon"),
            Activation = ReadActivation(keys, "gelu", "activation"),
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

    private static ModelConfig Opt(ConfigKeys keys)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "hidden_size", "num_attention_heads", "num_attention_heads");
        foreach (string key in new[] { "do_layer_norm_before", "enable_bias", "layer_norm_elementwise_affine" })
        {
            if (!keys.Flag(key, true)) throw keys.Fault(key, "is false; this variant of OPT is not supported");
        }

        if (keys.Flag("_remove_final_layer_norm", false)) throw keys.Fault("_remove_final_layer_norm", "is true; this variant of OPT is not supported");
        return Plain(keys, "opt", hidden, Layers(keys, "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("ffn_dim"),
            MaxPositions = keys.SizeOr(2048, "max_position_embeddings"),
            NormEpsilon = 1e-5, // Fixed in transformers' code.
            Activation = ReadActivation(keys, "relu", "activation_function"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            PositionOffset = 2,
            WordEmbeddingSize = keys.SizeOr(hidden, "word_embed_proj_dim"),
        };
    }

    private static ModelConfig Bert(ConfigKeys keys, string type)
    {
        int hidden = keys.Size("hidden_size"), heads = keys.Size("num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "hidden_size", "num_attention_heads", "num_attention_heads");
        if (keys.Text("position_embedding_type") is string positions and not "absolute") throw keys.Fault("position_embedding_type", $"is {TensorLookup.Quote(positions)}; only absolute is supported");
        if (keys.Flag("is_decoder", false)) throw keys.Fault("is_decoder", "is true; BERT and RoBERTa are supported as encoders");
        int? pad = type == "roberta" ? keys.Id("pad_token_id") ?? 1 : null;
        return Plain(keys, type, hidden, Layers(keys, "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("intermediate_size"),
            MaxPositions = keys.SizeOr(512, "max_position_embeddings"),
            NormEpsilon = keys.PositiveOr(1e-12, "layer_norm_eps"),
            Activation = ReadActivation(keys, "gelu", "hidden_act"),
            Causal = false,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            HeadBias = true,
            PadId = pad,
            PositionOffset = pad + 1 ?? 0,
            TypeVocabularySize = keys.SizeOr(2, "type_vocab_size"),
        };
    }

    private static ModelConfig DistilBert(ConfigKeys keys)
    {
        int hidden = keys.Size("dim", "hidden_size"), heads = keys.Size("n_heads", "num_attention_heads"), head = 0;
        CheckHeads(keys, hidden, heads, heads, ref head, "dim", "n_heads", "n_heads");
        return Plain(keys, "distilbert", hidden, Layers(keys, "n_layers", "num_hidden_layers"), heads, head) with
        {
            IntermediateSize = keys.Size("hidden_dim", "intermediate_size"),
            MaxPositions = keys.SizeOr(512, "max_position_embeddings"),
            NormEpsilon = 1e-12, // Fixed in transformers' code.
            Activation = ReadActivation(keys, "gelu", "activation"),
            Causal = false,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", true),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            HeadBias = true,
        };
    }

    // What most models share; each overrides what it has otherwise.
    private static ModelConfig Plain(ConfigKeys keys, string type, int hidden, int layers, int heads, int head) => new()
    {
        Architecture = type,
        HiddenSize = hidden,
        Layers = layers,
        Heads = heads,
        KeyValueHeads = heads,
        HeadDimension = head,
        IntermediateSize = 0,
        VocabularySize = keys.Size("vocab_size"),
        MaxPositions = 0,
        NormEpsilon = 0,
        Norm = NormKind.LayerNorm,
        Activation = Activation.Gelu,
        Positions = PositionKind.Learned,
        AttentionScale = 1 / Math.Sqrt(head),
    };

    private static int Layers(ConfigKeys keys, params ReadOnlySpan<string> names) => keys.Size(names);

    private static void CheckHeads(ConfigKeys keys, int hidden, int heads, int keyValueHeads, ref int head, string hiddenKey, string headsKey, string keyValueKey)
    {
        if (head == 0)
        {
            if (hidden % heads != 0) throw keys.Fault(hiddenKey, $"{hidden} is no multiple of {headsKey} {heads}, and head_dim is not given");
            head = hidden / heads;
        }

        if (heads % keyValueHeads != 0) throw keys.Fault(keyValueKey, $"{keyValueHeads} does not divide {headsKey} {heads}");
        if ((long)heads * head > 1 << 26) throw keys.Fault("head_dim", $"{head} times {headsKey} {heads} is too large");
    }

    private static int Rotary(ConfigKeys keys, int rotary, int head)
    {
        if (rotary < 2 || rotary % 2 != 0 || rotary > head) throw keys.Fault("head_dim", $"is {head} and its rotary part {rotary}; RoPE turns pairs, so the part must be even and at least 2");
        return rotary;
    }

    private static double Fraction(ConfigKeys keys, string key, double otherwise)
    {
        double fraction = keys.PositiveOr(otherwise, key);
        return fraction <= 1 ? fraction : throw keys.Fault(key, $"is {fraction}; it must be at most 1");
    }

    private static double PartialRotary(ConfigKeys keys, double otherwise) =>
        keys.Element("rope_parameters") is { ValueKind: JsonValueKind.Object } rope && rope.TryGetProperty("partial_rotary_factor", out JsonElement inside) && inside.ValueKind == JsonValueKind.Number
            ? inside.TryGetDouble(out double part) && part is > 0 and <= 1 ? part : throw keys.Fault("partial_rotary_factor", $"is {inside.GetRawText()}; it must be above 0 and at most 1")
            : Fraction(keys, "partial_rotary_factor", otherwise);

    private static Activation GemmaActivation(ConfigKeys keys)
    {
        string? key = keys.First("hidden_activation", "hidden_act");
        return key is null || keys.Text(key) == "gelu" ? Activation.GeluTanh : ReadActivation(keys, "gelu_pytorch_tanh", key);
    }

    private static Activation ReadActivation(ConfigKeys keys, string otherwise, string key) => (keys.Text(key) ?? otherwise) switch
    {
        "silu" or "swish" => Activation.Silu,
        "gelu" or "gelu_python" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" or "gelu_accurate" or "gelu_python_tanh" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        string unknown => throw keys.Fault(key, $"is {TensorLookup.Quote(unknown)}; known are silu, gelu, gelu_new, gelu_pytorch_tanh and relu"),
    };

    private static (int? Window, List<bool> Layers) Sliding(ConfigKeys keys, string type, int layers)
    {
        int? window = keys.Has("sliding_window") ? keys.Size("sliding_window") : type switch { "gemma2" or "gemma3_text" => 4096, _ => null };
        if (window is null || type is not ("mistral" or "gemma2" or "gemma3_text" or "phi3" or "qwen2" or "qwen3")) return (null, []);
        if (type is "qwen2" or "qwen3" && !keys.Flag("use_sliding_window", false)) return (null, []);
        List<bool> sliding = [];
        if (keys.Element("layer_types") is { } types)
        {
            if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() != layers) throw keys.Fault("layer_types", $"must be a list of {layers} names, one for each layer");
            foreach (JsonElement e in types.EnumerateArray())
            {
                sliding.Add((e.ValueKind == JsonValueKind.String ? e.GetString() : null) switch
                {
                    "sliding_attention" => true,
                    "full_attention" => false,
                    _ => throw keys.Fault("layer_types", $"holds {TensorLookup.Quote(e.GetRawText())}; known are sliding_attention and full_attention"),
                });
            }
        }
        else if (layers <= 100_000)
        {
            // Gemma 2: even layers slide. Gemma 3: each sixth is full. Qwen: layers from max_window_layers on slide.
            int pattern = keys.SizeOr(6, "sliding_window_pattern", "_sliding_window_pattern");
            int from = type is "qwen2" or "qwen3" && keys.Id("max_window_layers") is int first ? first : 0;
            for (int i = 0; i < layers; i++) sliding.Add(type switch { "gemma2" => i % 2 == 0, "gemma3_text" => (i + 1) % pattern != 0, _ => i >= from });
        }
        else
        {
            throw keys.Fault("num_hidden_layers", $"is {layers}; no model has so many layers");
        }

        return sliding.Contains(true) ? (window, sliding) : (null, []);
    }
}
