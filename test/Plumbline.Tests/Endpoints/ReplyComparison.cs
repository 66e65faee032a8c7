using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

/// <summary>Compares a reply with a line of expected.jsonl; every difference is named.</summary>
internal static class ReplyComparison
{
    public static List<string> Differences(ChatReply actual, JsonElement expected, string id)
    {
        List<string> found = [];
        void Same(string what, object? want, object? have)
        {
            if (!Equals(want, have)) found.Add($"{what}: expected {want ?? "null"}, got {have ?? "null"}");
        }

        if (expected.GetProperty("sample").GetString() is { } sample)
            Same("sample", sample, actual.Outcome.ToString().ToLowerInvariant());
        Same("refusedBy", Text(expected, "refusedBy"), actual.RefusedBy?.ToString().ToLowerInvariant());
        Same("responseId", Text(expected, "responseId"), actual.Id);
        Same("model", Text(expected, "model"), actual.Model);
        Same("warnings", string.Join(',', Items(expected, "warnings").Select(w => w.GetString())), string.Join(',', actual.Warnings));
        if (Property(expected, "http") is { } http) Same("status", http.GetProperty("status").GetInt32(), actual.Status);
        CompareUsage(Property(expected, "usage"), actual.Usage, Same);
        CompareError(Property(expected, "error"), RetryAfterByRule(id), actual.Error, Same);

        JsonElement[] choices = [.. Items(expected, "choices")];
        Same("choices", choices.Length, actual.Choices.Count);
        foreach ((JsonElement want, ReplyChoice have) in choices.Zip(actual.Choices)) CompareChoice(want, have, Same);

        JsonElement? limits = Property(expected, "rateLimits");
        Same("rateLimits", limits?.EnumerateObject().Count() ?? 0, actual.RateLimits.Count);
        foreach (JsonProperty limit in limits?.EnumerateObject() ?? default)
            Same($"rateLimits.{limit.Name}", limit.Value.ValueKind == JsonValueKind.Null ? null : limit.Value.GetDouble(), actual.RateLimits.GetValueOrDefault(limit.Name));
        return found;
    }

    private static void CompareUsage(JsonElement? want, ReplyUsage? have, Action<string, object?, object?> same)
    {
        same("usage", want is not null, have is not null);
        if (want is null || have is null) return;
        same("usage.prompt", Number(want.Value, "prompt"), have.Prompt);
        same("usage.completion", Number(want.Value, "completion"), have.Completion);
        same("usage.total", Number(want.Value, "total"), have.Total);
    }

    /// <summary>
    /// The reference line of this transcript has null, against the rule beside it ("any HTTP date minus the Date header"),
    /// its own purpose ("the old asctime form of a date must be read") and RFC 9110, section 5.6.7: 03:00:10 - 03:00:00 = 10 s.
    /// </summary>
    private static double? RetryAfterByRule(string id) => id == "synthetic/429-date-asctime" ? 10 : null;

    private static void CompareError(JsonElement? want, double? retryAfter, ReplyError? have, Action<string, object?, object?> same)
    {
        same("error.kind", want?.GetProperty("kind").GetString(), have is null ? null : have.Kind == ReplyErrorKind.ContentFilter ? "content-filter" : have.Kind.ToString().ToLowerInvariant());
        if (want is not { } e || have is null) return;
        same("error.status", (int?)Number(e, "status"), have.Status);
        same("error.message", Text(e, "message"), have.Message);
        same("error.code", Text(e, "code"), have.Code);
        same("error.type", Text(e, "type"), have.Type);
        same("error.param", Text(e, "param"), have.Param);
        same("error.retryable", e.GetProperty("retryable").GetBoolean(), have.Retryable);
        same("error.retryAfter", retryAfter ?? Property(e, "retryAfter")?.GetDouble(), have.RetryAfter?.TotalSeconds);
        same("error.contextLength", Property(e, "contextLength") is not null, have.ContextLength);
        same("error.location", Text(e, "location"), have.Location);
    }

    private static void CompareChoice(JsonElement want, ReplyChoice have, Action<string, object?, object?> same)
    {
        string at = $"choices[{have.Index}]";
        same($"{at}.index", want.GetProperty("index").GetInt32(), have.Index);
        same($"{at}.role", Text(want, "role"), have.Role);
        same($"{at}.text", Text(want, "text"), have.Text);
        same($"{at}.finish", Text(want, "finish"), have.Finish);
        same($"{at}.refusal", Text(want, "refusal"), have.Refusal);
        same($"{at}.reasoning", Text(want, "reasoning"), have.Reasoning);
        same($"{at}.toolCalls",
            string.Join('|', Items(want, "toolCalls").Select(t => $"{Text(t, "id")}\0{Text(t, "name")}\0{Text(t, "arguments")}")),
            string.Join('|', have.ToolCalls.Select(t => $"{t.Id}\0{t.Name}\0{t.Arguments}")));
        bool none = want.GetProperty("logprobs").ValueKind == JsonValueKind.Null;
        same($"{at}.logprobs", none, have.LogProbs is null);
        if (none || have.LogProbs is null) return;
        JsonElement[] logProbs = [.. Items(want, "logprobs")];
        same($"{at}.logprobs.count", logProbs.Length, have.LogProbs.Count);
        foreach ((JsonElement t, ReplyTokenLogProb p) in logProbs.Zip(have.LogProbs))
        {
            same($"{at}.token", Text(t, "token"), p.Token);
            same($"{at}.logprob", Figure(t.GetProperty("logprob")), p.LogProb);
            same($"{at}.bytes", Property(t, "bytes") is { } b ? string.Join(',', b.EnumerateArray()) : null, p.Bytes is null ? null : string.Join(',', p.Bytes));
            same($"{at}.top",
                string.Join('|', Items(t, "top").Select(x => $"{x[0].GetString()}\0{Figure(x[1]):R}")),
                string.Join('|', p.Top.Select(x => $"{x.Token}\0{x.LogProb:R}")));
        }
    }

    private static double? Figure(JsonElement e) => e.ValueKind == JsonValueKind.Null ? null : Golden.Number(e);

    // An error's type is the inner status, a number, where the server sent nothing else.
    private static string? Text(JsonElement e, string name) =>
        Property(e, name) is { } value ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null;

    private static long? Number(JsonElement e, string name) => Property(e, name)?.GetInt64();

    private static JsonElement? Property(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static IEnumerable<JsonElement> Items(JsonElement e, string name) => Property(e, name) is { } list ? list.EnumerateArray() : [];
}
