using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary>
/// Activations as numbers of 24 bits, for products in integers: 32 columns of a row share a power of two that brings their
/// largest just within ±0x7F7F7F, so that each is three signed bytes, 65536 · h + 256 · m + l. Rounding takes at most
/// 2⁻²³ of that largest, about what sums in f32 lose. A block of 32 columns is three times 32 bytes (h, m, l; of
/// eight columns first 0, 2, 4, 6 and then 1, 3, 5, 7, as the words of <see cref="PackedMatrix"/> come apart); then the
/// factor that undoes the scaling, and the block's sum; then for h, m and l where the sums of products begin, minus four
/// times the sum of their bytes in each half of a word, so that four-bit weights count from -8. A block with a NaN or an
/// infinity is NaN.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct FixedPointRows(byte* data, int rows, int depth)
{
    /// <summary>Four-byte words of 32 columns of a row, and the places in it of factor, sum and first beginning.</summary>
    public const int Words = 30, Unit = 24, Sum = 25, Start = 26;

    /// <summary>Bytes of 32 columns of a row.</summary>
    public const int BlockBytes = Words * 4;

    private const int Columns = 32;

    public int Rows { get; } = rows;

    public long RowBytes { get; } = depth / Columns * BlockBytes;

    public byte* Row(int row) => data + (row * RowBytes);

    /// <summary>Bytes of so many rows.</summary>
    public static long Size(int rows, int depth) => (long)rows * (depth / Columns) * BlockBytes;

    /// <summary>Rounds a row.</summary>
    public void Fill(int row, float* values)
    {
        byte* target = Row(row);
        for (byte* end = target + RowBytes; target < end; target += BlockBytes, values += Columns) Round(values, target);
    }

    private static void Round(float* values, byte* target)
    {
        Vector256<float> a = Vector256.Load(values), b = Vector256.Load(values + 8), c = Vector256.Load(values + 16), d = Vector256.Load(values + 24);
        // Without its sign, the bits of a float are in the order of its size; a NaN is above all.
        Vector256<int> bits = Vector256.Max(Vector256.Max(Magnitude(a), Magnitude(b)), Vector256.Max(Magnitude(c), Magnitude(d)));
        Vector128<int> half = Vector128.Max(bits.GetLower(), bits.GetUpper());
        half = Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        int largest = Math.Max(half[0], half[1]);
        if (largest >= 0x7F800000)
        {
            new Span<byte>(target, BlockBytes).Clear();
            (((float*)target)[Unit], ((float*)target)[Sum]) = (float.NaN, float.NaN);
            return;
        }

        // A mantissa that would round to more than 0x7F7F7F counts as the next power of two; below 2⁻¹⁰³ numbers keep fewer bits.
        int exponent = Math.Max((largest + 0x10102) >> 23, 24);
        Vector256<float> scale = Vector256.Create(BitConverter.Int32BitsToSingle((276 - exponent) << 23));
        Vector256<int> ia = ToInteger(a * scale), ib = ToInteger(b * scale), ic = ToInteger(c * scale), id = ToInteger(d * scale);
        Vector256<int> la = Lowest(ia), lb = Lowest(ib), lc = Lowest(ic), ld = Lowest(id);
        Store(la, lb, lc, ld, target + 64);
        (ia, ib, ic, id) = (Higher(ia, la), Higher(ib, lb), Higher(ic, lc), Higher(id, ld));
        Vector256<int> ma = Lowest(ia), mb = Lowest(ib), mc = Lowest(ic), md = Lowest(id);
        Store(ma, mb, mc, md, target + 32);
        (ia, ib, ic, id) = (Higher(ia, ma), Higher(ib, mb), Higher(ic, mc), Higher(id, md));
        Store(ia, ib, ic, id, target);

        Vector256<int> low = la + lb + lc + ld, sums = Avx2.HorizontalAdd(Avx2.HorizontalAdd(ia + ib + ic + id, ma + mb + mc + md), Avx2.HorizontalAdd(low, low));
        Vector128<int> digits = sums.GetLower() + sums.GetUpper(), start = digits * -4;
        float unit = BitConverter.Int32BitsToSingle((exponent - 22) << 23);
        ((float*)target)[Unit] = unit;
        ((float*)target)[Sum] = ((digits[0] << 16) + (digits[1] << 8) + digits[2]) * unit;
        ((start & Vector128.Create(0xFFFF)) | Vector128.ShiftLeft(start, 16)).Store((int*)target + Start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Magnitude(Vector256<float> x) => x.AsInt32() & Vector256.Create(0x7FFFFFFF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ToInteger(Vector256<float> x) => Vector256.ConvertToInt32Native(Vector256.Round(x));

    // The lowest byte with its sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Lowest(Vector256<int> x) => Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(x, 24), 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Higher(Vector256<int> x, Vector256<int> lowest) => Vector256.ShiftRightArithmetic(x - lowest, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d, byte* target)
    {
        // Each half of the vectors is narrowed by itself; the permutation puts the columns in order again.
        Vector256<int> bytes = Avx2.PackSignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d)).AsInt32();
        Vector256<byte> ordered = Avx2.PermuteVar8x32(bytes, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte();
        Avx2.Shuffle(ordered, Vector256.Create((byte)0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)).Store(target);
    }
}
