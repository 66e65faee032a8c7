using System.Globalization;
using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>A byte-level BPE tokenizer.json as GGUF metadata (tokenizer.ggml.*).</summary>
internal static class GgufTokenizer
{
    // Values of tokenizer.ggml.token_type (llama.cpp, llama_token_type).
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5;

    // The patterns of Llama 3 and Qwen 2, by which llama.cpp knows their pre-tokenizers.
    private const string
        Llama3Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Qwen2Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Adds the tokenizer's keys; what has no place in GGUF becomes a warning.</summary>
    public static void Add(string path, JsonElement json, ModelFolder model, List<KeyValuePair<string, object>> metadata, List<string> warnings)
    {
        if (!json.TryGetProperty("model", out JsonElement bpe) || Text(bpe, "type") != "BPE" || !bpe.TryGetProperty("vocab", out JsonElement vocabulary) || vocabulary.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("pre_tokenizer", out JsonElement pre) || !pre.GetRawText().Contains("\"ByteLevel\"", StringComparison.Ordinal))
        {
            warnings.Add($"{path}: only byte-level BPE is written to GGUF; the file has no tokenizer.");
            return;
        }

        int size = model.Config.VocabularySize;
        string?[] tokens = new string?[size];
        int[] types = new int[size];
        foreach (JsonProperty entry in vocabulary.EnumerateObject()) Put(entry.Name, entry.Value, Normal);
        if (json.TryGetProperty("added_tokens", out JsonElement added) && added.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement token in added.EnumerateArray())
            {
                if (Text(token, "content") is not string content || !token.TryGetProperty("id", out JsonElement id)) throw new ModelFileException($"{path}: an entry of added_tokens has no content or no id.");
                Put(content, id, token.TryGetProperty("special", out JsonElement special) && special.ValueKind == JsonValueKind.True ? Control : UserDefined);
            }
        }

        // Rows of the embedding that no token has.
        for (int i = 0; i < size; i++)
        {
            if (tokens[i] is not null) continue;
            tokens[i] = string.Create(CultureInfo.InvariantCulture, $"[PAD{i}]");
            types[i] = Unused;
        }

        metadata.Add(new("tokenizer.ggml.model", "gpt2"));
        if (PreTokenizer(pre) is string name) metadata.Add(new("tokenizer.ggml.pre", name));
        else warnings.Add($"{path}: its pre_tokenizer has no known name in GGUF; tokenizer.ggml.pre is left out, and ids from the GGUF may differ.");
        metadata.Add(new("tokenizer.ggml.tokens", tokens));
        metadata.Add(new("tokenizer.ggml.token_type", types));
        metadata.Add(new("tokenizer.ggml.merges", Merges(path, bpe)));
        if (model.Config.BosId is int bos) metadata.Add(new("tokenizer.ggml.bos_token_id", (uint)bos));
        if (model.Config.EosIds.Count > 0) metadata.Add(new("tokenizer.ggml.eos_token_id", (uint)model.Config.EosIds[0]));
        if (model.Config.EosIds.Count > 1) metadata.Add(new("tokenizer.ggml.eot_token_id", (uint)model.Config.EosIds[1]));
        if (model.Config.EosIds.Count > 2) warnings.Add($"{path}: GGUF has room for two of the {model.Config.EosIds.Count} ids that end a generation.");
        if (model.Config.PadId is int pad) metadata.Add(new("tokenizer.ggml.padding_token_id", (uint)pad));
        metadata.Add(new("tokenizer.ggml.add_bos_token", AddsBos(json, model)));

        void Put(string token, JsonElement id, int type)
        {
            if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int at) || at < 0 || at >= size)
                throw new ModelFileException($"{path}: token '{TensorLookup.Quote(token)}' has id {TensorLookup.Quote(id.GetRawText())}, beyond the {size} rows of the model's embedding.");
            tokens[at] = token;
            types[at] = type == Control && token == Text(bpe, "unk_token") ? Unknown : type;
        }
    }

    private static string[] Merges(string path, JsonElement bpe)
    {
        if (!bpe.TryGetProperty("merges", out JsonElement list) || list.ValueKind != JsonValueKind.Array) return [];
        List<string> merges = new(list.GetArrayLength());
        foreach (JsonElement merge in list.EnumerateArray())
        {
            merges.Add(merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!,
                JsonValueKind.Array when merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String => $"{merge[0].GetString()} {merge[1].GetString()}",
                _ => throw new ModelFileException($"{path}: a merge is neither a string nor a pair of strings."),
            });
        }

        return [.. merges];
    }

    private static string? PreTokenizer(JsonElement pre)
    {
        JsonElement[] steps = Text(pre, "type") == "Sequence" && pre.TryGetProperty("pretokenizers", out JsonElement list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [pre];
        string kinds = string.Join(' ', steps.Select(step => Text(step, "type")));
        if (steps.Any(step => step.TryGetProperty("add_prefix_space", out JsonElement prefix) && prefix.ValueKind == JsonValueKind.True)) return null;
        bool regex = !steps[^1].TryGetProperty("use_regex", out JsonElement use) || use.ValueKind != JsonValueKind.False;
        string? pattern = kinds == "Split ByteLevel" && !regex && Text(steps[0], "behavior") == "Isolated" && steps[0].TryGetProperty("pattern", out JsonElement split) ? Text(split, "Regex") : null;
        return (kinds, pattern) switch
        {
            ("ByteLevel", _) when regex => "gpt-2",
            ("Digits ByteLevel", _) when regex && steps[0].TryGetProperty("individual_digits", out JsonElement each) && each.ValueKind == JsonValueKind.True => "smollm",
            (_, Llama3Pattern) => "llama-bpe",
            (_, Qwen2Pattern) => "qwen2",
            _ => null,
        };
    }

    // Whether the post-processor puts the start token first.
    private static bool AddsBos(JsonElement json, ModelFolder model)
    {
        if (model.TokenizerConfig is { } config && config.TryGetProperty("add_bos_token", out JsonElement flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False) return flag.ValueKind == JsonValueKind.True;
        return json.TryGetProperty("post_processor", out JsonElement post) && Text(post, "type") == "TemplateProcessing"
            && post.TryGetProperty("single", out JsonElement single) && single.ValueKind == JsonValueKind.Array && single.GetArrayLength() > 0
            && single[0].ValueKind == JsonValueKind.Object && single[0].TryGetProperty("SpecialToken", out _);
    }

    private static string? Text(JsonElement json, string key) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
