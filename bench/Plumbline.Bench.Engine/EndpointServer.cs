using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Plumbline.Bench.Engine;

/// <summary>An endpoint on loopback that answers every chat request at once with the same words.</summary>
internal sealed class EndpointServer : IAsyncDisposable
{
    private static readonly byte[] s_reply = """
        {"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"It is blue."},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":4,"total_tokens":12}}
        """u8.ToArray();

    private readonly WebApplication _application;
    private long _requests;

    private EndpointServer(WebApplication application) => _application = application;

    /// <summary>Requests so far.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>The base address.</summary>
    public string Address => $"{_application.Urls.First()}/v1";

    public static async Task<EndpointServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        EndpointServer server = new(application);
        application.Run(server.AnswerAsync);
        await application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (context.Request.Path.Value?.EndsWith("/chat/completions", StringComparison.Ordinal) == true) Interlocked.Increment(ref _requests);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = s_reply.Length;
        await context.Response.Body.WriteAsync(s_reply);
    }
}
