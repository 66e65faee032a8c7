using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// One row of activations times panels of weights that are dequantised in registers: what decoding a single text does.
/// It is bound by reading the weights, so each form asks for them ahead. Gives the bits of the tiled product.
/// </summary>
internal static unsafe class RowProduct
{
    /// <summary>Whether the processor's vectors and the matrix allow it; else the tiles are used.</summary>
    public static bool Supports(PackedMatrix w) => Vector256.IsHardwareAccelerated && w.Finite && w.Type != TensorType.F32;

    /// <summary>c[32 · first … 32 · end) = a · wᵀ for panels first … end - 1.</summary>
    public static void Multiply(PackedMatrix w, int first, int end, float* a, float* c)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            for (int panel = first; panel < end; panel += 2) WideRow.Multiply(w, panel, Math.Min(panel + 1, end - 1), a, c);
        }
        else
        {
            for (int panel = first; panel < end; panel++) NarrowRow.Multiply(w, panel, a, c);
        }
    }

    /// <summary>Writes a panel's 32 sums, or as many as there are rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(PackedMatrix w, int panel, float* sums, float* c)
    {
        int row = panel * Tile.Width;
        new ReadOnlySpan<float>(sums, Math.Min(Tile.Width, w.Rows - row)).CopyTo(new Span<float>(c + row, Tile.Width));
    }
}
