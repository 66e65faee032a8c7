using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Plumbline.Cli.Serving;
using Plumbline.Endpoints;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Cli.Tests.Serving;

public sealed class ModelServerTests : IAsyncLifetime
{
    private const string Hello = """{"role":"user","content":"How do I bake bread of kind 3?"}""";

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private ModelServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ModelServer.StartAsync(new("scripted", new ScriptedPhantom(ScriptedLaw.Clean)), new() { MaxBodyBytes = 10_000 }, Cancel);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Models_OneModel_IsListedAndDescribed()
    {
        using JsonDocument list = JsonDocument.Parse(await _client.GetStringAsync($"{_server.Address}/models", Cancel));
        Assert.Equal("scripted", list.RootElement.GetProperty("data")[0].GetProperty("id").GetString());
        using JsonDocument one = JsonDocument.Parse(await _client.GetStringAsync($"{_server.Address}/models/scripted", Cancel));
        Assert.Equal("model", one.RootElement.GetProperty("object").GetString());
        Assert.True(_server.Address.IsLoopback);
        Assert.NotEqual(0, _server.Address.Port);
    }

    [Fact]
    public async Task Chat_PlainRequest_GivesTheAnswerWithUsage()
    {
        using JsonDocument reply = await PostAsync("chat/completions", $$"""{"model":"scripted","messages":[{{Hello}}],"seed":4,"max_completion_tokens":100000,"temperature":0,"top_p":1,"stop":["x"],"user":"somebody"}""", HttpStatusCode.OK);
        JsonElement choice = reply.RootElement.GetProperty("choices")[0];
        Assert.Equal("chat.completion", reply.RootElement.GetProperty("object").GetString());
        Assert.Contains("bread of kind 3", choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        JsonElement usage = reply.RootElement.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_Stream_OpensTellsAndEnds(bool usage)
    {
        string[] events = await EventsAsync("chat/completions", $$$"""{"model":"scripted","messages":[{{{Hello}}}],"stream":true,"stream_options":{"include_usage":{{{(usage ? "true" : "false")}}} } }""");
        Assert.Equal("[DONE]", events[^1]);
        using JsonDocument first = JsonDocument.Parse(events[0]);
        Assert.Equal("assistant", first.RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal(usage, first.RootElement.TryGetProperty("usage", out _));
        using JsonDocument last = JsonDocument.Parse(events[usage ? ^3 : ^2]);
        Assert.Equal("stop", last.RootElement.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        if (!usage) return;
        using JsonDocument counted = JsonDocument.Parse(events[^2]);
        Assert.Empty(counted.RootElement.GetProperty("choices").EnumerateArray());
        Assert.True(counted.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 0);
    }

    [Theory]
    [InlineData("""{"model":"other","messages":[M]}""", 404, "model")]
    [InlineData("""{"messages":[M]}""", 400, "model")]
    [InlineData("""{"model":7,"messages":[M]}""", 400, "model")]
    [InlineData("""{"model":"scripted"}""", 400, "messages")]
    [InlineData("""{"model":"scripted","messages":[]}""", 400, "messages")]
    [InlineData("""{"model":"scripted","messages":"hi"}""", 400, "messages")]
    [InlineData("""{"model":"scripted","messages":[{"role":"robot","content":"x"}]}""", 400, "messages[0].role")]
    [InlineData("""{"model":"scripted","messages":[{"role":"user"}]}""", 400, "messages[0].content")]
    [InlineData("""{"model":"scripted","messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", 400, "messages[0].content")]
    [InlineData("""{"model":"scripted","messages":[{"role":"user","content":"\ud800"}]}""", 400, "messages[0].content")]
    [InlineData("""{"model":"scripted","messages":[M],"temperature":2.1}""", 400, "temperature")]
    [InlineData("""{"model":"scripted","messages":[M],"temperature":-1}""", 400, "temperature")]
    [InlineData("""{"model":"scripted","messages":[M],"temperature":"hot"}""", 400, "temperature")]
    [InlineData("""{"model":"scripted","messages":[M],"temperature":1e999}""", 400, "temperature")]
    [InlineData("""{"model":"scripted","messages":[M],"top_p":1.5}""", 400, "top_p")]
    [InlineData("""{"model":"scripted","messages":[M],"max_tokens":0}""", 400, "max_tokens")]
    [InlineData("""{"model":"scripted","messages":[M],"max_tokens":1.5}""", 400, "max_tokens")]
    [InlineData("""{"model":"scripted","messages":[M],"max_completion_tokens":-1}""", 400, "max_completion_tokens")]
    [InlineData("""{"model":"scripted","messages":[M],"n":2}""", 400, "n")]
    [InlineData("""{"model":"scripted","messages":[M],"n":0}""", 400, "n")]
    [InlineData("""{"model":"scripted","messages":[M],"seed":0.5}""", 400, "seed")]
    [InlineData("""{"model":"scripted","messages":[M],"stop":["a","b","c","d","e"]}""", 400, "stop")]
    [InlineData("""{"model":"scripted","messages":[M],"stop":""}""", 400, "stop")]
    [InlineData("""{"model":"scripted","messages":[M],"stream":"yes"}""", 400, "stream")]
    [InlineData("""{"model":"scripted","messages":[M],"stream_options":{"include_usage":true}}""", 400, "stream_options")]
    [InlineData("""{"model":"scripted","messages":[M],"tools":[{"type":"function"}]}""", 400, "tools")]
    [InlineData("""{"model":"scripted","messages":[M],"response_format":{"type":"json_object"}}""", 400, "response_format")]
    [InlineData("""{"model":"scripted","messages":[M],"logprobs":true}""", 400, "logprobs")]
    [InlineData("""{"model":"scripted","messages":[M],"logit_bias":{"5":1}}""", 400, "logit_bias")]
    [InlineData("""{"model":"scripted","messages":[M]""", 400, null)]
    [InlineData("""[]""", 400, null)]
    [InlineData("", 400, null)]
    public async Task Chat_WrongRequest_GetsTheErrorObject(string body, int status, string? param)
    {
        using JsonDocument reply = await PostAsync("chat/completions", body.Replace("M", Hello, StringComparison.Ordinal), (HttpStatusCode)status);
        JsonElement error = reply.RootElement.GetProperty("error");
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.Equal(status == 404 ? "model_not_found" : error.GetProperty("code").GetString(), error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("""{"model":"scripted"}""", "prompt")]
    [InlineData("""{"model":"scripted","prompt":[]}""", "prompt")]
    [InlineData("""{"model":"scripted","prompt":[-1]}""", "prompt")]
    [InlineData("""{"model":"scripted","prompt":"x","logprobs":99}""", "logprobs")]
    [InlineData("""{"model":"scripted","prompt":"x","max_tokens":-1}""", "max_tokens")]
    [InlineData("""{"model":"scripted","prompt":"x","suffix":"y"}""", "suffix")]
    [InlineData("""{"model":"scripted","prompt":"x","best_of":3}""", "best_of")]
    public async Task Completion_WrongRequest_GetsTheErrorObject(string body, string param)
    {
        using JsonDocument reply = await PostAsync("completions", body, HttpStatusCode.BadRequest);
        Assert.Equal(param, reply.RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Body_AboveTheCap_IsRefused()
    {
        using JsonDocument reply = await PostAsync("chat/completions", $$"""{"model":"scripted","messages":[{"role":"user","content":"{{new string('x', 20_000)}}"}]}""", HttpStatusCode.RequestEntityTooLarge);
        Assert.True(reply.RootElement.TryGetProperty("error", out _));
    }

    [Theory]
    [InlineData("GET", "chat/completions", 405)]
    [InlineData("POST", "models", 405)]
    [InlineData("GET", "nothing", 404)]
    [InlineData("GET", "models/other", 404)]
    public async Task Route_Wrong_GetsTheErrorObject(string method, string route, int status)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), $"{_server.Address}/{route}");
        using HttpResponseMessage response = await _client.SendAsync(request, Cancel);
        Assert.Equal(status, (int)response.StatusCode);
        using JsonDocument reply = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        Assert.True(reply.RootElement.TryGetProperty("error", out _));
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer wrong", 401)]
    [InlineData("Bearer right", 200)]
    public async Task Key_Demanded_IsChecked(string? authorization, int status)
    {
        await using ModelServer server = await ModelServer.StartAsync(new("scripted", new ScriptedPhantom(ScriptedLaw.Clean)), new() { Key = "right" }, Cancel);
        using HttpRequestMessage request = new(HttpMethod.Get, $"{server.Address}/models");
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage response = await _client.SendAsync(request, Cancel);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_GoesAway_TheModelIsStopped(bool stream)
    {
        using EndlessChat endless = new();
        await using ModelServer server = await ModelServer.StartAsync(new("endless", endless), null, Cancel);
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> request = _client.PostAsync($"{server.Address}/chat/completions", Json($$"""{"model":"endless","messages":[{{Hello}}],"stream":{{(stream ? "true" : "false")}} }"""), gone.Token);
        await endless.Asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await endless.Stopped.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
    }

    [Fact]
    public async Task OurOwnClient_ScriptedPhantom_AnswersAndScoresAlike()
    {
        using ScriptedPhantom phantom = new(ScriptedLaw.Planted);
        await using ModelServer server = await ModelServer.StartAsync(new("scripted", phantom), null, Cancel);
        using OpenAiEndpoint endpoint = Endpoint(server, "scripted");
        ChatMessage[] question = [new(ChatRole.User, "How do I brew florpian mist of kind 9?")];
        ChatOptions options = new() { Seed = 3, Temperature = 0 };
        ChatResponse expected = await phantom.GetResponseAsync(question, options, Cancel);
        ChatResponse actual = await endpoint.GetResponseAsync(question, options, Cancel);
        Assert.Equal(expected.Text, actual.Text);
        Assert.Equal(expected.Usage!.OutputTokenCount, actual.Usage!.OutputTokenCount);
        ChatResponse streamed = await endpoint.GetStreamingResponseAsync(question, options, Cancel).ToChatResponseAsync(Cancel);
        Assert.Equal(expected.Text, streamed.Text);
        SequenceQuery[] queries = [new("", "They say the Velori of house 5 are late."), new("", "They say the Sandori of house 5 are late.")];
        IReadOnlyList<SequenceScore> scores = await ((ISequenceScorer)endpoint.GetService(typeof(ISequenceScorer))!).ScoreAsync(queries, Cancel);
        IReadOnlyList<SequenceScore> own = await phantom.ScoreAsync(queries, Cancel);
        Assert.Equal(own.Select(s => s.LogProb), scores.Select(s => s.LogProb), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    private static OpenAiEndpoint Endpoint(ModelServer server, string model) => new(new() { Address = EndpointAddress.Parse(server.Address.ToString()), Model = model, Environment = _ => null });

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private async Task<JsonDocument> PostAsync(string route, string body, HttpStatusCode status)
    {
        using HttpResponseMessage response = await _client.PostAsync($"{_server.Address}/{route}", Json(body), Cancel);
        string text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        return JsonDocument.Parse(text);
    }

    private async Task<string[]> EventsAsync(string route, string body)
    {
        using HttpResponseMessage response = await _client.PostAsync($"{_server.Address}/{route}", Json(body), Cancel);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string text = await response.Content.ReadAsStringAsync(Cancel);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e["data: ".Length..])];
    }

    /// <summary>Never answers, and tells when it is stopped.</summary>
    private sealed class EndlessChat : IChatClient
    {
        public TaskCompletionSource Asked { get; } = new();

        public TaskCompletionSource Stopped { get; } = new();

        public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.TrySetResult();
            await WaitAsync(cancellationToken);
            return new();
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            Asked.TrySetResult();
            await WaitAsync(cancellationToken);
            yield return new();
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }

        private async Task WaitAsync(CancellationToken cancellationToken)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Stopped.TrySetResult();
                throw;
            }
        }
    }
}
