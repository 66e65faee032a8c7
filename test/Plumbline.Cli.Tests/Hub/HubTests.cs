using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumbline.Cli.Hub;
using Plumbline.Cli.Serving;

namespace Plumbline.Cli.Tests.Hub;

public sealed class HubTests : IAsyncLifetime
{
    private readonly CommandLine _plumbline = new();
    private HubServer _hub = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Cache => _plumbline.PathOf("cache");

    private string Snapshot => Path.Combine(Cache, "models--org--small", "snapshots", HubServer.Commit);

    public async ValueTask InitializeAsync()
    {
        _hub = await HubServer.StartAsync();
        _plumbline.With("HF_HUB_CACHE", Cache).With("HF_ENDPOINT", _hub.Address).With("HF_TOKEN", "hub-key");
        Phantoms.Phantom phantom = Phantoms.Phantoms.Open("chat-clean");
        foreach (string file in phantom.Files)
        {
            using Stream stream = phantom.OpenFile(file);
            using MemoryStream content = new();
            await stream.CopyToAsync(content, Cancel);
            _hub.Files[file] = content.ToArray();
        }

        _hub.Files["pytorch_model.bin"] = [0x80, 2];
        _hub.Files["README.md"] = "# small"u8.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _plumbline.Dispose();
    }

    [Fact]
    public async Task Assess_HubModel_IsFetchedOnceAndThenReadOffline()
    {
        File.WriteAllText(_plumbline.PathOf("suite.yaml"), "evaluations: [direct-request]\n");
        string[] assess = ["assess", "hf:org/small", "--suite", _plumbline.PathOf("suite.yaml"), "--limit", "2", "--max-tokens", "4", "--json", "--quiet"];
        Assert.Equal(2, await _plumbline.RunAsync([.. assess, "--out", _plumbline.PathOf("none")]));
        Assert.Contains("--download", _plumbline.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _plumbline.RunAsync([.. assess, "--download", "--dry-run"]));
        Assert.Contains("fetches nothing", _plumbline.Error, StringComparison.Ordinal);
        Assert.Empty(_hub.Requests);

        int exit = await _plumbline.RunAsync([.. assess, "--download", "--out", _plumbline.PathOf("first")]);
        Assert.True(exit == 0, _plumbline.Error);
        using JsonDocument first = JsonDocument.Parse(_plumbline.Output);
        Assert.Equal(new Uri(_hub.Address).Authority, Assert.Single(first.RootElement.GetProperty("hosts").EnumerateArray()).GetString());
        Assert.DoesNotContain(_hub.Requests, r => r.Contains(".bin", StringComparison.Ordinal) || r.Contains("README", StringComparison.Ordinal));
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(Cache, "models--org--small", "refs", "main")));
        string blob = Path.Combine(Cache, "models--org--small", "blobs", Convert.ToHexStringLower(SHA256.HashData(_hub.Files["model.safetensors"])));
        Assert.Equal(_hub.Files["model.safetensors"], File.ReadAllBytes(blob));
        Assert.Equal(_hub.Files["tokenizer.json"], File.ReadAllBytes(Path.Combine(Snapshot, "tokenizer.json")));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(blob)!, "*.incomplete"));

        int before = _hub.Requests.Count;
        Assert.Equal(0, await _plumbline.RunAsync([.. assess, "--out", _plumbline.PathOf("second")]));
        Assert.Equal(before, _hub.Requests.Count);
        using JsonDocument second = JsonDocument.Parse(_plumbline.Output);
        Assert.Empty(second.RootElement.GetProperty("hosts").EnumerateArray());
        Assert.Equal("hf:org/small", second.RootElement.GetProperty("target").GetString());

        using ServedModel served = ServedModel.Open($"hf:org/small@{HubServer.Commit}", new() { Threads = 1 }, name => name == "HF_HUB_CACHE" ? Cache : null);
        Assert.Equal("org/small", served.Name);
    }

    [Fact]
    public async Task Fetch_BrokenOff_GoesOnWhereItEnded()
    {
        _hub.Files["model.safetensors"] = RandomNumberGenerator.GetBytes(300_000);
        foreach (string file in new[] { "tokenizer.json", "tokenizer_config.json" }) _hub.Files.Remove(file);
        _hub.BreakAfter = 100_000;
        HubException broken = await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/small"));
        Assert.Contains("goes on from there", broken.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Snapshot, "model.safetensors")));
        string folder = await FetchAsync("hf:org/small");
        Assert.Contains("GET /large/model.safetensors Range", _hub.Requests);
        Assert.Equal(_hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal("Bearer hub-key", _hub.KeyAtStorage);
    }

    [Fact]
    public async Task Fetch_Sharded_TakesWhatTheIndexNames()
    {
        _hub.Files.Remove("model.safetensors");
        _hub.Files["a.safetensors"] = RandomNumberGenerator.GetBytes(100);
        _hub.Files["b.safetensors"] = RandomNumberGenerator.GetBytes(200);
        _hub.Files["unused.safetensors"] = RandomNumberGenerator.GetBytes(50);
        _hub.Files["model.safetensors.index.json"] = """{"weight_map":{"x":"a.safetensors","y":"b.safetensors","z":"a.safetensors"}}"""u8.ToArray();
        string folder = await FetchAsync($"hf:org/small@{HubServer.Commit}");
        Assert.Equal(_hub.Files["b.safetensors"], File.ReadAllBytes(Path.Combine(folder, "b.safetensors")));
        Assert.False(File.Exists(Path.Combine(folder, "unused.safetensors")));
        int before = _hub.Requests.Count;
        await FetchAsync($"hf:org/small@{HubServer.Commit}");
        Assert.Equal(before, _hub.Requests.Count);
        File.Delete(Path.Combine(folder, "b.safetensors"));
        Assert.Contains("lacks b.safetensors", Assert.Throws<UsageException>(() => new HubCache(Cache).Resolve(HubModelName.Parse($"hf:org/small@{HubServer.Commit}"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../../evil.safetensors")]
    [InlineData("/etc/evil.safetensors")]
    [InlineData("folder/x.safetensors")]
    [InlineData(".hidden.safetensors")]
    [InlineData("pytorch_model.bin")]
    public async Task Fetch_IndexNamesAnotherPlace_IsRefused(string shard)
    {
        _hub.Files.Remove("model.safetensors");
        _hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes($$$"""{"weight_map":{"x":"{{{shard}}}"}}""");
        _hub.Files[shard] = [1];
        HubException refused = await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/small"));
        Assert.Contains("no safetensors file beside it", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_plumbline.Folder, "*", SearchOption.AllDirectories), f => f.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fetch_PickleOnly_SaysHowToConvert()
    {
        _hub.Files.Remove("model.safetensors");
        HubException refused = await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/small"));
        Assert.Contains("pytorch_model.bin, a pickle", refused.Message, StringComparison.Ordinal);
        Assert.Contains("safe_serialization=True", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_hub.Requests, r => r.Contains(".bin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fetch_WrongBytes_AreThrownAway()
    {
        _hub.Spoils = true;
        Assert.Contains("thrown away", (await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/small"))).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Snapshot, "model.safetensors")));
        _hub.Spoils = false;
        Assert.True(File.Exists(Path.Combine(await FetchAsync("hf:org/small"), "model.safetensors")));
    }

    [Fact]
    public async Task Fetch_SentToAnotherHost_GoesNowhere()
    {
        await using HubServer other = await HubServer.StartAsync();
        _hub.Storage = other.Address;
        Assert.Contains("which nobody named", (await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/small"))).Message, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Fetch_UnknownModel_NamesHubAndModel() =>
        Assert.Contains("hf:org/other", (await Assert.ThrowsAsync<HubException>(() => FetchAsync("hf:org/other"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("hf:org/name", "org/name", "main", "models--org--name")]
    [InlineData("hf:gpt2", "gpt2", "main", "models--gpt2")]
    [InlineData("hf:org/name.v1_x-2@refs/pr/3", "org/name.v1_x-2", "refs/pr/3", "models--org--name.v1_x-2")]
    public void Parse_Sound_GivesItsParts(string named, string id, string revision, string folder)
    {
        HubModelName name = HubModelName.Parse(named);
        Assert.Equal((id, revision, folder, named), (name.Id, name.Revision, name.Folder, name.ToString()));
    }

    [Theory]
    [InlineData("hf:")]
    [InlineData("hf:org/")]
    [InlineData("hf:/etc")]
    [InlineData("hf:../x")]
    [InlineData("hf:org/..")]
    [InlineData("hf:org/a/b")]
    [InlineData("hf:org/a--b")]
    [InlineData("hf:org/name@")]
    [InlineData("hf:org/name@../../x")]
    [InlineData("hf:org/name@/x")]
    [InlineData("hf:org/na me")]
    [InlineData("hf:org/name?x=1")]
    [InlineData("hf:org/name\n")]
    public void Parse_Unsound_IsRefused(string named) => Assert.Throws<UsageException>(() => HubModelName.Parse(named));

    [Theory]
    [InlineData("HF_HUB_CACHE=/c,HF_HOME=/h", "/c")]
    [InlineData("HF_HOME=/h,XDG_CACHE_HOME=/x", "/h/hub")]
    [InlineData("XDG_CACHE_HOME=/x,HOME=/u", "/x/huggingface/hub")]
    [InlineData("HOME=/u", "/u/.cache/huggingface/hub")]
    public void Cache_Environment_SaysWhere(string variables, string folder)
    {
        Dictionary<string, string> environment = variables.Split(',').ToDictionary(v => v.Split('=')[0], v => v.Split('=')[1]);
        Assert.Equal(folder, HubCache.Of(environment.GetValueOrDefault).Root.Replace('\\', '/'));
    }

    private async Task<string> FetchAsync(string named)
    {
        using HubDownload download = new(name => name switch { "HF_HUB_CACHE" => Cache, "HF_ENDPOINT" => _hub.Address, "HF_TOKEN" => "hub-key", _ => null }, _ => { });
        return await download.FetchAsync(HubModelName.Parse(named), Cancel);
    }
}
