using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>minGPT's weights as JSON: a config, and for each tensor shape, dtype and the base64 of little-endian floats. Matrices lie as [out, in].</summary>
internal static class MinGpt
{
    /// <summary>Whether a JSON object is such a model.</summary>
    public static bool Recognises(JsonElement root) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty("config", out JsonElement config)
        && config.ValueKind == JsonValueKind.Object && config.TryGetProperty("n_layer", out _) && root.TryGetProperty("transformer.wte.weight", out _);

    /// <summary>The config, and the tensors copied into memory.</summary>
    public static (ModelConfig Config, TensorSet Tensors) Read(string path, JsonElement root)
    {
        ConfigKeys keys = new($"{path}: config", root.GetProperty("config"));
        int hidden = keys.Size("n_embd"), heads = keys.Size("n_head");
        if (hidden % heads != 0) throw keys.Fault("n_head", $"{heads} does not divide n_embd {hidden}");
        TensorSet tensors = new(path);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name != "config") Add(tensors, path, property);
        }

        return (new ModelConfig
        {
            Architecture = "gpt2",
            HiddenSize = hidden,
            Layers = keys.Size("n_layer"),
            Heads = heads,
            KeyValueHeads = heads,
            HeadDimension = hidden / heads,
            IntermediateSize = 4 * hidden,
            VocabularySize = keys.Size("vocab_size"),
            MaxPositions = keys.Size("block_size"),
            NormEpsilon = 1e-5, // torch's default, which minGPT's code takes.
            Norm = NormKind.LayerNorm,
            Activation = Activation.GeluTanh,
            Positions = PositionKind.Learned,
            TieWordEmbeddings = !tensors.Tensors.ContainsKey("lm_head.weight"),
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            AttentionScale = 1 / Math.Sqrt(hidden / heads),
            WordEmbeddingSize = hidden,
            Raw = root.GetProperty("config").Clone(),
        }, tensors);
    }

    private static void Add(TensorSet tensors, string path, JsonProperty property)
    {
        string where = $"{path}: tensor {TensorLookup.Quote(property.Name)}";
        if (property.Value.ValueKind != JsonValueKind.Object
            || !property.Value.TryGetProperty("shape", out JsonElement shape) || shape.ValueKind != JsonValueKind.Array || shape.GetArrayLength() > 8
            || !property.Value.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !property.Value.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.String)
        {
            throw new ModelFileException($"{where} must be an object with shape (a list), dtype and data (strings).");
        }

        if (type.GetString() != "torch.float32") throw new ModelFileException($"{where}: dtype is {TensorLookup.Quote(type.GetString()!)}; only torch.float32 is read.");
        List<long> sizes = [];
        foreach (JsonElement size in shape.EnumerateArray())
            sizes.Add(size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out long n) && n >= 0 ? n : throw new ModelFileException($"{where}: shape holds {TensorLookup.Quote(size.GetRawText())}; sizes are whole numbers from 0."));
        if (!data.TryGetBytesFromBase64(out byte[]? bytes)) throw new ModelFileException($"{where}: data is not valid base64.");
        tensors.Add(property.Name, TensorType.F32, sizes, bytes);
    }
}
