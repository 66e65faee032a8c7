using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

public sealed class DiscoveryTests
{
    [Theory]
    [InlineData("", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("", "/chat/completions", "/chat/completions")]
    [InlineData("/v1", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1/", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1/chat/completions", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1/chat/completions/", "/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1beta/openai/", "/v1beta/openai/chat/completions", "/v1beta/openai/chat/completions")]
    [InlineData("/v1?api-version=1", "/v1/chat/completions", "/v1/chat/completions?api-version=1")]
    [InlineData("/v1/chat/completions?api-version=1", "/v1/chat/completions", "/v1/chat/completions?api-version=1")]
    [InlineData("?api-version=1", "/v1/chat/completions", "/v1/chat/completions?api-version=1")]
    [InlineData("/api", "/api/chat/completions", "/api/chat/completions")]
    [InlineData("/api", "/api/v1/chat/completions", "/api/v1/chat/completions")]
    [InlineData("/api/v1", "/api/v1/chat/completions", "/api/v1/chat/completions")]
    public async Task GetResponse_WhateverFormTheAddressHas_FindsThePathWithItsQuery(string given, string served, string asked)
    {
        using LoopbackServer server = new(r => r.Target.Split('?')[0] == served ? LoopbackReply.Json(Loopback.Answer) : LoopbackReply.Json("""{"detail":"Not Found"}""", 404));
        using OpenAiEndpoint endpoint = Loopback.Client(server, given);

        Assert.Equal("Green.", (await endpoint.AskAsync()).Text);
        Assert.Equal(asked, server.Requests.Last().Target);
        await endpoint.AskAsync();
        // What has been found is not sought again.
        Assert.Equal(asked, server.Requests.Last().Target);
        Assert.InRange(server.Requests.Count, 2, 3);
    }

    [Fact]
    public async Task GetResponse_AtAServerWithAWebPageAtItsRoot_FindsTheApi()
    {
        using LoopbackServer server = new(r => r.Target == "/chat/completions" ? LoopbackReply.Json(Loopback.Answer) : LoopbackReply.Text("<html>Welcome</html>", "text/html"));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "");
        Assert.Equal("Green.", (await endpoint.AskAsync()).Text);
    }

    [Fact]
    public async Task GetResponse_WhereNoPathIsRight_NamesTheAddressesTried()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Text("nothing here", "text/plain", 404));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "?api-version=1");
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Contains($"http://127.0.0.1:{server.Port}/v1/chat/completions?api-version=1", e.Message, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{server.Port}/chat/completions?api-version=1", e.Message, StringComparison.Ordinal);
        Assert.Contains("404", e.Message, StringComparison.Ordinal);
        Assert.Equal(404, e.Status);
        Assert.False(e.Retryable);
    }

    [Fact]
    public async Task GetResponse_WhereTheModelIsUnknown_DoesNotTakeThePathForWrong()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json("""{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}""", 404));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "");
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal("model_not_found", e.Error.Code);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task GetResponse_WithUserAndPassword_SendsBasicAuthenticationAndNeverPrintsIt()
    {
        using LoopbackServer server = new(r => LoopbackReply.Json($$$"""{"error":{"message":"bad login {{{r.Header("Authorization")}}}, anna:p@ss/wort"}}""", 401));
        using OpenAiEndpoint endpoint = Loopback.Client($"http://anna:p%40ss%2Fwort@127.0.0.1:{server.Port}/v1");
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal("Basic " + Convert.ToBase64String("anna:p@ss/wort"u8), server.Requests.Single().Header("Authorization"));
        Assert.DoesNotContain("p@ss", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("p%40ss", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("anna:p@ss/wort"u8), e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("p@ss", e.Error.Message, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{server.Port}/v1/chat/completions", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("anna", endpoint.Metadata.ProviderUri!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://u:secretword@h:1/v1?api-version=1&api-key=verysecret", "http://h:1/v1?api-version=1&api-key=[redacted]")]
    [InlineData("localhost:8000", "http://localhost:8000/")]
    [InlineData("127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1")]
    [InlineData("[::1]:8000/v1", "http://[::1]:8000/v1")]
    [InlineData("models.example/v1", "https://models.example/v1")]
    [InlineData("  http://h/v1#part ", "http://h/v1")]
    public void ToString_ShowsTheAddressWithoutSecrets(string text, string shown) => Assert.Equal(shown, EndpointAddress.Parse(text).ToString());

    [Theory]
    [InlineData("ftp://h/v1")]
    [InlineData("http://")]
    [InlineData("http://user:hidden@:99999/v1")]
    public void Parse_OfWhatIsNoAddress_SaysHowToWriteOneWithoutThePassword(string text)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => EndpointAddress.Parse(text));
        Assert.Contains("http://host:port/v1", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "http://localhost:11434/v1")]
    [InlineData("", "http://localhost:11434/v1")]
    [InlineData("0.0.0.0", "http://127.0.0.1:11434/v1")]
    [InlineData("0.0.0.0:8080", "http://127.0.0.1:8080/v1")]
    [InlineData(":8080", "http://127.0.0.1:8080/v1")]
    [InlineData("box", "http://box:11434/v1")]
    [InlineData("box:99", "http://box:99/v1")]
    [InlineData("http://box", "http://box/v1")]
    [InlineData("https://box/ollama/", "https://box/ollama/v1")]
    [InlineData("[::1]:99", "http://[::1]:99/v1")]
    public void OllamaAddress_HonoursOllamaHost(string? host, string address)
    {
        (EndpointAddress parsed, string model) = OllamaAddress.Parse("ollama:llama3.2:1b", name => name == "OLLAMA_HOST" ? host : null);
        Assert.Equal(address, parsed.ToString());
        Assert.Equal("llama3.2:1b", model);
    }

    [Fact]
    public async Task ListModels_InEitherShape_GivesTheIds()
    {
        using LoopbackServer server = new(r => r.Target == "/v1/models"
            ? LoopbackReply.Json("""{"object":"list","data":[{"id":"a"},{"id":"b","x":1},{}]}""") : LoopbackReply.Json("""{"models":[{"name":"c"}]}"""));
        using OpenAiEndpoint openAi = Loopback.Client(server, ""), other = Loopback.Client(server, "/other/v1");
        Assert.Equal(["a", "b"], await openAi.ListModelsAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["c"], await other.ListModelsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ListModels_WhereThereIsNone_SaysWhatWasTried()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json("{}"));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.ListModelsAsync(TestContext.Current.CancellationToken));
        Assert.Contains("/v1/models", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GetService_GivesWhatTheEndpointCanDo()
    {
        using OpenAiEndpoint endpoint = Loopback.Client("http://127.0.0.1:1/v1");
        Assert.NotNull(endpoint.GetService(typeof(ISequenceScorer)));
        Assert.Same(endpoint, endpoint.GetService(typeof(IChatClient)));
        Assert.Same(endpoint.Ledger, endpoint.GetService(typeof(HostLedger)));
        Assert.Equal("m", Assert.IsType<ChatClientMetadata>(endpoint.GetService(typeof(ChatClientMetadata))).DefaultModelId);
        Assert.Null(endpoint.GetService(typeof(string)));
        Assert.Null(endpoint.GetService(typeof(IChatClient), "key"));
    }
}
