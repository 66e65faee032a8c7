using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Plumbline.Cli.Serving;

/// <summary>The body of POST /v1/chat/completions.</summary>
internal sealed record ServedChatRequest(string Model, IReadOnlyList<ChatMessage> Messages, ServedSampling Sampling, bool Stream, bool IncludeUsage)
{
    /// <exception cref="ServerFault">A parameter is missing, malformed, out of its range or not served.</exception>
    public static ServedChatRequest Read(RequestBody body)
    {
        string model = body.Text("model") ?? throw ServerFault.Invalid("model", "'model' is missing; GET /v1/models names it.", "missing_required_parameter");
        body.RefuseUnserved();
        foreach (string list in new[] { "tools", "functions" })
        {
            if (body.Find(list) is { } tools && !(tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0)) throw ServerFault.Unsupported(list, $"'{list}' is not served: this model answers in text only.");
        }

        if (body.Flag("logprobs") || body.Whole("top_logprobs", 0, 20) is > 0) throw ServerFault.Unsupported("logprobs", "'logprobs' is served by /v1/completions and not by chat; leave it out.");
        if (body.Find("response_format") is { } format && !(format.ValueKind == JsonValueKind.Object && format.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text")))
            throw ServerFault.Unsupported("response_format", "'response_format' other than text is not served.");
        bool stream = body.Flag("stream");
        return new(model, Conversation(body), ServedSampling.Read(body, leastTokens: 1), stream, Usage(body, stream));
    }

    /// <summary>`stream_options.include_usage`.</summary>
    internal static bool Usage(RequestBody body, bool stream)
    {
        if (body.Find("stream_options") is not { } options) return false;
        if (options.ValueKind != JsonValueKind.Object) throw ServerFault.Invalid("stream_options", $"'stream_options' must be an object, not {RequestBody.Kind(options)}.", "invalid_type");
        return stream ? new RequestBody(options).Flag("include_usage") : throw ServerFault.Invalid("stream_options", "'stream_options' is for streams; set 'stream' to true or leave it out.");
    }

    private static List<ChatMessage> Conversation(RequestBody body)
    {
        if (body.Find("messages") is not { } list) throw ServerFault.Invalid("messages", "'messages' is missing.", "missing_required_parameter");
        if (list.ValueKind != JsonValueKind.Array) throw ServerFault.Invalid("messages", $"'messages' must be a list, not {RequestBody.Kind(list)}.", "invalid_type");
        if (list.GetArrayLength() == 0) throw ServerFault.Invalid("messages", "'messages' is empty; a chat needs at least one message.");
        return [.. list.EnumerateArray().Select(Message)];
    }

    private static ChatMessage Message(JsonElement message, int at)
    {
        string here = $"messages[{at}]";
        if (message.ValueKind != JsonValueKind.Object) throw ServerFault.Invalid(here, $"'{here}' must be an object, not {RequestBody.Kind(message)}.", "invalid_type");
        RequestBody fields = new(message);
        ChatRole role = fields.Text("role") switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            null => throw ServerFault.Invalid($"{here}.role", $"'{here}.role' is missing.", "missing_required_parameter"),
            { } other => throw ServerFault.Invalid($"{here}.role", $"'{here}.role' is '{other}'; system, developer, user and assistant are served."),
        };
        return new(role, Content(fields.Find("content"), $"{here}.content"));
    }

    private static string Content(JsonElement? content, string here)
    {
        if (content is not { } value) throw ServerFault.Invalid(here, $"'{here}' is missing.", "missing_required_parameter");
        if (value.ValueKind != JsonValueKind.Array) return RequestBody.TextOf(value, here);
        return string.Concat(value.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text") && part.TryGetProperty("text", out JsonElement text)
                ? RequestBody.TextOf(text, here)
                : throw ServerFault.Invalid(here, $"'{here}' holds a part that is no text; only text is served.")));
    }
}
