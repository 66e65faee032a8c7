using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

// Throughput of the tokenizers on one thread, with the reference library's figure for the same text beside it.
// Usage: dotnet run -c Release -- SHARED, the folder with golden/ and datasets/.
if (args.Length != 1 || !Directory.Exists(args[0]))
{
    await Console.Error.WriteLineAsync("usage: Plumbline.Bench.Tokenizers SHARED (the folder that holds golden/ and datasets/)");
    return 2;
}

string golden = Path.Combine(args[0], "golden", "tokenizers"), data = Path.Combine(args[0], "datasets");
JsonElement reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(golden, "bench.json"))).RootElement;
string english = Grow(Text("corpus-gutenberg/alice_11-0.txt") + Text("corpus-gutenberg/grimm_2591-0.txt") + Text("corpus-tinyshakespeare/input.txt"), 5_000_000);
string chinese = Grow(string.Join('\n', ((string[])["lunyu", "qianziwen", "sanzijing-new", "tangshi300"]).SelectMany(f => Strings(JsonDocument.Parse(Text($"corpus-chinese-classics/{f}.json")).RootElement))) + Text("corpus-udhr/cmn_hans.txt") + Text("corpus-udhr/cmn_hant.txt"), 1_000_000);

Console.WriteLine("MB/s of UTF-8 (1 MB = 1e6 bytes), chunks of about 1,024 characters, best of five; x = times the reference");
Console.WriteLine($"{"tokenizer",-14}{"text",-10}{"ids",8}{"x",7}{"spans",9}{"x",7}{"decode",9}{"x",7}{"cold",8}  allocated per input byte (ids)");
foreach (string name in (string[])["smollm2", "gpt2", "qwen3", "bert-uncased", "mistral-v1", "t5", "cl100k", "o200k"])
{
    foreach ((string language, string text) in ((string, string)[])[("english", english), ("chinese", chinese)])
    {
        Tokenizer tokenizer = TokenizerJson.Parse(Unpacked(name), name);
        List<string> chunks = Chunks(text);
        long bytes = Encoding.UTF8.GetByteCount(text);
        EncodeOptions bare = new() { AddSpecial = false };
        double cold = Rate(bytes, 1, () => chunks.ForEach(c => tokenizer.Encode(c)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        double ids = Rate(bytes, 5, () => chunks.ForEach(c => tokenizer.Encode(c)));
        double allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (5.0 * bytes);
        double spans = Rate(bytes, 3, () => chunks.ForEach(c => tokenizer.EncodeFull(c, null, bare)));
        IReadOnlyList<int>[] encoded = [.. chunks.Take(500).Select(c => tokenizer.Encode(c))];
        double decode = Rate(chunks.Take(500).Sum(c => (long)Encoding.UTF8.GetByteCount(c)), 5, () => Array.ForEach(encoded, e => tokenizer.Decode(e)));
        JsonElement? row = reference.GetProperty("rows").EnumerateArray().Cast<JsonElement?>().FirstOrDefault(r => r!.Value.GetProperty("tokenizer").GetString() == name && r.Value.GetProperty("text").GetString() == language);
        Console.WriteLine($"{name,-14}{language,-10}{ids,8:F2}{Times(ids, row, "encodeChunks"),7}{spans,9:F2}{Times(spans, row, "encodeChunks"),7}{decode,9:F2}{Times(decode, row, "decodeChunks"),7}{cold,8:F2}  {allocated:F2}");
    }
}

return 0;

string Text(string path) => File.ReadAllText(Path.Combine(data, path)).ReplaceLineEndings("\n");

byte[] Unpacked(string name)
{
    using GZipStream gzip = new(File.OpenRead(Path.Combine(golden, "real", name, "tokenizer.json.gz")), CompressionMode.Decompress);
    using MemoryStream memory = new();
    gzip.CopyTo(memory);
    return memory.ToArray();
}

static string Times(double rate, JsonElement? row, string key) => row is { } r ? $"{rate / r.GetProperty(key).GetProperty("cpuMedian").GetDouble():F1}" : "-";

// Processor time of the process, which other work on the machine does not spoil.
static double Rate(long bytes, int repetitions, Action work)
{
    double best = 0;
    for (int k = 0; k < repetitions; k++)
    {
        TimeSpan start = Process.GetCurrentProcess().TotalProcessorTime;
        work();
        best = Math.Max(best, bytes / 1e6 / Math.Max(1e-3, (Process.GetCurrentProcess().TotalProcessorTime - start).TotalSeconds));
    }

    return best;
}

static string Grow(string text, int bytes)
{
    StringBuilder all = new();
    int size = Encoding.UTF8.GetByteCount(text);
    for (int n = 0; n < bytes; n += size) all.Append(text);
    return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(all.ToString()).AsSpan(0, bytes)).TrimEnd('\uFFFD');
}

static IEnumerable<string> Strings(JsonElement e) => e.ValueKind switch
{
    JsonValueKind.String => [e.GetString()!],
    JsonValueKind.Array => e.EnumerateArray().SelectMany(Strings),
    JsonValueKind.Object => e.EnumerateObject().SelectMany(p => Strings(p.Value)),
    _ => [],
};

// Whole lines, joined until a chunk holds 1,024 characters.
static List<string> Chunks(string text)
{
    List<string> chunks = [];
    StringBuilder chunk = new();
    foreach (string line in text.Split('\n'))
    {
        chunk.Append(line).Append('\n');
        if (chunk.Length < 1024) continue;
        chunks.Add(chunk.ToString());
        chunk.Clear();
    }

    if (chunk.Length > 0) chunks.Add(chunk.ToString());
    return chunks;
}
