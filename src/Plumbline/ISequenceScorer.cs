namespace Plumbline;

/// <summary>
/// Log-likelihoods of given text, which chat interfaces lack. A target that can do it returns this from
/// <c>IChatClient.GetService</c>; one that cannot returns null, and evaluations that need it are skipped with that reason.
/// Implementations are safe for concurrent use.
/// </summary>
public interface ISequenceScorer
{
    /// <summary>Scores each query by itself; the order of the results is the order of the queries.</summary>
    /// <param name="queries">Contexts with continuations; queries that share a context are cheaper next to each other.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="SequenceScoringException">The target does not give what is needed, e.g. an endpoint without log-probabilities.</exception>
    Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default);
}

/// <summary>
/// A text and what comes before it. The two are tokenised apart and joined. With an empty context and
/// <see cref="Start"/> the model's start-of-document token stands in front (not scored itself); without it the
/// first token of the continuation is not scored.
/// </summary>
public sealed record SequenceQuery(string Context, string Continuation, bool Start = true);

/// <summary>
/// Natural log-probabilities of the tokens of a continuation: their sum, their count, whether each was the
/// likeliest at its place, and each one.
/// </summary>
public sealed record SequenceScore(double LogProb, int Tokens, bool Greedy, IReadOnlyList<double> TokenLogProbs);

/// <summary>A target cannot score text; the message says why and what would help.</summary>
public sealed class SequenceScoringException : Exception
{
    public SequenceScoringException(string message) : base(message) { }

    public SequenceScoringException(string message, Exception inner) : base(message, inner) { }

    public SequenceScoringException() { }
}
