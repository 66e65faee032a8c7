using System.Security.Cryptography;
using Plumbline.Measure.Public;

namespace Plumbline.Measure.Tests.Public;

public sealed class DataDownloadTests : IDisposable
{
    private const int Size = 300_000;

    private static readonly byte[] s_content = [.. Enumerable.Range(0, Size).Select(i => (byte)((i * 7) ^ (i >> 8)))];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plumbline-data");
    private readonly HttpClient _http = new();
    private readonly FileServer _server = new(s_content);

    private static DataSetEntry Set { get; } = new(
        "sample-set", "a sample", 1, ["en"], "MIT", new("https://example.invalid/"), "", "nobody",
        [new("data.bin", new("https://example.invalid/data.bin"), Size, Convert.ToHexStringLower(SHA256.HashData(s_content)))]);

    private string Target => Path.Combine(_folder.FullName, "sample-set", "data.bin");

    public void Dispose()
    {
        _server.Dispose();
        _http.Dispose();
        _folder.Delete(true);
    }

    [Fact]
    public async Task Pull_WholeFile_ArrivesUnderItsNameAlone()
    {
        List<long> seen = [];
        string home = await DataDownload.PullAsync(Set, _server.Address, _folder.FullName, _http, (_, bytes) => seen.Add(bytes), TestContext.Current.CancellationToken);
        Assert.Equal(["data.bin"], Directory.EnumerateFileSystemEntries(home).Select(f => Path.GetFileName(f)!));
        Assert.Equal(s_content, File.ReadAllBytes(Target));
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(Size, seen[^1]);
        Assert.Contains("GET /files/data.bin ", _server.Requests.Single(), StringComparison.Ordinal);
        Assert.Equal(home, DataCatalogue.Locate(Set, _folder.FullName));
    }

    [Fact]
    public async Task Pull_Again_AsksNobody()
    {
        await PullAsync();
        await PullAsync();
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("\"v1\"")]
    public async Task Pull_CutInTheMiddle_GoesOnFromThere(string? tag)
    {
        _server.ETag = tag;
        _server.CutAfter = 100_000;
        IOException broken = await Assert.ThrowsAsync<IOException>(PullAsync);
        Assert.Contains("goes on from there", broken.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
        long have = new FileInfo($"{Target}.part").Length;
        Assert.InRange(have, 1, 100_000);
        _server.CutAfter = null;
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
        string second = _server.Requests.Last();
        Assert.Contains($"Range: bytes={have}-", second, StringComparison.Ordinal);
        Assert.Equal(tag is not null, second.Contains("If-Range: \"v1\"", StringComparison.Ordinal));
        Assert.Equal(["data.bin"], Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Target)!).Select(f => Path.GetFileName(f)!));
    }

    [Fact]
    public async Task Pull_ServerWithoutRanges_StartsAgain()
    {
        _server.Ranges = false;
        _server.CutAfter = 100_000;
        await Assert.ThrowsAsync<IOException>(PullAsync);
        _server.CutAfter = null;
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Pull_FileChangedMeanwhile_StartsAgain()
    {
        (_server.ETag, _server.CutAfter, _server.Content) = ("\"old\"", 100_000, new byte[Size]);
        await Assert.ThrowsAsync<IOException>(PullAsync);
        (_server.ETag, _server.CutAfter, _server.Content) = ("\"new\"", null, s_content);
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
    }

    /// <summary>Without an ETag only the hash can tell that the beginning is of another version: then all of it comes once more.</summary>
    [Fact]
    public async Task Pull_StalePartWithoutTag_StartsAgain()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        File.WriteAllBytes($"{Target}.part", new byte[1000]);
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task Pull_PartAsLongAsTheFile_StartsAgain()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        File.WriteAllBytes($"{Target}.part", new byte[Size]);
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Pull_WrongChecksum_KeepsNothing()
    {
        _server.Content = [.. s_content];
        _server.Content[5] ^= 1;
        DataSourceException wrong = await Assert.ThrowsAsync<DataSourceException>(PullAsync);
        Assert.Contains("SHA-256", wrong.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Target)!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pull_LargerFile_IsRefusedBeforeItIsWritten(bool announced)
    {
        _server.Content = [.. s_content, .. new byte[5_000_000]];
        _server.Length = announced;
        await Assert.ThrowsAsync<DataSourceException>(PullAsync);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Target)!));
    }

    [Fact]
    public async Task Pull_DamagedFileThere_IsReplaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        File.WriteAllBytes(Target, new byte[Size]);
        await PullAsync();
        Assert.Equal(s_content, File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task Pull_ErrorStatus_SaysSo(int status)
    {
        _server.Status = status;
        IOException missing = await Assert.ThrowsAsync<IOException>(PullAsync);
        Assert.Contains($"{status}", missing.Message, StringComparison.Ordinal);
        Assert.Contains("--from", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_HostileNameInTheAnswer_IsIgnored()
    {
        _server.Extra = "Content-Disposition: attachment; filename=\"../../escaped.bin\"";
        await PullAsync();
        Assert.Equal(["sample-set"], Directory.EnumerateFileSystemEntries(_folder.FullName).Select(f => Path.GetFileName(f)!));
        Assert.False(File.Exists(Path.Combine(_folder.FullName, "..", "escaped.bin")));
    }

    [Fact]
    public async Task Pull_NobodyThere_SaysHowToDoWithout()
    {
        string address = _server.Address;
        _server.Dispose();
        IOException e = await Assert.ThrowsAsync<IOException>(() => DataDownload.PullAsync(Set, address, _folder.FullName, _http, null, TestContext.Current.CancellationToken));
        Assert.Contains("--from", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sample-set")]
    public async Task Pull_FromFolder_NeedsNoNetwork(string below)
    {
        string from = Path.Combine(_folder.FullName, "mirror");
        Directory.CreateDirectory(Path.Combine(from, below));
        File.WriteAllBytes(Path.Combine(from, below, "data.bin"), s_content);
        await DataDownload.PullAsync(Set, from, _folder.FullName, _http, null, TestContext.Current.CancellationToken);
        Assert.Equal(s_content, File.ReadAllBytes(Target));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Pull_FromFolderWithAnotherFile_IsRefused()
    {
        string from = Path.Combine(_folder.FullName, "mirror");
        Directory.CreateDirectory(from);
        await Assert.ThrowsAsync<FileNotFoundException>(() => DataDownload.PullAsync(Set, from, _folder.FullName, _http, null, TestContext.Current.CancellationToken));
        File.WriteAllBytes(Path.Combine(from, "data.bin"), new byte[10]);
        await Assert.ThrowsAsync<DataSourceException>(() => DataDownload.PullAsync(Set, from, _folder.FullName, _http, null, TestContext.Current.CancellationToken));
        File.WriteAllBytes(Path.Combine(from, "data.bin"), new byte[Size]);
        await Assert.ThrowsAsync<DataSourceException>(() => DataDownload.PullAsync(Set, from, _folder.FullName, _http, null, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(Target));
    }

    private Task PullAsync() => DataDownload.PullAsync(Set, _server.Address, _folder.FullName, _http, null, TestContext.Current.CancellationToken);
}
