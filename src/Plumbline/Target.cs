using Microsoft.Extensions.AI;
using Plumbline.Worlds;

namespace Plumbline;

/// <summary>A model under test: a chat client, what else it can do, and the world it can fairly be asked about.</summary>
public sealed class Target(string name, string fingerprint, IChatClient client, World world) : IAsyncDisposable
{
    /// <summary>As the user named it.</summary>
    public string Name { get; } = name;

    /// <summary>What it was at the time: a file's hash, or address and model of an endpoint.</summary>
    public string Fingerprint { get; } = fingerprint;

    /// <summary>Chat. Safe for concurrent use.</summary>
    public IChatClient Client { get; } = client;

    /// <summary>Log-likelihoods; null where the target has none.</summary>
    public ISequenceScorer? Scorer { get; } = client.GetService(typeof(ISequenceScorer)) as ISequenceScorer;

    /// <summary>Its data.</summary>
    public World World { get; } = world;

    /// <summary>Whether requests leave the process and may cost money: then each is journalled, and the first one is a probe.</summary>
    public bool IsRemote { get; init; }

    /// <summary>Requests at once that suit it when the user names no number.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Hosts contacted so far.</summary>
    public Func<IReadOnlyList<Runs.HostContact>> Hosts { get; init; } = () => [];

    /// <summary>Quirks learnt while talking to it, warnings of its files.</summary>
    public Func<IReadOnlyList<string>> Notes { get; init; } = () => [];

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Client.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// A request to a target failed. <see cref="Retryable"/>: the same request may succeed later; <see cref="Throttled"/>:
/// the target asked for fewer requests; <see cref="Unreachable"/>: nobody answers at that address.
/// </summary>
public class TargetException : Exception
{
    public TargetException(string message, Exception? inner = null) : base(message, inner) { }

    public TargetException() { }

    public TargetException(string message) : base(message) { }

    public bool Retryable { get; init; }

    public bool Throttled { get; init; }

    public bool Unreachable { get; init; }

    /// <summary>The key is missing or wrong: no request of this run will succeed.</summary>
    public bool Unauthorized { get; init; }

    /// <summary>How long the target asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The target's content filter blocked the request: a refusal, not an error.</summary>
    public bool Filtered { get; init; }
}
