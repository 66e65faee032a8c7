using System.Buffers.Binary;
using System.Text;
using CsCheck;

namespace Plumbline.Torch.Tests;

public sealed class ElfVersionNeedsTests
{
    private const int FlagsOfSecond = 0x1000 + 16 + 16 + 4;

    [Fact]
    public void MakeWeak_TwoVersions_ChangesOneBitOfOne()
    {
        byte[] image = Image("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        byte[] before = [.. image];
        Assert.Equal(1, ElfVersionNeeds.MakeWeak(image, "GLIBCXX_3.4.32"));
        int[] changed = [.. Enumerable.Range(0, image.Length).Where(i => image[i] != before[i])];
        Assert.Equal([FlagsOfSecond], changed);
        Assert.Equal(2, image[FlagsOfSecond]);
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.3")]      // a prefix of a name is another name
    [InlineData("GLIBCXX_3.4.33")]
    public void MakeWeak_VersionAbsent_LeavesImage(string version)
    {
        byte[] image = Image("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        byte[] before = [.. image];
        Assert.Equal(0, ElfVersionNeeds.MakeWeak(image, version));
        Assert.Equal(before, image);
    }

    [Fact]
    public void MakeWeak_CutImage_IsRefusedOrHarmless()
    {
        byte[] whole = Image("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        for (int length = 0; length < whole.Length; length += 7)
        {
            byte[] cut = whole[..length];
            try
            {
                ElfVersionNeeds.MakeWeak(cut, "GLIBCXX_3.4.32");
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void MakeWeak_CorruptedImage_NeverFailsOtherwise()
    {
        byte[] whole = Image("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        Gen.Select(Gen.Int[0, 0x1060], Gen.Byte).List[1, 20].Sample(changes =>
        {
            byte[] image = [.. whole];
            foreach ((int at, byte value) in changes) image[at % image.Length] = value;
            try
            {
                ElfVersionNeeds.MakeWeak(image, "GLIBCXX_3.4.32");
            }
            catch (InvalidDataException)
            {
            }
        }, iter: 5000);
    }

    [Fact]
    public void MakeWeak_RealBridge_FindsOneEntry()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        Assert.SkipUnless(File.Exists(path), "needs TorchSharp's bridge for linux-x64");
        byte[] image = File.ReadAllBytes(path), before = [.. image];
        Assert.Equal(1, ElfVersionNeeds.MakeWeak(image, "GLIBCXX_3.4.32"));
        int changed = 0;
        for (int i = 0; i < image.Length; i++) changed += image[i] == before[i] ? 0 : 1;
        Assert.Equal(1, changed);
    }

    /// <summary>Header, one loaded segment (address 0x400000 on), a dynamic section at 0x200, strings at 0x800, needs at 0x1000.</summary>
    private static byte[] Image(params string[] versions)
    {
        const long Base = 0x400000;
        var image = new byte[0x1000 + 16 + (16 * versions.Length)];
        Span<byte> b = image;
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(b);
        BinaryPrimitives.WriteInt64LittleEndian(b[0x20..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(b[0x36..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(b[0x38..], 2);
        Segment(b[64..], 1, 0, Base, image.Length);
        Segment(b[120..], 2, 0x200, Base + 0x200, 64);
        Entry(b[0x200..], 5, Base + 0x800);
        Entry(b[0x210..], 0x6ffffffe, Base + 0x1000);
        Entry(b[0x220..], 0x6fffffff, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(b[0x1002..], (ushort)versions.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(b[0x1008..], 16);
        int name = 1;
        for (int i = 0; i < versions.Length; i++)
        {
            int at = 0x1010 + (16 * i);
            BinaryPrimitives.WriteUInt32LittleEndian(b[(at + 8)..], (uint)name);
            BinaryPrimitives.WriteUInt32LittleEndian(b[(at + 12)..], i + 1 < versions.Length ? 16u : 0);
            Encoding.ASCII.GetBytes(versions[i], b[(0x800 + name)..]);
            name += versions[i].Length + 1;
        }

        return image;

        static void Segment(Span<byte> at, uint type, long offset, long address, long length)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, type);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], offset);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], address);
            BinaryPrimitives.WriteInt64LittleEndian(at[32..], length);
        }

        static void Entry(Span<byte> at, long tag, long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at, tag);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], value);
        }
    }
}
