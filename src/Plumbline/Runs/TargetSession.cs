using Microsoft.Extensions.AI;

namespace Plumbline.Runs;

/// <summary>A target as a solver sees it: every request is limited, retried, budgeted and journalled by the run.</summary>
public abstract class TargetSession
{
    /// <summary>The seed of the present sample, for solvers that draw.</summary>
    public abstract ulong Seed { get; }

    /// <summary>One chat request.</summary>
    public abstract Task<Answer> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken);

    /// <summary>One likelihood request; the scores are in the answer.</summary>
    public abstract Task<Answer> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken);
}
