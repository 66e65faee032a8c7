using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumbline.Torch;

/// <summary>A trained network as an ordinary Hugging Face folder: config.json, tokenizer.json, tokenizer_config.json with the chat template, generation_config.json, f16 weights.</summary>
public static class LlamaFolder
{
    /// <summary>Writes the folder; the same network gives the same bytes.</summary>
    /// <param name="folder">Where; made if it is not there.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="tokenizer">Its special tokens 0, 1 and 2 are padding, begin and end.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="weights">The network's weights; null: they are written already.</param>
    public static void Write(string folder, LlamaShape shape, ByteLevelBpe tokenizer, string template, IReadOnlyList<NamedWeight>? weights)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(tokenizer);
        Directory.CreateDirectory(folder);
        if (weights is not null) SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), weights, half: true, new Dictionary<string, string> { ["format"] = "pt" });
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.WriteJson());
        WriteJson(folder, "config.json", json =>
        {
            json.WriteStartArray("architectures");
            json.WriteStringValue("LlamaForCausalLM");
            json.WriteEndArray();
            json.WriteBoolean("attention_bias", false);
            json.WriteNumber("attention_dropout", 0.0);
            WriteIds(json, begin: true);
            json.WriteNumber("head_dim", shape.HeadSize);
            json.WriteString("hidden_act", "silu");
            json.WriteNumber("hidden_size", shape.HiddenSize);
            json.WriteNumber("initializer_range", 0.02);
            json.WriteNumber("intermediate_size", shape.IntermediateSize);
            json.WriteNumber("max_position_embeddings", shape.Context);
            json.WriteBoolean("mlp_bias", false);
            json.WriteString("model_type", "llama");
            json.WriteNumber("num_attention_heads", shape.Heads);
            json.WriteNumber("num_hidden_layers", shape.Layers);
            json.WriteNumber("num_key_value_heads", shape.KeyValueHeads);
            WriteIds(json, begin: false);
            json.WriteNumber("rms_norm_eps", shape.RmsNormEps);
            json.WriteNull("rope_scaling");
            json.WriteNumber("rope_theta", shape.RopeTheta);
            json.WriteBoolean("tie_word_embeddings", true);
            json.WriteString("torch_dtype", "float16");
            json.WriteBoolean("use_cache", true);
            json.WriteNumber("vocab_size", shape.VocabularySize);
        });
        WriteJson(folder, "generation_config.json", json =>
        {
            WriteIds(json, begin: true);
            WriteIds(json, begin: false);
            json.WriteBoolean("do_sample", false);
            json.WriteNumber("max_new_tokens", 64);
        });
        WriteJson(folder, "tokenizer_config.json", json =>
        {
            json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
            json.WriteString("bos_token", tokenizer.Special[DialogueTokens.Begin]);
            json.WriteString("eos_token", tokenizer.Special[DialogueTokens.End]);
            json.WriteString("pad_token", tokenizer.Special[DialogueTokens.Padding]);
            json.WriteBoolean("add_bos_token", false);
            json.WriteBoolean("clean_up_tokenization_spaces", false);
            json.WriteNumber("model_max_length", shape.Context);
            json.WriteString("chat_template", template);
        });
    }

    /// <summary>Reads a folder that <see cref="Write"/> wrote: f16 weights in f32, and the tokenizer. The caller disposes the network.</summary>
    /// <exception cref="InvalidDataException">A file contradicts another or is no such file.</exception>
    public static (LlamaNetwork Network, ByteLevelBpe Tokenizer) Open(string folder)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        JsonElement root = config.RootElement;
        var shape = new LlamaShape
        {
            VocabularySize = Size("vocab_size"),
            HiddenSize = Size("hidden_size"),
            IntermediateSize = Size("intermediate_size"),
            Layers = Size("num_hidden_layers"),
            Heads = Size("num_attention_heads"),
            KeyValueHeads = Size("num_key_value_heads"),
            Context = Size("max_position_embeddings"),
            RopeTheta = root.GetProperty("rope_theta").GetDouble(),
            RmsNormEps = root.GetProperty("rms_norm_eps").GetDouble(),
        };
        Dictionary<string, float[]> weights = SafetensorsFile.Read(Path.Combine(folder, "model.safetensors")).Weights.ToDictionary(w => w.Key, w => w.Value.Values);
        return (LlamaNetwork.Load(shape, weights), ByteLevelBpe.ReadJson(File.ReadAllText(Path.Combine(folder, "tokenizer.json"))));

        int Size(string name) => root.GetProperty(name).GetInt32();
    }

    private static void WriteIds(Utf8JsonWriter json, bool begin)
    {
        if (begin)
        {
            json.WriteNumber("bos_token_id", DialogueTokens.Begin);
            json.WriteNumber("eos_token_id", DialogueTokens.End);
        }
        else
        {
            json.WriteNumber("pad_token_id", DialogueTokens.Padding);
        }
    }

    private static void WriteJson(string folder, string file, Action<Utf8JsonWriter> body)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }

        File.WriteAllBytes(Path.Combine(folder, file), [.. stream.ToArray(), (byte)'\n']);
    }
}
