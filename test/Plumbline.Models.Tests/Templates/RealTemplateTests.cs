using System.Text.Json;
using Plumbline.Models.Templates;

namespace Plumbline.Tests.Templates;

/// <summary>Templates of published models, each over some twenty conversations.</summary>
public sealed class RealTemplateTests
{
    public static TheoryData<string> Templates => Golden.Root is null ? ["none"] : [.. ReferenceEngine.TemplateNames];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Render_Conversations_EqualsReference(string name)
    {
        string source = ReferenceEngine.Source(name);
        List<string> faults = [];
        int count = 0;
        foreach (JsonElement line in ReferenceEngine.Lines("cases.jsonl").Where(l => l.GetProperty("template").GetString() == name))
        {
            count++;
            Outcome outcome = ReferenceEngine.Render(source, ReferenceEngine.Variables(line));
            string? fault = ReferenceEngine.Fault(outcome, Text(line, "expected"), Text(line, "error_kind"), Text(line, "error"), null);
            if (fault is not null) faults.Add($"{line.GetProperty("id").GetString()}: {fault}");
        }

        Assert.True(faults.Count == 0, $"{faults.Count} of {count} differ:\n" + string.Join("\n", faults));
        if (count == 0) AssertRendersOrRefuses(source);
    }

    /// <summary>A template without reference texts renders a conversation all the same, in the form that its model wants.</summary>
    private static void AssertRendersOrRefuses(string source)
    {
        const string Question = "What is the capital of France?";
        using JsonDocument variables = JsonDocument.Parse($$"""
            {"messages": [{"role": "user", "content": "{{Question}}"}], "tools": [], "documents": [], "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"}
            """);
        using JsonDocument parts = JsonDocument.Parse($$"""
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "{{Question}}"}]}], "tools": [], "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"}
            """);
        ChatTemplate template = ChatTemplate.Parse(source, ReferenceEngine.Options);
        string plain = template.Render(variables.RootElement);
        Assert.Contains(Question, plain.Contains(Question, StringComparison.Ordinal) ? plain : template.Render(parts.RootElement), StringComparison.Ordinal);
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement e) && e.ValueKind == JsonValueKind.String ? e.GetString() : null;
}
