using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Plumbline.Models.Kernels;

/// <summary>
/// c[rows, 32] (+)= a[depth, rows]ᵀ · w[depth, 32] for 1, 2, 4, 8 or 12 rows, on 512-bit vectors: 24 sums in registers.
/// Each sum begins at 0, runs over the depth in rising order, one fused multiply-add a step, and is then added to c, so
/// a row's result does not depend on how many rows are computed with it.
/// </summary>
internal static unsafe class WideTile
{
    private const int PanelWidth = 32;

    public static void Multiply(int rows, float* a, float* w, int depth, float* c, int stride, bool add)
    {
        switch (rows)
        {
            case 1: One(a, w, depth, c, stride, add); break;
            case 2: Two(a, w, depth, c, stride, add); break;
            case 4: Four(a, w, depth, c, stride, add); break;
            case 8: Eight(a, w, depth, c, stride, add); break;
            case 12: Twelve(a, w, depth, c, stride, add); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows), rows, "A tile has 1, 2, 4, 8 or 12 rows.");
        }
    }

    private static void One(float* a, float* w, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c0l = default, c0h = default;

        for (int k = 0; k < depth; k++, a += 1, w += PanelWidth)
        {
            (Vector512<float> l, Vector512<float> h) = Load(w);
            Vector512<float> x;
            x = Vector512.Create(a[0]); c0l = Vector512.FusedMultiplyAdd(x, l, c0l); c0h = Vector512.FusedMultiplyAdd(x, h, c0h);
        }

        Store(c, c0l, c0h, add);
    }

    private static void Two(float* a, float* w, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c0l = default, c0h = default;
        Vector512<float> c1l = default, c1h = default;

        for (int k = 0; k < depth; k++, a += 2, w += PanelWidth)
        {
            (Vector512<float> l, Vector512<float> h) = Load(w);
            Vector512<float> x;
            x = Vector512.Create(a[0]); c0l = Vector512.FusedMultiplyAdd(x, l, c0l); c0h = Vector512.FusedMultiplyAdd(x, h, c0h);
            x = Vector512.Create(a[1]); c1l = Vector512.FusedMultiplyAdd(x, l, c1l); c1h = Vector512.FusedMultiplyAdd(x, h, c1h);
        }

        Store(c, c0l, c0h, add);
        Store(c + stride, c1l, c1h, add);
    }

    private static void Four(float* a, float* w, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c0l = default, c0h = default;
        Vector512<float> c1l = default, c1h = default;
        Vector512<float> c2l = default, c2h = default;
        Vector512<float> c3l = default, c3h = default;

        for (int k = 0; k < depth; k++, a += 4, w += PanelWidth)
        {
            (Vector512<float> l, Vector512<float> h) = Load(w);
            Vector512<float> x;
            x = Vector512.Create(a[0]); c0l = Vector512.FusedMultiplyAdd(x, l, c0l); c0h = Vector512.FusedMultiplyAdd(x, h, c0h);
            x = Vector512.Create(a[1]); c1l = Vector512.FusedMultiplyAdd(x, l, c1l); c1h = Vector512.FusedMultiplyAdd(x, h, c1h);
            x = Vector512.Create(a[2]); c2l = Vector512.FusedMultiplyAdd(x, l, c2l); c2h = Vector512.FusedMultiplyAdd(x, h, c2h);
            x = Vector512.Create(a[3]); c3l = Vector512.FusedMultiplyAdd(x, l, c3l); c3h = Vector512.FusedMultiplyAdd(x, h, c3h);
        }

        Store(c, c0l, c0h, add);
        Store(c + stride, c1l, c1h, add);
        Store(c + (2 * stride), c2l, c2h, add);
        Store(c + (3 * stride), c3l, c3h, add);
    }

    private static void Eight(float* a, float* w, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c0l = default, c0h = default;
        Vector512<float> c1l = default, c1h = default;
        Vector512<float> c2l = default, c2h = default;
        Vector512<float> c3l = default, c3h = default;
        Vector512<float> c4l = default, c4h = default;
        Vector512<float> c5l = default, c5h = default;
        Vector512<float> c6l = default, c6h = default;
        Vector512<float> c7l = default, c7h = default;

        for (int k = 0; k < depth; k++, a += 8, w += PanelWidth)
        {
            (Vector512<float> l, Vector512<float> h) = Load(w);
            Vector512<float> x;
            x = Vector512.Create(a[0]); c0l = Vector512.FusedMultiplyAdd(x, l, c0l); c0h = Vector512.FusedMultiplyAdd(x, h, c0h);
            x = Vector512.Create(a[1]); c1l = Vector512.FusedMultiplyAdd(x, l, c1l); c1h = Vector512.FusedMultiplyAdd(x, h, c1h);
            x = Vector512.Create(a[2]); c2l = Vector512.FusedMultiplyAdd(x, l, c2l); c2h = Vector512.FusedMultiplyAdd(x, h, c2h);
            x = Vector512.Create(a[3]); c3l = Vector512.FusedMultiplyAdd(x, l, c3l); c3h = Vector512.FusedMultiplyAdd(x, h, c3h);
            x = Vector512.Create(a[4]); c4l = Vector512.FusedMultiplyAdd(x, l, c4l); c4h = Vector512.FusedMultiplyAdd(x, h, c4h);
            x = Vector512.Create(a[5]); c5l = Vector512.FusedMultiplyAdd(x, l, c5l); c5h = Vector512.FusedMultiplyAdd(x, h, c5h);
            x = Vector512.Create(a[6]); c6l = Vector512.FusedMultiplyAdd(x, l, c6l); c6h = Vector512.FusedMultiplyAdd(x, h, c6h);
            x = Vector512.Create(a[7]); c7l = Vector512.FusedMultiplyAdd(x, l, c7l); c7h = Vector512.FusedMultiplyAdd(x, h, c7h);
        }

        Store(c, c0l, c0h, add);
        Store(c + stride, c1l, c1h, add);
        Store(c + (2 * stride), c2l, c2h, add);
        Store(c + (3 * stride), c3l, c3h, add);
        Store(c + (4 * stride), c4l, c4h, add);
        Store(c + (5 * stride), c5l, c5h, add);
        Store(c + (6 * stride), c6l, c6h, add);
        Store(c + (7 * stride), c7l, c7h, add);
    }

    private static void Twelve(float* a, float* w, int depth, float* c, int stride, bool add)
    {
        Vector512<float> c0l = default, c0h = default;
        Vector512<float> c1l = default, c1h = default;
        Vector512<float> c2l = default, c2h = default;
        Vector512<float> c3l = default, c3h = default;
        Vector512<float> c4l = default, c4h = default;
        Vector512<float> c5l = default, c5h = default;
        Vector512<float> c6l = default, c6h = default;
        Vector512<float> c7l = default, c7h = default;
        Vector512<float> c8l = default, c8h = default;
        Vector512<float> c9l = default, c9h = default;
        Vector512<float> c10l = default, c10h = default;
        Vector512<float> c11l = default, c11h = default;

        for (int k = 0; k < depth; k++, a += 12, w += PanelWidth)
        {
            (Vector512<float> l, Vector512<float> h) = Load(w);
            Vector512<float> x;
            x = Vector512.Create(a[0]); c0l = Vector512.FusedMultiplyAdd(x, l, c0l); c0h = Vector512.FusedMultiplyAdd(x, h, c0h);
            x = Vector512.Create(a[1]); c1l = Vector512.FusedMultiplyAdd(x, l, c1l); c1h = Vector512.FusedMultiplyAdd(x, h, c1h);
            x = Vector512.Create(a[2]); c2l = Vector512.FusedMultiplyAdd(x, l, c2l); c2h = Vector512.FusedMultiplyAdd(x, h, c2h);
            x = Vector512.Create(a[3]); c3l = Vector512.FusedMultiplyAdd(x, l, c3l); c3h = Vector512.FusedMultiplyAdd(x, h, c3h);
            x = Vector512.Create(a[4]); c4l = Vector512.FusedMultiplyAdd(x, l, c4l); c4h = Vector512.FusedMultiplyAdd(x, h, c4h);
            x = Vector512.Create(a[5]); c5l = Vector512.FusedMultiplyAdd(x, l, c5l); c5h = Vector512.FusedMultiplyAdd(x, h, c5h);
            x = Vector512.Create(a[6]); c6l = Vector512.FusedMultiplyAdd(x, l, c6l); c6h = Vector512.FusedMultiplyAdd(x, h, c6h);
            x = Vector512.Create(a[7]); c7l = Vector512.FusedMultiplyAdd(x, l, c7l); c7h = Vector512.FusedMultiplyAdd(x, h, c7h);
            x = Vector512.Create(a[8]); c8l = Vector512.FusedMultiplyAdd(x, l, c8l); c8h = Vector512.FusedMultiplyAdd(x, h, c8h);
            x = Vector512.Create(a[9]); c9l = Vector512.FusedMultiplyAdd(x, l, c9l); c9h = Vector512.FusedMultiplyAdd(x, h, c9h);
            x = Vector512.Create(a[10]); c10l = Vector512.FusedMultiplyAdd(x, l, c10l); c10h = Vector512.FusedMultiplyAdd(x, h, c10h);
            x = Vector512.Create(a[11]); c11l = Vector512.FusedMultiplyAdd(x, l, c11l); c11h = Vector512.FusedMultiplyAdd(x, h, c11h);
        }

        Store(c, c0l, c0h, add);
        Store(c + stride, c1l, c1h, add);
        Store(c + (2 * stride), c2l, c2h, add);
        Store(c + (3 * stride), c3l, c3h, add);
        Store(c + (4 * stride), c4l, c4h, add);
        Store(c + (5 * stride), c5l, c5h, add);
        Store(c + (6 * stride), c6l, c6h, add);
        Store(c + (7 * stride), c7l, c7h, add);
        Store(c + (8 * stride), c8l, c8h, add);
        Store(c + (9 * stride), c9l, c9h, add);
        Store(c + (10 * stride), c10l, c10h, add);
        Store(c + (11 * stride), c11l, c11h, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Low, Vector512<float> High) Load(float* p) => (Vector512.Load(p), Vector512.Load(p + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* p, Vector512<float> low, Vector512<float> high, bool add)
    {
        if (add)
        {
            low += Vector512.Load(p);
            high += Vector512.Load(p + 16);
        }

        low.Store(p);
        high.Store(p + 16);
    }
}
