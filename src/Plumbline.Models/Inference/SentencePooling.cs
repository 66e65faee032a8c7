using System.Text.Json;
using Plumbline.Models.Files;

namespace Plumbline.Models.Inference;

/// <summary>How a sentence's embedding is made of its tokens', as sentence-transformers' files say.</summary>
/// <param name="FirstToken">The first token's state; else the mean over all.</param>
/// <param name="Normalize">Whether to length one.</param>
/// <param name="MaxLength">Most tokens, added ones included; null for the model's positions.</param>
internal sealed record SentencePooling(bool FirstToken, bool Normalize, int? MaxLength)
{
    private const int MostBytes = 1 << 20;

    /// <summary>Reads modules.json, its pooling folder and sentence_bert_config.json; the plain mean where there are none.</summary>
    /// <exception cref="ModelFileException">A broken file, or a way of pooling that is not supported.</exception>
    public static SentencePooling Read(string path)
    {
        bool first = false, normalize = false;
        if (Json(System.IO.Path.Combine(path, "modules.json")) is { } modules)
        {
            using (modules)
            {
                if (modules.RootElement.ValueKind != JsonValueKind.Array) throw new ModelFileException($"{path}/modules.json is no list.");
                foreach (JsonElement module in modules.RootElement.EnumerateArray())
                {
                    string type = Text(module, "type");
                    if (type.EndsWith(".Normalize", StringComparison.Ordinal)) normalize = true;
                    else if (type.EndsWith(".Pooling", StringComparison.Ordinal)) first = ReadPooling(path, Text(module, "path"));
                    else if (!type.EndsWith(".Transformer", StringComparison.Ordinal)) throw new ModelFileException($"{path}/modules.json has the module {type}; Transformer, Pooling and Normalize are supported.");
                }
            }
        }

        int? most = null;
        if (Json(System.IO.Path.Combine(path, "sentence_bert_config.json")) is { } config)
        {
            using (config)
            {
                if (config.RootElement.ValueKind == JsonValueKind.Object && config.RootElement.TryGetProperty("max_seq_length", out JsonElement value) && value.ValueKind == JsonValueKind.Number)
                    most = value.TryGetInt32(out int length) && length > 0 ? length : throw new ModelFileException($"{path}/sentence_bert_config.json: max_seq_length {value.GetRawText()} is no length.");
            }
        }

        return new SentencePooling(first, normalize, most);
    }

    private static bool ReadPooling(string path, string folder)
    {
        // The folder's name comes from a file of the model: it must stay below it.
        if (folder.Contains("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(folder)) throw new ModelFileException($"{path}/modules.json names the folder {folder}, outside the model's.");
        string file = System.IO.Path.Combine(path, folder, "config.json");
        using JsonDocument config = Json(file) ?? throw new ModelFileException($"{file} is missing; modules.json names it.");
        List<string> modes = [];
        if (config.RootElement.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in config.RootElement.EnumerateObject())
            {
                if (property.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.True) modes.Add(property.Name);
            }
        }

        return modes switch
        {
            ["pooling_mode_mean_tokens"] => false,
            ["pooling_mode_cls_token"] => true,
            _ => throw new ModelFileException($"{file} pools by {(modes.Count == 0 ? "nothing" : string.Join(" and ", modes))}; pooling_mode_mean_tokens or pooling_mode_cls_token is supported."),
        };
    }

    private static string Text(JsonElement module, string name) =>
        module.ValueKind == JsonValueKind.Object && module.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static JsonDocument? Json(string file)
    {
        if (!File.Exists(file)) return null;
        if (new FileInfo(file).Length > MostBytes) throw new ModelFileException($"{file} is larger than {MostBytes} bytes; it should be a few lines.");
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(file));
        }
        catch (JsonException e)
        {
            throw new ModelFileException($"{file} is no valid JSON: {e.Message}", e);
        }
    }
}
