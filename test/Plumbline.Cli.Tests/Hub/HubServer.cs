using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Plumbline.Cli.Tests.Hub;

/// <summary>A hub on this machine with one model, "org/small": lists, hashes, ranges, and large files kept elsewhere, as the public one does.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly WebApplication _application;

    private HubServer(WebApplication application, string address) => (_application, Address) = (application, address);

    public string Address { get; }

    /// <summary>Files by name.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>"METHOD path", and " Range" where a part was asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Bytes after which the connection breaks off, once; null for never.</summary>
    public int? BreakAfter { get; set; }

    /// <summary>Where large files are said to lie; null: on this server.</summary>
    public string? Storage { get; set; }

    /// <summary>Whether large files arrive with one byte changed.</summary>
    public bool Spoils { get; set; }

    /// <summary>The key that was sent with the last request for a large file.</summary>
    public string? KeyAtStorage { get; private set; }

    public static async Task<HubServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        HubServer? server = null;
        application.Run(context => server!.HandleAsync(context));
        await application.StartAsync();
        return server = new(application, application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}{(context.Request.Headers.Range.Count > 0 ? " Range" : "")}");
        if (path is "/api/models/org/small/revision/main" or $"/api/models/org/small/revision/{Commit}")
        {
            using MemoryStream list = new();
            using (Utf8JsonWriter json = new(list))
            {
                json.WriteStartObject();
                json.WriteString("sha", Commit);
                json.WriteStartArray("siblings");
                foreach (string name in Files.Keys)
                {
                    json.WriteStartObject();
                    json.WriteString("rfilename", name);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            await context.Response.Body.WriteAsync(list.ToArray());
            return;
        }

        if (path.StartsWith($"/org/small/resolve/{Commit}/", StringComparison.Ordinal) && Files.TryGetValue(path.Split('/')[^1], out byte[]? content))
        {
            bool large = path.EndsWith(".safetensors", StringComparison.Ordinal);
            if (!large)
            {
                context.Response.Headers.ETag = $"\"{GitHash(content)}\"";
                await SendAsync(context, content);
                return;
            }

            context.Response.StatusCode = 302;
            context.Response.Headers["X-Linked-Etag"] = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"";
            context.Response.Headers["X-Linked-Size"] = $"{content.Length}";
            context.Response.Headers.Location = Storage is null ? $"/large/{path.Split('/')[^1]}?signed=1" : $"{Storage}/large/{path.Split('/')[^1]}";
            return;
        }

        if (path.StartsWith("/large/", StringComparison.Ordinal) && Files.TryGetValue(path.Split('/')[^1], out byte[]? weights))
        {
            KeyAtStorage = context.Request.Headers.Authorization.ToString();
            if (Spoils) weights = [.. weights[..^1], (byte)(weights[^1] ^ 1)];
            await SendAsync(context, weights);
            return;
        }

        context.Response.StatusCode = 404;
    }

    private async Task SendAsync(HttpContext context, byte[] content)
    {
        int from = 0;
        if (context.Request.GetTypedHeaders().Range is { } range && range.Ranges.First().From is { } start)
        {
            from = (int)start;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.ContentLength = content.Length - from;
        if (context.Request.Method == "HEAD") return;
        if (BreakAfter is { } most && most < content.Length - from)
        {
            BreakAfter = null;
            await context.Response.Body.WriteAsync(content.AsMemory(from, most));
            await context.Response.Body.FlushAsync();
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(content.AsMemory(from));
    }

#pragma warning disable CA5350 // An object's name in git is a SHA-1, whatever one thinks of it.
    private static string GitHash(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350
}
