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
        Vector256<float> c00, c01, c02, c03;
        if (add)
        {
            c00 = Vector256.Load(c); c01 = Vector256.Load(c + 8); c02 = Vector256.Load(c + 16); c03 = Vector256.Load(c + 24);
        }
        else
        {
            c00 = c01 = c02 = c03 = Vector256<float>.Zero;
        }

        for (int k = 0; k < depth; k++, a += height, w += PanelWidth)
        {
            Vector256<float> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 8), w2 = Vector256.Load(w + 16), w3 = Vector256.Load(w + 24);
            Vector256<float> x;
            x = Vector256.Create(a[0]); c00 = Vector256.FusedMultiplyAdd(x, w0, c00); c01 = Vector256.FusedMultiplyAdd(x, w1, c01); c02 = Vector256.FusedMultiplyAdd(x, w2, c02); c03 = Vector256.FusedMultiplyAdd(x, w3, c03);
        }

        c00.Store(c); c01.Store(c + 8); c02.Store(c + 16); c03.Store(c + 24);
    }

    private static void TwoByTwo(float* a, int height, float* w, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00, c01;
        Vector256<float> c10, c11;
        if (add)
        {
            c00 = Vector256.Load(c); c01 = Vector256.Load(c + 8);
            c10 = Vector256.Load(c + stride); c11 = Vector256.Load(c + stride + 8);
        }
        else
        {
            c00 = c01 = c10 = c11 = Vector256<float>.Zero;
        }

        for (int k = 0; k < depth; k++, a += height, w += PanelWidth)
        {
            Vector256<float> w0 = Vector256.Load(w), w1 = Vector256.Load(w + 8);
            Vector256<float> x;
            x = Vector256.Create(a[0]); c00 = Vector256.FusedMultiplyAdd(x, w0, c00); c01 = Vector256.FusedMultiplyAdd(x, w1, c01);
            x = Vector256.Create(a[1]); c10 = Vector256.FusedMultiplyAdd(x, w0, c10); c11 = Vector256.FusedMultiplyAdd(x, w1, c11);
        }

        c00.Store(c); c01.Store(c + 8);
        c10.Store(c + stride); c11.Store(c + stride + 8);
    }

    private static void SixByTwo(float* a, int height, float* w, int depth, float* c, int stride, bool add)
    {
        Vector256<float> c00, c01;
        Vector256<float> c10, c11;
        Vector256<float> c20, c21;
        Vector256<float> c30, c31;
        Vector256<float> c40, c41;
        Vector256<float> c50, c51;
        if (add)
        {
            c00 = Vector256.Load(c); c01 = Vector256.Load(c + 8);
            c10 = Vector256.Load(c + stride); c11 = Vector256.Load(c + stride + 8);
            c20 = Vector256.Load(c + (2 * stride)); c21 = Vector256.Load(c + (2 * stride) + 8);
            c30 = Vector256.Load(c + (3 * stride)); c31 = Vector256.Load(c + (3 * stride) + 8);
            c40 = Vector256.Load(c + (4 * stride)); c41 = Vector256.Load(c + (4 * stride) + 8);
            c50 = Vector256.Load(c + (5 * stride)); c51 = Vector256.Load(c + (5 * stride) + 8);
        }
        else
        {
            c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = Vector256<float>.Zero;
        }

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

        c00.Store(c); c01.Store(c + 8);
        c10.Store(c + stride); c11.Store(c + stride + 8);
        c20.Store(c + (2 * stride)); c21.Store(c + (2 * stride) + 8);
        c30.Store(c + (3 * stride)); c31.Store(c + (3 * stride) + 8);
        c40.Store(c + (4 * stride)); c41.Store(c + (4 * stride) + 8);
        c50.Store(c + (5 * stride)); c51.Store(c + (5 * stride) + 8);
    }
}
