using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary>Narrow numbers to f32, exactly.</summary>
internal static unsafe class Widening
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> SignedBytes16(sbyte* p) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector128.Load(p))
        : Vector512.Create(SignedBytes8(p), SignedBytes8(p + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> SignedBytes8(sbyte* p) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(p)
        : Vector256.Create(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);

    /// <summary>Sixteen IEEE halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Halves16(ushort* p)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<uint> h = Avx512F.ConvertToVector512UInt32(Vector256.Load(p));
            Vector512<uint> sign = Vector512.ShiftLeft(h & Vector512.Create(0x8000u), 16);
            Vector512<uint> magnitude = Vector512.ShiftLeft(h & Vector512.Create(0x7FFFu), 13);
            Vector512<uint> scaled = (magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f)).AsUInt32();
            Vector512<uint> special = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x0F800000u));
            return (Vector512.ConditionalSelect(special, magnitude | Vector512.Create(0x7F800000u), scaled) | sign).AsSingle();
        }

        (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(p));
        return Vector512.Create(Halves(low), Halves(high));
    }

    /// <summary>Eight IEEE halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Halves8(ushort* p)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.Load(p));
        return Halves(Vector256.Create(low, high));
    }

    /// <summary>Sixteen IEEE halves without infinities and NaNs: half the instructions of <see cref="Halves16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FiniteHalves16(ushort* p)
    {
        if (!Avx512F.IsSupported) return Vector512.Create(FiniteHalves8(p), FiniteHalves8(p + 8));
        // Widened with its sign, a half moved left by 13 has its sign, exponent and fraction in place, and copies of the sign between.
        Vector512<int> moved = Vector512.ShiftLeft(Avx512F.ConvertToVector512Int32(Vector256.Load((short*)p)), 13) & Vector512.Create(unchecked((int)0x8FFFE000));
        return moved.AsSingle() * Vector512.Create(5.192296858534828e33f);
    }

    /// <summary>Eight IEEE halves without infinities and NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FiniteHalves8(ushort* p)
    {
        (Vector128<int> low, Vector128<int> high) = Vector128.Widen(Vector128.Load((short*)p));
        Vector256<int> moved = Vector256.ShiftLeft(Vector256.Create(low, high), 13) & Vector256.Create(unchecked((int)0x8FFFE000));
        return moved.AsSingle() * Vector256.Create(5.192296858534828e33f);
    }

    /// <summary>The i-th sixteen of a block's scales, halves (2 bytes) or floats (4).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scales16(byte* block, int i, int size) => size == 2 ? Halves16((ushort*)block + (16 * i)) : Vector512.Load((float*)block + (16 * i));

    /// <summary>The i-th eight of a block's scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales8(byte* block, int i, int size) => size == 2 ? Halves8((ushort*)block + (8 * i)) : Vector256.Load((float*)block + (8 * i));

    /// <summary><see cref="Scales16"/> without infinities and NaNs among halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> FiniteScales16(byte* block, int i, int size) => size == 2 ? FiniteHalves16((ushort*)block + (16 * i)) : Vector512.Load((float*)block + (16 * i));

    /// <summary><see cref="Scales8"/> without infinities and NaNs among halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> FiniteScales8(byte* block, int i, int size) => size == 2 ? FiniteHalves8((ushort*)block + (8 * i)) : Vector256.Load((float*)block + (8 * i));

    /// <summary>The lowest four bits of each number as a float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Nibbles16(Vector512<int> x) => Avx512F.IsSupported
        // The permutation looks at the lowest four bits only.
        ? Avx512F.PermuteVar16x32(Vector512.Create(0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f), x)
        : Vector512.ConvertToSingle(x & Vector512.Create(15));

    /// <inheritdoc cref="Nibbles16"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Nibbles8(Vector256<int> x) => Vector256.ConvertToSingle(x & Vector256.Create(15));

    /// <summary>Sixteen bfloat16: the upper halves of floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> BrainHalves16(ushort* p)
    {
        if (Avx512F.IsSupported) return Vector512.ShiftLeft(Avx512F.ConvertToVector512UInt32(Vector256.Load(p)), 16).AsSingle();
        (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(p));
        return Vector512.Create(Vector256.ShiftLeft(low, 16), Vector256.ShiftLeft(high, 16)).AsSingle();
    }

    /// <summary>Eight bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> BrainHalves8(ushort* p)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.Load(p));
        return Vector256.ShiftLeft(Vector256.Create(low, high), 16).AsSingle();
    }

    // Exponent and fraction move into a float's places, whose bias is 112 larger: one multiplication by 2^112 is
    // exact, subnormal halves included. Infinity and NaN keep their all-ones exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(Vector256<uint> h)
    {
        Vector256<uint> sign = Vector256.ShiftLeft(h & Vector256.Create(0x8000u), 16);
        Vector256<uint> magnitude = Vector256.ShiftLeft(h & Vector256.Create(0x7FFFu), 13);
        Vector256<uint> scaled = (magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f)).AsUInt32();
        Vector256<uint> special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x0F800000u));
        return (Vector256.ConditionalSelect(special, magnitude | Vector256.Create(0x7F800000u), scaled) | sign).AsSingle();
    }
}
