using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Plumbline.Endpoints;

/// <summary>
/// One request and its response: sends, reads the body portion by portion under the idle and total timeouts, and ends in a
/// <see cref="ChatReply"/> whatever happens. Only cancellation and denied egress are thrown.
/// </summary>
internal sealed class Exchange : IDisposable
{
    // After [DONE] the rest of the body is read for a moment only, so that the connection can be used again and a server
    // that keeps it open costs little.
    private static readonly TimeSpan s_afterDone = TimeSpan.FromMilliseconds(250);

    // After the last finish reason usage and [DONE] follow at once, or not at all.
    private static readonly TimeSpan s_afterFinish = TimeSpan.FromSeconds(10);

    private enum Phase { Open, Finished, Done }

    private readonly EndpointOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _total;
    private readonly CancellationTokenSource _idle;
    private readonly CancellationTokenSource _either;
    private readonly byte[] _portion = new byte[16 << 10];
    private HttpResponseMessage? _response;
    private Stream? _body;
    private bool _reading;
    private Phase _phase;

    private Exchange(EndpointOptions options, CancellationToken cancellation)
    {
        _options = options;
        _cancellation = cancellation;
        _total = new CancellationTokenSource(options.TotalTimeout, options.Clock);
        _idle = new CancellationTokenSource(options.IdleTimeout, options.Clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _total.Token, _idle.Token);
    }

    /// <summary>Reads the body; null where no usable response head came.</summary>
    public ChatReplyReader? Reader { get; private set; }

    /// <summary>The reply, once <see cref="ReadAsync"/> has returned false.</summary>
    public ChatReply? Reply { get; private set; }

    /// <summary>Nothing answered at the address.</summary>
    public bool Unreachable { get; private set; }

    /// <summary>Sends a request and waits for the response head.</summary>
    /// <exception cref="EgressDeniedException">The host is not one that the user named.</exception>
    public static async Task<Exchange> OpenAsync(HttpMessageInvoker client, HttpRequestMessage request, EndpointOptions options, CancellationToken cancellationToken)
    {
        Exchange exchange = new(options, cancellationToken);
        try
        {
            await exchange.SendAsync(client, request).ConfigureAwait(false);
            return exchange;
        }
        catch
        {
            exchange.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next portion of the body.</summary>
    /// <returns>False where the reply has ended, one way or another.</returns>
    public async Task<bool> ReadAsync()
    {
        if (Reply is not null) return false;
        ChatReplyReader reader = Reader!;
        try
        {
            if (!_reading)
            {
                _body = await _response!.Content.ReadAsStreamAsync(_either.Token).ConfigureAwait(false);
                _reading = true;
            }

            Wait(reader);
            int n = await _body!.ReadAsync(_portion, _either.Token).ConfigureAwait(false);
            if (n == 0)
            {
                Reply = reader.End(complete: true);
                return false;
            }

            reader.Append(_portion.AsSpan(0, n));
            if (!reader.Failed) return true;
            Reply = reader.End(complete: true);
            return false;
        }
        catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.InvalidResponse)
        {
            Reply = Failure("the response breaks the rules of HTTP");
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException)
        {
            Reply = reader.End(complete: false, e is InvalidDataException ? "the compressed body is broken or cut" : "the connection broke off");
        }
        catch (OperationCanceledException) when (!_cancellation.IsCancellationRequested)
        {
            // A server that leaves the connection open after the end has broken nothing.
            bool ended = (reader.Ended || reader.Finished) && !_total.IsCancellationRequested;
            Reply = reader.End(complete: ended, Waited());
        }

        return false;
    }

    public void Dispose()
    {
        _response?.Dispose();
        _either.Dispose();
        _idle.Dispose();
        _total.Dispose();
    }

    private async Task SendAsync(HttpMessageInvoker client, HttpRequestMessage request)
    {
        try
        {
            _response = await client.SendAsync(request, _either.Token).ConfigureAwait(false);
            Reader = new ChatReplyReader((int)_response.StatusCode, Headers(_response), _options.MaxBodyBytes);
        }
        catch (HttpRequestException e)
        {
            for (Exception? inner = e; inner is not null; inner = inner.InnerException)
            {
                if (inner is EgressDeniedException denied) throw denied;
            }

            Unreachable = e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError;
            Reply = Failure(Describe(e, request.RequestUri!));
        }
        catch (IOException)
        {
            Reply = Failure("the connection broke off before a response");
        }
        catch (OperationCanceledException) when (!_cancellation.IsCancellationRequested)
        {
            // The handler's own timeout is that of the connection.
            bool connecting = !_idle.IsCancellationRequested && !_total.IsCancellationRequested;
            Unreachable = connecting;
            Reply = Failure(connecting ? $"no connection within {_options.ConnectTimeout.TotalSeconds:0.###} s" : Waited());
        }
    }

    /// <summary>Sets how long to wait: the idle timeout anew for each portion, the time after an end once.</summary>
    private void Wait(ChatReplyReader reader)
    {
        Phase phase = reader.Ended ? Phase.Done : reader.Finished && _options.IdleTimeout > s_afterFinish ? Phase.Finished : Phase.Open;
        if (phase == Phase.Open || phase != _phase)
            _idle.CancelAfter(phase switch { Phase.Done => s_afterDone, Phase.Finished => s_afterFinish, _ => _options.IdleTimeout });
        _phase = phase;
    }

    private string Waited() => _total.IsCancellationRequested
        ? $"not finished within {_options.TotalTimeout.TotalSeconds:0.###} s"
        : $"nothing came for {_options.IdleTimeout.TotalSeconds:0.###} s";

    private static string Describe(HttpRequestException e, Uri to)
    {
        SocketException? socket = null;
        for (Exception? inner = e; inner is not null; inner = inner.InnerException) socket ??= inner as SocketException;
        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => "the name of the host (or of the proxy) does not resolve",
            HttpRequestError.ConnectionError => socket?.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused: nothing listens there",
                { } code => $"no connection ({code})",
                null => "no connection",
            },
            HttpRequestError.SecureConnectionError => to.Scheme == "https"
                ? $"no secure connection: {e.InnerException?.Message ?? e.Message}" : "no secure connection to the proxy",
            HttpRequestError.ProxyTunnelError => $"the proxy opens no tunnel{(e.StatusCode is { } status ? $" (HTTP {(int)status})" : "")}",
            HttpRequestError.InvalidResponse => "what answers there does not speak HTTP",
            HttpRequestError.ConfigurationLimitExceeded => "the response head is too long",
            _ => "the connection broke off before a response",
        };
    }

    private static ChatReply Failure(string detail) => new()
    {
        Outcome = ReplyOutcome.Errored,
        Error = new ReplyError(ReplyErrorKind.Transport, null) { Retryable = true, Detail = detail },
    };

    private static List<KeyValuePair<string, string>> Headers(HttpResponseMessage response)
    {
        List<KeyValuePair<string, string>> headers = [];
        foreach (HttpHeadersNonValidated part in (HttpHeadersNonValidated[])[response.Headers.NonValidated, response.Content.Headers.NonValidated])
        {
            foreach ((string name, HeaderStringValues values) in part) headers.AddRange(values.Select(v => KeyValuePair.Create(name, v)));
        }

        return headers;
    }
}
