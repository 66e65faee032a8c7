using System.Text.Json;

namespace Plumbline.Cli.Hub;

/// <summary>The list of shards in model.safetensors.index.json.</summary>
internal static class HubIndex
{
    private const int MostShards = 1000;

    /// <summary>The shards' names, each once, in their order.</summary>
    /// <exception cref="JsonException">It is no such list, or names what is no file beside it.</exception>
    public static IReadOnlyList<string> Shards(ReadOnlyMemory<byte> content)
    {
        using JsonDocument document = JsonDocument.Parse(content, new() { MaxDepth = 16 });
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("model.safetensors.index.json has no weight_map.");
        }

        SortedSet<string> shards = new(StringComparer.Ordinal);
        foreach (JsonProperty tensor in map.EnumerateObject())
        {
            string shard = tensor.Value.ValueKind == JsonValueKind.String ? tensor.Value.GetString()! : "";
            if (!IsPlainName(shard) || !shard.EndsWith(".safetensors", StringComparison.Ordinal)) throw new JsonException($"model.safetensors.index.json names '{shard}', which is no safetensors file beside it.");
            shards.Add(shard);
            if (shards.Count > MostShards) throw new JsonException($"model.safetensors.index.json names more than {MostShards} shards.");
        }

        return shards.Count > 0 ? [.. shards] : throw new JsonException("model.safetensors.index.json names no shard.");
    }

    /// <summary>Whether a name is that of a file in the folder itself: letters, digits, '.', '_' and '-', and no leading dot.</summary>
    public static bool IsPlainName(string name) => name.Length is > 0 and <= 128 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
