using System.Collections.Concurrent;

namespace Plumbline.Endpoints;

/// <summary>
/// Every host that a run contacted, or tried to and was refused. Safe for concurrent use.
/// </summary>
public sealed class HostLedger
{
    private readonly ConcurrentDictionary<(string Host, int Port), Counts> _hosts = new();

    /// <summary>What has been contacted so far, by host and port.</summary>
    public IReadOnlyList<HostContact> Contacts =>
    [
        .. _hosts.Select(h => new HostContact(h.Key.Host, h.Key.Port, Interlocked.Read(ref h.Value.Requests), Interlocked.Read(ref h.Value.Connections), Interlocked.Read(ref h.Value.Denied)))
            .OrderBy(c => c.Host, StringComparer.Ordinal).ThenBy(c => c.Port),
    ];

    internal void CountRequest(string host, int port) => Interlocked.Increment(ref At(host, port).Requests);

    internal void CountConnection(string host, int port) => Interlocked.Increment(ref At(host, port).Connections);

    internal void CountDenied(string host, int port) => Interlocked.Increment(ref At(host, port).Denied);

    private Counts At(string host, int port) => _hosts.GetOrAdd((host.Trim('[', ']').TrimEnd('.').ToLowerInvariant(), port), _ => new Counts());

    private sealed class Counts
    {
        public long Requests;
        public long Connections;
        public long Denied;
    }
}

/// <summary>
/// A host and port: requests sent to it, sockets opened to it (attempts included), and attempts that were refused here
/// because the user had not named it. A proxy has connections and no requests of its own.
/// </summary>
public sealed record HostContact(string Host, int Port, long Requests, long Connections, long Denied);
