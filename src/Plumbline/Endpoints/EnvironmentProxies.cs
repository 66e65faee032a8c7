using System.Globalization;
using System.Net;

namespace Plumbline.Endpoints;

/// <summary>
/// The proxies that the environment names: HTTP_PROXY, HTTPS_PROXY (by the scheme of the target), ALL_PROXY for what these
/// leave open, and the exceptions of NO_PROXY; each in lower case, which wins, or in upper case. Loopback goes direct.
/// NO_PROXY is a list of hosts (which cover their subdomains), host:port, address ranges (10.0.0.0/8), or *.
/// Safe for concurrent use.
/// </summary>
public sealed class EnvironmentProxies : IWebProxy, ICredentials
{
    private readonly (Uri Address, string Variable, NetworkCredential? Credential)? _http, _https, _all;
    private readonly string[] _exceptions;

    /// <param name="environment">Gives the value of an environment variable, or null.</param>
    /// <exception cref="ArgumentException">A variable holds what is no proxy's address; the message names the variable.</exception>
    public EnvironmentProxies(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        _http = Read(environment, "http_proxy");
        _https = Read(environment, "https_proxy");
        _all = Read(environment, "all_proxy");
        string none = Value(environment, "no_proxy")?.Value ?? "";
        _exceptions = none.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>The proxies named, without user and password.</summary>
    public IReadOnlyList<Uri> Addresses => [.. new[] { _http, _https, _all }.Where(p => p is not null).Select(p => p!.Value.Address).Distinct()];

    /// <summary>The passwords in the variables, which must not be printed.</summary>
    internal IEnumerable<string> Passwords => new[] { _http, _https, _all }.Select(p => p?.Credential?.Password).OfType<string>();

    ICredentials? IWebProxy.Credentials
    {
        get => this;
        set => throw new NotSupportedException("The credentials of a proxy come from its environment variable.");
    }

    /// <summary>The proxy for a target and the variable that names it; null where the connection is direct.</summary>
    public (Uri Address, string Variable)? Find(Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (IsLoopback(target) || IsException(target)) return null;
        return (string.Equals(target.Scheme, "https", StringComparison.Ordinal) ? _https : _http) is { } own ? (own.Address, own.Variable)
            : _all is { } all ? (all.Address, all.Variable) : null;
    }

    Uri? IWebProxy.GetProxy(Uri destination) => Find(destination)?.Address;

    bool IWebProxy.IsBypassed(Uri host) => Find(host) is null;

    NetworkCredential? ICredentials.GetCredential(Uri uri, string authType) =>
        new[] { _http, _https, _all }.FirstOrDefault(p => p is { } proxy && proxy.Address == uri)?.Credential;

    private static (Uri, string, NetworkCredential?)? Read(Func<string, string?> environment, string name)
    {
        if (Value(environment, name) is not { } found) return null;
        string text = found.Value.Contains("://", StringComparison.Ordinal) ? found.Value : $"http://{found.Value}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https" or "socks4" or "socks4a" or "socks5") || uri.Host.Length == 0 || uri.Port <= 0)
            throw new ArgumentException($"The environment variable {found.Name} is no proxy's address. Write it like http://host:port, or unset it.", nameof(environment));
        NetworkCredential? credential = null;
        if (uri.UserInfo.Length > 0)
        {
            string[] parts = uri.UserInfo.Split(':', 2);
            credential = new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
        }

        return (new UriBuilder(uri.Scheme, uri.Host, uri.Port).Uri, found.Name, credential);
    }

    private static (string Name, string Value)? Value(Func<string, string?> environment, string lower)
    {
        foreach (string name in (string[])[lower, lower.ToUpperInvariant()])
        {
            if (environment(name)?.Trim() is { Length: > 0 } value) return (name, value);
        }

        return null;
    }

    private static bool IsLoopback(Uri target) =>
        target.IsLoopback || target.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(target.IdnHost, out IPAddress? address) && IPAddress.IsLoopback(address));

    private bool IsException(Uri target)
    {
        string host = target.IdnHost.TrimEnd('.');
        foreach (string entry in _exceptions)
        {
            if (entry == "*") return true;
            string name = entry;
            int colon = entry.LastIndexOf(':');
            if (colon > 0 && entry.IndexOf(':') == colon && int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port))
            {
                if (port != target.Port) continue;
                name = entry[..colon];
            }

            if (IPNetwork.TryParse(name, out IPNetwork range) && IPAddress.TryParse(host, out IPAddress? address) && range.BaseAddress.AddressFamily == address.AddressFamily && range.Contains(address)) return true;
            name = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name.TrimStart('.');
            name = name.Trim('[', ']');
            if (name.Length == 0) continue;
            if (host.Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
            if (host.Length > name.Length && host[^(name.Length + 1)] == '.' && host.EndsWith(name, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
