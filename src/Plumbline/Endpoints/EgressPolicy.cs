using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Plumbline.Endpoints;

/// <summary>
/// The hosts that may be contacted: those that the user named, and nothing else. Checked before a request is sent and
/// again where the socket is opened. Safe for concurrent use.
/// </summary>
public sealed class EgressPolicy
{
    private readonly ConcurrentDictionary<(string Host, int Port), bool> _named = new();

    /// <param name="ledger">Where contacts and refusals are recorded.</param>
    public EgressPolicy(HostLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        Ledger = ledger;
    }

    /// <summary>The record of contacts.</summary>
    public HostLedger Ledger { get; }

    /// <summary>Lets a host that the user named be contacted at one port.</summary>
    public EgressPolicy Allow(string host, int port)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        _named[Key(host, port)] = true;
        return this;
    }

    /// <summary>Lets the host and port of an address be contacted.</summary>
    public EgressPolicy Allow(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Allow(address.IdnHost, address.Port);
    }

    /// <summary>Whether a host may be contacted at a port.</summary>
    public bool IsAllowed(string host, int port) => _named.ContainsKey(Key(host, port));

    /// <summary>Opens sockets for <see cref="SocketsHttpHandler.ConnectCallback"/>, to named hosts only.</summary>
    /// <exception cref="EgressDeniedException">The host is not named.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        DnsEndPoint to = context.DnsEndPoint;
        Demand(to.Host, to.Port);
        Ledger.CountConnection(to.Host, to.Port);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal void Demand(string host, int port)
    {
        if (IsAllowed(host, port)) return;
        Ledger.CountDenied(host, port);
        throw new EgressDeniedException(host, port);
    }

    // [::1] in an address is ::1 at the socket.
    private static (string Host, int Port) Key(string host, int port) => (host.Trim('[', ']').TrimEnd('.').ToLowerInvariant(), port);
}
