using System.Net;
using System.Net.Sockets;

namespace Plumbline.Data.Pii;

/// <summary>E-mail, IP and hardware addresses, and web addresses.</summary>
internal static class NetworkRules
{
    private const int LongestLocal = 64;
    private const int LongestDomain = 253;

    // The endings of names that stand in texts without a scheme; others need one.
    private static readonly HashSet<string> s_endings = new(StringComparer.OrdinalIgnoreCase)
    {
        "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "io", "co", "uk", "de", "fr", "cn", "jp", "kr", "in", "it", "es", "nl", "be", "ch", "at", "se", "no", "fi", "dk", "pl", "cz", "ru", "ua", "br", "ar", "mx",
        "ca", "au", "nz", "us", "eu", "tv", "me", "ai", "app", "dev", "online", "site", "xyz", "shop", "club", "museum", "hk", "tw", "sg", "ie", "pt", "gr", "hu", "ro", "tr", "za", "il", "ae",
    };

    private static readonly string[] s_version = ["version", "ver", "build", "release", "section", "版本", "版"];

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        Mail(text, found);
        Version4(text, found);
        Colons(text, found);
        Web(text, found);
    }

    /// <summary>Around each "@" or spelled at: a local part before it and a name with an ending of letters behind it.</summary>
    private static void Mail(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Text;
        for (int at = 0; at < t.Length; at++)
        {
            int before, after;
            bool spelled = false;
            if (t[at] == '@')
            {
                (before, after) = (at, at + 1);
                if (text.At(after) == '\n') after++;
            }
            else if (Spelled(text, at, "at") is { } width && width > 0)
            {
                (before, after, spelled) = (at, at + width, true);
            }
            else
            {
                continue;
            }

            int start = before;
            while (start > 0 && before - start <= LongestLocal && IsLocal(t[start - 1])) start--;
            if (before - start > LongestLocal || text.At(start - 1) is '@') continue;
            while (start < before && t[start] is '\'' or '.' or '-' or '+' or '`' or '*' or '/' or '=' or '?' or '&' or '#' or '!') start++;
            if (start == before || t[before - 1] == '.' || t.AsSpan(start, before - start).Contains("..", StringComparison.Ordinal)) continue;
            int end = Domain(text, after, spelled, out int labels, out int lastLabel);
            if (labels < 2 || text.At(end) == '@' || (text.At(end) == '.' && text.At(end + 1) == '.') || !IsEnding(t.AsSpan(lastLabel, end - lastLabel))) continue;
            // Files for screens of twice the density are named icon@2x.png.
            if (text.At(after) is >= '1' and <= '4' && text.At(after + 1) == 'x' && text.At(after + 2) == '.') continue;
            string domain = t[after..end].ToLowerInvariant();
            bool reserved = domain.Split('.') is var parts && (parts[^1] is "test" or "example" or "invalid" or "localhost" || (parts.Length >= 2 && parts[^2] == "example" && parts[^1] is "com" or "org" or "net"));
            found.Add(text.Span(PiiType.Email, start, end, spelled ? "email-spelled" : "email", spelled ? 0.85 : 0.95, reserved: reserved));
        }

        static bool IsLocal(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '%' or '+' or '-' or '\'' or '!' or '#' or '&' or '*' or '/' or '=' or '?' or '^' or '~' || (c > 0x7f && char.IsLetter(c) && !ScannedText.IsEastAsian(c));
    }

    /// <summary>The length of " [at] ", "(at)" or the like that begins here; 0 where there is none.</summary>
    private static int Spelled(ScannedText text, int at, string word)
    {
        int i = at;
        while (text.At(i) == ' ' && i - at < 2) i++;
        if (text.At(i) is not ('[' or '(' or '{' or '<')) return 0;
        i++;
        while (text.At(i) == ' ') i++;
        if (i + word.Length >= text.Lower.Length || string.CompareOrdinal(text.Lower, i, word, 0, word.Length) != 0) return 0;
        i += word.Length;
        while (text.At(i) == ' ') i++;
        if (text.At(i) is not (']' or ')' or '}' or '>')) return 0;
        i++;
        if (text.At(i) == ' ') i++;
        return i - at;
    }

    /// <summary>The end of a domain that begins here, its labels and where the last of them begins.</summary>
    private static int Domain(ScannedText text, int start, bool spelled, out int labels, out int lastLabel)
    {
        (labels, lastLabel) = (0, start);
        int i = start, end = start;
        while (i - start <= LongestDomain)
        {
            int label = i;
            while (IsName(text.At(i)) && i - label < 64) i++;
            if (i == label || text.At(label) == '-' || text.At(i - 1) == '-') break;
            (labels, lastLabel, end) = (labels + 1, label, i);
            int dot = text.At(i) == '.' ? 1 : spelled ? Spelled(text, i, "dot") : 0;
            if (dot == 0) break;
            i += dot;
        }

        return end;

        static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '-' || (c > 0x7f && char.IsLetter(c) && !ScannedText.IsEastAsian(c));
    }

    private static bool IsEnding(ReadOnlySpan<char> label)
    {
        if (label.Length < 2) return false;
        if (label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase)) return true;
        foreach (char c in label)
        {
            if (!char.IsLetter(c)) return false;
        }

        return true;
    }

    private static void Version4(ScannedText text, List<PiiSpan> found)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        Span<byte> bytes = stackalloc byte[4];
        for (int g = 0; g + 3 < groups.Count; g++)
        {
            int start = groups[g].Start, end = groups[g + 3].End;
            if (text.At(start - 1) is '.' or ':' || ScannedText.IsLatin(text.At(start - 1)) || ScannedText.IsLatin(text.At(end)) || (text.At(end) == '.' && char.IsAsciiLetterOrDigit(text.At(end + 1)))) continue;
            bool fits = true;
            for (int k = 0; k < 4 && fits; k++)
            {
                (int from, int to) = groups[g + k];
                fits = to - from <= 3 && (k == 0 || (from - groups[g + k - 1].End == 1 && text.At(from - 1) == '.')) && (to - from == 1 || text.At(from) != '0') && Checksums.Number(text.Text.AsSpan(from, to - from)) is <= 255 and var value && (bytes[k] = (byte)value) == value;
            }

            if (!fits) continue;
            bool open = IsPublic(bytes), documentation = bytes is [192, 0, 2, _] or [198, 51, 100, _] or [203, 0, 113, _];
            double confidence = text.Near(start, end, s_version, 12) ? 0.3 : open || documentation ? 0.85 : 0.4;
            found.Add(text.Span(PiiType.Ip, start, end, open || documentation ? "ipv4-public" : "ipv4-local", confidence, reserved: documentation));
        }
    }

    /// <summary>Whether an address is routed on the internet: none of IANA's special-purpose blocks, no multicast.</summary>
    private static bool IsPublic(ReadOnlySpan<byte> b) => b switch
    {
        [0 or 10 or 127, ..] or [100, >= 64 and <= 127, ..] or [169, 254, ..] or [172, >= 16 and <= 31, ..] or [192, 0, 0 or 2, _] or [192, 88, 99, _] or [192, 168, ..] or [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] or [>= 224, ..] => false,
        _ => true,
    };

    /// <summary>IPv6 and hardware addresses: runs of hexadecimal digits and colons, dashes or points.</summary>
    private static void Colons(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Text;
        for (int i = 0; i < t.Length;)
        {
            if (!(char.IsAsciiHexDigit(t[i]) || t[i] == ':') || ScannedText.IsLatin(text.At(i - 1)))
            {
                i++;
                continue;
            }

            int end = i, colons = 0;
            while (end < t.Length && (char.IsAsciiHexDigit(t[end]) || t[end] is ':' or '.' or '-'))
            {
                if (t[end] == ':') colons++;
                end++;
            }

            if (!ScannedText.IsLatin(text.At(end))) Hexadecimal(text, i, end, colons, found);
            i = Math.Max(end, i + 1);
        }
    }

    private static void Hexadecimal(ScannedText text, int start, int end, int colons, List<PiiSpan> found)
    {
        string t = text.Text;
        while (end > start && t[end - 1] is '.' or '-') end--;
        if (end > start && t[end - 1] == ':' && !(end - start >= 2 && t[end - 2] == ':')) end--;
        while (end > start && t[start] is '.' or '-') start++;
        if (t[start] == ':' && text.At(start + 1) != ':') start++;
        ReadOnlySpan<char> token = t.AsSpan(start, Math.Max(0, end - start));
        if (IsMac(token))
        {
            bool real = token.ContainsAnyExcept("0:.-") && token.ContainsAnyExcept("fF:.-");
            found.Add(text.Span(PiiType.Mac, start, end, "mac", real ? 0.85 : 0.4));
        }
        else if (colons >= 2 && token.Length is >= 3 and <= 45 && token.ContainsAnyInRange('0', '9') && !token.Contains('-') && IPAddress.TryParse(token, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            byte[] bytes = address.GetAddressBytes();
            bool documentation = bytes is [0x20, 0x01, 0x0d, 0xb8, ..];
            bool local = (address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.IsIPv6Multicast || IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6None)) && !documentation;
            if (address.IsIPv4MappedToIPv6) local = !IsPublic(bytes.AsSpan(12)) && bytes.AsSpan(12) is not [192, 0, 2, _];
            found.Add(text.Span(PiiType.Ip, start, end, local ? "ipv6-local" : "ipv6-public", local ? 0.4 : 0.85, reserved: documentation));
        }
    }

    private static bool IsMac(ReadOnlySpan<char> token)
    {
        bool pairs = token.Length == 17 && token[2] is ':' or '-';
        if (!pairs && !(token.Length == 14 && token[4] == '.')) return false;
        for (int i = 0; i < token.Length; i++)
        {
            bool separator = pairs ? i % 3 == 2 : i % 5 == 4;
            if (separator ? token[i] != (pairs ? token[2] : '.') : !char.IsAsciiHexDigit(token[i])) return false;
        }

        return true;
    }

    /// <summary>A scheme and what follows it, "www." and what follows, or a bare name with a well-known ending.</summary>
    private static void Web(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Lower;
        int free = 0;
        for (int i = 0; i < t.Length; i++)
        {
            if (i < free || !char.IsAsciiLetterOrDigit(t[i]) || char.IsAsciiLetterOrDigit(text.At(i - 1)) || text.At(i - 1) is '@' or '.' or '_' or '-' or '/') continue;
            int scheme = Scheme(t, i);
            if (scheme > 0)
            {
                int end = End(text, i + scheme);
                if (end <= i + scheme) continue;
                int slash = t.AsSpan(i + scheme, end - i - scheme).IndexOf('/');
                int authority = slash < 0 ? end : i + scheme + slash;
                int user = t.AsSpan(i + scheme, authority - i - scheme).LastIndexOf('@');
                bool secret = user > 0 && t.AsSpan(i + scheme, user).Contains(':');
                bool numeric = char.IsAsciiDigit(text.At(i + scheme)) || text.At(i + scheme) == '[';
                found.Add(text.Span(PiiType.Url, i, end, secret ? "url-credentials" : "url", secret ? 0.95 : numeric ? 0.85 : 0.4));
                free = end;
            }
            else
            {
                int end = Domain(text, i, spelled: false, out int labels, out int last);
                if (end > i) free = Math.Max(free, end);
                if (labels < 2 || text.At(end) == '@' || !s_endings.GetAlternateLookup<ReadOnlySpan<char>>().Contains(t.AsSpan(last, end - last))) continue;
                ReadOnlySpan<char> ending = text.Text.AsSpan(last, end - last);
                bool www = t.AsSpan(i).StartsWith("www.", StringComparison.Ordinal);
                // "home.It was": the next sentence begins without a space.
                if (!www && (char.IsAsciiLetterUpper(ending[0]) != char.IsAsciiLetterUpper(text.Text[i]) || last - i < 3)) continue;
                if (text.At(end) is '/' or '?' or '#' || (text.At(end) == ':' && char.IsAsciiDigit(text.At(end + 1)))) end = End(text, end);
                found.Add(text.Span(PiiType.Url, i, end, "url-bare", 0.4));
                free = end;
            }
        }
    }

    private static int Scheme(string t, int i)
    {
        foreach (string scheme in (ReadOnlySpan<string>)["https://", "http://", "ftp://", "ftps://", "sftp://", "ssh://", "postgres://", "mysql://", "mongodb://", "redis://", "amqp://"])
        {
            if (string.CompareOrdinal(t, i, scheme, 0, scheme.Length) == 0) return scheme.Length;
        }

        return 0;
    }

    /// <summary>Where an address ends: at white space, quotes or Chinese punctuation, less closing punctuation.</summary>
    private static int End(ScannedText text, int i)
    {
        int start = i, open = 0;
        while (i < text.Text.Length && i - start < 2048)
        {
            char c = text.Text[i], original = text.OriginalAt(i);
            if (char.IsWhiteSpace(c) || c is '"' or '<' or '>' or '`' or '|' or '{' or '}' || original is '，' or '。' or '、' or '；' or '：' or '！' or '？' or '（' or '）' or '「' or '」' or '“' or '”' or '’' or '》' or '《' or '】') break;
            if (c == '(') open++;
            if (c == ')' && --open < 0) break;
            i++;
        }

        while (i > start && text.Text[i - 1] is '.' or ',' or ';' or ':' or '!' or '?' or '\'') i--;
        return i;
    }
}
