using System.Net;

namespace Plumbline.Endpoints;

/// <summary>
/// Lets requests through to named hosts only and counts them. <see cref="Create"/> gives it the handler beneath that every
/// client of this product uses: no redirects, no cookies, no ambient proxy, sockets to named hosts only.
/// </summary>
public sealed class EgressHandler : DelegatingHandler
{
    private readonly EgressPolicy _policy;

    /// <param name="policy">The hosts that may be contacted.</param>
    /// <param name="inner">Sends what is let through; owned by this handler.</param>
    public EgressHandler(EgressPolicy policy, HttpMessageHandler inner) : base(inner)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _policy = policy;
    }

    /// <summary>A handler over real sockets.</summary>
    /// <param name="policy">The hosts that may be contacted; the proxies' hosts are added, as the user named them in the environment.</param>
    /// <param name="proxies">The proxies to use; null for none.</param>
    /// <param name="connectTimeout">How long opening a connection may take.</param>
    public static EgressHandler Create(EgressPolicy policy, EnvironmentProxies? proxies, TimeSpan connectTimeout)
    {
        ArgumentNullException.ThrowIfNull(policy);
        foreach (Uri proxy in proxies?.Addresses ?? []) policy.Allow(proxy);
        return new EgressHandler(policy, new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = proxies is not null,
            Proxy = proxies,
            ConnectTimeout = connectTimeout,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate | DecompressionMethods.Brotli,
            // A server that moves to another address during a long run is found again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            // No trace headers to third parties.
            ActivityHeadersPropagator = null,
            ConnectCallback = policy.ConnectAsync,
        });
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        Uri to = request.RequestUri ?? throw new ArgumentException("A request needs an absolute address.", nameof(request));
        _policy.Demand(to.IdnHost, to.Port);
        _policy.Ledger.CountRequest(to.IdnHost, to.Port);
        return base.SendAsync(request, cancellationToken);
    }
}
