using System.Text;
using CsCheck;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

public sealed class SecretTests
{
    private const string Key = "sk-test/key+12345\"x";

    private static readonly Func<EndpointOptions, EndpointOptions> s_withKey = o => o with { KeyVariable = "MY_KEY" };

    [Fact]
    public async Task GetResponse_WithAKey_SendsItAsBearer()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", s_withKey, ("MY_KEY", " " + Key + "\n"));
        await endpoint.AskAsync();
        Assert.Equal("Bearer " + Key, server.Requests.Single().Header("Authorization"));
    }

    [Fact]
    public async Task GetResponse_WithoutAKeyVariable_SendsNoneOfTheEnvironment()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", null, ("OPENAI_API_KEY", Key));
        await endpoint.AskAsync();
        Assert.Null(server.Requests.Single().Header("Authorization"));
    }

    [Theory]
    [InlineData("application/json", """{"error":{"message":"Incorrect API key provided: KEY.","type":"KEY","param":"KEY","code":"KEY"}}""")]
    [InlineData("application/json", """{"detail":[{"msg":"bad","input":"Bearer KEY"}]}""")]
    [InlineData("text/plain", "no entry for KEY")]
    [InlineData("text/html", "<html>KEY</html>")]
    public async Task GetResponse_WhereTheServerRepeatsTheKey_HidesItEverywhere(string type, string body)
    {
        foreach (string form in (string[])[Key, Uri.EscapeDataString(Key), Convert.ToBase64String(Encoding.UTF8.GetBytes(Key))])
        {
            string sent = type == "application/json" ? form.Replace("\"", "\\\"", StringComparison.Ordinal) : form;
            using LoopbackServer server = new(_ => LoopbackReply.Text(body.Replace("KEY", sent, StringComparison.Ordinal), type, 401, $"Location: /{Uri.EscapeDataString(Key)}\r\n"));
            using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", s_withKey, ("MY_KEY", Key));
            EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
            string all = $"{e} {e.Error} {e.Reply}";
            Assert.DoesNotContain(form, all, StringComparison.Ordinal);
            Assert.Contains("MY_KEY", e.Message, StringComparison.Ordinal);
            Assert.Equal(401, e.Status);
        }
    }

    [Fact]
    public async Task GetResponse_WhereTheAnswerRepeatsTheKey_HidesItAndDropsTheTokensThatSpellIt()
    {
        string body = $$$"""{"choices":[{"index":0,"message":{"content":"you sent {{{Key.Replace("\"", "\\\"", StringComparison.Ordinal)}}}"},"logprobs":{"content":[{"token":"you","logprob":-1}]},"finish_reason":"stop"}]}""";
        using LoopbackServer server = new(_ => LoopbackReply.Json(body));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", s_withKey, ("MY_KEY", Key));
        ChatResponse response = await endpoint.AskAsync();
        Assert.Equal("you sent [redacted]", response.Text);
        Assert.Null(Assert.IsType<ChatReply>(response.RawRepresentation).Choices[0].LogProbs);
    }

    [Fact]
    public async Task GetStreamingResponse_WhereTheKeyComesInPieces_HidesIt()
    {
        const string key = "abcdefgh12345678";
        using LoopbackServer server = new(_ => LoopbackReply.Stream(
            [.. ("see " + key + " there").Select(c => $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{c}}}"}}]}""" + "\n\n"), "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"]));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", s_withKey, ("MY_KEY", key));
        StringBuilder text = new();
        await foreach (ChatResponseUpdate update in endpoint.GetStreamingResponseAsync(Loopback.Hello, cancellationToken: TestContext.Current.CancellationToken)) text.Append(update.Text);
        Assert.Equal("see [redacted] there", text.ToString());
    }

    [Fact]
    public async Task GetResponse_WithAWordForAKey_LeavesAnswersAlone()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json("""{"choices":[{"index":0,"message":{"content":"ollama and EMPTY"},"finish_reason":"stop"}]}"""));
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", s_withKey, ("MY_KEY", "EMPTY"));
        Assert.Equal("ollama and EMPTY", (await endpoint.AskAsync()).Text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("sk-键")]
    [InlineData("two\nlines")]
    public void Constructor_WithoutAUsableKey_NamesTheVariableAndNotTheValue(string? value)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Loopback.Client("http://127.0.0.1:1/v1", s_withKey, ("MY_KEY", value!)));
        Assert.Contains("MY_KEY", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("lines", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WithHeadersFromTheEnvironment_SendsAndHidesThem()
    {
        using LoopbackServer server = new(r => LoopbackReply.Json($$$"""{"error":"no {{{r.Header("x-team-token")}}} {{{r.Header("Authorization")}}}"}""", 403));
        using OpenAiEndpoint endpoint = Loopback.Client(
            server, "/v1", o => o with { KeyVariable = "MY_KEY", Headers = [EndpointHeader.Parse("X-Team-Token: TEAM"), EndpointHeader.Parse("Authorization:OWN")] },
            ("TEAM", "team-secret"), ("OWN", "Token own-secret"), ("MY_KEY", "unused-secret"));
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync());
        Assert.Equal("team-secret", server.Requests.Single().Header("X-Team-Token"));
        Assert.Equal("Token own-secret", server.Requests.Single().Header("Authorization"));
        Assert.DoesNotContain("team-secret", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("own-secret", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Key")]
    [InlineData("X-Key: sk-secret-value")]
    [InlineData(": VARIABLE")]
    [InlineData("X Key: VARIABLE")]
    [InlineData("Content-Length: VARIABLE")]
    public void EndpointHeader_OfAnotherForm_IsRefusedWithoutRepeatingAValue(string text)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => EndpointHeader.Parse(text));
        Assert.DoesNotContain("sk-secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_InAnyPieces_HidesAsTheWholeDoes()
    {
        Secrets secrets = new(["abababab1", "babab-cd"]);
        Gen.Select(Gen.Char["ab1-cd "].Array[0, 40], Gen.Int[1, 7], Gen.Int[0, 2]).Sample((noise, portion, place) =>
        {
            string text = new string(noise).Insert(noise.Length * place / 2, "abababab1");
            Secrets.Stream stream = secrets.StartStream();
            StringBuilder hidden = new();
            for (int at = 0; at < text.Length; at += portion) hidden.Append(stream.Push(text.Substring(at, Math.Min(portion, text.Length - at))));
            hidden.Append(stream.Push("", final: true));
            Assert.DoesNotContain("abababab1", hidden.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("babab-cd", hidden.ToString(), StringComparison.Ordinal);
        });
    }
}
