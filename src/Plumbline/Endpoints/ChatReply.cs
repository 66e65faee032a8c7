namespace Plumbline.Endpoints;

/// <summary>What became of a chat request on the wire; whether an answer is any good is not decided here.</summary>
public enum ReplyOutcome
{
    /// <summary>The model answered, maybe with nothing.</summary>
    Answered,

    /// <summary>The model's refusal field, or a content filter of the service.</summary>
    Refused,

    /// <summary>No complete answer; <see cref="ChatReply.Error"/> says why.</summary>
    Errored,
}

/// <summary>Who refused.</summary>
public enum RefusedBy
{
    /// <summary>The reply has a refusal text.</summary>
    Model,

    /// <summary>A content filter stopped the prompt or the answer.</summary>
    Filter,
}

/// <summary>
/// A reply of an OpenAI-compatible server, whole or streamed, complete or broken off. Strings are well-formed UTF-16
/// (lone surrogates have become U+FFFD). <see cref="Usage"/> is null where the server said nothing, which is not zero.
/// </summary>
public sealed record ChatReply
{
    public required ReplyOutcome Outcome { get; init; }

    /// <summary>Who refused; null unless <see cref="Outcome"/> is <see cref="ReplyOutcome.Refused"/>.</summary>
    public RefusedBy? RefusedBy { get; init; }

    /// <summary>The HTTP status; null where no usable response head came.</summary>
    public int? Status { get; init; }

    /// <summary>The choices by rising index; also those of a stream that broke off.</summary>
    public IReadOnlyList<ReplyChoice> Choices { get; init; } = [];

    public ReplyUsage? Usage { get; init; }

    public string? Id { get; init; }

    public string? Model { get; init; }

    /// <summary>Why there is no answer; also set, with kind <see cref="ReplyErrorKind.ContentFilter"/>, where a filter refused.</summary>
    public ReplyError? Error { get; init; }

    /// <summary>What was tolerated: missing-done, missing-finish, duplicate-finish, empty-event, data-after-done, done-without-blank-line, connection-cut-after-end.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The x-ratelimit headers by the rest of their names, e.g. "remaining-tokens"; resets are in seconds; null where a value is no number.</summary>
    public IReadOnlyDictionary<string, double?> RateLimits { get; init; } = new Dictionary<string, double?>(StringComparer.Ordinal);
}

/// <summary>
/// One choice. <see cref="Finish"/> is the server's own word; <see cref="Reasoning"/> comes from a field of its own
/// (thinking inside the text is left there); <see cref="LogProbs"/> is null where none were sent.
/// </summary>
public sealed record ReplyChoice(
    int Index, string? Role, string Text, string? Finish, string? Refusal, string? Reasoning,
    IReadOnlyList<ReplyToolCall> ToolCalls, IReadOnlyList<ReplyTokenLogProb>? LogProbs);

/// <summary>A tool call as sent; the arguments are a text that need not be valid JSON.</summary>
public sealed record ReplyToolCall(string? Id, string Name, string Arguments);

/// <summary>
/// The natural log-probability of a token: null where the server said null, minus infinity for its stand-ins (-9999 and
/// less). <see cref="Offset"/> is the legacy completions' text offset, if sent.
/// </summary>
public sealed record ReplyTokenLogProb(string Token, double? LogProb, IReadOnlyList<byte>? Bytes, IReadOnlyList<ReplyAlternative> Top, long? Offset = null);

/// <summary>One of the likeliest tokens at a place.</summary>
public sealed record ReplyAlternative(string Token, double? LogProb);

/// <summary>Token counts as the server gave them; null is unknown. Cached tokens are part of the prompt, reasoning tokens of the completion.</summary>
public sealed record ReplyUsage(long? Prompt, long? Completion, long? Total, long? Cached = null, long? Reasoning = null);

/// <summary>The kinds of failure.</summary>
public enum ReplyErrorKind
{
    /// <summary>No usable response head: refused, unreachable, reset, timed out, not HTTP.</summary>
    Transport,

    /// <summary>A status outside 200 to 299.</summary>
    Http,

    /// <summary>The reply began and did not end.</summary>
    Truncated,

    /// <summary>A reply that is no chat reply: HTML, not JSON, no choices, too large.</summary>
    Protocol,

    /// <summary>An error object under status 200.</summary>
    Server,

    /// <summary>A content filter; such a reply is refused, not errored.</summary>
    ContentFilter,
}

/// <summary>
/// A failure. <see cref="Message"/>, <see cref="Code"/>, <see cref="Type"/> and <see cref="Param"/> are the server's own
/// and null where it sent none; <see cref="Detail"/> is ours.
/// </summary>
public sealed record ReplyError(ReplyErrorKind Kind, int? Status)
{
    public string? Message { get; init; }

    public string? Code { get; init; }

    public string? Type { get; init; }

    public string? Param { get; init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool Retryable { get; init; }

    /// <summary>How long the server asks to wait, at least zero; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The prompt did not fit into the context.</summary>
    public bool ContextLength { get; init; }

    /// <summary>Where a redirect, which is not followed, points to.</summary>
    public string? Location { get; init; }

    /// <summary>What was found, in our words; null where the status and the server's message say it all.</summary>
    public string? Detail { get; init; }
}

/// <summary>A piece of one choice of a stream, as it arrives.</summary>
internal readonly record struct ReplyDelta(int Choice, string Text, string Reasoning);
