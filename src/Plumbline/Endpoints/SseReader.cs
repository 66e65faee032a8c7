using System.Buffers;
using System.Globalization;
using System.Text;

namespace Plumbline.Endpoints;

/// <summary>
/// Reads event streams by the rules of the HTML standard (section 9.2, "Server-sent events"), fed bytes in any portions:
/// UTF-8 with replacement, one byte-order mark dropped at the very start; lines end at CR LF, LF or CR; <c>data</c>
/// appends, <c>event</c> sets the type, <c>id</c> the last id unless it holds NUL, <c>retry</c> counts only if all digits;
/// a blank line dispatches, and what is unfinished at the end is not dispatched. Not safe for concurrent use.
/// </summary>
public sealed class SseReader
{
    /// <summary>The longest event (and line) accepted unless told otherwise, in bytes: 32 MiB.</summary>
    public const int DefaultMaxEventBytes = 32 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly int _maxEventBytes;
    private readonly Queue<ServerSentEvent> _ready = new();
    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly StringBuilder _data = new();
    private bool _hasData, _lastWasReturn, _firstLine = true, _completed;
    private string _type = "", _id = "";
    private long _eventBytes;

    /// <param name="maxEventBytes">The longest line, and the longest event over all its lines, in bytes; comments are not kept and only limited by line.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not positive.</exception>
    public SseReader(int maxEventBytes = DefaultMaxEventBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxEventBytes);
        _maxEventBytes = maxEventBytes;
    }

    /// <summary>The id of the last blank-line-terminated block; empty before any.</summary>
    public string LastEventId { get; private set; } = "";

    /// <summary>The last reconnection time the stream asked for, in milliseconds; null if it asked for none.</summary>
    public long? Retry { get; private set; }

    /// <summary>Called with the text of each comment line (after its colon), in order.</summary>
    public Action<string>? OnComment { get; init; }

    /// <summary>What the end of the stream cut off: the data gathered so far, else the unfinished line, else null. The rules throw it away.</summary>
    public string? Pending
    {
        get
        {
            ReadOnlySpan<byte> bytes = _line.WrittenSpan;
            if (_firstLine && bytes.StartsWith(ByteOrderMark)) bytes = bytes[ByteOrderMark.Length..];
            string line = Encoding.UTF8.GetString(bytes);
            string? tail = line.StartsWith("data:", StringComparison.Ordinal) ? line[(line.Length > 5 && line[5] == ' ' ? 6 : 5)..] : null;
            if (_hasData) return tail is null ? _data.ToString() : $"{_data}\n{tail}";
            return tail ?? (line.Length > 0 ? line : null);
        }
    }

    /// <summary>Takes the next bytes of the stream; events that they finish are then there for <see cref="TryRead"/>.</summary>
    /// <exception cref="InvalidDataException">A line or an event is longer than the limit.</exception>
    /// <exception cref="InvalidOperationException">The stream has been completed.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_completed) throw new InvalidOperationException("The event stream has been completed; no bytes can follow.");
        if (_lastWasReturn && bytes.Length > 0)
        {
            _lastWasReturn = false;
            if (bytes[0] == (byte)'\n') bytes = bytes[1..];
        }

        while (bytes.Length > 0)
        {
            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> part = end < 0 ? bytes : bytes[..end];
            if (_line.WrittenCount > _maxEventBytes - part.Length) throw TooLong("line");
            if (end < 0)
            {
                _line.Write(part);
                return;
            }

            if (_line.WrittenCount == 0)
            {
                EndLine(part);
            }
            else
            {
                _line.Write(part);
                EndLine(_line.WrittenSpan);
                _line.ResetWrittenCount();
            }

            bool isReturn = bytes[end] == (byte)'\r';
            bytes = bytes[(end + 1)..];
            if (!isReturn) continue;
            if (bytes.Length == 0) _lastWasReturn = true;
            else if (bytes[0] == (byte)'\n') bytes = bytes[1..];
        }
    }

    /// <summary>Takes the next finished event.</summary>
    /// <returns>False where none is finished yet.</returns>
    public bool TryRead(out ServerSentEvent next) => _ready.TryDequeue(out next);

    /// <summary>Says that the stream has ended; <see cref="Pending"/> then tells what was cut off. Idempotent.</summary>
    public void Complete() => _completed = true;

    private void EndLine(ReadOnlySpan<byte> line)
    {
        if (_firstLine)
        {
            _firstLine = false;
            if (line.StartsWith(ByteOrderMark)) line = line[ByteOrderMark.Length..];
        }

        if (line.IsEmpty)
        {
            Dispatch();
            return;
        }

        if (line[0] == (byte)':')
        {
            OnComment?.Invoke(Encoding.UTF8.GetString(line[1..]));
            return;
        }

        int colon = line.IndexOf((byte)':');
        ReadOnlySpan<byte> field = colon < 0 ? line : line[..colon];
        ReadOnlySpan<byte> value = colon < 0 ? default : line[(colon + 1)..];
        if (!value.IsEmpty && value[0] == (byte)' ') value = value[1..];
        if (field.SequenceEqual("data"u8))
        {
            _eventBytes += value.Length + 1;
            if (_eventBytes > _maxEventBytes) throw TooLong("event");
            if (_hasData) _data.Append('\n');
            _data.Append(Encoding.UTF8.GetString(value));
            _hasData = true;
        }
        else if (field.SequenceEqual("event"u8))
        {
            _type = Encoding.UTF8.GetString(value);
        }
        else if (field.SequenceEqual("id"u8))
        {
            if (!value.Contains((byte)0)) _id = Encoding.UTF8.GetString(value);
        }
        else if (field.SequenceEqual("retry"u8) && !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            Retry = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long retry) ? retry : long.MaxValue;
        }
    }

    private void Dispatch()
    {
        LastEventId = _id;
        if (_hasData) _ready.Enqueue(new ServerSentEvent(_type.Length > 0 ? _type : "message", _data.ToString(), _id));
        _data.Clear();
        // One huge event must not hold its memory for the rest of the stream.
        if (_data.Capacity > 1 << 20) _data.Capacity = 1024;
        _hasData = false;
        _type = "";
        _eventBytes = 0;
    }

    private InvalidDataException TooLong(string what) =>
        new($"An event stream's {what} is longer than {_maxEventBytes:N0} bytes; the limit protects memory.");
}
