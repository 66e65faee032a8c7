using Microsoft.Extensions.AI;

namespace Plumbline;

/// <summary>What a judge model is asked about an answer, and how long its reply may be.</summary>
public sealed record JudgeRequest(IReadOnlyList<ChatMessage> Messages, int MaxTokens);

/// <summary>
/// What a judge model said about an answer. With a <see cref="Problem"/> there is no reply: it failed, or was not asked
/// because a budget was spent (<see cref="Skipped"/>). Reading the reply is the scorer's business.
/// </summary>
public sealed record Judgement(string Reply, string? Problem = null, bool Skipped = false)
{
    /// <summary>Tokens that the judge read and wrote; null where it does not say.</summary>
    public long? InputTokens { get; init; }

    /// <inheritdoc cref="InputTokens"/>
    public long? OutputTokens { get; init; }
}
