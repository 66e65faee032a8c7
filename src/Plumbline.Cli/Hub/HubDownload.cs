using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumbline.Endpoints;

namespace Plumbline.Cli.Hub;

/// <summary>
/// Fetches a model's configuration, tokenizer and safetensors from a hub into the cache, in the layout that other tools read.
/// Only the hub's host is contacted (HF_ENDPOINT, else the public hub), and where the public hub keeps its files; each contact is
/// counted. Pickle files are never taken. A file that broke off goes on where it ended; each file is checked against the hash that
/// the hub gives for it.
/// </summary>
internal sealed class HubDownload : IDisposable
{
    private const string PublicHub = "https://huggingface.co";
    private const int MostHops = 5;
    private const long LongestList = 16 << 20, LongestText = 256 << 20, LongestWeights = 1L << 38;

    // What a model folder is read from, besides the weights.
    private static readonly string[] s_texts =
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json",
    ];

    private readonly Uri _hub;
    private readonly string? _token;
    private readonly HubCache _cache;
    private readonly Action<string> _say;
    private readonly HostLedger _ledger = new();
    private readonly EgressPolicy _policy;
    private readonly EnvironmentProxies _proxies;
    private readonly HttpMessageInvoker _client;

    /// <param name="environment">HF_ENDPOINT, HF_TOKEN, the cache's and the proxies' variables.</param>
    /// <param name="say">Takes a line about each file.</param>
    /// <exception cref="UsageException">HF_ENDPOINT is no address.</exception>
    public HubDownload(Func<string, string?> environment, Action<string> say)
    {
        string address = environment("HF_ENDPOINT")?.Trim() is { Length: > 0 } given ? given : PublicHub;
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? hub) || hub.Scheme is not ("http" or "https") || hub.UserInfo.Length > 0 || hub.Query.Length > 0)
        {
            throw new UsageException($"HF_ENDPOINT '{address}' is no address of a hub: write http://host or https://host, without password or query.");
        }

        (_hub, _cache, _say) = (hub, HubCache.Of(environment), say);
        _token = environment("HF_TOKEN")?.Trim() is { Length: > 0 } token ? token : null;
        _policy = new EgressPolicy(_ledger).Allow(_hub);
        _proxies = new(environment);
        _client = new(EgressHandler.Create(_policy, _proxies, TimeSpan.FromSeconds(20)));
    }

    /// <summary>Every host contacted.</summary>
    public IReadOnlyList<Runs.HostContact> Hosts => [.. _ledger.Contacts.Where(c => c.Requests > 0).Select(c => new Runs.HostContact($"{c.Host}:{c.Port}", c.Requests))];

    /// <summary>Fetches what the cache lacks of a model.</summary>
    /// <returns>The folder of its files.</returns>
    /// <exception cref="HubException">The hub has no such model, no safetensors of it, or did not send what it announced.</exception>
    public async Task<string> FetchAsync(HubModelName name, CancellationToken cancellationToken)
    {
        // A commit never changes; a branch may have moved on, and the user asked for what it is now.
        if (name.IsCommit && _cache.Find(name, out _) is { } there) return there;
        (string commit, HashSet<string> offered) = await ListAsync(name, cancellationToken);
        string folder = Path.Combine(_cache.Root, name.Folder), snapshot = Path.Combine(folder, "snapshots", commit);
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(folder, "blobs"));
        if (!offered.Contains("config.json")) throw new HubException($"{name} has no config.json, so it is no model folder.");
        IReadOnlyList<string> weights = await WeightsAsync(name, commit, offered, folder, snapshot, cancellationToken);
        foreach (string file in s_texts.Where(offered.Contains)) await FileAsync(name, commit, file, LongestText, folder, snapshot, cancellationToken);
        foreach (string file in weights) await FileAsync(name, commit, file, LongestWeights, folder, snapshot, cancellationToken);
        if (!name.IsCommit)
        {
            string reference = Path.Combine([folder, "refs", .. name.Revision.Split('/')]);
            Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
            await File.WriteAllTextAsync(reference, commit, cancellationToken);
        }

        return _cache.Resolve(name);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<(string Commit, HashSet<string> Files)> ListAsync(HubModelName name, CancellationToken cancellationToken)
    {
        Uri address = new(_hub, $"api/models/{name.Id}/revision/{Uri.EscapeDataString(name.Revision)}");
        using HttpResponseMessage response = await SendAsync(() => new(HttpMethod.Get, address), follow: true, cancellationToken);
        Demand(response, name, "its list of files");
        byte[] content = await BodyAsync(response, LongestList, cancellationToken);
        try
        {
            using JsonDocument document = JsonDocument.Parse(content, new() { MaxDepth = 32 });
            string commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            if (!HubModelName.IsCommitHash(commit)) throw new HubException($"{address} names no commit: is it a hub?");
            // Files below folders (other formats, checkpoints) are not taken, so what is no plain name is none of ours.
            return (commit, [.. document.RootElement.GetProperty("siblings").EnumerateArray().Select(f => f.GetProperty("rfilename").GetString() ?? "").Where(HubIndex.IsPlainName)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException($"{address} gave no list of a model's files: is it a hub?", e);
        }
    }

    private async Task<IReadOnlyList<string>> WeightsAsync(HubModelName name, string commit, HashSet<string> offered, string folder, string snapshot, CancellationToken cancellationToken)
    {
        const string Index = "model.safetensors.index.json";
        if (offered.Contains("model.safetensors")) return ["model.safetensors"];
        if (offered.Contains(Index))
        {
            await FileAsync(name, commit, Index, LongestList, folder, snapshot, cancellationToken);
            try
            {
                IReadOnlyList<string> shards = HubIndex.Shards(await File.ReadAllBytesAsync(Path.Combine(snapshot, Index), cancellationToken));
                return shards.FirstOrDefault(s => !offered.Contains(s)) is { } absent ? throw new HubException($"{name}: its index names {absent}, which it does not have.") : shards;
            }
            catch (JsonException e)
            {
                throw new HubException($"{name}: {e.Message}", e);
            }
        }

        string pickle = offered.FirstOrDefault(f => Path.GetExtension(f) is ".bin" or ".pt" or ".pth" or ".ckpt" or ".pkl") is { } found ? $" It has {found}, a pickle, which can run code when it is read and is never fetched." : "";
        throw new HubException($"{name} has no model.safetensors.{pickle} Convert it once in Python, with transformers: AutoModelForCausalLM.from_pretrained(\"{name.Id}\").save_pretrained(\"FOLDER\", safe_serialization=True), save the tokenizer there too, and name FOLDER; or name a revision that has safetensors.");
    }

    /// <summary>One file into blobs/HASH, and a link to it into the snapshot.</summary>
    private async Task FileAsync(HubModelName name, string commit, string file, long longest, string folder, string snapshot, CancellationToken cancellationToken)
    {
        string place = Path.Combine(snapshot, file);
        if (File.Exists(place)) return;
        Uri address = new(_hub, $"{name.Id}/resolve/{commit}/{file}");
        string tag;
        long size;
        using (HttpResponseMessage head = await SendAsync(() => Plain(HttpMethod.Head, address), follow: false, cancellationToken))
        {
            // The hub itself answers with hash and size of a large file and says where it lies.
            if (!IsRedirect(head.StatusCode)) Demand(head, name, file);
            tag = Header(head, "X-Linked-Etag") ?? Header(head, "ETag") ?? "";
            tag = (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"').ToLowerInvariant();
            size = long.TryParse(Header(head, "X-Linked-Size") ?? head.Content.Headers.ContentLength?.ToString(CultureInfo.InvariantCulture), NumberStyles.None, CultureInfo.InvariantCulture, out long told) ? told : -1;
        }

        if (tag.Length is not (40 or 64) || !tag.All(char.IsAsciiHexDigitLower)) throw new HubException($"{name}: the hub gives no hash for {file}, so it cannot be checked.");
        if (size < 0) throw new HubException($"{name}: the hub gives no size for {file}.");
        if (size > longest) throw new HubException($"{name}: {file} has {size:N0} bytes; at most {longest:N0} are fetched.");
        string blob = Path.Combine(folder, "blobs", tag), part = $"{blob}.incomplete";
        if (!File.Exists(blob))
        {
            DriveInfo drive = new(Path.GetFullPath(folder));
            long held = File.Exists(part) ? new FileInfo(part).Length : 0;
            if (drive.AvailableFreeSpace < size - held) throw new HubException($"{name}: {file} has {size:N0} bytes, and {folder} has room for {drive.AvailableFreeSpace:N0}.");
            _say($"{file}: {size:N0} bytes{(held > 0 ? string.Create(CultureInfo.InvariantCulture, $", {held:N0} of them are here") : "")}");
            await PartAsync(name, address, file, part, size, tag, cancellationToken);
            File.Move(part, blob, overwrite: true);
        }

        Link(place, Path.Combine("..", "..", "blobs", tag), blob);
    }

    private async Task PartAsync(HubModelName name, Uri address, string file, string part, long size, string tag, CancellationToken cancellationToken)
    {
        await using FileStream output = new(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true);
        if (output.Length > size) output.SetLength(0);
        using IncrementalHash hash = IncrementalHash.CreateHash(tag.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        // A small file's tag is that of git: its hash after a header with its length.
        if (tag.Length == 40) hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
        try
        {
            if (output.Length < size)
            {
                long from = output.Length;
                using HttpResponseMessage response = await SendAsync(
                    () =>
                    {
                        HttpRequestMessage request = Plain(HttpMethod.Get, address);
                        if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
                        return request;
                    },
                    follow: true, cancellationToken);
                Demand(response, name, file);
                bool goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == from;
                if (response.StatusCode == HttpStatusCode.PartialContent && !goesOn) throw new HubException($"{name}: asked for {file} from byte {from:N0} on, the server sent another part.");
                if (!goesOn) output.SetLength(0); // the server sends it whole
                output.Position = output.Length;
                await using Stream input = await response.Content.ReadAsStreamAsync(cancellationToken);
                int read;
                while ((read = await ReadAsync(input, buffer, name, file, cancellationToken)) > 0)
                {
                    if (output.Position + read > size) throw Spoilt($"{name}: the server sends more of {file} than the {size:N0} bytes it announced.");
                    await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }

                await output.FlushAsync(cancellationToken);
                if (output.Length < size) throw new HubException($"{name}: {file} broke off after {output.Length:N0} of {size:N0} bytes; the same command goes on from there.");
            }

            output.Position = 0;
            int got;
            while ((got = await output.ReadAsync(buffer, cancellationToken)) > 0) hash.AppendData(buffer, 0, got);
            string actual = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (actual != tag) throw Spoilt($"{name}: {file} arrived with the hash {actual}, the hub says {tag}; it was thrown away.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        HubException Spoilt(string message)
        {
            output.SetLength(0);
            return new(message);
        }
    }

    // Lengths and ranges are those of the file only where nothing is compressed on the way.
    private static HttpRequestMessage Plain(HttpMethod method, Uri address)
    {
        HttpRequestMessage request = new(method, address);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        return request;
    }

    private static async Task<int> ReadAsync(Stream input, byte[] buffer, HubModelName name, string file, CancellationToken cancellationToken)
    {
        try
        {
            return await input.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubException($"{name}: {file} broke off ({e.Message}); the same command goes on from there.", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> create, bool follow, CancellationToken cancellationToken)
    {
        Uri? next = null;
        for (int hop = 0; ; hop++)
        {
            using HttpRequestMessage request = create();
            if (next is not null) request.RequestUri = next;
            Uri to = request.RequestUri!;
            if (_token is not null && IsHub(to)) request.Headers.Authorization = new("Bearer", _token);
            HttpResponseMessage response;
            try
            {
                response = await _client.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                throw new HubException($"{to.Host}:{to.Port} does not answer: {e.Message}{(_proxies.Find(to) is { } proxy ? $" (through the proxy of {proxy.Variable})" : "")}", e);
            }

            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location) return response;
            next = location.IsAbsoluteUri ? location : new Uri(to, location);
            // Asked for a file's hash, the hub answers itself; only a move within the hub is followed then.
            if (!follow && (!IsHub(next) || Header(response, "X-Linked-Etag") is not null)) return response;
            response.Dispose();
            if (hop == MostHops) throw new HubException($"{_hub.Host} sends from one address to the next without end.");
            Admit(next);
        }
    }

    /// <summary>The hub's own host, and the hosts where the public hub keeps large files; no other, and never from https down to http.</summary>
    private void Admit(Uri to)
    {
        bool storage = to.Scheme == "https" && (to.IdnHost.EndsWith(".huggingface.co", StringComparison.OrdinalIgnoreCase) || to.IdnHost.EndsWith(".hf.co", StringComparison.OrdinalIgnoreCase));
        if (IsHub(to)) return;
        if (!storage) throw new HubException($"{_hub.Host} sends on to {to.Scheme}://{to.Host}:{to.Port}, which nobody named: nothing was sent there. Name it by HF_ENDPOINT if you trust it.");
        _policy.Allow(to);
    }

    private bool IsHub(Uri to) => to.Scheme == _hub.Scheme && to.IdnHost.Equals(_hub.IdnHost, StringComparison.OrdinalIgnoreCase) && to.Port == _hub.Port;

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private void Demand(HttpResponseMessage response, HubModelName name, string what)
    {
        if (response.IsSuccessStatusCode) return;
        throw new HubException((int)response.StatusCode switch
        {
            401 or 403 => $"{_hub.Host} does not give out {what} of {name} ({(int)response.StatusCode}): it is not there, or needs a permission; {(_token is null ? "set HF_TOKEN to a token that has it" : "the token of HF_TOKEN does not have it")}.",
            404 => $"{_hub.Host} has no {(what.StartsWith("its", StringComparison.Ordinal) ? "such model or revision" : what)}: {name}.",
            _ => $"{_hub.Host} answered {(int)response.StatusCode} for {what} of {name}.",
        });
    }

    private static async Task<byte[]> BodyAsync(HttpResponseMessage response, long longest, CancellationToken cancellationToken)
    {
        await using Stream input = await response.Content.ReadAsStreamAsync(cancellationToken);
        using MemoryStream content = new();
        byte[] buffer = new byte[1 << 14];
        int read;
        while ((read = await input.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (content.Length + read > longest) throw new HubException($"The hub's list of files is longer than {longest:N0} bytes.");
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    /// <summary>A relative link, as other tools make them; a copy's place taken by the file itself where links are not allowed.</summary>
    private static void Link(string place, string target, string blob)
    {
        try
        {
            File.CreateSymbolicLink(place, target);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException or PlatformNotSupportedException && !File.Exists(place))
        {
            File.Move(blob, place);
        }
    }
}
