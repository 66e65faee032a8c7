using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>
/// An OpenAI-compatible server on loopback, on bare sockets so that it can also misbehave: it counts every request that
/// reached it whole, by prompt, and unless told otherwise picks the first option where options are offered, refuses a
/// request of even length, and does what another asks.
/// </summary>
internal sealed partial class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private int _requests;
    private int _sockets;

    public LoopbackServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The base address.</summary>
    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1";

    /// <summary>Milliseconds before each answer.</summary>
    public int Latency { get; set; } = 2;

    /// <summary>What to answer to the request of this number (from 1); null: by the rule above.</summary>
    public Func<int, string, Reply?> Script { get; set; } = (_, _) => null;

    /// <summary>Requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Connections so far.</summary>
    public int Sockets => Volatile.Read(ref _sockets);

    /// <summary>What the server says to a prompt; null for what <see cref="Script"/> says.</summary>
    public Func<string, Reply?>? Reads { get; set; }

    /// <summary>How often each prompt was asked.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new(StringComparer.Ordinal);

    /// <summary>When each request came, in order.</summary>
    public ConcurrentQueue<DateTimeOffset> Times { get; } = new();

    /// <summary>A reply; with <see cref="CutAfter"/> the connection is closed after so many bytes of the body.</summary>
    public sealed record Reply(int Status, string Body, string ContentType = "application/json", string? Header = null, int? CutAfter = null);

    /// <summary>Waits until so many requests have come; a minute without them is a failure.</summary>
    public async Task UntilAsync(int requests, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (Requests < requests) await Task.Delay(1, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _sockets);
                _connections.Add(ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        socket.NoDelay = true;
        await using NetworkStream stream = new(socket, ownsSocket: true);
        byte[] buffer = new byte[1 << 16];
        int held = 0;
        try
        {
            while (true)
            {
                int head;
                while ((head = buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8)) < 0)
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(held), _stop.Token);
                    if (read == 0) return;
                    held += read;
                }

                string text = Encoding.ASCII.GetString(buffer, 0, head);
                int at = text.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
                int length = at < 0 ? 0 : int.Parse(text[(at + 15)..].Split('\r')[0], CultureInfo.InvariantCulture);
                while (held < head + 4 + length)
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(held), _stop.Token);
                    if (read == 0) return;
                    held += read;
                }

                string body = Encoding.UTF8.GetString(buffer, head + 4, length);
                buffer.AsSpan(head + 4 + length, held - head - 4 - length).CopyTo(buffer);
                held -= head + 4 + length;
                Reply reply = await AnswerAsync(text, body);
                byte[] content = Encoding.UTF8.GetBytes(reply.Body);
                string status = $"HTTP/1.1 {reply.Status} X\r\nContent-Type: {reply.ContentType}\r\nContent-Length: {content.Length}\r\n{(reply.Header is null ? "" : reply.Header + "\r\n")}\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(status).Concat(content.Take(reply.CutAfter ?? content.Length)).ToArray(), _stop.Token);
                if (reply.CutAfter is not null) return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
        }
    }

    private async Task<Reply> AnswerAsync(string head, string body)
    {
        int number = Interlocked.Increment(ref _requests);
        Times.Enqueue(DateTimeOffset.UtcNow);
        string prompt = "";
        if (body.Length > 0)
        {
            using JsonDocument request = JsonDocument.Parse(body);
            prompt = string.Join('|', request.RootElement.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("content").GetString()));
            Asked.AddOrUpdate(prompt, 1, (_, n) => n + 1);
        }

        if (Latency > 0) await Task.Delay(Latency, _stop.Token);
        return Reads?.Invoke(prompt) ?? Script(number, head) ?? Chat(Options().IsMatch(prompt) ? "A" : prompt.Length % 2 == 0 ? "I'm sorry, but I can't help with that." : $"Sure, here is what you asked for: {prompt}");
    }

    [GeneratedRegex(@"^\W*A\W", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Options();

    /// <summary>A completion with this text.</summary>
    public static Reply Chat(string text) => new(200, $$$"""
        {"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{JsonEncodedText.Encode(text)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}
        """);
}
