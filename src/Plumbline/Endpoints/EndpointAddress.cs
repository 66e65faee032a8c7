using System.Net;
using System.Text;

namespace Plumbline.Endpoints;

/// <summary>
/// Where an OpenAI-compatible server is, as users write it: a host alone, with <c>/v1</c>, <c>/v1/</c>, a whole
/// <c>/v1/chat/completions</c>, another vendor's path (<c>/v1beta/openai/</c>), a query (kept on every request), user and
/// password (sent as basic authentication, never printed). Immutable.
/// </summary>
public sealed class EndpointAddress
{
    private static readonly string[] s_routes = ["/chat/completions", "/completions", "/models", "/responses", "/embeddings"];
    private static readonly string[] s_secretWords = ["key", "token", "secret", "sig", "password", "pwd", "auth", "code"];

    private readonly Uri _uri;

    private EndpointAddress(Uri uri, IReadOnlyList<string> bases)
    {
        _uri = uri;
        Bases = bases;
        if (uri.UserInfo.Length > 0) Credentials = Uri.UnescapeDataString(uri.UserInfo);
    }

    /// <summary>Scheme, host and port, without anything else.</summary>
    public Uri Server => new UriBuilder(_uri.Scheme, _uri.Host, _uri.Port).Uri;

    /// <summary>The paths to try in turn, without a slash at the end; more than one where the address leaves it open.</summary>
    public IReadOnlyList<string> Bases { get; }

    /// <summary>"user:password"; null where the address has none.</summary>
    internal string? Credentials { get; }

    /// <summary>Values in the address that must not be printed.</summary>
    internal IEnumerable<string> SecretValues
    {
        get
        {
            if (Credentials is { } both)
            {
                yield return both;
                int colon = both.IndexOf(':');
                if (colon >= 0) yield return both[(colon + 1)..];
            }

            foreach ((string name, string value) in Query())
            {
                if (IsSecret(name)) yield return Uri.UnescapeDataString(value);
            }
        }
    }

    /// <summary>Reads an address.</summary>
    /// <param name="text">Without a scheme, loopback and bare IP addresses are taken as http and names as https.</param>
    /// <exception cref="ArgumentException">It is no http or https address; the message holds no user or password.</exception>
    public static EndpointAddress Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        string full = text.Trim();
        if (!full.Contains("://", StringComparison.Ordinal)) full = $"{(IsLocal(full) ? "http" : "https")}://{full}";
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            int at = full.LastIndexOf('@');
            string shown = at < 0 ? full : $"…{full[at..]}";
            throw new ArgumentException($"\"{shown}\" is no address of an endpoint. Write it like http://host:port/v1.", nameof(text));
        }

        string path = uri.AbsolutePath.TrimEnd('/');
        foreach (string route in s_routes)
        {
            // Whoever writes the whole route means it.
            if (path.EndsWith(route, StringComparison.OrdinalIgnoreCase)) return new EndpointAddress(uri, [path[..^route.Length].TrimEnd('/')]);
        }

        if (path.Length == 0) return new EndpointAddress(uri, ["/v1", ""]);
        return new EndpointAddress(uri, path.Split('/').Any(IsVersion) ? [path] : [path, $"{path}/v1"]);
    }

    /// <summary>A route under one of the <see cref="Bases"/>, with the address's query.</summary>
    public Uri Route(int candidate, string route) => new($"{Server.GetLeftPart(UriPartial.Authority)}{Bases[candidate]}{route}{_uri.Query}");

    /// <summary>An address fit to be printed: no user, no password, no values of query parameters that look secret.</summary>
    public string Show(Uri route)
    {
        ArgumentNullException.ThrowIfNull(route);
        StringBuilder shown = new(route.GetLeftPart(UriPartial.Path));
        char separator = '?';
        foreach ((string name, string value) in Query())
        {
            shown.Append(separator).Append(name);
            if (value.Length > 0) shown.Append('=').Append(IsSecret(name) ? Secrets.Mask : value);
            separator = '&';
        }

        return shown.ToString();
    }

    /// <summary>The address without user, password and secret-looking values.</summary>
    public override string ToString() => Show(new Uri(_uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)));

    private IEnumerable<(string Name, string Value)> Query()
    {
        foreach (string part in _uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=');
            yield return equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
        }
    }

    private static bool IsSecret(string name) => s_secretWords.Any(w => name.Contains(w, StringComparison.OrdinalIgnoreCase));

    // v1, v4, v1beta, v1alpha2
    private static bool IsVersion(string segment) =>
        segment.Length >= 2 && segment[0] is 'v' or 'V' && char.IsAsciiDigit(segment[1]) && segment.All(char.IsAsciiLetterOrDigit);

    private static bool IsLocal(string text)
    {
        string authority = text.Split('/', '?', '#')[0];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        string host = authority.StartsWith('[') ? authority.Split(']')[0].TrimStart('[') : authority.Split(':')[0];
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);
    }
}
