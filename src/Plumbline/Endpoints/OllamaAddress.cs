using System.Globalization;

namespace Plumbline.Endpoints;

/// <summary>What <c>ollama:NAME</c> on the command line means: the OpenAI-compatible side of a local Ollama.</summary>
public static class OllamaAddress
{
    private const int DefaultPort = 11434;

    /// <summary>The address and the model of a target such as <c>ollama:llama3.2:1b</c>.</summary>
    /// <param name="target">With its prefix.</param>
    /// <param name="environment">Gives the value of an environment variable: OLLAMA_HOST names another host or port, as Ollama's own client reads it.</param>
    /// <exception cref="ArgumentException">The target names no model, or OLLAMA_HOST is no address.</exception>
    public static (EndpointAddress Address, string Model) Parse(string target, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(environment);
        if (!target.StartsWith("ollama:", StringComparison.Ordinal) || target["ollama:".Length..].Trim() is not { Length: > 0 } model)
            throw new ArgumentException("An Ollama target is written ollama:NAME, for example ollama:llama3.2:1b.", nameof(target));
        return (EndpointAddress.Parse(Host(environment("OLLAMA_HOST")?.Trim(' ', '"', '\''))), model);
    }

    private static string Host(string? value)
    {
        if (string.IsNullOrEmpty(value)) return $"http://localhost:{DefaultPort}/v1";
        int scheme = value.IndexOf("://", StringComparison.Ordinal);
        string prefix = scheme < 0 ? "http" : value[..scheme];
        string rest = scheme < 0 ? value : value[(scheme + 3)..];
        int slash = rest.IndexOf('/');
        string authority = slash < 0 ? rest : rest[..slash], path = slash < 0 ? "" : rest[slash..].TrimEnd('/');
        int colon = authority.LastIndexOf(':');
        bool hasPort = colon >= 0 && !authority.EndsWith(']') && int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
        string host = hasPort ? authority[..colon] : authority;
        // A server that listens on every interface is reached on this one.
        if (host is "" or "0.0.0.0") host = "127.0.0.1";
        else if (host is "[::]") host = "[::1]";
        string port = hasPort ? authority[(colon + 1)..] : scheme < 0 ? DefaultPort.ToString(CultureInfo.InvariantCulture) : prefix == "https" ? "443" : "80";
        return $"{prefix}://{host}:{port}{path}/v1";
    }
}
