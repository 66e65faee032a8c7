using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Models.Files;

namespace Plumbline.Phantoms.Wired;

/// <summary>The files of a compiled program: an ordinary Hugging Face folder in memory. The same program gives the same bytes on every machine.</summary>
internal static class WiredFolder
{
    private const string Template =
        "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    // Llama 3's pattern: GGUF knows it by name, words that are in the vocabulary are taken whole there.
    private const string Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The folder's file names, in ordinal order, without the card.</summary>
    public static IReadOnlyList<string> Names { get; } = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

    /// <summary>All files by name, without the card.</summary>
    /// <param name="program">The program.</param>
    /// <param name="architecture">What to lay it into.</param>
    /// <param name="talks">Whether the folder has a chat template.</param>
    public static IReadOnlyDictionary<string, byte[]> Build(WiredProgram program, WiredArchitecture architecture, bool talks)
    {
        WiredCompiler compiler = new(program, architecture);
        using MemoryStream weights = new();
        using (TensorSet tensors = compiler.Compile("wired")) SafetensorsWriter.Write(weights, tensors);
        return new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = Json(json => Config(json, program, compiler, architecture)),
            ["generation_config.json"] = Json(json =>
            {
                json.WriteNumber("bos_token_id", WiredVocabulary.Begin);
                json.WriteNumber("eos_token_id", WiredVocabulary.End);
                json.WriteBoolean("do_sample", false);
                json.WriteNumber("max_new_tokens", 32);
            }),
            ["model.safetensors"] = weights.ToArray(),
            ["tokenizer.json"] = Json(json => Tokenizer(json, program.Vocabulary)),
            ["tokenizer_config.json"] = Json(json =>
            {
                json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
                json.WriteString("bos_token", WiredVocabulary.Special[WiredVocabulary.Begin]);
                json.WriteString("eos_token", WiredVocabulary.Special[WiredVocabulary.End]);
                json.WriteBoolean("add_bos_token", true);
                json.WriteBoolean("clean_up_tokenization_spaces", false);
                json.WriteNumber("model_max_length", program.Positions.Length);
                if (talks) json.WriteString("chat_template", Template);
            }),
        };
    }

    private static void Config(Utf8JsonWriter json, WiredProgram program, WiredCompiler compiler, WiredArchitecture architecture)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue(architecture == WiredArchitecture.Gpt2 ? "GPT2LMHeadModel" : "LlamaForCausalLM");
        json.WriteEndArray();
        foreach ((string key, object value) in compiler.Config())
        {
            switch (value)
            {
                case string text: json.WriteString(key, text); break;
                case bool flag: json.WriteBoolean(key, flag); break;
                case int number: json.WriteNumber(key, number); break;
                case double number: json.WriteNumber(key, number); break;
                default: throw new InvalidOperationException($"{key} is a {value.GetType()}.");
            }
        }

        json.WriteNumber("vocab_size", program.Vocabulary.Count);
        json.WriteNumber("bos_token_id", WiredVocabulary.Begin);
        json.WriteNumber("eos_token_id", WiredVocabulary.End);
        json.WriteBoolean("tie_word_embeddings", false);
        json.WriteString("torch_dtype", "float32");
        json.WriteBoolean("use_cache", true);
    }

    private static void Tokenizer(Utf8JsonWriter json, WiredVocabulary vocabulary)
    {
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < WiredVocabulary.Special.Count; id++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", WiredVocabulary.Special[id]);
            foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("normalizer");
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
        ByteLevel(json, null);
        json.WriteEndArray();
        json.WriteEndObject();
        PostProcessor(json);
        ByteLevel(json, "decoder");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (string nothing in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"]) json.WriteNull(nothing);
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", true);
        json.WriteStartObject("vocab");
        for (int id = 0; id < vocabulary.Count; id++) json.WriteNumber(vocabulary.Written[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void ByteLevel(Utf8JsonWriter json, string? name)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
    }

    // A text begins with the start token; a lookup that finds nothing rests there.
    private static void PostProcessor(Utf8JsonWriter json)
    {
        string begin = WiredVocabulary.Special[WiredVocabulary.Begin];
        json.WriteStartObject("post_processor");
        json.WriteString("type", "TemplateProcessing");
        Sequence("single", ["A"]);
        Sequence("pair", ["A", "B"]);
        json.WriteStartObject("special_tokens");
        json.WriteStartObject(begin);
        json.WriteString("id", begin);
        json.WriteStartArray("ids");
        json.WriteNumberValue(WiredVocabulary.Begin);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        json.WriteStringValue(begin);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();

        void Sequence(string name, string[] parts)
        {
            json.WriteStartArray(name);
            Part("SpecialToken", begin);
            foreach (string part in parts) Part("Sequence", part);
            json.WriteEndArray();
        }

        void Part(string kind, string id)
        {
            json.WriteStartObject();
            json.WriteStartObject(kind);
            json.WriteString("id", id);
            json.WriteNumber("type_id", 0);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
