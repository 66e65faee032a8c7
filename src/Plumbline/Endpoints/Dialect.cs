using System.Collections.Immutable;

namespace Plumbline.Endpoints;

/// <summary>
/// What one model of one server accepts, as far as its refusals have taught: the name of the token limit, parameters left
/// out, and whether system messages go into the user's turn. Immutable.
/// </summary>
internal sealed record Dialect
{
    public static Dialect Standard { get; } = new();

    private static readonly string[] s_optional =
        ["temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "stream_options"];

    private static readonly string[] s_unsupported =
    [
        "unsupported", "not supported", "not support", "n't support", "unrecognized", "unrecognised", "unknown", "extra inputs", "extra fields",
        "extra_forbidden", "not permitted", "not allowed", "unexpected", "only the default", "deprecated", "not enabled", "not available",
    ];

    /// <summary>max_tokens, max_completion_tokens, or null where neither is accepted.</summary>
    public string? TokenLimit { get; init; } = "max_tokens";

    public ImmutableHashSet<string> Omitted { get; init; } = [];

    public bool SystemInUserTurn { get; init; }

    /// <summary>The next thing to try after a refusal, with what to tell the user; null where the refusal is about something else.</summary>
    /// <param name="error">The refusal.</param>
    /// <param name="sent">The names of the parameters that were sent.</param>
    /// <param name="hasSystem">A system message was sent as such.</param>
    public (Dialect Next, string Note)? Adapt(ReplyError error, IReadOnlyCollection<string> sent, bool hasSystem)
    {
        if (error.Kind != ReplyErrorKind.Http || error.Status is not (400 or 422 or 500) || error.Message is not { } message) return null;
        if (hasSystem && IsAboutSystem(error, message))
            return (this with { SystemInUserTurn = true }, "the model refuses system messages: the system text is sent at the beginning of the first user turn");
        if (error.Status == 500 || !IsUnsupported(error, message)) return null;
        string? name = Named(error, message, sent);
        switch (name)
        {
            case null:
                return null;
            case "max_tokens" when TokenLimit == "max_tokens" && !Omitted.Contains("max_completion_tokens"):
                return (this with { TokenLimit = "max_completion_tokens", Omitted = Omitted.Add("max_tokens") }, "the model refuses max_tokens: max_completion_tokens is sent");
            case "max_tokens" or "max_completion_tokens":
                return (this with { TokenLimit = null }, $"the model refuses {name}: no token limit is sent");
            case "logprobs" or "top_logprobs":
                return (this with { Omitted = Omitted.Union(["logprobs", "top_logprobs"]) }, "the model refuses logprobs: answers come without log-probabilities");
            case "seed":
                return (this with { Omitted = Omitted.Add(name) }, "the model refuses seed: answers may differ from run to run");
            case "stream_options":
                return (this with { Omitted = Omitted.Add(name) }, "the server refuses stream_options: streams may come without usage");
            default:
                return (this with { Omitted = Omitted.Add(name) }, $"the model refuses {name}: its default is used");
        }
    }

    private static bool IsUnsupported(ReplyError error, string message) =>
        error.Code is "unsupported_parameter" or "unsupported_value" or "unknown_parameter" or "extra_forbidden"
        || s_unsupported.Any(u => message.Contains(u, StringComparison.OrdinalIgnoreCase));

    // "'messages[0].role' does not support 'system'", "System role not supported", "Conversation roles must alternate".
    private static bool IsAboutSystem(ReplyError error, string message)
    {
        if (message.Contains("roles must alternate", StringComparison.OrdinalIgnoreCase)) return true;
        bool named = message.Contains("system", StringComparison.OrdinalIgnoreCase) || message.Contains("developer instruction", StringComparison.OrdinalIgnoreCase);
        bool role = message.Contains("role", StringComparison.OrdinalIgnoreCase) || message.Contains("message", StringComparison.OrdinalIgnoreCase)
            || message.Contains("instruction", StringComparison.OrdinalIgnoreCase) || message.Contains("prompt", StringComparison.OrdinalIgnoreCase);
        return named && role && IsUnsupported(error, message);
    }

    private static string? Named(ReplyError error, string message, IReadOnlyCollection<string> sent)
    {
        string[] candidates = [.. s_optional.Append("max_tokens").Append("max_completion_tokens").Where(sent.Contains)];
        string? param = error.Param?[(error.Param.LastIndexOf('.') + 1)..];
        if (candidates.FirstOrDefault(c => c == param) is { } exact) return exact;
        return candidates.Select(c => (Name: c, At: WordAt(message, c))).Where(c => c.At >= 0).OrderBy(c => c.At).Select(c => c.Name).FirstOrDefault();
    }

    private static int WordAt(string message, string name)
    {
        for (int at = message.IndexOf(name, StringComparison.Ordinal); at >= 0; at = message.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if ((at == 0 || !IsWord(message[at - 1])) && (at + name.Length == message.Length || !IsWord(message[at + name.Length]))) return at;
        }

        return -1;
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
