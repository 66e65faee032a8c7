using System.Net;
using System.Net.Sockets;

namespace Plumbline.Endpoints.Tests;

public sealed class EgressTests
{
    [Fact]
    public async Task Send_ToAHostNobodyNamed_OpensNoSocketAndIsRecorded()
    {
        using LoopbackServer named = new(_ => LoopbackReply.Json("{}")), other = new(_ => LoopbackReply.Json("{}"));
        HostLedger ledger = new();
        EgressPolicy policy = new EgressPolicy(ledger).Allow("127.0.0.1", named.Port);
        using HttpMessageInvoker client = new(EgressHandler.Create(policy, null, TimeSpan.FromSeconds(5)));
        using HttpRequestMessage allowed = new(HttpMethod.Get, $"http://127.0.0.1:{named.Port}/"), denied = new(HttpMethod.Get, $"http://127.0.0.1:{other.Port}/");
        using HttpResponseMessage response = await client.SendAsync(allowed, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        EgressDeniedException e = await Assert.ThrowsAsync<EgressDeniedException>(() => client.SendAsync(denied, TestContext.Current.CancellationToken));
        Assert.Equal("127.0.0.1", e.Host);
        Assert.Equal(other.Port, e.Port);
        Assert.Empty(other.Requests);
        Assert.Equal(
            [new("127.0.0.1", named.Port, 1, 1, 0), new HostContact("127.0.0.1", other.Port, 0, 0, 1)],
            ledger.Contacts.OrderByDescending(c => c.Requests));
    }

    [Fact]
    public async Task Connect_BeneathAnyHandler_RefusesTheSocketItself()
    {
        using LoopbackServer other = new(_ => LoopbackReply.Json("{}"));
        EgressPolicy policy = new(new HostLedger());
        using HttpClient client = new(new SocketsHttpHandler { ConnectCallback = policy.ConnectAsync, UseProxy = false });
        HttpRequestException e = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://localhost:{other.Port}/"), TestContext.Current.CancellationToken));
        Assert.Equal("localhost", Assert.IsType<EgressDeniedException>(e.InnerException).Host);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task GetResponse_WhereTheServerRedirects_DoesNotFollow()
    {
        using LoopbackServer other = new(_ => LoopbackReply.Json(Loopback.Answer));
        foreach (int status in (int[])[301, 302, 303, 307, 308])
        {
            using LoopbackServer server = new(_ => LoopbackReply.Text("", "text/plain", status, $"Location: http://127.0.0.1:{other.Port}/v1/chat/completions\r\n"));
            using OpenAiEndpoint endpoint = Loopback.Client(server);
            EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
            Assert.Equal(status, e.Status);
            Assert.False(e.Retryable);
            Assert.Contains("not followed", e.Message, StringComparison.Ordinal);
            Assert.Equal(server.Port, Assert.Single(endpoint.Ledger.Contacts).Port);
        }

        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Ledger_UnderManyRequestsAtOnce_CountsEachOne()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => endpoint.AskAsync()));
        HostContact contact = Assert.Single(endpoint.Ledger.Contacts);
        Assert.Equal(40, contact.Requests);
        Assert.InRange(contact.Connections, 1, 40);
    }

    [Fact]
    public async Task GetResponse_ThroughAProxy_SendsItTheWholeAddressAndRecordsBothHosts()
    {
        using LoopbackServer proxy = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client("http://model.example/v1", null, ("http_proxy", $"http://joe:pass%21word@127.0.0.1:{proxy.Port}"));
        Assert.Equal("Green.", (await endpoint.AskAsync()).Text);
        Assert.Equal("http://model.example/v1/chat/completions", proxy.Requests.Last().Target);
        Assert.Equal(
            [new("127.0.0.1", proxy.Port, 0, 1, 0), new HostContact("model.example", 80, 1, 0, 0)], endpoint.Ledger.Contacts);
    }

    [Fact]
    public async Task GetResponse_ThroughAProxyThatIsDown_NamesProxyAndVariableAndNoPassword()
    {
        int closed = ClosedPort();
        foreach ((string variable, string address) in (IEnumerable<(string, string)>)[("HTTP_PROXY", "http://model.example/v1"), ("https_proxy", "https://model.example/v1"), ("ALL_PROXY", "http://model.example/v1")])
        {
            using OpenAiEndpoint endpoint = Loopback.Client(address, null, (variable, $"http://joe:password1@127.0.0.1:{closed}"));
            EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
            Assert.Equal(ReplyErrorKind.Transport, e.Kind);
            Assert.True(e.Unreachable);
            Assert.Contains(variable, e.Message, StringComparison.Ordinal);
            Assert.Contains($"http://127.0.0.1:{closed}", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("password1", e.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task GetResponse_ToLoopback_GoesDirectWhateverTheProxies()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", null, ("HTTP_PROXY", $"http://127.0.0.1:{ClosedPort()}"));
        Assert.Equal("Green.", (await endpoint.AskAsync()).Text);
    }

    [Theory]
    [InlineData("http://h.example/", "http_proxy=http://p:1;HTTP_PROXY=http://q:2", "http://p:1/ http_proxy")]
    [InlineData("http://h.example/", "HTTP_PROXY=p:1", "http://p:1/ HTTP_PROXY")]
    [InlineData("https://h.example/", "HTTP_PROXY=http://p:1", null)]
    [InlineData("https://h.example/", "HTTPS_PROXY=http://p:1", "http://p:1/ HTTPS_PROXY")]
    [InlineData("https://h.example/", "all_proxy=socks5://p:1;https_proxy=", "socks5://p:1/ all_proxy")]
    [InlineData("http://localhost:8/", "HTTP_PROXY=http://p:1", null)]
    [InlineData("http://api.localhost/", "HTTP_PROXY=http://p:1", null)]
    [InlineData("http://127.8.9.1/", "HTTP_PROXY=http://p:1", null)]
    [InlineData("http://[::1]:9/", "HTTP_PROXY=http://p:1", null)]
    [InlineData("http://h.example/", "HTTP_PROXY=http://p:1;NO_PROXY=*", null)]
    [InlineData("http://h.example/", "HTTP_PROXY=http://p:1;no_proxy=other,h.example", null)]
    [InlineData("http://api.h.example/", "HTTP_PROXY=http://p:1;no_proxy=h.example", null)]
    [InlineData("http://api.h.example/", "HTTP_PROXY=http://p:1;no_proxy=.h.example", null)]
    [InlineData("http://api.h.example/", "HTTP_PROXY=http://p:1;no_proxy=*.h.example", null)]
    [InlineData("http://eh.example/", "HTTP_PROXY=http://p:1;no_proxy=h.example", "http://p:1/ HTTP_PROXY")]
    [InlineData("http://h.example:81/", "HTTP_PROXY=http://p:1;no_proxy=h.example:80", "http://p:1/ HTTP_PROXY")]
    [InlineData("http://h.example:81/", "HTTP_PROXY=http://p:1;no_proxy=h.example:81", null)]
    [InlineData("http://10.1.2.3/", "HTTP_PROXY=http://p:1;no_proxy=10.0.0.0/8", null)]
    [InlineData("http://11.1.2.3/", "HTTP_PROXY=http://p:1;no_proxy=10.0.0.0/8", "http://p:1/ HTTP_PROXY")]
    [InlineData("http://[fd00::5]/", "HTTP_PROXY=http://p:1;no_proxy=fd00::5", null)]
    public void Find_GivesTheProxyOfTheTarget(string target, string environment, string? expected)
    {
        Dictionary<string, string> variables = environment.Split(';').Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
        (Uri Address, string Variable)? found = new EnvironmentProxies(variables.GetValueOrDefault).Find(new Uri(target));
        Assert.Equal(expected, found is { } f ? $"{f.Address} {f.Variable}" : null);
    }

    [Fact]
    public void Constructor_WithAProxyThatIsNoAddress_NamesTheVariable()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new EnvironmentProxies(n => n == "HTTPS_PROXY" ? "ftp://joe:hidden@x" : null));
        Assert.Contains("HTTPS_PROXY", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WhereNothingListens_SaysSoAndIsUnreachable()
    {
        using OpenAiEndpoint endpoint = Loopback.Client($"http://127.0.0.1:{ClosedPort()}/v1");
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.True(e.Unreachable);
        Assert.True(e.Retryable);
        Assert.Null(e.Status);
        Assert.Contains("connection refused", e.Message, StringComparison.Ordinal);
    }

    private static int ClosedPort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
