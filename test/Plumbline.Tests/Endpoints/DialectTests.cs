using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

public sealed class DialectTests
{
    private static readonly ChatOptions s_all = new()
    {
        MaxOutputTokens = 16,
        Temperature = 0.7f,
        TopP = 0.9f,
        Seed = 42,
        Instructions = "Be brief.",
        AdditionalProperties = new() { ["logprobs"] = true, ["top_logprobs"] = 2 },
    };

    [Theory]
    [InlineData("max_tokens", """{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}""", 400, "max_completion_tokens")]
    [InlineData("temperature", """{"error":{"message":"Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}""", 400, null)]
    [InlineData("seed", """{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":42}]}""", 422, null)]
    [InlineData("seed", """{"error":{"message":"Invalid JSON payload received. Unknown name \"seed\": Cannot find field.","status":"INVALID_ARGUMENT","code":400}}""", 400, null)]
    [InlineData("logprobs", """{"error":{"message":"logprobs is not supported by this model","type":"invalid_request_error","param":null,"code":null}}""", 400, null)]
    [InlineData("top_p", """{"object":"error","message":"`top_p` is deprecated for this model","code":400}""", 400, null)]
    public async Task GetResponse_WhereAParameterIsRefused_SendsWhatIsAccepted_OnceLearnt(string refused, string body, int status, string? instead)
    {
        using LoopbackServer server = new(r => Parameters(r).ContainsKey(refused) ? LoopbackReply.Json(body, status) : LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        Assert.Equal("Green.", (await endpoint.AskAsync(s_all)).Text);
        Assert.Equal(2, server.Requests.Count);
        await endpoint.AskAsync(s_all);
        await foreach (ChatResponseUpdate _ in endpoint.GetStreamingResponseAsync(Loopback.Hello, s_all, TestContext.Current.CancellationToken)) { }
        Assert.Equal(4, server.Requests.Count);
        Dictionary<string, JsonElement> sent = Parameters(server.Requests.Last());
        Assert.False(sent.ContainsKey(refused));
        if (instead is not null) Assert.Equal(16, sent[instead].GetInt32());
        Assert.Contains(refused, Assert.Single(endpoint.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Unsupported value: 'messages[0].role' does not support 'system' with this model.","type":"invalid_request_error","param":"messages[0].role","code":"unsupported_value"}}""", 400)]
    [InlineData("""{"object":"error","message":"System role not supported","type":"BadRequestError","code":400}""", 400)]
    [InlineData("""{"error":{"code":400,"message":"Developer instruction is not enabled for models/gemma-3","status":"INVALID_ARGUMENT"}}""", 400)]
    [InlineData("""{"error":{"code":500,"message":"Conversation roles must alternate user/assistant/user/assistant/...","type":"server_error"}}""", 500)]
    public async Task GetResponse_WhereSystemMessagesAreRefused_PutsTheTextIntoTheUserTurn(string body, int status)
    {
        using LoopbackServer server = new(r => r.Body.Contains("\"system\"", StringComparison.Ordinal) ? LoopbackReply.Json(body, status) : LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        ChatMessage[] messages = [new(ChatRole.System, "Be kind."), new(ChatRole.User, "Hello"), new(ChatRole.Assistant, "Hi"), new(ChatRole.User, "Why?")];
        await endpoint.GetResponseAsync(messages, s_all, TestContext.Current.CancellationToken);
        JsonElement sent = Parameters(server.Requests.Last())["messages"];
        Assert.Equal(["user", "assistant", "user"], sent.EnumerateArray().Select(m => m.GetProperty("role").GetString()));
        Assert.Equal("Be brief.\n\nBe kind.\n\nHello", sent[0].GetProperty("content").GetString());
        Assert.Contains("system", Assert.Single(endpoint.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetResponse_WhereSeveralAreRefusedInTurn_LearnsThemAll()
    {
        string[] refused = ["max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "logprobs"];
        using LoopbackServer server = new(r => refused.FirstOrDefault(Parameters(r).ContainsKey) is { } name
            ? LoopbackReply.Json($$$"""{"error":{"message":"Unrecognized request argument supplied: {{{name}}}"}}""", 400) : LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        await endpoint.AskAsync(s_all);
        Assert.Equal(7, server.Requests.Count);
        Assert.Equal(6, endpoint.Notes.Count);
        Assert.Equal(["messages", "model"], Parameters(server.Requests.Last()).Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"error":{"message":"temperature must be between 0 and 2","param":"temperature","code":"invalid_value"}}""", 400)]
    [InlineData("""{"error":{"message":"max_tokens is too large: 99999. This model supports at most 4096 completion tokens.","param":"max_tokens"}}""", 400)]
    [InlineData("""{"error":{"message":"This model's maximum context length is 512 tokens.","code":"context_length_exceeded"}}""", 400)]
    [InlineData("""{"error":{"message":"usage limit reached"}}""", 400)]
    [InlineData("""{"error":{"message":"temperature is not supported"}}""", 401)]
    [InlineData("no json", 400)]
    public async Task GetResponse_WhereTheErrorIsAboutSomethingElse_SendsNothingTwice(string body, int status)
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(body, status));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_all));
        Assert.Equal(status, e.Status);
        Assert.Single(server.Requests);
        Assert.Empty(endpoint.Notes);
    }

    [Fact]
    public async Task GetResponse_WhereLeavingOutDoesNotHelp_LearnsNothing()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json("""{"error":{"message":"Unsupported: seed","param":"seed"}}""", 400));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_all));
        Assert.Equal(2, server.Requests.Count);
        Assert.Empty(endpoint.Notes);
    }

    [Fact]
    public async Task GetResponse_SendsWhatWasAsked()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(Loopback.Answer));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        ChatOptions options = new()
        {
            MaxOutputTokens = 5,
            Temperature = 0.7f,
            TopP = 0.95f,
            TopK = 3,
            Seed = 9_000_000_000,
            FrequencyPenalty = 0.1f,
            PresencePenalty = -0.2f,
            StopSequences = ["\n", "草"],
            ModelId = "other",
            ResponseFormat = ChatResponseFormat.Json,
            AdditionalProperties = new() { ["logprobs"] = true, ["top_logprobs"] = 3, ["logit_bias"] = new Dictionary<string, object?> { ["50256"] = -100 }, ["temperature"] = 0.25, ["skip"] = null },
        };
        await endpoint.GetResponseAsync([new ChatMessage(ChatRole.User, "a\ud800b \"q\" </think> 草")], options, TestContext.Current.CancellationToken);
        Assert.Equal(
            """{"model":"other","messages":[{"role":"user","content":"a�b \"q\" </think> 草"}],"logprobs":true,"top_logprobs":3,"logit_bias":{"50256":-100},"temperature":0.25,"max_tokens":5,"top_p":0.95,"frequency_penalty":0.1,"presence_penalty":-0.2,"top_k":3,"seed":9000000000,"stop":["\n","草"],"response_format":{"type":"json_object"}}""",
            server.Requests.Single().Body);
        Assert.Equal("application/json", server.Requests.Single().Header("Content-Type"));
    }

    [Fact]
    public async Task GetResponse_WithToolsAndPictures_SendsThemInTheirShapes()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(
            """{"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1,\"b\":[2]}"}},{"function":{"name":"add","arguments":"{oops"}}]},"finish_reason":"tool_calls"}]}"""));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object"}""");
        ChatOptions options = new() { Tools = [AIFunctionFactory.CreateDeclaration("add", "Adds.", schema.RootElement)], ToolMode = ChatToolMode.RequireSpecific("add") };
        ChatMessage[] messages =
        [
            new(ChatRole.User, [new TextContent("see"), new DataContent(new byte[] { 1, 2, 3 }, "image/png")]),
            new(ChatRole.Assistant, [new FunctionCallContent("c0", "add", new Dictionary<string, object?> { ["a"] = 1 })]),
            new(ChatRole.Tool, [new FunctionResultContent("c0", "2")]),
        ];
        ChatResponse response = await endpoint.GetResponseAsync(messages, options, TestContext.Current.CancellationToken);
        Assert.Equal(
            """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c0","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c0","content":"2"}],"tools":[{"type":"function","function":{"name":"add","description":"Adds.","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"add"}}}""",
            server.Requests.Single().Body);
        FunctionCallContent[] calls = [.. response.Messages[0].Contents.OfType<FunctionCallContent>()];
        Assert.Equal(["c1", "call_1"], calls.Select(c => c.CallId));
        Assert.Equal(1, Assert.IsType<JsonElement>(calls[0].Arguments!["a"]).GetInt32());
        Assert.NotNull(calls[1].Exception);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("stream")]
    [InlineData("model")]
    public async Task GetResponse_WithAParameterThatIsTheClientsOwn_NamesIt(string name)
    {
        using OpenAiEndpoint endpoint = Loopback.Client("http://127.0.0.1:1/v1");
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => endpoint.AskAsync(new ChatOptions { AdditionalProperties = new() { [name] = true } }));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, JsonElement> Parameters(ReceivedRequest request) =>
        JsonDocument.Parse(request.Body).RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
}
