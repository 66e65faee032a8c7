using System.Text.Json;
using Plumbline.Models.Architectures;

namespace Plumbline.Models.Files;

/// <summary>The formats that a model can lie in.</summary>
public enum ModelFormat { HuggingFace, Gguf, Llama2C, MinGpt }

/// <summary>
/// A model on disk, whatever its format: what it is, its tensors under Hugging Face's names, its tokenizer's place and its
/// chat templates. Recognised by content, not by name. Reading is safe from several threads; disposing unmaps the files.
/// </summary>
public sealed class ModelFolder : IDisposable
{
    // Masks, RoPE tables and position ids that old files carry, and the second name of a head's bias: left out without a word.
    private static readonly string[] s_buffers =
    [
        "rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", "position_ids", "cls.predictions.decoder.bias", "lm_head.decoder.bias",
    ];

    private ModelFolder(string path, ModelFormat format, ModelConfig config, ITensorSource file, ITensorSource tensors, IReadOnlyList<string> files, IReadOnlyList<string> warnings) =>
        (Path, Format, Config, File, Tensors, Files, Warnings) = (path, format, config, file, tensors, files, warnings);

    /// <summary>What was opened.</summary>
    public string Path { get; }

    /// <summary>The format that was recognised.</summary>
    public ModelFormat Format { get; }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>
    /// Exactly the tensors that the architecture has, under Hugging Face's names with the base model's prefix (transformer.,
    /// bert., model.), rotary rows in halves, types and shapes checked. GPT-2's matrices are [in, out] or [out, in] as
    /// <see cref="ModelConfig.MatricesInOut"/> says.
    /// </summary>
    public ITensorSource Tensors { get; }

    /// <summary>All tensors as the files name and hold them.</summary>
    public ITensorSource File { get; }

    /// <summary>The weight files that were opened.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>GGUF metadata; null for other formats.</summary>
    public IReadOnlyDictionary<string, object>? Metadata => (File as Gguf)?.Metadata;

    /// <summary>Where the tokenizer is.</summary>
    public TokenizerSource Tokenizer { get; private init; } = new(TokenizerKind.None, "");

    /// <summary>Chat templates by name; empty where the model has none.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The text of the default chat template; null where the model has none.</summary>
    public string? ChatTemplate => ChatTemplates.GetValueOrDefault("default");

    /// <summary>tokenizer_config.json; null where it is absent.</summary>
    public JsonElement? TokenizerConfig { get; private init; }

    /// <summary>generation_config.json; null where it is absent.</summary>
    public JsonElement? GenerationConfig { get; private init; }

    /// <summary>What was odd and how it was read.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Opens a folder or a file.</summary>
    /// <param name="path">A Hugging Face folder, a folder with one model file, a .gguf (any of its shards), a .safetensors beside its config.json, llama2.c's .bin or minGPT's .json.</param>
    /// <exception cref="ModelFileException">It is none of these, or broken; the message names file, key and value and says what to do.</exception>
    public static ModelFolder Open(string path)
    {
        try
        {
            return Directory.Exists(path) ? OpenFolder(path) : OpenFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Tensors.Dispose();

    private static ModelFolder OpenFile(string path)
    {
        if (!System.IO.File.Exists(path)) throw new ModelFileException($"{path}: there is no such file or folder.");
        string name = System.IO.Path.GetFileName(path), folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        return Recognise(path) switch
        {
            ModelFormat.Gguf => OpenGguf(path),
            ModelFormat.Llama2C => OpenLlama2C(path),
            ModelFormat.MinGpt => OpenMinGpt(path),
            _ when name is "config.json" or "model.safetensors.index.json" => OpenHuggingFace(folder, null),
            _ when name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) => OpenHuggingFace(folder, path),
            _ => throw Unknown(path),
        };
    }

    private static ModelFolder OpenFolder(string folder)
    {
        if (System.IO.File.Exists(System.IO.Path.Combine(folder, "config.json"))) return OpenHuggingFace(folder, null);
        List<(string Path, ModelFormat Format)> models = [];
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            // Of shards, the first stands for all.
            if (GgufShard.Parse(System.IO.Path.GetFileName(path)) is null or { Number: 1 } && Recognise(path) is ModelFormat format) models.Add((path, format));
        }

        if (models.Count > 1) throw new ModelFileException($"{folder}: there are several models here ({string.Join(", ", models.Take(5).Select(m => System.IO.Path.GetFileName(m.Path)))}); name one of the files.");
        if (models.Count == 1) return Open(models[0].Path);
        throw new ModelFileException($"{folder}: there is no config.json, and no GGUF, llama2.c or minGPT file either. A Hugging Face folder holds config.json and model.safetensors.{Pickles(folder)}");
    }

    private static ModelFormat? Recognise(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        if (Gguf.Recognises(file) || path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) return ModelFormat.Gguf;
        if (Llama2C.Recognises(file)) return ModelFormat.Llama2C;
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || file.Length > JsonFile.Longest) return null;
        try
        {
            using JsonDocument json = JsonFile.Parse(path);
            return MinGpt.Recognises(json.RootElement) ? ModelFormat.MinGpt : null;
        }
        catch (ModelFileException)
        {
            return null; // Not even JSON: none of the models that are looked for.
        }
    }

    private static ModelFileException Unknown(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        string what = ForeignFile.Describe(file)
            ?? (Llama2C.IsLaterVersion(file) ? "It is a llama2.c file of a later version; export it with --version 0." : "It is neither safetensors with its config.json, GGUF, llama2.c's version 0 nor minGPT's JSON.");
        return new ModelFileException($"{path}: this is no model that can be read. {what}");
    }

    private static ModelFolder OpenGguf(string path)
    {
        Gguf gguf = Gguf.Open(path);
        try
        {
            List<string> warnings = [];
            ModelConfig config = GgufConfig.Read(gguf, warnings);
            bool paired = config.Architecture == "llama";
            Dictionary<string, string> sources = new(StringComparer.Ordinal);
            CheckLayers(gguf, config, $"{config.Architecture}.block_count");
            foreach (ExpectedTensor tensor in ExpectedTensor.Of(config)) sources[tensor.Name] = GgufConfig.TensorName(tensor.Name);
            ModelTensors tensors = ModelAssembly.Assemble(gguf, config, sources, size => GgufConfig.KeyName(config.Architecture, size),
                name => paired && RotaryRows.Turns(name) ? row => RotaryRows.Paired(row, config.HeadDimension) : null);
            WarnOfOthers(gguf, [.. sources.Values, "rope_freqs.weight"], warnings);
            bool tokens = gguf.Metadata.TryGetValue("tokenizer.ggml.model", out object? model) && model is not ("none" or "no_vocab");
            return new ModelFolder(path, ModelFormat.Gguf, config, gguf, tensors, gguf.Files, warnings)
            {
                Tokenizer = tokens ? new TokenizerSource(TokenizerKind.Gguf, path, gguf.Metadata) : new TokenizerSource(TokenizerKind.None, ""),
                ChatTemplates = ChatTemplateSource.FromMetadata(path, gguf.Metadata),
            };
        }
        catch
        {
            gguf.Dispose();
            throw;
        }
    }

    private static ModelFolder OpenLlama2C(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            (ModelConfig config, ModelTensors tensors) = Llama2C.Read(file);
            string? vocabulary = Llama2C.FindVocabulary(path, config.VocabularySize);
            return new ModelFolder(path, ModelFormat.Llama2C, config, tensors, tensors, [path], [])
            {
                Tokenizer = vocabulary is null ? new TokenizerSource(TokenizerKind.None, "") : new TokenizerSource(TokenizerKind.Llama2C, vocabulary),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static ModelFolder OpenMinGpt(string path)
    {
        using JsonDocument json = JsonFile.Parse(path);
        (ModelConfig config, TensorSet set) = MinGpt.Read(path, json.RootElement);
        CheckLayers(set, config, "n_layer");
        ModelTensors tensors = ModelAssembly.Assemble(set, config, ModelAssembly.Names(set, config), size => size, _ => null);
        return new ModelFolder(path, ModelFormat.MinGpt, config, set, tensors, [path], []);
    }

    private static ModelFolder OpenHuggingFace(string folder, string? weights)
    {
        string configPath = System.IO.Path.Combine(folder, "config.json");
        if (!System.IO.File.Exists(configPath)) throw new ModelFileException($"{folder}: config.json is not there; without it the tensors' meaning is not known. Copy it from where the weights come from.");
        JsonElement json = ReadJson(configPath)!.Value;
        ModelConfig config = JsonConfig.Read(configPath, json);
        List<string> warnings = [];
        (ITensorSource file, IReadOnlyList<string> files) = OpenWeights(folder, weights, warnings);
        try
        {
            CheckLayers(file, config, "num_hidden_layers");
            Dictionary<string, string> sources = ModelAssembly.Names(file, config);
            config = Tie(configPath, config, file, sources, warnings);
            ModelDescription model = KnownArchitectures.Describe(config);
            bool head = config.Causal || sources.ContainsKey(model.HeadBias);
            config = config with { HeadBias = config.HeadBias && head, HasHead = head };
            ModelTensors tensors = ModelAssembly.Assemble(file, config, sources, size => size, _ => null);
            WarnOfOthers(file, [.. tensors.Tensors.Keys.Select(tensors.SourceOf), sources.GetValueOrDefault(model.Head + ".weight", "")], warnings);
            JsonElement? tokenizer = ReadJson(System.IO.Path.Combine(folder, "tokenizer_config.json")), generation = ReadJson(System.IO.Path.Combine(folder, "generation_config.json"));
            string tokenizerPath = System.IO.Path.Combine(folder, "tokenizer.json");
            return new ModelFolder(folder, ModelFormat.HuggingFace, WithGeneration(config, folder, generation, warnings), file, tensors, files, warnings)
            {
                TokenizerConfig = tokenizer,
                GenerationConfig = generation,
                Tokenizer = System.IO.File.Exists(tokenizerPath) ? new TokenizerSource(TokenizerKind.HuggingFace, tokenizerPath) : new TokenizerSource(TokenizerKind.None, ""),
                ChatTemplates = ChatTemplateSource.FromFolder(folder, tokenizer),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // One file before an index before nothing, as transformers resolves it; pickles beside either are left alone.
    private static (ITensorSource File, IReadOnlyList<string> Files) OpenWeights(string folder, string? weights, List<string> warnings)
    {
        string single = System.IO.Path.Combine(folder, "model.safetensors"), index = single + ".index.json";
        if (weights is not null) return (Safetensors.Open(weights), [weights]);
        if (System.IO.File.Exists(single))
        {
            if (System.IO.File.Exists(index)) warnings.Add($"{folder}: model.safetensors lies beside model.safetensors.index.json; the single file is read, as Hugging Face does, and the shards are not.");
            return (Safetensors.Open(single), [single]);
        }

        if (System.IO.File.Exists(index))
        {
            ShardedSafetensors sharded = ShardedSafetensors.Open(index);
            return (sharded, sharded.Files);
        }

        throw new ModelFileException($"{folder}: there is neither model.safetensors nor model.safetensors.index.json.{Pickles(folder)}");
    }

    private static string Pickles(string folder)
    {
        string? name = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Where(IsPickleFile).Select(System.IO.Path.GetFileName).FirstOrDefault();
        return name is null ? "" : $" There is {name}, a Python pickle. {ForeignFile.Convert}";
    }

    private static bool IsPickleFile(string path)
    {
        if (System.IO.Path.GetExtension(path).ToUpperInvariant() is not (".BIN" or ".PT" or ".PTH" or ".CKPT" or ".PKL" or ".JSON")) return false;
        if (path.EndsWith(".bin.index.json", StringComparison.OrdinalIgnoreCase)) return true;
        using MappedFile file = MappedFile.Open(path);
        return ForeignFile.IsPickle(file);
    }

    // Hugging Face ties the head unless the file holds another one: then it warns and does not.
    private static ModelConfig Tie(string configPath, ModelConfig config, ITensorSource file, Dictionary<string, string> sources, List<string> warnings)
    {
        ModelDescription model = KnownArchitectures.Describe(config);
        if (!config.TieWordEmbeddings || !sources.TryGetValue(model.Head + ".weight", out string? headSource) || !sources.TryGetValue(model.Embedding + ".weight", out string? embeddingSource)) return config;
        TensorInfo a = file.Find(headSource), b = file.Find(embeddingSource);
        if (a.Type == b.Type && a.Shape.SequenceEqual(b.Shape) && SameBytes(file, a, b)) return config;
        warnings.Add($"{configPath}: tie_word_embeddings is true, but {headSource} is in the file with other values than {embeddingSource}; the head of the file is used, as Hugging Face does. Set tie_word_embeddings to false.");
        return config with { TieWordEmbeddings = false };
    }

    private static bool SameBytes(ITensorSource file, TensorInfo a, TensorInfo b)
    {
        const int Part = 1 << 26;
        for (long at = 0; at < a.Length; at += Part)
        {
            int length = (int)Math.Min(Part, a.Length - at);
            if (!file.Bytes(a.Name, at, length).SequenceEqual(file.Bytes(b.Name, at, length))) return false;
        }

        return true;
    }

    // generation_config.json says what ends a generation; ids that the model has not are dropped with a warning.
    private static ModelConfig WithGeneration(ModelConfig config, string folder, JsonElement? generation, List<string> warnings)
    {
        if (generation is { } json)
        {
            ConfigKeys keys = new(System.IO.Path.Combine(folder, "generation_config.json"), json);
            config = config with { EosIds = keys.Has("eos_token_id") ? keys.Ids("eos_token_id") : config.EosIds, BosId = keys.Id("bos_token_id") ?? config.BosId };
        }

        int[] beyond = [.. config.EosIds.Concat(new[] { config.BosId, config.PadId }.OfType<int>()).Where(id => id >= config.VocabularySize).Distinct()];
        if (beyond.Length == 0) return config;
        warnings.Add($"{folder}: the ids {string.Join(", ", beyond)} (eos_token_id, bos_token_id or pad_token_id) are beyond vocab_size {config.VocabularySize}; they are left out.");
        return config with
        {
            EosIds = [.. config.EosIds.Except(beyond)],
            BosId = config.BosId >= config.VocabularySize ? null : config.BosId,
            PadId = config.PadId >= config.VocabularySize ? null : config.PadId,
        };
    }

    private static JsonElement? ReadJson(string path)
    {
        if (!System.IO.File.Exists(path)) return null;
        using JsonDocument json = JsonFile.Parse(path);
        return json.RootElement.Clone();
    }

    // Before names are made for each layer: a layer has tensors.
    private static void CheckLayers(ITensorSource file, ModelConfig config, string key)
    {
        if (config.Layers > file.Tensors.Count) throw new ModelFileException($"{file.Path}: {key} says {config.Layers} layers, but there are only {file.Tensors.Count} tensors.");
    }

    private static void WarnOfOthers(ITensorSource file, IEnumerable<string> used, List<string> warnings)
    {
        string[] others = [.. file.Tensors.Keys.Except(used).Where(name => !Array.Exists(s_buffers, end => name.EndsWith(end, StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
        if (others.Length > 0)
            warnings.Add($"{file.Path}: {others.Length} tensor(s) are no part of the architecture and are not used: {string.Join(", ", others.Take(5).Select(TensorLookup.Quote))}{(others.Length > 5 ? ", …" : "")}.");
    }
}
