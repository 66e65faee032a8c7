using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Plumbline.Measure.Public;

/// <summary>
/// Brings a set's files into a folder. A file grows as <c>NAME.part</c> and gets its name only when its size and SHA-256 are those of
/// the catalogue; what was cut off goes on from there (HTTP Range, with If-Range where the server gave a strong ETag). A server is
/// believed in nothing: its file names are ignored, and no byte beyond the known size is written.
/// </summary>
public static class DataDownload
{
    private const int Buffer = 1 << 16;

    /// <summary>How long a server may send nothing.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Pulls every file that is not there yet.</summary>
    /// <param name="set">A set with files.</param>
    /// <param name="from">Null: each file's own address; else an http(s) address or a folder that holds the files, or the set's folder with them.</param>
    /// <param name="folder">Where the set's folder lies or is to lie.</param>
    /// <param name="http">The client to ask with; not disposed.</param>
    /// <param name="progress">Gets a file's name and its bytes so far.</param>
    /// <param name="cancellationToken">Ends it; what came stays for the next time.</param>
    /// <returns>The set's folder.</returns>
    /// <exception cref="IOException">The source has no such file, or another one; or it broke off.</exception>
    public static async Task<string> PullAsync(DataSetEntry set, string? from, string folder, HttpClient http, Action<DataFile, long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(http);
        string home = Path.Combine(Path.GetFullPath(folder), set.Name);
        Directory.CreateDirectory(home);
        foreach (DataFile file in set.Files)
        {
            string path = Path.Combine(home, file.Path);
            if (await IsWholeAsync(path, file, cancellationToken))
            {
                progress?.Invoke(file, file.Size);
                continue;
            }

            if (from is null) await FromServerAsync(file, file.Address, path, http, progress, cancellationToken);
            else if (IsAddress(from, out Uri? server)) await FromServerAsync(file, new Uri(server, file.Path), path, http, progress, cancellationToken);
            else await FromFolderAsync(set, file, from, path, progress, cancellationToken);
        }

        return home;
    }

    /// <summary>Whether a source is a server's address, with a slash at its end.</summary>
    public static bool IsAddress(string from, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Uri? server)
    {
        ArgumentNullException.ThrowIfNull(from);
        server = Uri.TryCreate(from, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" ? new Uri($"{address.AbsoluteUri.TrimEnd('/')}/") : null;
        return server is not null;
    }

    private static async Task FromFolderAsync(DataSetEntry set, DataFile file, string from, string path, Action<DataFile, long>? progress, CancellationToken cancellationToken)
    {
        string? source = ((string[])[Path.Combine(from, file.Path), Path.Combine(from, set.Name, file.Path)]).FirstOrDefault(File.Exists);
        if (source is null) throw new FileNotFoundException($"{from} holds no {file.Path}, nor does {Path.Combine(from, set.Name)}.", file.Path);
        await using FileStream stream = File.OpenRead(source);
        if (stream.Length != file.Size) throw new DataSourceException($"{source} has {stream.Length} bytes; {file.Path} of {set.Name} has {file.Size}. It is another file or version.");
        await ReceiveAsync(file, stream, path, 0, source, progress, cancellationToken);
    }

    private static async Task FromServerAsync(DataFile file, Uri address, string path, HttpClient http, Action<DataFile, long>? progress, CancellationToken cancellationToken)
    {
        for (bool again = true; ; again = false)
        {
            long have = new FileInfo(Part(path)) is { Exists: true } part && part.Length < file.Size ? part.Length : 0;
            using HttpRequestMessage request = new(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.Add(new("identity"));
            if (have > 0)
            {
                request.Headers.Range = new(have, null);
                if (File.Exists(Tag(path)) && EntityTagHeaderValue.TryParse(await File.ReadAllTextAsync(Tag(path), cancellationToken), out EntityTagHeaderValue? tag)) request.Headers.IfRange = new(tag);
            }

            using HttpResponseMessage response = await AskAsync(http, request, address, cancellationToken);
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && have > 0 && again)
            {
                Forget(path);
                continue;
            }

            if (!response.IsSuccessStatusCode) throw new IOException($"{address} answers {(int)response.StatusCode}; {Advice(file)}");

            // A server without ranges sends all of it, and so does one whose file has changed.
            bool goesOn = response.StatusCode == HttpStatusCode.PartialContent && have > 0 && response.Content.Headers.ContentRange is { From: { } start } && start == have;
            if (response.StatusCode == HttpStatusCode.PartialContent && !goesOn) throw new DataSourceException($"{address} sends another part than was asked for.");
            if (!goesOn) have = 0;
            if (response.Content.Headers.ContentLength is { } length && length != file.Size - have)
            {
                Forget(path);
                throw new DataSourceException($"{address} offers {have + length} bytes; {file.Path} has {file.Size}. It is another file or version.");
            }

            if (have == 0) Forget(path);
            if (response.Headers.ETag is { IsWeak: false } strong) await File.WriteAllTextAsync(Tag(path), strong.ToString(), cancellationToken);
            try
            {
                await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
                await ReceiveAsync(file, body, path, have, address.AbsoluteUri, progress, cancellationToken);
                return;
            }
            catch (DataSourceException) when (have > 0 && again)
            {
                // The beginning was of another version: once more from the start.
            }
            catch (HttpRequestException e)
            {
                throw new IOException($"{address} broke off: {e.Message} The same command goes on from there.", e);
            }
        }
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient http, HttpRequestMessage request, Uri address, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"{address} cannot be reached: {e.Message} Where there is no network, --from names a folder that holds the files.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{address} did not answer within {s_patience.TotalSeconds:F0} seconds.", e);
        }
    }

    /// <summary>Appends a stream to the part, which holds <paramref name="have"/> bytes, checks the whole and gives it its name.</summary>
    private static async Task ReceiveAsync(DataFile file, Stream source, string path, long have, string named, Action<DataFile, long>? progress, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (FileStream part = new(Part(path), have > 0 ? FileMode.Open : FileMode.Create, FileAccess.ReadWrite, FileShare.Read))
            {
                part.SetLength(have);
                for (int read; (read = await part.ReadAsync(buffer, cancellationToken)) > 0;) hash.AppendData(buffer, 0, read);
                long length = have;
                while (true)
                {
                    int read = await ReadAsync(source, buffer, named, cancellationToken);
                    if (read == 0) break;
                    length += read;
                    if (length > file.Size) break;
                    hash.AppendData(buffer, 0, read);
                    await part.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                    progress?.Invoke(file, length);
                }

                if (length < file.Size) throw new IOException($"{named} broke off after {length} of {file.Size} bytes. The same command goes on from there.");
                if (length > file.Size)
                {
                    await part.DisposeAsync();
                    Forget(path);
                    throw new DataSourceException($"{named} sends more than the {file.Size} bytes that {file.Path} has. It is another file or version.");
                }
            }

            string found = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (found != file.Sha256)
            {
                Forget(path);
                throw new DataSourceException($"{named} is not the file that was expected: its SHA-256 is {found}, not {file.Sha256}. Nothing of it was kept.");
            }

            File.Move(Part(path), path, overwrite: true);
            File.Delete(Tag(path));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<int> ReadAsync(Stream source, byte[] buffer, string named, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return await source.ReadAsync(buffer.AsMemory(0, Buffer), patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{named} sent nothing for {s_patience.TotalSeconds:F0} seconds. The same command goes on from there.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"{named} broke off: {e.Message} The same command goes on from there.", e);
        }
    }

    private static async Task<bool> IsWholeAsync(string path, DataFile file, CancellationToken cancellationToken)
    {
        if (new FileInfo(path) is not { Exists: true } there || there.Length != file.Size) return false;
        await using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) == file.Sha256;
    }

    private static string Advice(DataFile file) => $"{file.Path} is not to be had there. --from names another address, or a folder that holds it.";

    private static string Part(string path) => $"{path}.part";

    private static string Tag(string path) => $"{path}.etag";

    private static void Forget(string path)
    {
        File.Delete(Part(path));
        File.Delete(Tag(path));
    }
}

/// <summary>A source holds other data than the catalogue says.</summary>
public sealed class DataSourceException : IOException
{
    public DataSourceException(string message) : base(message) { }

    public DataSourceException(string message, Exception inner) : base(message, inner) { }

    public DataSourceException() { }
}
