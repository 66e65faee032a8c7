using System.Buffers;
using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints;

/// <summary>The body of a chat request in a given dialect, and what was put into it.</summary>
internal sealed class ChatRequest
{
    private static readonly JsonWriterOptions s_writer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = false };
    private static readonly string[] s_reserved = ["model", "messages", "stream"];

    private readonly HashSet<string> _sent = new(StringComparer.Ordinal);

    private ChatRequest(byte[] body, bool hasSystem)
    {
        Body = body;
        HasSystem = hasSystem;
    }

    public byte[] Body { get; }

    /// <summary>The names of the parameters in the body.</summary>
    public IReadOnlyCollection<string> Sent => _sent;

    /// <summary>A system message was sent as such.</summary>
    public bool HasSystem { get; }

    public static ChatRequest Write(IReadOnlyList<ChatMessage> messages, ChatOptions? options, string model, bool stream, Dialect dialect)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        HashSet<string> sent = new(StringComparer.Ordinal);
        bool hasSystem;
        using (Utf8JsonWriter json = new(buffer, s_writer))
        {
            json.WriteStartObject();
            json.WriteString("model", JsonText.WellFormed(model));
            hasSystem = WriteMessages(json, messages, options?.Instructions, dialect.SystemInUserTurn);
            if (stream) json.WriteBoolean("stream", true);
            WriteParameters(json, options, stream, dialect, sent);
            if (options?.Tools is { Count: > 0 } tools) WriteTools(json, tools, options);
            json.WriteEndObject();
        }

        ChatRequest request = new(buffer.WrittenSpan.ToArray(), hasSystem);
        request._sent.UnionWith(sent);
        return request;
    }

    private static void WriteParameters(Utf8JsonWriter json, ChatOptions? options, bool stream, Dialect dialect, HashSet<string> sent)
    {
        // The caller's own word for a parameter wins over the option of the same meaning.
        IEnumerable<KeyValuePair<string, object?>> own = options?.AdditionalProperties ?? [];
        foreach ((string name, object? value) in own)
        {
            if (s_reserved.Contains(name)) throw new ArgumentException($"The parameter \"{name}\" is set by the client itself; take it out of the additional properties.", nameof(options));
            string key = name is "max_tokens" or "max_completion_tokens" ? dialect.TokenLimit ?? "" : name;
            if (key.Length == 0 || value is null || dialect.Omitted.Contains(key) || !sent.Add(key)) continue;
            json.WritePropertyName(key);
            WriteValue(json, name, value, 0);
        }

        void Number(string name, double? value)
        {
            // A float's shortest form: 0.7 and not 0.699999988.
            if (value is { } v && !dialect.Omitted.Contains(name) && sent.Add(name)) json.WriteNumber(name, (decimal)(float)v);
        }

        if (options?.MaxOutputTokens is { } limit && dialect.TokenLimit is { } limitName && sent.Add(limitName)) json.WriteNumber(limitName, limit);
        Number("temperature", options?.Temperature);
        Number("top_p", options?.TopP);
        Number("frequency_penalty", options?.FrequencyPenalty);
        Number("presence_penalty", options?.PresencePenalty);
        if (options?.TopK is { } topK && !dialect.Omitted.Contains("top_k") && sent.Add("top_k")) json.WriteNumber("top_k", topK);
        if (options?.Seed is { } seed && !dialect.Omitted.Contains("seed") && sent.Add("seed")) json.WriteNumber("seed", seed);
        if (options?.StopSequences is { Count: > 0 } stops && sent.Add("stop"))
        {
            json.WritePropertyName("stop");
            WriteValue(json, "stop", stops, 0);
        }

        if (stream && !dialect.Omitted.Contains("stream_options") && sent.Add("stream_options"))
        {
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }

        if (options?.ResponseFormat is ChatResponseFormatJson format && sent.Add("response_format")) WriteFormat(json, format);
    }

    private static void WriteFormat(Utf8JsonWriter json, ChatResponseFormatJson format)
    {
        json.WriteStartObject("response_format");
        json.WriteString("type", format.Schema is null ? "json_object" : "json_schema");
        if (format.Schema is { } schema)
        {
            json.WriteStartObject("json_schema");
            json.WriteString("name", JsonText.WellFormed(format.SchemaName ?? "answer"));
            if (format.SchemaDescription is { } description) json.WriteString("description", JsonText.WellFormed(description));
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <returns>Whether a system message was written as such.</returns>
    private static bool WriteMessages(Utf8JsonWriter json, IReadOnlyList<ChatMessage> messages, string? instructions, bool systemInUserTurn)
    {
        List<ChatMessage> all = instructions is null ? [.. messages] : [new ChatMessage(ChatRole.System, instructions), .. messages];
        bool hasSystem = all.Exists(m => m.Role == ChatRole.System);
        if (hasSystem && systemInUserTurn) all = InUserTurn(all);
        json.WriteStartArray("messages");
        foreach (ChatMessage message in all) WriteMessage(json, message);
        json.WriteEndArray();
        return hasSystem && !systemInUserTurn;
    }

    private static List<ChatMessage> InUserTurn(List<ChatMessage> all)
    {
        string system = string.Join("\n\n", all.Where(m => m.Role == ChatRole.System).Select(m => m.Text));
        List<ChatMessage> rest = [.. all.Where(m => m.Role != ChatRole.System)];
        int user = rest.FindIndex(m => m.Role == ChatRole.User);
        if (user < 0) return [new ChatMessage(ChatRole.User, system), .. rest];
        rest[user] = new ChatMessage(ChatRole.User, [new TextContent($"{system}\n\n"), .. rest[user].Contents]);
        return rest;
    }

    private static void WriteMessage(Utf8JsonWriter json, ChatMessage message)
    {
        // Each result of a tool is a message of its own.
        foreach (FunctionResultContent result in message.Contents.OfType<FunctionResultContent>())
        {
            json.WriteStartObject();
            json.WriteString("role", "tool");
            json.WriteString("tool_call_id", JsonText.WellFormed(result.CallId));
            json.WriteString("content", JsonText.WellFormed(ResultText(result)));
            json.WriteEndObject();
        }

        List<AIContent> contents = [.. message.Contents.Where(c => c is TextContent or DataContent or UriContent or FunctionCallContent)];
        if (contents.Count == 0 && message.Contents.Count > 0 && message.Contents.All(c => c is FunctionResultContent)) return;
        json.WriteStartObject();
        json.WriteString("role", JsonText.WellFormed(message.Role.Value));
        if (message.AuthorName is { } name) json.WriteString("name", JsonText.WellFormed(name));
        if (contents.All(c => c is TextContent or FunctionCallContent))
        {
            string text = string.Concat(contents.OfType<TextContent>().Select(t => t.Text));
            if (text.Length == 0 && contents.Exists(c => c is FunctionCallContent)) json.WriteNull("content");
            else json.WriteString("content", JsonText.WellFormed(text));
        }
        else
        {
            json.WriteStartArray("content");
            foreach (AIContent part in contents) WritePart(json, part);
            json.WriteEndArray();
        }

        FunctionCallContent[] calls = [.. contents.OfType<FunctionCallContent>()];
        if (calls.Length > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (FunctionCallContent call in calls)
            {
                json.WriteStartObject();
                json.WriteString("id", JsonText.WellFormed(call.CallId));
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", JsonText.WellFormed(call.Name));
                json.WriteString("arguments", Serialized(call.Name, call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal)));
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, AIContent part)
    {
        (string kind, string? uri) = part switch
        {
            DataContent data when data.HasTopLevelMediaType("image") => ("image_url", data.Uri),
            UriContent link when link.HasTopLevelMediaType("image") => ("image_url", link.Uri.ToString()),
            TextContent => ("text", null),
            FunctionCallContent => ("", null),
            _ => throw new NotSupportedException($"A content of type {part.GetType().Name} cannot be sent to this endpoint; text, images and tool calls can."),
        };
        if (kind.Length == 0) return;
        json.WriteStartObject();
        json.WriteString("type", kind);
        if (part is TextContent text)
        {
            json.WriteString("text", JsonText.WellFormed(text.Text));
        }
        else
        {
            json.WriteStartObject("image_url");
            json.WriteString("url", uri);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter json, IList<AITool> tools, ChatOptions options)
    {
        json.WriteStartArray("tools");
        foreach (AITool tool in tools)
        {
            if (tool is not AIFunctionDeclaration function)
                throw new NotSupportedException($"The tool {tool.Name} is no function; this endpoint takes functions only.");
            json.WriteStartObject();
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", JsonText.WellFormed(function.Name));
            json.WriteString("description", JsonText.WellFormed(function.Description));
            json.WritePropertyName("parameters");
            function.JsonSchema.WriteTo(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        switch (options.ToolMode)
        {
            case RequiredChatToolMode { RequiredFunctionName: { } name }:
                json.WriteStartObject("tool_choice");
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", JsonText.WellFormed(name));
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case RequiredChatToolMode:
                json.WriteString("tool_choice", "required");
                break;
            case NoneChatToolMode:
                json.WriteString("tool_choice", "none");
                break;
            default:
                break;
        }

        if (options.AllowMultipleToolCalls is { } parallel) json.WriteBoolean("parallel_tool_calls", parallel);
    }

    private static string ResultText(FunctionResultContent result) => result switch
    {
        { Exception: { } e } => $"Error: {e.Message}",
        { Result: null } => "",
        { Result: string text } => text,
        _ => Serialized("result", result.Result),
    };

    private static string Serialized(string name, object value)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_writer)) WriteValue(json, name, value, 0);
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object? value, int depth)
    {
        if (depth > 32) throw new ArgumentException($"The value of \"{name}\" is nested more than 32 deep.", nameof(value));
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case string text: json.WriteStringValue(JsonText.WellFormed(text)); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case float number: json.WriteNumberValue(number); break;
            case double number: json.WriteNumberValue(number); break;
            case decimal number: json.WriteNumberValue(number); break;
            case JsonElement element: element.WriteTo(json); break;
            case JsonNode node: node.WriteTo(json); break;
            case IEnumerable<KeyValuePair<string, object?>> map:
                json.WriteStartObject();
                foreach ((string key, object? item) in map)
                {
                    json.WritePropertyName(JsonText.WellFormed(key));
                    WriteValue(json, name, item, depth + 1);
                }

                json.WriteEndObject();
                break;
            case IEnumerable list:
                json.WriteStartArray();
                foreach (object? item in list) WriteValue(json, name, item, depth + 1);
                json.WriteEndArray();
                break;
            default:
                throw new ArgumentException($"The value of \"{name}\" is a {value.GetType().Name}; give a bool, number, text, list, dictionary or JsonElement.", nameof(value));
        }
    }
}
