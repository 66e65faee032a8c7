using Microsoft.Extensions.AI;
using Plumbline.Endpoints;

namespace Plumbline.Cli;

/// <summary>An endpoint's failures in the run engine's words.</summary>
internal sealed class EndpointChat(OpenAiEndpoint endpoint) : DelegatingChatClient(endpoint)
{
    private const int TooManyRequests = 429;

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken);
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
            throw new TargetException(e.Message, e) { Unauthorized = true };
        }
    }
}
