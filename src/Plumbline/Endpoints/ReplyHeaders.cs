using System.Globalization;

namespace Plumbline.Endpoints;

/// <summary>What response headers tell a client: content type, how long to wait, rate limits. Of a header sent twice the first counts.</summary>
internal sealed class ReplyHeaders
{
    private static readonly string[] s_dates = ["r", "ddd, d MMM yyyy HH:mm:ss 'GMT'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "ddd MMM  d HH:mm:ss yyyy"];

    private readonly Dictionary<string, string> _first = new(StringComparer.OrdinalIgnoreCase);

    public ReplyHeaders(IEnumerable<KeyValuePair<string, string>> headers)
    {
        foreach ((string name, string value) in headers) _first.TryAdd(name, value.Trim());
        ContentType = (Get("content-type") ?? "").Split(';')[0].Trim().ToLowerInvariant();
    }

    /// <summary>The media type in lower case, without parameters; empty where there is none.</summary>
    public string ContentType { get; }

    public string? Get(string name) => _first.GetValueOrDefault(name);

    /// <summary><c>retry-after-ms</c>, else <c>Retry-After</c> as seconds or as any HTTP date minus the response's own date, at least zero.</summary>
    public TimeSpan? RetryAfter()
    {
        if (Plain(Get("retry-after-ms")) is { } milliseconds) return Span(milliseconds / 1000);
        if (Get("retry-after") is not { } value) return null;
        if (Plain(value) is { } seconds) return Span(seconds);
        if (Date(value) is not { } then || Date(Get("date")) is not { } now) return null;
        return then > now ? then - now : TimeSpan.Zero;
    }

    /// <summary>The x-ratelimit-(limit|remaining|reset)-NAME headers; resets in seconds.</summary>
    public IReadOnlyDictionary<string, double?> RateLimits()
    {
        Dictionary<string, double?> limits = new(StringComparer.Ordinal);
        foreach ((string header, string value) in _first)
        {
            string name = header.ToLowerInvariant();
            if (!name.StartsWith("x-ratelimit-", StringComparison.Ordinal)) continue;
            name = name["x-ratelimit-".Length..];
            int dash = name.IndexOf('-');
            if (dash < 0 || name[..dash] is not ("limit" or "remaining" or "reset")) continue;
            if (name[(dash + 1)..] is not { Length: > 0 } rest || rest.Any(c => !char.IsAsciiLetterLower(c) && c != '_')) continue;
            limits[name] = name[..dash] == "reset" ? Duration(value) : Plain(value.TrimStart('-')) is { } count ? (value.StartsWith('-') ? -count : count) : null;
        }

        return limits;
    }

    /// <summary>"59", "1s", "6m0s", "12ms", "1h2m3.5s" in seconds; null for anything else.</summary>
    internal static double? Duration(string text)
    {
        if (Plain(text) is { } seconds) return seconds;
        decimal sum = 0;
        int at = 0;
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.')) at++;
            if (Plain(text[start..at]) is not { } number || number > 1e9) return null;
            start = at;
            while (at < text.Length && !char.IsAsciiDigit(text[at]) && text[at] != '.') at++;
            decimal unit = text[start..at] switch { "d" => 86400, "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3m, "us" or "µs" => 1e-6m, "ns" => 1e-9m, _ => 0 };
            if (unit == 0) return null;
            sum += (decimal)number * unit;
        }

        return text.Length == 0 ? null : (double)sum;
    }

    /// <summary>Digits with an optional fraction, and nothing else.</summary>
    private static double? Plain(string? text)
    {
        if (string.IsNullOrEmpty(text) || !char.IsAsciiDigit(text[0]) || !char.IsAsciiDigit(text[^1])) return null;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    // A server that asks for a thousand years is as good as one that asks for ten.
    private static TimeSpan Span(double seconds) => TimeSpan.FromTicks((long)Math.Round(Math.Min(seconds, 3e8) * TimeSpan.TicksPerSecond));

    private static DateTimeOffset? Date(string? text) =>
        DateTimeOffset.TryParseExact(text, s_dates, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out DateTimeOffset date) ? date : null;
}
