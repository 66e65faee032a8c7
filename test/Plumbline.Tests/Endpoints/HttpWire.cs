using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Plumbline.Endpoints.Tests;

/// <summary>An incremental reader of one HTTP/1.1 response, independent of the one in .NET, that feeds a <see cref="ChatReplyReader"/>.</summary>
internal sealed class HttpWire(string method, Func<int, IReadOnlyList<KeyValuePair<string, string>>, ChatReplyReader> start)
{
    private enum State { Head, Size, Chunk, ChunkEnd, Trailers, Length, Close, Done, Bad }

    private readonly List<byte> _buffer = [];
    private readonly List<byte> _coded = [];
    private State _state = State.Head;
    private long _left;
    private string _coding = "";

    public ChatReplyReader? Reader { get; private set; }

    public int BodyBytes { get; private set; }

    public List<int> Interim { get; } = [];

    /// <summary>Bytes after the end of the response.</summary>
    public IReadOnlyList<byte> Rest => _buffer;

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        _buffer.AddRange(bytes);
        while (Step()) { }
    }

    /// <summary>The reply; null where no usable head came or its framing broke.</summary>
    public ChatReply? End(bool reset)
    {
        if (_state is State.Head or State.Bad) return null;
        bool complete = _state is State.Done or State.Close;
        if (_coding.Length > 0) complete &= Decode();
        return Reader!.End(complete && !reset);
    }

    private bool Decode()
    {
        using MemoryStream coded = new([.. _coded]);
        using Stream plain = _coding == "br" ? new BrotliStream(coded, CompressionMode.Decompress) : new GZipStream(coded, CompressionMode.Decompress);
        byte[] part = new byte[64];
        try
        {
            int n;
            while ((n = plain.Read(part)) > 0) Give(part.AsSpan(0, n));
        }
        catch (InvalidDataException)
        {
            return false;
        }

        return true;
    }

    private void Give(ReadOnlySpan<byte> bytes)
    {
        BodyBytes += bytes.Length;
        Reader!.Append(bytes);
    }

    private void Out(int count)
    {
        byte[] bytes = [.. _buffer[..count]];
        _buffer.RemoveRange(0, count);
        if (_coding.Length > 0) _coded.AddRange(bytes);
        else Give(bytes);
    }

    private string? TakeLine()
    {
        for (int i = 0; i + 1 < _buffer.Count; i++)
        {
            if (_buffer[i] != '\r' || _buffer[i + 1] != '\n') continue;
            string line = Encoding.Latin1.GetString([.. _buffer[..i]]);
            _buffer.RemoveRange(0, i + 2);
            return line;
        }

        return null;
    }

    private bool Step()
    {
        switch (_state)
        {
            case State.Head:
                return Head();
            case State.Size:
                if (TakeLine() is not { } size) return false;
                if (!long.TryParse(size.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left)) _state = State.Bad;
                else _state = _left == 0 ? State.Trailers : State.Chunk;
                return _state != State.Bad;
            case State.Chunk or State.Length:
                int take = (int)Math.Min(_left, _buffer.Count);
                _left -= take;
                if (take > 0) Out(take);
                if (_left > 0) return false;
                _state = _state == State.Chunk ? State.ChunkEnd : State.Done;
                return true;
            case State.ChunkEnd:
                if (TakeLine() is null) return false;
                _state = State.Size;
                return true;
            case State.Trailers:
                if (TakeLine() is not { } trailer) return false;
                if (trailer.Length == 0) _state = State.Done;
                return true;
            case State.Close:
                if (_buffer.Count > 0) Out(_buffer.Count);
                return false;
            default:
                return false;
        }
    }

    private bool Head()
    {
        int end = -1;
        for (int i = 0; i + 3 < _buffer.Count && end < 0; i++)
        {
            if (_buffer[i] == '\r' && _buffer[i + 1] == '\n' && _buffer[i + 2] == '\r' && _buffer[i + 3] == '\n') end = i;
        }

        if (end < 0) return false;
        string[] lines = Encoding.Latin1.GetString([.. _buffer[..end]]).Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            _state = State.Bad;
            return false;
        }

        _buffer.RemoveRange(0, end + 4);
        int status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        if (status is >= 100 and < 200)
        {
            Interim.Add(status);
            return true;
        }

        List<KeyValuePair<string, string>> headers = [.. lines[1..].Select(l => KeyValuePair.Create(l[..l.IndexOf(':')], l[(l.IndexOf(':') + 1)..].Trim()))];
        Reader = start(status, headers);
        string? Get(string name) => headers.Find(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        _coding = Get("content-encoding")?.ToLowerInvariant() ?? "";
        if (method == "HEAD" || status is 204 or 304) _state = State.Done;
        else if (Get("transfer-encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true) _state = State.Size;
        else if (Get("content-length") is { } length)
        {
            _left = long.Parse(length, CultureInfo.InvariantCulture);
            _state = State.Length;
        }
        else
        {
            _state = State.Close;
        }

        return true;
    }
}
