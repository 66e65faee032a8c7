using System.Text;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Plumbline.Torch;

/// <summary>
/// The symbol versions that a shared library asks of others (<c>.gnu.version_r</c>), in the layout of the System V
/// gABI and the GNU symbol-versioning extension: <c>Verneed {u16 version, count; u32 file, aux, next}</c> followed by
/// <c>Vernaux {u32 hash; u16 flags, other; u32 name, next}</c>. Only little-endian 64-bit images.
/// </summary>
internal static class ElfVersionNeeds
{
    private const int SegmentLoad = 1, SegmentDynamic = 2;
    private const long TagStringTable = 5, TagVersionNeed = 0x6ffffffe, TagVersionNeedCount = 0x6fffffff;
    private const ushort FlagWeak = 2;

    /// <summary>
    /// Marks every need of the version as weak, so that the loader warns where it is absent instead of refusing.
    /// Changes nothing but these flags.
    /// </summary>
    /// <returns>How many entries carry the version; 0 leaves the image untouched.</returns>
    /// <exception cref="InvalidDataException">Not such an image, or one whose tables point outside it.</exception>
    public static int MakeWeak(Span<byte> image, string version)
    {
        Dynamic dynamic = ReadDynamic(image);
        if (dynamic.Needs == 0 || dynamic.Strings == 0) return 0;
        byte[] wanted = [.. Encoding.ASCII.GetBytes(version), 0];
        int found = 0;
        long need = dynamic.Needs;
        for (long left = dynamic.Count; left > 0; left--)
        {
            Span<byte> entry = Slice(image, need, 16);
            long aux = need + ReadUInt32LittleEndian(entry[8..]);
            for (int names = ReadUInt16LittleEndian(entry[2..]); names > 0; names--)
            {
                Span<byte> one = Slice(image, aux, 16);
                long name = dynamic.Strings + ReadUInt32LittleEndian(one[8..]);
                if (name + wanted.Length <= image.Length && image.Slice((int)name, wanted.Length).SequenceEqual(wanted))
                {
                    WriteUInt16LittleEndian(one[4..], (ushort)(ReadUInt16LittleEndian(one[4..]) | FlagWeak));
                    found++;
                }

                uint step = ReadUInt32LittleEndian(one[12..]);
                if (step == 0) break;
                aux += step;
            }

            uint next = ReadUInt32LittleEndian(entry[12..]);
            if (next == 0) break;
            need += next;
        }

        return found;
    }

    private sealed record Dynamic(long Strings, long Needs, long Count);

    private static Dynamic ReadDynamic(Span<byte> image)
    {
        Span<byte> header = Slice(image, 0, 64);
        if (!header[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new InvalidDataException("Not a little-endian 64-bit ELF image.");
        long table = (long)ReadUInt64LittleEndian(header[0x20..]);
        int size = ReadUInt16LittleEndian(header[0x36..]), count = ReadUInt16LittleEndian(header[0x38..]);
        if (size < 56) throw new InvalidDataException($"ELF program headers of {size} bytes; 56 are needed.");

        var loads = new List<(long Address, long Offset, long Length)>();
        long offset = -1, length = 0;
        for (int i = 0; i < count; i++)
        {
            Span<byte> segment = Slice(image, table + ((long)i * size), 56);
            uint type = ReadUInt32LittleEndian(segment);
            long at = (long)ReadUInt64LittleEndian(segment[8..]), address = (long)ReadUInt64LittleEndian(segment[16..]), bytes = (long)ReadUInt64LittleEndian(segment[32..]);
            if (type == SegmentLoad) loads.Add((address, at, bytes));
            else if (type == SegmentDynamic) (offset, length) = (at, bytes);
        }

        long strings = 0, needs = 0, versions = 0;
        for (long at = offset, end = offset + length; offset >= 0 && at + 16 <= end; at += 16)
        {
            Span<byte> entry = Slice(image, at, 16);
            long tag = ReadInt64LittleEndian(entry), value = ReadInt64LittleEndian(entry[8..]);
            if (tag == 0) break;
            if (tag == TagStringTable) strings = FileOffset(loads, value);
            else if (tag == TagVersionNeed) needs = FileOffset(loads, value);
            else if (tag == TagVersionNeedCount) versions = value;
        }

        return new Dynamic(strings, needs, versions);
    }

    private static long FileOffset(List<(long Address, long Offset, long Length)> loads, long address)
    {
        foreach ((long start, long offset, long length) in loads)
            if (address >= start && address - start < length) return offset + (address - start);
        throw new InvalidDataException($"ELF address 0x{address:x} lies in no loaded segment.");
    }

    private static Span<byte> Slice(Span<byte> image, long offset, int length) =>
        offset >= 0 && offset + length <= image.Length
            ? image.Slice((int)offset, length)
            : throw new InvalidDataException($"ELF table at {offset} reaches beyond the image's {image.Length} bytes.");
}
