namespace Plumbline.Endpoints;

/// <summary>
/// A request to an endpoint failed. The message names the address tried and what the server said, and holds no secrets.
/// The client itself does not try again; <see cref="Retryable"/> and <see cref="RetryAfter"/> say whether and when to.
/// </summary>
public sealed class EndpointException : Exception
{
    internal EndpointException(string message, ReplyError error, ChatReply? reply = null, bool unreachable = false, Exception? inner = null) : base(message, inner)
    {
        Error = error;
        Reply = reply;
        Unreachable = unreachable;
    }

    public EndpointException(string message) : this(message, new ReplyError(ReplyErrorKind.Protocol, null)) { }

    public EndpointException(string message, Exception inner) : this(message, new ReplyError(ReplyErrorKind.Protocol, null), inner: inner) { }

    public EndpointException() : this("A request to an endpoint failed.") { }

    /// <summary>The failure in parts.</summary>
    public ReplyError Error { get; }

    /// <summary>What had come of the reply, its usage included, which is paid for.</summary>
    public ChatReply? Reply { get; }

    /// <inheritdoc cref="ReplyError.Kind"/>
    public ReplyErrorKind Kind => Error.Kind;

    /// <summary>The HTTP status; null where no response head came.</summary>
    public int? Status => Error.Status;

    /// <summary>Whether the same request may succeed later.</summary>
    public bool Retryable => Error.Retryable;

    /// <summary>How long the server asks to wait; null where it does not say.</summary>
    public TimeSpan? RetryAfter => Error.RetryAfter;

    /// <summary>The host's name does not resolve, or nothing answered there: as a run's first request this is not worth a retry.</summary>
    public bool Unreachable { get; }
}
