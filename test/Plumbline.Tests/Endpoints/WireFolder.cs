using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

/// <summary>The recorded and written transcripts beside the repository.</summary>
internal static class WireFolder
{
    private static readonly Lazy<IReadOnlyDictionary<string, Transcript>> s_all = new(Load);

    public static IReadOnlyDictionary<string, Transcript> All
    {
        get
        {
            Golden.Path("golden", "wire");
            return s_all.Value;
        }
    }

    private static Dictionary<string, Transcript> Load()
    {
        Dictionary<string, JsonElement> expected = Golden.Lines("golden", "wire", "expected.jsonl").ToDictionary(e => e.GetProperty("id").GetString()!);
        Dictionary<string, Transcript> all = [];
        foreach (string index in Directory.EnumerateFiles(Golden.Path("golden", "wire"), "index.jsonl", SearchOption.AllDirectories))
        {
            foreach (string line in File.ReadLines(index))
            {
                JsonElement entry = JsonDocument.Parse(line).RootElement;
                string id = entry.GetProperty("id").GetString()!;
                byte[] raw = File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(index)!, id[(id.IndexOf('/') + 1)..] + ".http"));
                List<byte[]> server = [];
                int at = 0;
                foreach (JsonElement segment in entry.GetProperty("segments").EnumerateArray())
                {
                    int length = segment[1].GetInt32();
                    if (segment[0].GetString() == "s") server.Add(raw[at..(at + length)]);
                    at += length;
                }

                Assert.Equal(raw.Length, at);
                bool reset = entry.GetProperty("synthetic").GetBoolean() && entry.GetProperty("ends").EnumerateArray().Any(x => x[0].GetString() == "sRST");
                JsonElement request = entry.GetProperty("request");
                all[id] = new Transcript(
                    id, server, reset, entry.GetProperty("synthetic").GetBoolean(), request.GetProperty("method").GetString()!, request.GetProperty("path").GetString()!, expected[id]);
            }
        }

        return all;
    }
}

/// <summary>One exchange: the server's bytes as it sent them, whether it reset the connection, and what a correct client delivers.</summary>
internal sealed record Transcript(string Id, IReadOnlyList<byte[]> Server, bool Reset, bool Synthetic, string Method, string Path, JsonElement Expected)
{
    public byte[] Bytes => [.. Server.SelectMany(s => s)];

    /// <summary>Null where the transcript is no chat call, or its client left.</summary>
    public string? Sample => Expected.GetProperty("sample").GetString();
}
