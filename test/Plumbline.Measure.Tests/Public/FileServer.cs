using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Plumbline.Measure.Tests.Public;

/// <summary>A server on a loopback port for one file: with or without ranges, honest or not, and cutting the connection where it is told to.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    public FileServer(byte[] content)
    {
        Content = content;
        _listener.Start();
        _ = AcceptAsync();
    }

    public byte[] Content { get; set; }

    public bool Ranges { get; set; } = true;

    public string? ETag { get; set; }

    /// <summary>Bytes of the body after which the connection closes; null: never.</summary>
    public int? CutAfter { get; set; }

    /// <summary>Whether the length is announced; otherwise the end of the connection ends the body.</summary>
    public bool Length { get; set; } = true;

    public string? Extra { get; set; }

    public int Status { get; set; } = 200;

    public ConcurrentQueue<string> Requests { get; } = new();

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/files";

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
            StringBuilder received = new();
            byte[] buffer = new byte[4096];
            while (!received.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                int read = await socket.ReceiveAsync(buffer, _stop.Token);
                if (read == 0) return;
                received.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            string request = received.ToString();
            Requests.Enqueue(request);
            string? Header(string name) => request.Split("\r\n").FirstOrDefault(l => l.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
            int start = 0, status = Status;
            if (Ranges && status == 200 && Header("Range") is { } range && (Header("If-Range") is not { } condition || condition == ETag))
            {
                start = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
                status = start < Content.Length ? 206 : 416;
                if (status == 416) start = Content.Length;
            }

            StringBuilder head = new($"HTTP/1.1 {status} X\r\nConnection: close\r\n");
            if (Length) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {Content.Length - start}\r\n");
            if (status == 206) head.Append(CultureInfo.InvariantCulture, $"Content-Range: bytes {start}-{Content.Length - 1}/{Content.Length}\r\n");
            if (ETag is not null) head.Append($"ETag: {ETag}\r\n");
            if (Extra is not null) head.Append($"{Extra}\r\n");
            head.Append("\r\n");
            await socket.SendAsync(Encoding.ASCII.GetBytes(head.ToString()), _stop.Token);
            int send = Math.Min(Content.Length - start, CutAfter ?? int.MaxValue);
            await socket.SendAsync(Content.AsMemory(start, send), _stop.Token);
            socket.Shutdown(SocketShutdown.Both);
        }
    }
}
