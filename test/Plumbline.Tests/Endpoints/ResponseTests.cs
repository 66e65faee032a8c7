using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

public sealed class ResponseTests
{
    [Fact]
    public async Task GetResponse_WithLogProbsUsageAndReasoning_DeliversThemApart()
    {
        const string body = """
            {"id":"r","model":"big","choices":[{"index":0,"message":{"role":"assistant","content":"Green.","reasoning_content":"Grass is."},
            "logprobs":{"content":[{"token":"Green","logprob":-0.5,"bytes":[71],"top_logprobs":[{"token":"Green","logprob":-0.5},{"token":"Blue","logprob":-9999}]}]},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}
            """;
        using LoopbackServer server = new(_ => LoopbackReply.Json(body));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        ChatResponse response = await endpoint.AskAsync();
        Assert.Equal("Green.", response.Text);
        Assert.Equal("Grass is.", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        Assert.Equal("big", response.ModelId);
        Assert.Equal((9, 3, 12, 4, 2), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount, response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
        IReadOnlyList<ReplyTokenLogProb> logProbs = Assert.IsAssignableFrom<IReadOnlyList<ReplyTokenLogProb>>(response.Messages[0].AdditionalProperties![EndpointProperties.LogProbs]);
        Assert.Equal(double.NegativeInfinity, logProbs[0].Top[1].LogProb);
        Assert.Equal("stop", response.AdditionalProperties![EndpointProperties.RawFinishReason]);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":null}""")]
    public async Task GetResponse_WithoutUsage_SaysUnknownAndNotZero(string body)
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(body));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        Assert.Null((await endpoint.AskAsync()).Usage);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}""", 200, "I cannot.", "model", "stop")]
    [InlineData("""{"choices":[{"message":{"content":"part"},"finish_reason":"content_filter"}]}""", 200, "a content filter stopped the answer", "filter", "content_filter")]
    [InlineData("""{"error":{"message":"The prompt was filtered.","code":"content_filter"}}""", 400, "The prompt was filtered.", "filter", "content_filter")]
    public async Task GetResponse_WhereSomethingRefused_IsAResponseThatSaysSo(string body, int status, string refusal, string by, string finish)
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(body, status));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        ChatResponse response = await endpoint.AskAsync();
        Assert.Equal(refusal, response.AdditionalProperties![EndpointProperties.Refusal]);
        Assert.Equal(by, response.AdditionalProperties[EndpointProperties.RefusedBy]);
        Assert.Equal(finish, response.FinishReason!.Value.Value);
        Assert.Equal(ReplyOutcome.Refused, Assert.IsType<ChatReply>(response.RawRepresentation).Outcome);
    }

    [Fact]
    public async Task GetResponse_WithALoginPageUnderStatus200_IsAProtocolError()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Text("<!doctype html><title>Sign in</title>", "text/html"));
        foreach (string path in (string[])["/v1", ""])
        {
            using OpenAiEndpoint endpoint = Loopback.Client(server, path);
            EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
            Assert.Equal(ReplyErrorKind.Protocol, e.Kind);
            Assert.Contains("web page", e.Message, StringComparison.Ordinal);
            Assert.False(e.Retryable);
        }
    }

    [Fact]
    public async Task GetResponse_Under429ForEver_IsToldOnceWithTheWaitAndNotTriedAgain()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json("""{"error":{"message":"slow down"}}""", 429, "Retry-After: 1.5\r\n"));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.True(e.Retryable);
        Assert.Equal(TimeSpan.FromSeconds(1.5), e.RetryAfter);
        Assert.Contains("slow down", e.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("application/json")]
    public async Task GetResponse_WithABodyBeyondTheLimit_StopsReading(string type)
    {
        byte[] head = Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n\r\n");
        byte[] part = Encoding.ASCII.GetBytes(type == "application/json" ? new string(' ', 4096) : ":" + new string('k', 4094) + "\n");
        using LoopbackServer server = new(_ => new LoopbackReply([head, .. Enumerable.Repeat(part, 64)]) { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { MaxBodyBytes = 100_000 });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal(ReplyErrorKind.Protocol, e.Kind);
        Assert.Contains("100,000 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WithAStreamThatNeverEnds_LeavesAtTheLimit()
    {
        byte[] head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"u8.ToArray();
        byte[] part = Encoding.ASCII.GetBytes(":" + new string('k', 4094) + "\n");
        using LoopbackServer server = new(_ => new LoopbackReply(Forever()));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { MaxBodyBytes = 1_000_000 });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync()).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(ReplyErrorKind.Protocol, e.Kind);

        IEnumerable<byte[]> Forever()
        {
            yield return head;
            while (true) yield return part;
        }
    }

    [Fact]
    public async Task GetResponse_WithAHugeErrorPage_TellsTheStatus()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Text(new string('e', 200_000), "text/html", 502));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { MaxBodyBytes = 100_000 });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal((ReplyErrorKind.Http, 502, true), (e.Kind, e.Status, e.Retryable));
        Assert.InRange(e.Message.Length, 1, 500);
    }

    [Theory]
    [InlineData("choices")]
    [InlineData("tools")]
    public async Task GetResponse_WithMoreItemsThanAreBelievable_IsAProtocolError(string what)
    {
        string body = what == "choices"
            ? "{\"choices\":[" + string.Join(',', Enumerable.Repeat("""{"message":{"content":"x"},"finish_reason":"stop"}""", 2000)) + "]}"
            : "{\"choices\":[{\"message\":{\"tool_calls\":[" + string.Join(',', Enumerable.Range(0, 2000).Select(i => $$$"""{"id":"{{{i}}}","function":{"name":"f"}}""")) + "]},\"finish_reason\":\"stop\"}]}";
        using LoopbackServer server = new(_ => LoopbackReply.Json(body));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        Assert.Equal(ReplyErrorKind.Protocol, (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync())).Kind);
    }

    [Theory]
    [InlineData("""{"data":[{"id":"only"}]}""", "only")]
    [InlineData("""{"data":[{"id":"a"},{"id":"b"}]}""", null)]
    [InlineData("""{"data":[]}""", null)]
    public async Task GetResponse_WithoutAModel_AsksForTheOnlyOneOrNamesThem(string models, string? used)
    {
        using LoopbackServer server = new(r => LoopbackReply.Json(r.Method == "GET" ? models : Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { Model = null });
        if (used is null)
        {
            ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => endpoint.AskAsync());
            Assert.Contains(models.Contains("\"b\"", StringComparison.Ordinal) ? "a, b" : "none", e.Message, StringComparison.Ordinal);
            return;
        }

        await endpoint.AskAsync();
        await endpoint.AskAsync();
        Assert.Contains("\"model\":\"only\"", server.Requests.Last().Body, StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count);
        Assert.Contains("only", Assert.Single(endpoint.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WithACompressionBomb_StopsAtTheLimit()
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(new byte[20 << 20]);
        byte[] head = Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n");
        using LoopbackServer server = new(_ => new LoopbackReply([head, packed.ToArray()]));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { MaxBodyBytes = 1 << 20 });
        Assert.Equal(ReplyErrorKind.Protocol, (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync())).Kind);
    }

    [Fact]
    public async Task GetResponse_WithNestingWithoutEnd_IsAProtocolError()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(string.Concat(Enumerable.Repeat("[", 200_000))));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        Assert.Equal(ReplyErrorKind.Protocol, (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync())).Kind);
    }

    [Fact]
    public async Task GetResponse_WhereTheServerStaysSilent_EndsAtTheIdleTimeout()
    {
        using LoopbackServer server = new(_ => new LoopbackReply([]) { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { IdleTimeout = TimeSpan.FromMilliseconds(200) });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal(ReplyErrorKind.Transport, e.Kind);
        Assert.True(e.Retryable);
        Assert.False(e.Unreachable);
        Assert.Contains("nothing came for 0.2 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WhereTheBodyStops_IsTruncated()
    {
        using LoopbackServer server = new(_ => new LoopbackReply(["HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\":["u8.ToArray()]) { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { IdleTimeout = TimeSpan.FromMilliseconds(200) });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal(ReplyErrorKind.Truncated, e.Kind);
        Assert.Contains("nothing came", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WhereTheServerDripsForEver_EndsAtTheTotalTimeout()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream([.. Enumerable.Repeat(":\n", 1000)]) with { Pause = TimeSpan.FromMilliseconds(20) });
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { IdleTimeout = TimeSpan.FromSeconds(5), TotalTimeout = TimeSpan.FromMilliseconds(300) });
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal(ReplyErrorKind.Truncated, e.Kind);
        Assert.Contains("not finished within 0.3 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WhenCancelled_ThrowsThat()
    {
        using LoopbackServer server = new(_ => new LoopbackReply([]) { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endpoint.GetResponseAsync(Loopback.Hello, null, cancel.Token));
    }

    [Fact]
    public async Task GetResponse_OverAGivenHandler_UsesItAndStillCountsTheHost()
    {
        using FixedHandler handler = new();
        using OpenAiEndpoint endpoint = Loopback.Client("http://model.example:81/v1", o => o with { Handler = handler });
        Assert.Equal("Green.", (await endpoint.AskAsync()).Text);
        Assert.Equal(new HostContact("model.example", 81, 1, 0, 0), Assert.Single(endpoint.Ledger.Contacts));
    }

    private sealed class FixedHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.OK) { Content = new StringContent(Loopback.Answer, Encoding.UTF8, "application/json") });
    }
}
