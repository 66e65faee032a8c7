using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Plumbline.Models.Kernels;

/// <summary>A kind of 16-bit float, for kernels that differ in nothing else.</summary>
internal unsafe interface IHalf
{
    /// <summary>Sixteen of them in f32; infinities and NaNs may come out as anything.</summary>
    static abstract Vector512<float> Sixteen(ushort* p);

    /// <summary>Eight of them.</summary>
    static abstract Vector256<float> Eight(ushort* p);
}

/// <summary>IEEE halves.</summary>
internal readonly unsafe struct IeeeHalf : IHalf
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(ushort* p) => Widening.FiniteHalves16(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Eight(ushort* p) => Widening.FiniteHalves8(p);
}

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BrainHalf : IHalf
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(ushort* p) => Widening.BrainHalves16(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Eight(ushort* p) => Widening.BrainHalves8(p);
}
