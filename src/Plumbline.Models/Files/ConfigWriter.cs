using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Writes config.json for models that came without one: from GGUF, llama2.c or minGPT.</summary>
internal static class ConfigWriter
{
    /// <summary>torch's name of a type.</summary>
    public static string TypeName(TensorType type) => type switch { TensorType.F32 => "float32", TensorType.F16 => "float16", _ => "bfloat16" };

    public static byte[] Write(string folder, ModelConfig c, TensorType type)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue(c.Architecture switch { "gpt2" => "GPT2LMHeadModel", "qwen2" => "Qwen2ForCausalLM", "qwen3" => "Qwen3ForCausalLM", _ => "LlamaForCausalLM" });
            json.WriteEndArray();
            json.WriteString("model_type", c.Architecture);
            json.WriteString("torch_dtype", TypeName(type));
            json.WriteNumber("vocab_size", c.VocabularySize);
            json.WriteBoolean("tie_word_embeddings", c.TieWordEmbeddings);
            if (c.BosId is int bos) json.WriteNumber("bos_token_id", bos);
            if (c.PadId is int pad) json.WriteNumber("pad_token_id", pad);
            if (c.EosIds.Count == 1) json.WriteNumber("eos_token_id", c.EosIds[0]);
            if (c.EosIds.Count > 1)
            {
                json.WriteStartArray("eos_token_id");
                foreach (int id in c.EosIds) json.WriteNumberValue(id);
                json.WriteEndArray();
            }

            if (c.Architecture == "gpt2") Gpt2(json, c);
            else Llama(json, folder, c);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Gpt2(Utf8JsonWriter json, ModelConfig c)
    {
        json.WriteNumber("n_embd", c.HiddenSize);
        json.WriteNumber("n_layer", c.Layers);
        json.WriteNumber("n_head", c.Heads);
        json.WriteNumber("n_inner", c.IntermediateSize);
        json.WriteNumber("n_positions", c.MaxPositions);
        json.WriteNumber("layer_norm_epsilon", c.NormEpsilon);
        json.WriteString("activation_function", "gelu_new");
    }

    private static void Llama(Utf8JsonWriter json, string folder, ModelConfig c)
    {
        json.WriteNumber("hidden_size", c.HiddenSize);
        json.WriteNumber("num_hidden_layers", c.Layers);
        json.WriteNumber("num_attention_heads", c.Heads);
        json.WriteNumber("num_key_value_heads", c.KeyValueHeads);
        json.WriteNumber("head_dim", c.HeadDimension);
        json.WriteNumber("intermediate_size", c.IntermediateSize);
        json.WriteNumber("max_position_embeddings", c.MaxPositions);
        json.WriteNumber("rms_norm_eps", c.NormEpsilon);
        json.WriteNumber("rope_theta", c.RopeTheta);
        json.WriteString("hidden_act", "silu");
        if (c.Architecture == "llama")
        {
            // One key of Llama's config for both kinds of bias.
            if (c.QueryKeyValueBias != c.AttentionOutputBias) throw new ModelFileException($"{folder}: the model has biases on only some of q, k, v and o, which Llama's config.json cannot say.");
            json.WriteBoolean("attention_bias", c.QueryKeyValueBias);
            json.WriteBoolean("mlp_bias", c.MlpBias);
        }

        if (c.Architecture == "qwen3") json.WriteBoolean("attention_bias", c.QueryKeyValueBias);
        if (c.RopeScaling is not { } rope) return;
        json.WriteStartObject("rope_scaling");
        switch (rope.Kind)
        {
            case RopeScalingKind.Linear:
                json.WriteString("rope_type", "linear");
                json.WriteNumber("factor", rope.Factor);
                break;
            case RopeScalingKind.Yarn:
                json.WriteString("rope_type", "yarn");
                json.WriteNumber("factor", rope.Factor);
                json.WriteNumber("original_max_position_embeddings", rope.OriginalMaxPositions);
                json.WriteNumber("beta_fast", rope.BetaFast);
                json.WriteNumber("beta_slow", rope.BetaSlow);
                if (rope.AttentionFactor is double attention) json.WriteNumber("attention_factor", attention);
                break;
            default:
                // Divisors at every length are longrope with two equal lists and no factor on cos and sin.
                json.WriteString("rope_type", "longrope");
                json.WriteNumber("factor", 1);
                json.WriteNumber("attention_factor", 1);
                json.WriteNumber("original_max_position_embeddings", c.MaxPositions);
                foreach (string key in new[] { "short_factor", "long_factor" })
                {
                    json.WriteStartArray(key);
                    foreach (double divisor in rope.LongFactors) json.WriteNumberValue(divisor);
                    json.WriteEndArray();
                }

                break;
        }

        json.WriteEndObject();
    }
}
