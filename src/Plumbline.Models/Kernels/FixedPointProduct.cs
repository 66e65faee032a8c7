using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary>
/// Products of four-bit weights in integers, for the rows of a step that decodes: there the tiles spend their time on
/// dequantising, and a row multiplied in f32 does not keep up with memory. A block of 32 columns is summed exactly; its
/// scale, its minimum and the sum over blocks are f32. About as exact as the tiles (less so only in blocks that hold one value far
/// above the others), but with other last bits, so a model decodes all its tokens with it or none. A row's result depends neither on what is computed with it nor on the vectors.
/// </summary>
internal static unsafe class FixedPointProduct
{
    // How far ahead of the arithmetic memory is read.
    private const int Ahead = 8 << 10;

    /// <summary>Whether the processor and the matrix allow it.</summary>
    public static bool Supports(PackedMatrix w) => Avx2.IsSupported && w.Finite && w.Layout.Bits == 4;

    /// <summary>c[rows, 32 · first … 32 · end) = a · wᵀ for panels first … end - 1, reading ahead up to panel last.</summary>
    [SkipLocalsInit]
    public static void Multiply(FixedPointRows a, PackedMatrix w, int first, int end, int last, float* c, long stride)
    {
        float* sums = stackalloc float[4 * Tile.Width];
        byte* limit = w.Panel(last);
        for (int panel = first; panel < end; panel++)
        {
            int row = 0;
            if (Vector512.IsHardwareAccelerated)
            {
                for (; row + 4 <= a.Rows; row += 4)
                {
                    WideFixedPoint.Four(w, panel, a.Row(row), a.RowBytes, limit, sums);
                    for (int i = 0; i < 4; i++) RowProduct.Store(w, panel, sums + (i * Tile.Width), c + ((row + i) * stride));
                }
            }

            for (; row < a.Rows; row++)
            {
                if (Vector512.IsHardwareAccelerated) WideFixedPoint.One(w, panel, a.Row(row), limit, sums);
                else NarrowFixedPoint.One(w, panel, a.Row(row), limit, sums);
                RowProduct.Store(w, panel, sums, c + (row * stride));
            }
        }
    }

    /// <summary>Asks for what comes soon after a block: of this panel or of those behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* p, byte* limit, int length)
    {
        if (p + Ahead >= limit) return;
        for (int i = 0; i < length; i += 64) Sse.Prefetch0(p + Ahead + i);
    }
}
