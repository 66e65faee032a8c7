using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

/// <summary>Shorthands of the endpoint tests.</summary>
internal static class Loopback
{
    public const string Answer = """{"id":"r1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Green."},"finish_reason":"stop"}]}""";

    public static readonly ChatMessage[] Hello = [new(ChatRole.User, "Hello")];

    public static OpenAiEndpoint Client(LoopbackServer server, string path = "/v1", Func<EndpointOptions, EndpointOptions>? with = null, params (string Name, string Value)[] environment) =>
        Client($"http://127.0.0.1:{server.Port}{path}", with, environment);

    public static OpenAiEndpoint Client(string address, Func<EndpointOptions, EndpointOptions>? with = null, params (string Name, string Value)[] environment)
    {
        EndpointOptions options = new()
        {
            Address = EndpointAddress.Parse(address),
            Model = "m",
            Environment = name => environment.FirstOrDefault(e => e.Name == name).Value,
        };
        return new OpenAiEndpoint(with?.Invoke(options) ?? options);
    }

    public static Task<ChatResponse> AskAsync(this OpenAiEndpoint endpoint, ChatOptions? options = null) =>
        endpoint.GetResponseAsync(Hello, options, TestContext.Current.CancellationToken);
}
