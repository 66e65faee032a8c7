using Microsoft.Extensions.AI;
using Plumbline.Endpoints;

namespace Plumbline.Cli;

/// <summary>An endpoint's failures in the run engine's words, for chat and for log-likelihoods.</summary>
internal sealed class EndpointChat(OpenAiEndpoint endpoint) : DelegatingChatClient(endpoint), ISequenceScorer
{
    private const int TooManyRequests = 429;

    private readonly ISequenceScorer? _scorer = endpoint.GetService(typeof(ISequenceScorer)) as ISequenceScorer;

    /// <inheritdoc/>
    public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        TranslatedAsync(() => base.GetResponseAsync(messages, options, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default) => _scorer is null
        ? throw new SequenceScoringException("the endpoint gives no log-probabilities")
        : TranslatedAsync(() => _scorer.ScoreAsync(queries, cancellationToken));

    private static async Task<T> TranslatedAsync<T>(Func<Task<T>> send)
    {
        try
        {
            return await send();
        }
        catch (EndpointException e)
        {
            throw new TargetException(e.Message, e)
            {
                Retryable = e.Retryable,
                RetryAfter = e.RetryAfter,
                Throttled = e.Retryable && e.Status is TooManyRequests or >= 500,
                Unreachable = e.Unreachable,
                Unauthorized = e.Status is 401 or 403,
                Filtered = e.Kind == ReplyErrorKind.ContentFilter,
            };
        }
        catch (EgressDeniedException e)
        {
            throw new TargetException(e.Message, e);
        }
        catch (ArgumentException e)
        {
            // The endpoint cannot be asked at all, e.g. it offers several models and none was named.
            throw new TargetException(e.Message, e) { Unauthorized = true };
        }
    }
}
