namespace Plumbline.Endpoints;

/// <summary>Something tried to reach a host that the user did not name; nothing was sent.</summary>
public sealed class EgressDeniedException : Exception
{
    public EgressDeniedException(string host, int port)
        : base($"No call to {host}:{port}: the user did not name this host. Only hosts named on the command line or in the options are contacted.")
    {
        Host = host;
        Port = port;
    }

    public EgressDeniedException(string message) : base(message) { }

    public EgressDeniedException(string message, Exception inner) : base(message, inner) { }

    public EgressDeniedException() { }

    /// <summary>The host that was refused.</summary>
    public string Host { get; } = "";

    /// <summary>Its port.</summary>
    public int Port { get; }
}
