using System.Text;
using System.Text.Json;
using Plumbline.Models.Templates;

namespace Plumbline.Tests.Templates;

/// <summary>The set-up and the words of the reference values for chat templates.</summary>
internal static class ReferenceEngine
{
    private const string Folder = "golden";
    private const string Part = "chat-templates";

    private static readonly HashSet<string> s_describing = ["id", "template", "expected", "error", "error_kind", "message", "line", "js", "js_error", "or_error", "note", "context"];

    /// <summary>The clock of the reference engine stands still.</summary>
    public static ChatTemplateOptions Options { get; } = new() { Clock = new StoppedClock(new DateTimeOffset(2024, 7, 26, 9, 5, 3, TimeSpan.Zero)) };

    public static IEnumerable<JsonElement> Lines(string file) => Golden.Lines(Folder, Part, file);

    /// <summary>The source of a template, line ends untouched.</summary>
    public static string Source(string template) => Encoding.UTF8.GetString(File.ReadAllBytes(Golden.Path(Folder, Part, "templates", template + ".jinja")));

    public static IReadOnlyList<string> TemplateNames =>
        [.. Directory.GetFiles(Golden.Path(Folder, Part, "templates"), "*.jinja").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!];

    /// <summary>The variables of a case: all keys that do not describe the case itself.</summary>
    public static JsonElement Variables(JsonElement line)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            foreach (JsonProperty property in line.EnumerateObject().Where(p => !s_describing.Contains(p.Name)))
            {
                json.WritePropertyName(property.Name);
                // Written raw, for 1.0 is not 1.
                json.WriteRawValue(property.Value.GetRawText());
            }

            json.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.ToArray()).RootElement;
    }

    /// <summary>The text, or the error, of a render.</summary>
    public static Outcome Render(string source, JsonElement variables)
    {
        ChatTemplate template;
        try
        {
            template = ChatTemplate.Parse(source, Options);
        }
        catch (ChatTemplateException e)
        {
            return new Outcome(null, e, WhileParsing: true);
        }

        try
        {
            return new Outcome(template.Render(variables), null, WhileParsing: false);
        }
        catch (ChatTemplateException e)
        {
            return new Outcome(null, e, WhileParsing: false);
        }
    }

    /// <summary>What is wrong with an outcome, null where nothing is.</summary>
    public static string? Fault(Outcome outcome, string? expected, string? errorKind, string? message, int? line)
    {
        if (expected is not null)
        {
            return outcome.Text == expected ? null : $"expected {Show(expected)}, got {outcome}";
        }

        if (outcome.Error is null) return $"expected {errorKind}: {message}, got {outcome}";
        string group = Group(errorKind!), actual = Group(outcome.Error.Kind);
        if (group != actual) return $"expected an error of {group} ({errorKind}: {message}), got {outcome}";
        if (group == "raised" && outcome.Error.Message != message) return $"expected the message {message}, got {outcome}";
        if (group == "syntax" && !outcome.WhileParsing) return $"expected an error while parsing, got {outcome}";
        if (group == "syntax" && line is not null && outcome.Error.Line != line) return $"expected line {line}, got line {outcome.Error.Line}: {outcome}";
        return null;
    }

    public static string Show(string text) => JsonSerializer.Serialize(text, TextJson.Default.String) is var shown && shown.Length > 1500 ? shown[..1500] + "…" : shown;

    private static string Group(string kind) => kind switch
    {
        "RaisedByTemplate" => "raised",
        "TemplateSyntaxError" or "TemplateAssertionError" or "SyntaxError" => "syntax",
        "UndefinedError" => "undefined",
        "SecurityError" => "security",
        _ => "runtime",
    };

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}

/// <summary>A text or an error.</summary>
internal sealed record Outcome(string? Text, ChatTemplateException? Error, bool WhileParsing)
{
    public override string ToString() => Text is not null ? ReferenceEngine.Show(Text) : $"{Error!.Kind}: {Error.Message}";
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class TextJson : System.Text.Json.Serialization.JsonSerializerContext;
