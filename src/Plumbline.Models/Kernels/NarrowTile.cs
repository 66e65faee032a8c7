using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Plumbline.Models.Kernels;

/// <summary>
/// The same product as <see cref="WideTile"/> on 256-bit vectors (AVX2 with FMA; elsewhere the runtime splits them
/// into what the processor has): twelve sums in sixteen registers, the same order of summation.
/// </summary>
internal static unsafe class NarrowTile
{
    private const int PanelWidth = 32;

    public static void Multiply(int rows, float* a, float* w, int depth, float* c, int stride, bool add)
    {
        switch (rows)
        {
            case 1: OneByFour(a, 1, w, depth, c, stride, add); break;
            case 2: Halves(2, a, w, depth, c, stride, add); break;
            case 4: Halves(4, a, w, depth, c, stride, add); break;
            case 8: Halves(8, a, w, depth, c, stride, add); break;
            case 12: Halves(12, a, w, depth, c, stride, add); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows), rows, "A tile has 1, 2, 4, 8 or 12 rows.");
        }
    }

    private static void Halves(int rows, float* a, float* w, int depth, float* c, int stride, bool add)
    {
        for (int column = 0; column < PanelWidth; column += 16)
        {
            int row = 0;
            for (; row + 6 <= rows; row += 6) SixByTwo(a + row, rows, w + column, depth, c + (row * stride) + column, stride, add);
            for (; row < rows; row += 2) TwoByTwo(a + row, rows, w + column, depth, c + (row * stride) + column, stride, add);
        }
    }

    private static void OneByFour(float* a, int height, float* w, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00 = default, c01 = default, c02 = default, c03 = default;

        for (int k = 0; k < depth; k++, a += height, w += PanelWidth)
        {
            Vector256<float> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 8), w2 = Vector256.Load(w + 16), w3 = Vector256.Load(w + 24);
            Vector256<float> x;
            x = Vector256.Create(a[0]); c00 = Vector256.FusedMultiplyAdd(x, w0, c00); c01 = Vector256.FusedMultiplyAdd(x, w1, c01); c02 = Vector256.FusedMultiplyAdd(x, w2, c02); c03 = Vector256.FusedMultiplyAdd(x, w3, c03);
        }

        Store(c, c00, add);
        Store(c + 8, c01, add);
        Store(c + 16, c02, add);
        Store(c + 24, c03, add);
    }

    private static void TwoByTwo(float* a, int height, float* w, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00 = default, c01 = default;
        Vector256<float> c10 = default, c11 = default;

        for (int k = 0; k < depth; k++, a += height, w += PanelWidth)
        {
            Vector256<float> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 8);
            Vector256<float> x;
            x = Vector256.Create(a[0]); c00 = Vector256.FusedMultiplyAdd(x, w0, c00); c01 = Vector256.FusedMultiplyAdd(x, w1, c01);
            x = Vector256.Create(a[1]); c10 = Vector256.FusedMultiplyAdd(x, w0, c10); c11 = Vector256.FusedMultiplyAdd(x, w1, c11);
        }

        Store(c, c00, add);
        Store(c + 8, c01, add);
        Store(c + stride, c10, add);
        Store(c + stride + 8, c11, add);
    }

    private static void SixByTwo(float* a, int height, float* w, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00 = default, c01 = default;
        Vector256<float> c10 = default, c11 = default;
        Vector256<float> c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default;
        Vector256<float> c40 = default, c41 = default;
        Vector256<float> c50 = default, c51 = default;

        for (int k = 0; k < depth; k++, a += height, w += PanelWidth)
        {
            Vector256<float> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 8);
            Vector256<float> x;
            x = Vector256.Create(a[0]); c00 = Vector256.FusedMultiplyAdd(x, w0, c00); c01 = Vector256.FusedMultiplyAdd(x, w1, c01);
            x = Vector256.Create(a[1]); c10 = Vector256.FusedMultiplyAdd(x, w0, c10); c11 = Vector256.FusedMultiplyAdd(x, w1, c11);
            x = Vector256.Create(a[2]); c20 = Vector256.FusedMultiplyAdd(x, w0, c20); c21 = Vector256.FusedMultiplyAdd(x, w1, c21);
            x = Vector256.Create(a[3]); c30 = Vector256.FusedMultiplyAdd(x, w0, c30); c31 = Vector256.FusedMultiplyAdd(x, w1, c31);
            x = Vector256.Create(a[4]); c40 = Vector256.FusedMultiplyAdd(x, w0, c40); c41 = Vector256.FusedMultiplyAdd(x, w1, c41);
            x = Vector256.Create(a[5]); c50 = Vector256.FusedMultiplyAdd(x, w0, c50); c51 = Vector256.FusedMultiplyAdd(x, w1, c51);
        }

        Store(c, c00, add);
        Store(c + 8, c01, add);
        Store(c + stride, c10, add);
        Store(c + stride + 8, c11, add);
        Store(c + (2 * stride), c20, add);
        Store(c + (2 * stride) + 8, c21, add);
        Store(c + (3 * stride), c30, add);
        Store(c + (3 * stride) + 8, c31, add);
        Store(c + (4 * stride), c40, add);
        Store(c + (4 * stride) + 8, c41, add);
        Store(c + (5 * stride), c50, add);
        Store(c + (5 * stride) + 8, c51, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* p, Vector256<float> sum, bool add) => (add ? sum + Vector256.Load(p) : sum).Store(p);
}
