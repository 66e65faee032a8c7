using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Plumbline.Cli.Serving;

/// <summary>How a server listens.</summary>
internal sealed record ModelServerOptions
{
    /// <value>Default: loopback, so that nobody else on the network can ask.</value>
    public IPAddress Host { get; init; } = IPAddress.Loopback;

    /// <value>0 takes a free one.</value>
    public int Port { get; init; }

    /// <value>The key that requests must bring; null lets everyone in who can connect.</value>
    public string? Key { get; init; }

    /// <value>Requests that name no seed get this one and those after it.</value>
    public long Seed { get; init; } = 1;

    /// <value>The longest request body, in bytes. Default 16 MiB.</value>
    public long MaxBodyBytes { get; init; } = 16 << 20;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>A model behind an OpenAI-compatible HTTP API, from start to disposal. Nothing but its parameters configures it: no file, no environment.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ModelServer(WebApplication application, Uri address) => (_application, Address) = (application, address);

    /// <summary>The base address of the API, with /v1.</summary>
    public Uri Address { get; }

    /// <summary>Listens and answers.</summary>
    /// <param name="model">Stays the caller's.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The port is taken, or the address is not this machine's.</exception>
    public static async Task<ModelServer> StartAsync(ServedModel model, ModelServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Listen(options.Host, options.Port);
        });
        WebApplication application = builder.Build();
        ModelApi api = new(model, options);
        application.Run(api.HandleAsync);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        string bound = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(application, new Uri($"{bound}/v1"));
    }

    /// <summary>Stops listening; answers under way are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }
}
