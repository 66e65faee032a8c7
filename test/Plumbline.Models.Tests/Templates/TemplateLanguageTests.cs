using System.Text.Json;

namespace Plumbline.Tests.Templates;

/// <summary>The template language, piece by piece, against Jinja2 as transformers sets it up.</summary>
public sealed class TemplateLanguageTests
{
    /// <summary>
    /// Pieces that are refused with an error instead. For those of comments-raw the reference takes any error; those of
    /// rare hold what no chat template uses, and the reference allows an error there, but no other text.
    /// </summary>
    private static readonly Dictionary<string, string> s_refused = new()
    {
        ["comments-raw/018"] = "include: there is nothing to load from",
        ["comments-raw/019"] = "import: there is nothing to load from",
        ["comments-raw/020"] = "from: there is nothing to load from",
        ["comments-raw/021"] = "extends: there is nothing to load from",
        ["comments-raw/022"] = "include: there is nothing to load from",
        ["rare/001"] = "striptags: HTML",
        ["rare/003"] = "wordwrap: layout of prose",
        ["rare/005"] = "filesizeformat: sizes of files",
        ["rare/006"] = "xmlattr: HTML",
        ["rare/007"] = "lipsum: random text",
        ["rare/010"] = "block: inheritance",
        ["rare/012"] = "block: inheritance",
        ["rare/013"] = "block: inheritance",
        ["rare/014"] = "autoescape: HTML",
        ["rare/015"] = "autoescape: HTML",
        ["rare/016"] = "urlencode: addresses",
        ["rare/021"] = "encode, translate: bytes",
        ["rare/022"] = "bit_length, is_integer, to_bytes: bytes and bits",
        ["rare/023"] = "\\N{…}: needs the names of all characters",
        ["rare/025"] = "block: inheritance",
        ["rare/026"] = "block: inheritance",
        ["rare/027"] = "block: inheritance",
    };

    [Theory]
    [InlineData("whitespace")]
    [InlineData("literals")]
    [InlineData("expressions")]
    [InlineData("undefined")]
    [InlineData("if-for")]
    [InlineData("set-scope")]
    [InlineData("macros")]
    [InlineData("comments-raw")]
    [InlineData("filters-text")]
    [InlineData("filters-lists")]
    [InlineData("filters-numbers")]
    [InlineData("tojson")]
    [InlineData("tests")]
    [InlineData("methods-str")]
    [InlineData("methods-list-dict")]
    [InlineData("globals")]
    [InlineData("security")]
    [InlineData("errors")]
    [InlineData("chat-idioms")]
    [InlineData("rare")]
    public void Render_Piece_EqualsReference(string group)
    {
        List<string> faults = [];
        int count = 0;
        foreach (JsonElement line in ReferenceEngine.Lines("language.jsonl").Where(l => l.GetProperty("id").GetString()!.StartsWith(group + "/", StringComparison.Ordinal)))
        {
            count++;
            string id = line.GetProperty("id").GetString()!;
            string source = line.GetProperty("source").GetString()!;
            Outcome outcome = ReferenceEngine.Render(source, line.GetProperty("context"));
            if (s_refused.TryGetValue(id, out string? reason))
            {
                if (outcome.Error is null) faults.Add($"{id} is listed as refused ({reason}), but gives {outcome}");
                continue;
            }

            if (outcome.Error is not null && Text(line, "or_error") == outcome.Error.Kind) continue;
            string? fault = ReferenceEngine.Fault(outcome, Text(line, "expected"), Text(line, "error"), Text(line, "message"), Line(line));
            if (fault is not null) faults.Add($"{id} {ReferenceEngine.Show(source)}: {fault}");
        }

        Assert.True(count > 0, $"no pieces of the group {group}");
        Assert.True(faults.Count == 0, $"{faults.Count} of {count} differ:\n" + string.Join("\n", faults));
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement e) && e.ValueKind == JsonValueKind.String ? e.GetString() : null;

    private static int? Line(JsonElement line) => line.TryGetProperty("line", out JsonElement e) && e.ValueKind == JsonValueKind.Number ? e.GetInt32() : null;
}
