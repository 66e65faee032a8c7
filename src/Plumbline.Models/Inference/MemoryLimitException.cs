namespace Plumbline.Models.Inference;

/// <summary>A text, or what is asked of it, needs more memory than the model was given; nothing of it was computed. The message says how much, and what to do.</summary>
public sealed class MemoryLimitException : ArgumentException
{
    public MemoryLimitException()
    {
    }

    public MemoryLimitException(string message) : base(message)
    {
    }

    public MemoryLimitException(string message, Exception inner) : base(message, inner)
    {
    }

    internal MemoryLimitException(string message, string parameter, long needed, long limit) : base(message, parameter) => (NeededBytes, LimitBytes) = (needed, limit);

    /// <summary>Bytes that the process would need.</summary>
    public long NeededBytes { get; }

    /// <summary>Bytes that it was given.</summary>
    public long LimitBytes { get; }
}
