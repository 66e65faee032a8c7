using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Plumbline.Models.Kernels;

/// <summary>
/// The innermost product: c[rows, 32] (+)= a[depth, rows]ᵀ · w[depth, 32], on the widest vectors of the processor.
/// Both forms add in the same order, so they give the same bits.
/// </summary>
internal static unsafe class Tile
{
    /// <summary>Columns of a panel.</summary>
    public const int Width = 32;

    /// <summary>Most rows of a tile.</summary>
    public const int Height = 12;

    /// <summary>The smallest tile that holds so many rows: 1, 2, 4, 8 or 12.</summary>
    public static int HeightFor(int rows) => rows switch { <= 1 => 1, 2 => 2, <= 4 => 4, <= 8 => 8, _ => Height };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int height, float* a, float* w, int depth, float* c, int stride, bool add)
    {
        if (Vector512.IsHardwareAccelerated) WideTile.Multiply(height, a, w, depth, c, stride, add);
        else NarrowTile.Multiply(height, a, w, depth, c, stride, add);
    }

    /// <summary>A 64-byte boundary within a stack block that has 16 spare floats.</summary>
    public static float* Align(float* p) => (float*)(((nuint)p + 63) & ~(nuint)63);
}
