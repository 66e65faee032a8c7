using System.Globalization;

namespace Plumbline.Models.Files;

/// <summary>Reads GGUF metadata into a <see cref="ModelConfig"/> and knows what GGUF calls Hugging Face's tensors.</summary>
internal sealed class GgufConfig
{
    private const int Largest = 1 << 26;
    private static readonly string[] s_supported = ["gpt2", "llama", "qwen2", "qwen3"];
    private readonly Gguf _gguf;
    private readonly string _architecture;

    private GgufConfig(Gguf gguf, string architecture) => (_gguf, _architecture) = (gguf, architecture);

    public static ModelConfig Read(Gguf gguf, List<string> warnings)
    {
        if (!gguf.Metadata.TryGetValue("general.architecture", out object? value)) throw new ModelFileException($"{gguf.Path}: general.architecture is missing; what the model is cannot be known.");
        if (value is not string architecture) throw new ModelFileException($"{gguf.Path}: general.architecture is {Show(value)}; it must be a string.");
        if (!s_supported.Contains(architecture, StringComparer.Ordinal))
            throw new ModelFileException($"{gguf.Path}: general.architecture {TensorLookup.Quote(architecture)} is not supported in GGUF; supported are {string.Join(", ", s_supported)}. A Hugging Face folder of it may be.");
        return new GgufConfig(gguf, architecture).Read(warnings);
    }

    /// <summary>GGUF's name for Hugging Face's.</summary>
    public static string TensorName(string name)
    {
        string[] parts = name.Split('.');
        if (parts is ["model", "layers", _, _, ..] or ["transformer", "h", _, _, ..])
        {
            string layer = parts[2];
            string[] rest = parts[3..];
            string inner = string.Join('.', rest[..^1]) switch
            {
                "input_layernorm" or "ln_1" => "attn_norm",
                "self_attn.q_proj" => "attn_q",
                "self_attn.k_proj" => "attn_k",
                "self_attn.v_proj" => "attn_v",
                "self_attn.q_norm" => "attn_q_norm",
                "self_attn.k_norm" => "attn_k_norm",
                "attn.c_attn" => "attn_qkv",
                "self_attn.o_proj" or "attn.c_proj" => "attn_output",
                "post_attention_layernorm" or "ln_2" => "ffn_norm",
                "mlp.gate_proj" => "ffn_gate",
                "mlp.up_proj" or "mlp.c_fc" => "ffn_up",
                "mlp.down_proj" or "mlp.c_proj" => "ffn_down",
                string unknown => unknown,
            };
            return $"blk.{layer}.{inner}.{rest[^1]}";
        }

        return name switch
        {
            "model.embed_tokens.weight" or "transformer.wte.weight" => "token_embd.weight",
            "transformer.wpe.weight" => "position_embd.weight",
            "model.norm.weight" or "transformer.ln_f.weight" => "output_norm.weight",
            "transformer.ln_f.bias" => "output_norm.bias",
            "lm_head.weight" => "output.weight",
            _ => name,
        };
    }

    /// <summary>The metadata key behind a size of config.json, for messages.</summary>
    public static string KeyName(string architecture, string size) => size
        .Replace("hidden_size", $"{architecture}.embedding_length", StringComparison.Ordinal)
        .Replace("vocab_size", $"{architecture}.vocab_size (tokens)", StringComparison.Ordinal)
        .Replace("intermediate_size", $"{architecture}.feed_forward_length", StringComparison.Ordinal)
        .Replace("num_attention_heads", $"{architecture}.attention.head_count", StringComparison.Ordinal)
        .Replace("num_key_value_heads", $"{architecture}.attention.head_count_kv", StringComparison.Ordinal)
        .Replace("max_position_embeddings", $"{architecture}.context_length", StringComparison.Ordinal)
        .Replace("head_dim", $"{architecture}.attention.key_length", StringComparison.Ordinal);

    private ModelConfig Read(List<string> warnings)
    {
        bool gpt2 = _architecture == "gpt2";
        int hidden = Size("embedding_length"), heads = Size("attention.head_count"), keyValueHeads = SizeOr("attention.head_count_kv", heads);
        if (Number("expert_count") is > 0) throw Fault("expert_count", "is above 0; mixtures of experts are not supported");
        int head = SizeOr("attention.key_length", 0);
        if (head == 0)
        {
            if (hidden % heads != 0) throw Fault("attention.head_count", $"{heads} does not divide {_architecture}.embedding_length {hidden}");
            head = hidden / heads;
        }

        if (heads % keyValueHeads != 0) throw Fault("attention.head_count_kv", $"{keyValueHeads} does not divide {_architecture}.attention.head_count {heads}");
        if (SizeOr("attention.value_length", head) != head) throw Fault("attention.value_length", $"differs from the keys' length {head}; this is not supported");
        int max = Size("context_length"), rotary = gpt2 ? 0 : SizeOr("rope.dimension_count", head);
        if (rotary % 2 != 0 || rotary > head) throw Fault("rope.dimension_count", $"is {rotary} of {head}; RoPE turns pairs of a head's dimensions");
        if (!gpt2 && rotary != head) throw Fault("rope.dimension_count", $"is {rotary}, but a head has {head} dimensions ({_architecture}.attention.key_length, or embedding_length {hidden} over head_count {heads}); partial rotation is not supported in GGUF");
        int rows = _gguf.Tensors.TryGetValue("token_embd.weight", out TensorInfo? embedding) && embedding.Shape is [long r, _] && r <= Largest ? (int)r : throw new ModelFileException($"{_gguf.Path}: there is no tensor token_embd.weight of two dimensions.");
        CheckTokens(rows, warnings);
        int vocabulary = SizeOr("vocab_size", rows);
        if (vocabulary != rows) throw Fault("vocab_size", $"is {vocabulary}, but token_embd.weight has {rows} rows");
        bool Present(string tensor) => _gguf.Tensors.ContainsKey(tensor);
        return new ModelConfig
        {
            Architecture = _architecture,
            HiddenSize = hidden,
            Layers = Size("block_count"),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDimension = head,
            IntermediateSize = Size("feed_forward_length"),
            VocabularySize = rows,
            MaxPositions = max,
            NormEpsilon = Positive(gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon") ?? throw Fault(gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", "is missing"),
            Norm = gpt2 ? NormKind.LayerNorm : NormKind.Rms,
            Activation = gpt2 ? Activation.GeluTanh : Activation.Silu,
            Positions = gpt2 ? PositionKind.Learned : PositionKind.Rope,
            TieWordEmbeddings = !Present("output.weight"),
            QueryKeyValueBias = gpt2 || Present("blk.0.attn_q.bias"),
            AttentionOutputBias = gpt2 || Present("blk.0.attn_output.bias"),
            MlpBias = gpt2 || Present("blk.0.ffn_up.bias"),
            QueryKeyNorm = _architecture == "qwen3" ? QueryKeyNorm.PerHead : QueryKeyNorm.None,
            RopeTheta = Positive("rope.freq_base") ?? 10000,
            RotaryDimensions = rotary,
            RopeScaling = gpt2 ? null : Scaling(max, rotary),
            SlidingWindow = Number("attention.sliding_window") is > 0 ? throw Fault("attention.sliding_window", "is set; sliding windows are not supported in GGUF") : null,
            AttentionScale = 1 / Math.Sqrt(head),
            WordEmbeddingSize = hidden,
            BosId = TokenId("bos_token_id", rows, warnings),
            EosIds = [.. new[] { TokenId("eos_token_id", rows, warnings), TokenId("eot_token_id", rows, warnings) }.OfType<int>().Distinct()],
            PadId = TokenId("padding_token_id", rows, warnings),
        };
    }

    private RopeScaling? Scaling(int max, int rotary)
    {
        string type = _gguf.Metadata.TryGetValue($"{_architecture}.rope.scaling.type", out object? value)
            ? value as string ?? throw Fault("rope.scaling.type", $"is {Show(value)}; it must be a string")
            : "none";
        double Factor() => Positive("rope.scaling.factor") ?? throw Fault("rope.scaling.factor", $"is missing, and rope.scaling.type is {type}");
        switch (type)
        {
            case "none" when _gguf.Tensors.ContainsKey("rope_freqs.weight"):
                float[] divisors = Divisors("rope_freqs.weight", rotary);
                return new RopeScaling { Kind = RopeScalingKind.Divisors, LongFactors = [.. divisors.Select(d => (double)d)] };
            case "none":
                // The key of old files.
                return Positive("rope.scale_linear") is double linear ? new RopeScaling { Kind = RopeScalingKind.Linear, Factor = linear } : null;
            case "linear":
                return new RopeScaling { Kind = RopeScalingKind.Linear, Factor = Factor() };
            case "yarn":
                return new RopeScaling
                {
                    Kind = RopeScalingKind.Yarn,
                    Factor = Factor(),
                    OriginalMaxPositions = SizeOr("rope.scaling.original_context_length", max),
                    // llama.cpp multiplies its own factor by the key's value; Hugging Face's is the product.
                    AttentionFactor = Positive("rope.scaling.attn_factor") is double times ? times * ((0.1 * Math.Log(Factor())) + 1) : null,
                    BetaFast = Positive("rope.scaling.yarn_beta_fast") ?? 32,
                    BetaSlow = Positive("rope.scaling.yarn_beta_slow") ?? 1,
                };
            default:
                throw Fault("rope.scaling.type", $"is {TensorLookup.Quote(type)}; known are none, linear and yarn");
        }
    }

    private float[] Divisors(string name, int rotary)
    {
        TensorInfo tensor = _gguf.Tensors[name];
        if (tensor.Count != rotary / 2 || !tensor.Type.HoldsWeights()) throw new ModelFileException($"{_gguf.Path}: tensor {name} of shape {tensor.Shape.Show()} and type {tensor.Type} must hold {rotary / 2} divisors, half the rotary dimensions.");
        float[] divisors = new float[rotary / 2];
        _gguf.Read(name, divisors);
        return Array.TrueForAll(divisors, d => d > 0 && float.IsFinite(d)) ? divisors : throw new ModelFileException($"{_gguf.Path}: tensor {name} holds a divisor that is not above 0.");
    }

    // A file may come without a tokenizer; one that is there must fit the embedding.
    private void CheckTokens(int rows, List<string> warnings)
    {
        const string Prefix = "tokenizer.ggml.";
        if (!_gguf.Metadata.TryGetValue(Prefix + "model", out object? model)) return;
        if (model is not ("gpt2" or "llama" or "bert" or "t5" or "none" or "no_vocab")) throw new ModelFileException($"{_gguf.Path}: {Prefix}model {Show(model)} is not known; known are gpt2, llama, bert and t5.");
        if (model is "none" or "no_vocab") return;
        if (!_gguf.Metadata.TryGetValue(Prefix + "tokens", out object? value) || value is not string[] tokens)
            throw new ModelFileException($"{_gguf.Path}: {Prefix}tokens {(value is null ? "is missing" : $"is {Show(value)}")}; it must be an array of strings.");
        if (tokens.Length != rows) throw new ModelFileException($"{_gguf.Path}: {Prefix}tokens has {tokens.Length} tokens, but token_embd.weight {rows} rows.");
        foreach (string key in new[] { "token_type", "scores" })
        {
            if (_gguf.Metadata.TryGetValue(Prefix + key, out object? list) && (list is not Array array || array.Length != tokens.Length))
                throw new ModelFileException($"{_gguf.Path}: {Prefix}{key} is {Show(list)}; it must have one element for each of the {tokens.Length} tokens.");
        }

        if (model is "gpt2" && !_gguf.Metadata.ContainsKey(Prefix + "pre"))
            warnings.Add($"{_gguf.Path}: {Prefix}pre is missing, so how text is cut before merging is not said; the default is taken, and ids may differ from the original tokenizer's.");
    }

    private int? TokenId(string key, int vocabulary, List<string> warnings)
    {
        string name = "tokenizer.ggml." + key;
        if (!_gguf.Metadata.TryGetValue(name, out object? value)) return null;
        if (value is long id && id >= 0 && id < vocabulary) return (int)id;
        if (value is not long) throw new ModelFileException($"{_gguf.Path}: {name} is {Show(value)}; it must be a whole number.");
        warnings.Add($"{_gguf.Path}: {name} {value} is no id of the {vocabulary} tokens; it is left out.");
        return null;
    }

    private object? Value(string key) => _gguf.Metadata.GetValueOrDefault($"{_architecture}.{key}");

    private int Size(string key) => Value(key) is null ? throw Fault(key, "is missing") : SizeOr(key, 0);

    private int SizeOr(string key, int otherwise) => Value(key) switch
    {
        null => otherwise,
        long size and >= 1 and <= Largest => (int)size,
        // One value for each layer: the same one in all supported models.
        long[] { Length: > 0 } list when list[0] is >= 1 and <= Largest && list.All(size => size == list[0]) => (int)list[0],
        object value => throw Fault(key, $"is {Show(value)}; it must be a whole number from 1 to {Largest}"),
    };

    private long? Number(string key) => Value(key) is { } value ? value as long? ?? throw Fault(key, $"is {Show(value)}; it must be a whole number") : null;

    private double? Positive(string key) => Value(key) switch
    {
        null => null,
        double number when number > 0 && double.IsFinite(number) => number,
        object value => throw Fault(key, $"is {Show(value)}; it must be a finite number above 0"),
    };

    private ModelFileException Fault(string key, string what) => new($"{_gguf.Path}: {_architecture}.{key} {what}.");

    private static string Show(object value) => value switch
    {
        string text => $"'{TensorLookup.Quote(text)}'",
        Array array => $"an array of {array.Length} {array.GetType().GetElementType()!.Name}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
