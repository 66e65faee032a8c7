using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Plumbline.Endpoints.Tests;

/// <summary>A server on a loopback port that answers with given bytes in given portions; it knows no more of HTTP than where a request ends.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ReceivedRequest, LoopbackReply> _respond;

    public LoopbackServer(Func<ReceivedRequest, LoopbackReply> respond)
    {
        _respond = respond;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                socket.NoDelay = true;
                List<byte> received = [];
                while (await ReadAsync(socket, received) is { } request)
                {
                    Requests.Enqueue(request);
                    LoopbackReply reply = _respond(request);
                    foreach (byte[] portion in reply.Portions)
                    {
                        await socket.SendAsync(portion, _stop.Token);
                        if (reply.Pause > TimeSpan.Zero) await Task.Delay(reply.Pause, _stop.Token);
                    }

                    if (reply.Hold) await Task.Delay(Timeout.Infinite, _stop.Token);
                    if (reply.Reset)
                    {
                        // What was sent is to arrive before the reset does.
                        await Task.Delay(50, _stop.Token);
                        socket.LingerState = new LingerOption(true, 0);
                        return;
                    }

                    if (!reply.KeepAlive)
                    {
                        socket.Shutdown(SocketShutdown.Send);
                        return;
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The client has left, or the test is over.
            }
        }
    }

    private async Task<ReceivedRequest?> ReadAsync(Socket socket, List<byte> received)
    {
        byte[] buffer = new byte[65536];
        while (true)
        {
            byte[] all = [.. received];
            int end = all.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                string[] lines = Encoding.Latin1.GetString(all, 0, end).Split("\r\n");
                List<KeyValuePair<string, string>> headers = [.. lines[1..].Select(l => KeyValuePair.Create(l[..l.IndexOf(':')], l[(l.IndexOf(':') + 1)..].Trim()))];
                string? length = headers.Find(h => h.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Value;
                int body = length is null ? 0 : int.Parse(length, CultureInfo.InvariantCulture);
                if (all.Length >= end + 4 + body)
                {
                    received.RemoveRange(0, end + 4 + body);
                    string[] first = lines[0].Split(' ');
                    return new ReceivedRequest(first[0], first[1], headers, Encoding.UTF8.GetString(all, end + 4, body));
                }
            }

            int n = await socket.ReceiveAsync(buffer, _stop.Token);
            if (n == 0) return null;
            received.AddRange(buffer.AsSpan(0, n));
        }
    }
}

internal sealed record ReceivedRequest(string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body)
{
    public string? Header(string name) => Headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}

/// <summary>What the server does with a request: portions with pauses, then it holds the connection open, resets it, keeps it for the next request, or closes it.</summary>
internal sealed record LoopbackReply(IEnumerable<byte[]> Portions)
{
    public TimeSpan Pause { get; init; }

    public bool Hold { get; init; }

    public bool Reset { get; init; }

    public bool KeepAlive { get; init; }

    public static LoopbackReply Json(string body, int status = 200, string headers = "") =>
        Text(body, "application/json", status, headers);

    public static LoopbackReply Text(string body, string type, int status = 200, string headers = "")
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        string head = $"HTTP/1.1 {status} Status\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\n{headers}\r\n";
        return new LoopbackReply([[.. Encoding.Latin1.GetBytes(head), .. bytes]]) { KeepAlive = true };
    }

    public static LoopbackReply Stream(params string[] portions) =>
        new([Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"), .. portions.Select(Encoding.UTF8.GetBytes)]);
}
