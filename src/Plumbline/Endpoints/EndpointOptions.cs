namespace Plumbline.Endpoints;

/// <summary>How to reach an OpenAI-compatible endpoint. Secrets come from named environment variables only.</summary>
public sealed record EndpointOptions
{
    /// <summary>Where it is.</summary>
    public required EndpointAddress Address { get; init; }

    /// <summary>The model asked for where a request names none.</summary>
    /// <value>null: the only one that the endpoint offers; an error where it offers several.</value>
    public string? Model { get; init; }

    /// <summary>The environment variable that holds the key; null sends none.</summary>
    /// <value>null: a key that lies about in the environment is not sent to hosts it was not meant for.</value>
    public string? KeyVariable { get; init; }

    /// <summary>Headers to add, their values from the environment.</summary>
    public IReadOnlyList<EndpointHeader> Headers { get; init; } = [];

    /// <summary>Gives the value of an environment variable, or null.</summary>
    /// <value>The environment of the process.</value>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>How long opening a connection may take.</summary>
    /// <value>10 s</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the server may send nothing: before the response head (a whole answer may be written meanwhile) and between its bytes.</summary>
    /// <value>5 min</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one request may take in all, however steadily it drips.</summary>
    /// <value>30 min</value>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The longest body accepted, in bytes after decompression.</summary>
    /// <value>64 MiB</value>
    public long MaxBodyBytes { get; init; } = 64 << 20;

    /// <summary>How many scoring requests run at once.</summary>
    /// <value>4</value>
    public int ScoringConcurrency { get; init; } = 4;

    /// <summary>Where contacts are recorded.</summary>
    /// <value>A ledger of the endpoint's own.</value>
    public HostLedger? Ledger { get; init; }

    /// <summary>Sends the requests instead of real sockets; not disposed.</summary>
    /// <value>null: sockets, to the host of <see cref="Address"/> and the environment's proxies only.</value>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>The clock of the idle and total timeouts.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>A header whose value stands in an environment variable.</summary>
public sealed record EndpointHeader(string Name, string Variable)
{
    // What the connection itself or the body needs is not the user's to set.
    private static readonly HashSet<string> s_reserved = new(StringComparer.OrdinalIgnoreCase) { "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection" };

    /// <summary>Reads <c>Name: ENVIRONMENT_VARIABLE</c>.</summary>
    /// <exception cref="ArgumentException">The text has another form; the message does not repeat what may be a secret.</exception>
    public static EndpointHeader Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':');
        string name = colon < 0 ? "" : text[..colon].Trim(), variable = colon < 0 ? "" : text[(colon + 1)..].Trim();
        if (name.Length == 0 || name.Any(c => c is <= ' ' or >= (char)127 or '"' or '(' or ')' or ',' or '/' or ';' or '<' or '=' or '>' or '?' or '@' or '[' or '\\' or ']' or '{' or '}'))
            throw new ArgumentException("A header is written \"Name: ENVIRONMENT_VARIABLE\".", nameof(text));
        if (variable.Length == 0 || variable.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
            throw new ArgumentException($"The header {name} names no environment variable: its value is taken from the environment, never from the command line. Write \"{name}: VARIABLE\".", nameof(text));
        return s_reserved.Contains(name) ? throw new ArgumentException($"The header {name} is set by the client itself.", nameof(text)) : new EndpointHeader(name, variable);
    }
}
