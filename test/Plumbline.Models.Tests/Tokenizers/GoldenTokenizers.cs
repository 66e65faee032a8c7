using System.IO.Compression;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

/// <summary>The reference tokenizers and their rows.</summary>
internal static class GoldenTokenizers
{
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    private static readonly Dictionary<int, string> Texts = [];

    public static Tokenizer Load(string name)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(name, out Tokenizer? tokenizer)) Loaded[name] = tokenizer = TokenizerJson.Parse(Json(name), name);
            return tokenizer;
        }
    }

    public static byte[] Json(string name)
    {
        string root = Golden.Path("golden", "tokenizers");
        foreach (string path in (string[])[$"{root}/small/{name}.json", $"{root}/real/{name}/tokenizer.json", $"{root}/real/{name}/tokenizer.json.gz"])
            if (File.Exists(path)) return Bytes(path);
        throw new FileNotFoundException(name);
    }

    public static byte[] Bytes(string path)
    {
        byte[] raw = File.ReadAllBytes(path);
        if (!path.EndsWith(".gz", StringComparison.Ordinal)) return raw;
        using GZipStream gzip = new(new MemoryStream(raw), CompressionMode.Decompress);
        using MemoryStream memory = new();
        gzip.CopyTo(memory);
        return memory.ToArray();
    }

    public static List<JsonElement> Rows(params string[] parts)
    {
        string text = System.Text.Encoding.UTF8.GetString(Bytes(Golden.Path(["golden", "tokenizers", .. parts])));
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>A fixed string by its number.</summary>
    public static string Text(int number)
    {
        lock (Texts)
        {
            if (Texts.Count == 0)
            {
                foreach (string file in (string[])["strings.jsonl", "strings-added.jsonl"])
                    foreach (JsonElement row in Rows(file)) Texts[row.GetProperty("i").GetInt32()] = row.GetProperty("text").GetString()!;
            }

            return Texts[number];
        }
    }

    public static IEnumerable<int> AllTexts()
    {
        Text(0);
        return Texts.Keys.Order();
    }

    public static int[]? Ints(JsonElement row, string name) => row.TryGetProperty(name, out JsonElement value) ? [.. value.EnumerateArray().Select(x => x.GetInt32())] : null;

    public static int[] Flat(TokenEncoding encoding) => [.. encoding.Spans.SelectMany(s => (int[])[s.Start, s.End])];
}
