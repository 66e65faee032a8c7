using System.Buffers.Binary;
using System.Text;

namespace Plumbline.Models.Files;

/// <summary>Reads a GGUF header from front to back; each step is checked against what is left of the file.</summary>
internal sealed class GgufCursor(MappedFile file)
{
    /// <summary>A header above this is refused: real ones, vocabulary and all, stay below 32 MB.</summary>
    public const long LongestHeader = 1L << 29;

    private const int LongestArray = 1 << 24, DeepestArray = 4;
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where the next byte is read.</summary>
    public long Position { get; private set; }

    public string Path => file.Path;

    public long Left => Math.Min(file.Length, LongestHeader) - Position;

    public byte U8(string what) => Take(1, what)[0];

    public uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A length of eight bytes and as many bytes of strict UTF-8.</summary>
    public string Text(string what, int longest)
    {
        ulong length = U64($"the length of {what}");
        if (length > (ulong)longest) throw new ModelFileException($"{Path}: {what} claims a length of {length} bytes; at most {longest} are read. The file is broken.");
        try
        {
            return s_strict.GetString(Take((int)length, what));
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFileException($"{Path}: {what} is not valid UTF-8: {e.Message}", e);
        }
    }

    /// <summary>A metadata value: string, bool, long, ulong (only for type uint64), double, or an array of one of them.</summary>
    public object Value(string key)
    {
        uint type = U32($"the type of {key}");
        return Value(key, type, depth: 0);
    }

    private object Value(string key, uint type, int depth)
    {
        switch (type)
        {
            case 0: return (long)U8(key);
            case 1: return (long)(sbyte)U8(key);
            case 2: return (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key));
            case 3: return (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2, key));
            case 4: return (long)U32(key);
            case 5: return (long)(int)U32(key);
            case 6: return (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4, key));
            case 7: return Bool(key, U8(key));
            case 8: return Text($"the value of {key}", longest: 1 << 26);
            case 9: return Array(key, depth + 1);
            case 10: return U64(key);
            case 11: return (long)U64(key);
            case 12: return BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key));
            default: throw new ModelFileException($"{Path}: metadata {key} has value type {type}; GGUF knows 0 to 12. The file is broken.");
        }
    }

    private object Array(string key, int depth)
    {
        if (depth > DeepestArray) throw new ModelFileException($"{Path}: metadata {key} nests arrays deeper than {DeepestArray}.");
        uint type = U32($"the element type of {key}");
        ulong count = U64($"the length of {key}");
        int smallest = type switch { 0 or 1 or 7 => 1, 2 or 3 => 2, 4 or 5 or 6 => 4, 8 or 10 or 11 or 12 => 8, 9 => 12, _ => throw new ModelFileException($"{Path}: metadata {key} is an array of element type {type}; GGUF knows 0 to 12. The file is broken.") };
        if (count > (ulong)(Left / smallest)) throw new ModelFileException($"{Path}: metadata {key} claims {count} elements of at least {smallest} byte(s), beyond the end of the file ({Left} bytes are left). The file is cut or broken.");
        if (count > LongestArray) throw new ModelFileException($"{Path}: metadata {key} has {count} elements; at most {LongestArray} are read.");
        int n = (int)count;
        switch (type)
        {
            case 6 or 12: return Fill(new double[n], i => (double)Value(key, type, depth));
            case 7: return Fill(new bool[n], i => (bool)Value(key, type, depth));
            case 8: return Fill(new string[n], i => Text($"element {i} of {key}", longest: 1 << 20));
            case 9: return Fill(new object[n], i => Value(key, type, depth));
            case 10: return Fill(new ulong[n], i => (ulong)Value(key, type, depth));
            default: return Fill(new long[n], i => (long)Value(key, type, depth));
        }
    }

    private static T[] Fill<T>(T[] array, Func<int, T> next)
    {
        for (int i = 0; i < array.Length; i++) array[i] = next(i);
        return array;
    }

    private bool Bool(string key, byte value) =>
        value <= 1 ? value == 1 : throw new ModelFileException($"{Path}: metadata {key} is a bool of byte {value}; only 0 and 1 mean anything.");

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > file.Length - Position) throw new ModelFileException($"{Path}: the file ends at byte {file.Length}, inside {what} ({count} bytes at {Position}). It is cut or broken.");
        if (count > Left) throw new ModelFileException($"{Path}: the header is longer than {LongestHeader} bytes at {what}; such a file is not read.");
        ReadOnlySpan<byte> bytes = file.Slice(Position, count);
        Position += count;
        return bytes;
    }
}
