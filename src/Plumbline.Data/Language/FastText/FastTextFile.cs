using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Plumbline.Data.Language.FastText;

/// <summary>Reads the parts of a fastText file, each count and offset checked against what is left before anything is allocated.</summary>
internal ref struct FastTextFile(ReadOnlySpan<byte> bytes, string place)
{
    private readonly int _length = bytes.Length;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Left => _rest.Length;

    public int Int32(string what) => BinaryPrimitives.ReadInt32LittleEndian(Take(4, what));

    public long Int64(string what) => BinaryPrimitives.ReadInt64LittleEndian(Take(8, what));

    /// <summary>A byte that is 0 or 1.</summary>
    public bool Flag(string what) => Take(1, what)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw Fault($"{what} is {other} where 0 or 1 is wanted"),
    };

    public byte Byte(string what) => Take(1, what)[0];

    public void Skip(int count, string what) => Take(count, what);

    /// <summary>A text up to a NUL.</summary>
    public string Text(string what)
    {
        int end = _rest.IndexOf((byte)0);
        if (end < 0) throw Fault($"{what} does not end");
        string text = Encoding.UTF8.GetString(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return text;
    }

    /// <summary>So many numbers of four bytes, all finite.</summary>
    public float[] Floats(long count, string what)
    {
        ReadOnlySpan<byte> bytes = Take(Size(count, 4, what), what);
        float[] values = new float[count];
        if (BitConverter.IsLittleEndian) bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        else for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw Fault($"{what} holds a number that is not finite");
        }

        return values;
    }

    /// <summary>So many bytes.</summary>
    public byte[] Bytes(long count, string what) => Take(Size(count, 1, what), what).ToArray();

    /// <summary>The error that says what and where.</summary>
    public readonly InvalidDataException Fault(string what) => new($"{place} is no fastText model that can be read: {what} (at byte {_length - _rest.Length} of {_length}).");

    private readonly int Size(long count, int each, string what) => count >= 0 && count <= _rest.Length / each ? (int)count * each : throw Fault($"{what} says {count} entries of {each} bytes where {_rest.Length} bytes are left");

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > _rest.Length) throw Fault($"it ends within {what}");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
