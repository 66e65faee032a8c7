using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// <see cref="RowProduct"/> on 256-bit vectors, one panel at a time, whose four sums fill sixteen registers with their
/// scales and minima. The same order of summation as <see cref="WideRow"/>, hence the same bits.
/// </summary>
internal static unsafe class NarrowRow
{
    private const int Ahead = 2560;

    public static void Multiply(PackedMatrix w, int panel, float* a, float* c)
    {
        float* sums = stackalloc float[Tile.Width];
        byte* p = w.Panel(panel), end = p + w.PanelBytes;
        switch (w.Type)
        {
            case TensorType.F16: Halves<IeeeHalf>(p, end, a, sums); break;
            case TensorType.BF16: Halves<BrainHalf>(p, end, a, sums); break;
            default:
                if (w.Layout.Bits == 4) Nibbles(p, end, w.Layout, a, sums);
                else Bytes(p, end, w.Layout, a, sums);
                break;
        }

        RowProduct.Store(w, panel, sums, c);
    }

    private static void Nibbles(byte* p, byte* end, PanelLayout layout, float* a, float* sums)
    {
        int header = layout.Header, size = layout.ScaleSize;
        Vector256<float> t0 = default, t1 = default, t2 = default, t3 = default;
        while (p < end)
        {
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int columns = 0; columns < MatrixProduct.Part && p < end; columns += 32, p += header + 512)
            {
                Prefetch(p, header + 512);
                Vector256<float> d0 = Widening.FiniteScales8(p, 0, size), d1 = Widening.FiniteScales8(p, 1, size), d2 = Widening.FiniteScales8(p, 2, size), d3 = Widening.FiniteScales8(p, 3, size);
                Vector256<float> m0 = d0 * -8f, m1 = d1 * -8f, m2 = d2 * -8f, m3 = d3 * -8f;
                if (layout.HasMinimum)
                    (m0, m1, m2, m3) = (Widening.FiniteScales8(p, 4, size), Widening.FiniteScales8(p, 5, size), Widening.FiniteScales8(p, 6, size), Widening.FiniteScales8(p, 7, size));
                int* q = (int*)(p + header);
                for (int k = 0; k < 32; k += 8, q += 32)
                {
                    Vector256<int> q0 = Vector256.Load(q), q1 = Vector256.Load(q + 8), q2 = Vector256.Load(q + 16), q3 = Vector256.Load(q + 24);
                    for (int j = 0; j < 8; j++, a++)
                    {
                        Vector256<float> value = Vector256.Create(*a);
                        s0 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Widening.Nibbles8(q0), d0, m0), s0);
                        s1 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Widening.Nibbles8(q1), d1, m1), s1);
                        s2 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Widening.Nibbles8(q2), d2, m2), s2);
                        s3 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Widening.Nibbles8(q3), d3, m3), s3);
                        (q0, q1) = (Vector256.ShiftRightLogical(q0, 4), Vector256.ShiftRightLogical(q1, 4));
                        (q2, q3) = (Vector256.ShiftRightLogical(q2, 4), Vector256.ShiftRightLogical(q3, 4));
                    }
                }
            }

            (t0, t1, t2, t3) = (s0 + t0, s1 + t1, s2 + t2, s3 + t3);
        }

        Store(sums, t0, t1, t2, t3);
    }

    private static void Bytes(byte* p, byte* end, PanelLayout layout, float* a, float* sums)
    {
        int size = layout.ScaleSize;
        Vector256<float> t0 = default, t1 = default, t2 = default, t3 = default;
        while (p < end)
        {
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int columns = 0; columns < MatrixProduct.Part && p < end; columns += layout.Columns, p += layout.BlockBytes)
            {
                Prefetch(p, layout.BlockBytes);
                Vector256<float> d0 = Widening.FiniteScales8(p, 0, size), d1 = Widening.FiniteScales8(p, 1, size), d2 = Widening.FiniteScales8(p, 2, size), d3 = Widening.FiniteScales8(p, 3, size);
                Vector256<float> m0 = default, m1 = default, m2 = default, m3 = default;
                if (layout.HasMinimum)
                    (m0, m1, m2, m3) = (Widening.FiniteScales8(p, 4, size), Widening.FiniteScales8(p, 5, size), Widening.FiniteScales8(p, 6, size), Widening.FiniteScales8(p, 7, size));
                sbyte* q = (sbyte*)p + layout.Header;
                for (int k = 0; k < layout.Columns; k++, q += 32, a++)
                {
                    Vector256<float> value = Vector256.Create(*a);
                    s0 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widening.SignedBytes8(q)), d0, m0), s0);
                    s1 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widening.SignedBytes8(q + 8)), d1, m1), s1);
                    s2 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widening.SignedBytes8(q + 16)), d2, m2), s2);
                    s3 = Vector256.FusedMultiplyAdd(value, Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widening.SignedBytes8(q + 24)), d3, m3), s3);
                }
            }

            (t0, t1, t2, t3) = (s0 + t0, s1 + t1, s2 + t2, s3 + t3);
        }

        Store(sums, t0, t1, t2, t3);
    }

    private static void Halves<T>(byte* p, byte* end, float* a, float* sums)
        where T : struct, IHalf
    {
        Vector256<float> t0 = default, t1 = default, t2 = default, t3 = default;
        while (p < end)
        {
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int i = 0; i < MatrixProduct.Part && p < end; i++, p += 64, a++)
            {
                Prefetch(p, 64);
                Vector256<float> value = Vector256.Create(*a);
                s0 = Vector256.FusedMultiplyAdd(value, T.Eight((ushort*)p), s0);
                s1 = Vector256.FusedMultiplyAdd(value, T.Eight((ushort*)p + 8), s1);
                s2 = Vector256.FusedMultiplyAdd(value, T.Eight((ushort*)p + 16), s2);
                s3 = Vector256.FusedMultiplyAdd(value, T.Eight((ushort*)p + 24), s3);
            }

            (t0, t1, t2, t3) = (s0 + t0, s1 + t1, s2 + t2, s3 + t3);
        }

        Store(sums, t0, t1, t2, t3);
    }

    private static void Prefetch(byte* p, int length)
    {
        if (!Sse.IsSupported) return;
        for (int i = 0; i < length; i += 64) Sse.Prefetch0(p + Ahead + i);
    }

    private static void Store(float* sums, Vector256<float> t0, Vector256<float> t1, Vector256<float> t2, Vector256<float> t3)
    {
        t0.Store(sums);
        t1.Store(sums + 8);
        t2.Store(sums + 16);
        t3.Store(sums + 24);
    }
}
