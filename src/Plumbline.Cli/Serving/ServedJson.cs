using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Plumbline.Cli.Serving;

/// <summary>The API's replies as JSON.</summary>
internal static class ServedJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What is the same in every part of a reply.</summary>
    internal sealed record Head(string Id, string Kind, long Created, string Model);

    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer, s_options)) write(json);
        return buffer.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> Fault(ServerFault fault) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", fault.Message);
        json.WriteString("type", fault.Type);
        json.WriteString("param", fault.Param);
        json.WriteString("code", fault.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    public static void Model(Utf8JsonWriter json, string name, long created)
    {
        json.WriteStartObject();
        json.WriteString("id", name);
        json.WriteString("object", "model");
        json.WriteNumber("created", created);
        json.WriteString("owned_by", "plumbline");
        json.WriteEndObject();
    }

    public static ReadOnlyMemory<byte> ChatReply(Head head, string text, string finish, UsageDetails? usage) => Write(json =>
    {
        Begin(json, head);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", text);
        json.WriteNull("refusal");
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
        if (usage is not null) Usage(json, usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0);
        json.WriteEndObject();
    });

    /// <param name="head">Id, model and time, the same in every event.</param>
    /// <param name="role">Whether the event opens the message.</param>
    /// <param name="text">New text, or null.</param>
    /// <param name="finish">Why the answer ended; null before its end.</param>
    /// <param name="announcesUsage">Whether a last event with usage will follow.</param>
    public static ReadOnlyMemory<byte> ChatEvent(Head head, bool role, string? text, string? finish, bool announcesUsage) => Write(json =>
    {
        Begin(json, head);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        if (role) json.WriteString("role", "assistant");
        if (text is not null) json.WriteString("content", text);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
        if (announcesUsage) json.WriteNull("usage");
        json.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> UsageEvent(Head head, long prompt, long completion) => Write(json =>
    {
        Begin(json, head);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        Usage(json, prompt, completion);
        json.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> Completion(Head head, IReadOnlyList<ServedCompletion> choices, bool echo) => Write(json =>
    {
        Begin(json, head);
        json.WriteStartArray("choices");
        for (int i = 0; i < choices.Count; i++) Choice(json, i, echo ? choices[i].Prompt + choices[i].Text : choices[i].Text, choices[i].Tokens, choices[i].Finish);
        json.WriteEndArray();
        Usage(json, choices.Sum(c => c.PromptTokens), choices.Sum(c => c.NewTokens));
        json.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> CompletionEvent(Head head, int index, string text, IReadOnlyList<ServedToken>? tokens, string? finish, bool announcesUsage) => Write(json =>
    {
        Begin(json, head);
        json.WriteStartArray("choices");
        Choice(json, index, text, tokens, finish);
        json.WriteEndArray();
        if (announcesUsage) json.WriteNull("usage");
        json.WriteEndObject();
    });

    private static void Begin(Utf8JsonWriter json, Head head)
    {
        json.WriteStartObject();
        json.WriteString("id", head.Id);
        json.WriteString("object", head.Kind);
        json.WriteNumber("created", head.Created);
        json.WriteString("model", head.Model);
        json.WriteString("system_fingerprint", "plumbline");
    }

    private static void Usage(Utf8JsonWriter json, long prompt, long completion)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt);
        json.WriteNumber("completion_tokens", completion);
        json.WriteNumber("total_tokens", prompt + completion);
        json.WriteEndObject();
    }

    private static void Choice(Utf8JsonWriter json, int index, string text, IReadOnlyList<ServedToken>? tokens, string? finish)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteString("text", text);
        if (tokens is null)
        {
            json.WriteNull("logprobs");
        }
        else
        {
            json.WriteStartObject("logprobs");
            json.WriteStartArray("tokens");
            foreach (ServedToken token in tokens) json.WriteStringValue(token.Text);
            json.WriteEndArray();
            json.WriteStartArray("token_logprobs");
            foreach (ServedToken token in tokens) Figure(json, token.LogProb);
            json.WriteEndArray();
            json.WriteStartArray("top_logprobs");
            foreach (ServedToken token in tokens) Top(json, token);
            json.WriteEndArray();
            json.WriteStartArray("text_offset");
            foreach (ServedToken token in tokens) json.WriteNumberValue(token.Offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
    }

    private static void Top(Utf8JsonWriter json, ServedToken token)
    {
        if (token.Top.Count == 0)
        {
            json.WriteNullValue();
            return;
        }

        // Two tokens may have the same text; a JSON object keeps the likelier.
        HashSet<string> seen = [];
        json.WriteStartObject();
        foreach ((string text, double logProb) in token.Top)
        {
            if (!seen.Add(text)) continue;
            json.WritePropertyName(text);
            Figure(json, logProb);
        }

        json.WriteEndObject();
    }

    // JSON has no infinity: a token that cannot come has the lowest double, as good as none.
    private static void Figure(Utf8JsonWriter json, double? value)
    {
        if (value is { } figure) json.WriteNumberValue(double.IsFinite(figure) ? figure : double.MinValue);
        else json.WriteNullValue();
    }
}
