using System.Text.Json;

namespace Plumbline.Tests.Templates;

/// <summary>The template language, piece by piece, against Jinja2 as transformers sets it up.</summary>
public sealed class TemplateLanguageTests
{
    /// <summary>Pieces that no chat template uses and that are refused with an error; the reference allows that for the group "rare".</summary>
    private static readonly Dictionary<string, string> s_refused = new()
    {
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
            if (outcome.Error is not null && s_refused.ContainsKey(id)) continue;
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
