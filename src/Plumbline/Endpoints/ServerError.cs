using System.Text.Json;

namespace Plumbline.Endpoints;

/// <summary>The error object of any vendor: OpenAI's nested one, vLLM's and Ollama's flat ones, FastAPI's <c>detail</c>, TGI's <c>error_type</c>.</summary>
internal sealed record ServerError(string? Message, string? Code, string? Type, string? Param)
{
    /// <summary>The error in a JSON object; null where it holds none.</summary>
    public static ServerError? Find(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) return null;
        JsonElement? error = body.Get("error");
        if (error is null)
        {
            if (body.Has("detail", out JsonElement detail))
                return new ServerError(((JsonElement?)detail).Text() ?? JsonText.Compact(detail), null, null, null);
            if (!IsFlat(body)) return null;
            error = body;
        }

        if (error.Text() is { } text) return new ServerError(text, null, Loose(body.Get("error_type")), null);
        if (error is not { ValueKind: JsonValueKind.Object } e) return null;
        JsonElement? code = e.Has("code", out _) ? e.Get("code") : e.Get("http_status_code");
        return new ServerError(
            e.Get("message").Text() ?? Loose(e.Get("msg")), Loose(code), e.Get("type").Text() ?? Loose(e.Get("status")), Loose(e.Get("param")));
    }

    /// <summary>A content filter that stopped the prompt.</summary>
    public bool IsFilter => Code is "content_filter" or "content_policy_violation" or "data_inspection_failed";

    /// <summary>A balance that is used up; waiting does not help.</summary>
    public bool IsQuota => Code is "insufficient_quota" or "billing_hard_limit_reached" || Type == "insufficient_quota";

    /// <summary>The prompt did not fit.</summary>
    public bool IsContextLength =>
        Code == "context_length_exceeded" || Type == "exceed_context_size_error"
        || (Message is { } m && (m.Contains("context length", StringComparison.Ordinal) || m.Contains("context size", StringComparison.Ordinal)
            || m.Contains("context window", StringComparison.Ordinal) || m.Contains("ContextWindowExceeded", StringComparison.Ordinal)));

    /// <summary>A client error's status inside an error object under status 200, which a retry does not cure.</summary>
    public bool IsInnerClientError =>
        Code is { Length: 3 } c && c[0] == '4' && char.IsAsciiDigit(c[1]) && char.IsAsciiDigit(c[2]) && c is not ("408" or "409" or "429");

    private static bool IsFlat(JsonElement body)
    {
        if (body.Get("object").Text() == "error" || body.Get("type").Text() == "error") return true;
        JsonElement? message = body.Has("message", out _) ? body.Get("message") : body.Get("msg");
        return message.Text() is not null && !body.Has("choices", out _) && !body.Has("data", out _) && !body.Has("done", out _);
    }

    private static string? Loose(JsonElement? element) => element is { } e ? element.Text() ?? JsonText.Compact(e) : null;
}
