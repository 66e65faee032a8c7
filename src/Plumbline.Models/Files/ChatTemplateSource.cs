using System.Text;
using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Finds the text of a model's chat templates by name; "default" is the one that is meant where none is named.</summary>
internal static class ChatTemplateSource
{
    private const string Default = "default", GgufKey = "tokenizer.chat_template";
    private const long Longest = 1 << 24;

    /// <summary>From a folder: chat_template.jinja before chat_template.json before tokenizer_config.json, as transformers has it.</summary>
    public static Dictionary<string, string> FromFolder(string folder, JsonElement? tokenizerConfig)
    {
        Dictionary<string, string> templates = new(StringComparer.Ordinal);
        string configPath = Path.Combine(folder, "tokenizer_config.json"), jsonPath = Path.Combine(folder, "chat_template.json");
        if (tokenizerConfig is { } config) Add(templates, configPath, config);
        if (File.Exists(jsonPath))
        {
            using JsonDocument json = JsonFile.Parse(jsonPath);
            Add(templates, jsonPath, json.RootElement);
        }

        string jinja = Path.Combine(folder, "chat_template.jinja"), more = Path.Combine(folder, "additional_chat_templates");
        if (File.Exists(jinja)) templates[Default] = ReadText(jinja);
        if (Directory.Exists(more))
        {
            foreach (string path in Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal)) templates[Path.GetFileNameWithoutExtension(path)] = ReadText(path);
        }

        return templates;
    }

    /// <summary>From GGUF metadata: tokenizer.chat_template and tokenizer.chat_template.NAME.</summary>
    public static Dictionary<string, string> FromMetadata(string path, IReadOnlyDictionary<string, object> metadata)
    {
        Dictionary<string, string> templates = new(StringComparer.Ordinal);
        foreach ((string key, object value) in metadata)
        {
            string? name = key == GgufKey ? Default : key.StartsWith(GgufKey + ".", StringComparison.Ordinal) ? key[(GgufKey.Length + 1)..] : null;
            if (name is not null) templates[name] = value as string ?? throw new ModelFileException($"{path}: {TensorLookup.Quote(key)} is no string; a chat template is text.");
        }

        return templates;
    }

    private static void Add(Dictionary<string, string> templates, string path, JsonElement json)
    {
        if (!json.TryGetProperty("chat_template", out JsonElement template) || template.ValueKind == JsonValueKind.Null) return;
        if (template.ValueKind == JsonValueKind.String)
        {
            templates[Default] = template.GetString()!;
            return;
        }

        if (template.ValueKind != JsonValueKind.Array) throw new ModelFileException($"{path}: chat_template is {JsonFile.Kind(template)}; it must be a string or a list of name and template.");
        foreach (JsonElement entry in template.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String
                || !entry.TryGetProperty("template", out JsonElement text) || text.ValueKind != JsonValueKind.String)
            {
                throw new ModelFileException($"{path}: an entry of chat_template must be an object with name and template, both strings.");
            }

            templates[name.GetString()!] = text.GetString()!;
        }
    }

    private static string ReadText(string path)
    {
        if (new FileInfo(path).Length > Longest) throw new ModelFileException($"{path}: a chat template above {Longest} bytes is not read.");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFileException($"{path}: it is not valid UTF-8.", e);
        }
    }
}
