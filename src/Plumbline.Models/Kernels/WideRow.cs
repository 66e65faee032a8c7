using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// <see cref="RowProduct"/> on 512-bit vectors, two panels at a time, whose four sums hide the latency of the additions.
/// Partial sums over 128 columns, as <see cref="MatrixProduct"/> defines them.
/// </summary>
internal static unsafe class WideRow
{
    // How far ahead of the arithmetic memory is read: without it the processor does one after the other, at half the speed.
    private const int Ahead = 4 << 10;

    /// <summary>Two neighbouring panels, or twice the same one.</summary>
    public static void Multiply(PackedMatrix w, int first, int second, float* a, float* c)
    {
        float* sums = stackalloc float[2 * Tile.Width];
        byte* p = w.Panel(first), r = w.Panel(second);
        switch (w.Type)
        {
            case TensorType.F16: Halves<IeeeHalf>(p, r, w.PanelBytes, a, sums); break;
            case TensorType.BF16: Halves<BrainHalf>(p, r, w.PanelBytes, a, sums); break;
            default:
                if (w.Layout.Bits == 4) Nibbles(p, r, w.PanelBytes, w.Layout, a, sums);
                else Bytes(p, r, w.PanelBytes, w.Layout, a, sums);
                break;
        }

        RowProduct.Store(w, first, sums, c);
        if (second != first) RowProduct.Store(w, second, sums + Tile.Width, c);
    }

    private static void Nibbles(byte* p, byte* r, long bytes, PanelLayout layout, float* a, float* sums)
    {
        int header = layout.Header, size = layout.ScaleSize;
        byte* end = p + bytes;
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        while (p < end)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            for (int columns = 0; columns < MatrixProduct.Part && p < end; columns += 32)
            {
                Prefetch(p, r, end, bytes, header + 512);
                Vector512<float> dpl = Widening.FiniteScales16(p, 0, size), dph = Widening.FiniteScales16(p, 1, size);
                Vector512<float> drl = Widening.FiniteScales16(r, 0, size), drh = Widening.FiniteScales16(r, 1, size);
                Vector512<float> mpl, mph, mrl, mrh;
                if (layout.HasMinimum)
                {
                    (mpl, mph) = (Widening.FiniteScales16(p, 2, size), Widening.FiniteScales16(p, 3, size));
                    (mrl, mrh) = (Widening.FiniteScales16(r, 2, size), Widening.FiniteScales16(r, 3, size));
                }
                else
                {
                    (mpl, mph, mrl, mrh) = (dpl * -8f, dph * -8f, drl * -8f, drh * -8f);
                }

                int* q = (int*)(p + header), s = (int*)(r + header);
                for (int k = 0; k < 32; k += 8, q += 32, s += 32)
                {
                    Vector512<int> qpl = Vector512.Load(q), qph = Vector512.Load(q + 16), qrl = Vector512.Load(s), qrh = Vector512.Load(s + 16);
                    for (int j = 0; j < 8; j++, a++)
                    {
                        Vector512<float> value = Vector512.Create(*a);
                        spl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Widening.Nibbles16(qpl), dpl, mpl), spl);
                        sph = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Widening.Nibbles16(qph), dph, mph), sph);
                        srl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Widening.Nibbles16(qrl), drl, mrl), srl);
                        srh = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Widening.Nibbles16(qrh), drh, mrh), srh);
                        (qpl, qph) = (Vector512.ShiftRightLogical(qpl, 4), Vector512.ShiftRightLogical(qph, 4));
                        (qrl, qrh) = (Vector512.ShiftRightLogical(qrl, 4), Vector512.ShiftRightLogical(qrh, 4));
                    }
                }

                p += header + 512;
                r += header + 512;
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        Store(sums, pl, ph, rl, rh);
    }

    private static void Bytes(byte* p, byte* r, long bytes, PanelLayout layout, float* a, float* sums)
    {
        int header = layout.Header, size = layout.ScaleSize, block = layout.BlockBytes;
        byte* end = p + bytes;
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        while (p < end)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            for (int columns = 0; columns < MatrixProduct.Part && p < end; columns += layout.Columns)
            {
                Prefetch(p, r, end, bytes, block);
                Vector512<float> dpl = Widening.FiniteScales16(p, 0, size), dph = Widening.FiniteScales16(p, 1, size);
                Vector512<float> drl = Widening.FiniteScales16(r, 0, size), drh = Widening.FiniteScales16(r, 1, size);
                Vector512<float> mpl = default, mph = default, mrl = default, mrh = default;
                if (layout.HasMinimum)
                {
                    (mpl, mph) = (Widening.FiniteScales16(p, 2, size), Widening.FiniteScales16(p, 3, size));
                    (mrl, mrh) = (Widening.FiniteScales16(r, 2, size), Widening.FiniteScales16(r, 3, size));
                }

                sbyte* q = (sbyte*)p + header, s = (sbyte*)r + header;
                for (int k = 0; k < layout.Columns; k++, q += 32, s += 32, a++)
                {
                    Vector512<float> value = Vector512.Create(*a);
                    spl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(q)), dpl, mpl), spl);
                    sph = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(q + 16)), dph, mph), sph);
                    srl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(s)), drl, mrl), srl);
                    srh = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(s + 16)), drh, mrh), srh);
                }

                p += block;
                r += block;
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        Store(sums, pl, ph, rl, rh);
    }

    private static void Halves<T>(byte* p, byte* r, long bytes, float* a, float* sums)
        where T : struct, IHalf
    {
        byte* end = p + bytes;
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        while (p < end)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            for (int i = 0; i < MatrixProduct.Part && p < end; i++, p += 64, r += 64, a++)
            {
                Prefetch(p, r, end, bytes, 64);
                Vector512<float> value = Vector512.Create(*a);
                spl = Vector512.FusedMultiplyAdd(value, T.Sixteen((ushort*)p), spl);
                sph = Vector512.FusedMultiplyAdd(value, T.Sixteen((ushort*)p + 16), sph);
                srl = Vector512.FusedMultiplyAdd(value, T.Sixteen((ushort*)r), srl);
                srh = Vector512.FusedMultiplyAdd(value, T.Sixteen((ushort*)r + 16), srh);
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        Store(sums, pl, ph, rl, rh);
    }

    // Beyond the end of a panel the next pair's begins one panel later. Reading ahead never faults, also behind the matrix.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* p, byte* r, byte* end, long bytes, int length)
    {
        if (!Sse.IsSupported) return;
        long ahead = p + Ahead < end ? Ahead : Ahead + bytes;
        for (int i = 0; i < length; i += 64)
        {
            Sse.Prefetch0(p + ahead + i);
            Sse.Prefetch0(r + ahead + i);
        }
    }

    private static void Store(float* sums, Vector512<float> pl, Vector512<float> ph, Vector512<float> rl, Vector512<float> rh)
    {
        pl.Store(sums);
        ph.Store(sums + 16);
        rl.Store(sums + 32);
        rh.Store(sums + 48);
    }
}
