using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// One row of activations times two panels of weights, dequantised in registers (512-bit vectors): what decoding a
/// single text does. Two panels hide the latency of the additions. Gives the bits of the tiled product.
/// </summary>
internal static unsafe class RowProduct
{
    private const int BlocksPerPart = MatrixProduct.Part / 32;

    public static bool Supports(TensorType type) => Avx512F.IsSupported && type is TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q8_0 or TensorType.F16 or TensorType.BF16;

    /// <summary>c[32 · panel …] = a · w of two panels, which may be the same.</summary>
    public static void Multiply(PackedMatrix w, int first, int second, float* a, float* c)
    {
        (Vector512<float> Low, Vector512<float> High) x, y;
        switch (w.Type)
        {
            case TensorType.Q4_0: Q4(w.Panel(first), w.Panel(second), w.Columns / 32, false, a, out x, out y); break;
            case TensorType.Q4_1: Q4(w.Panel(first), w.Panel(second), w.Columns / 32, true, a, out x, out y); break;
            case TensorType.Q8_0: Q8(w.Panel(first), w.Panel(second), w.Columns / 32, a, out x, out y); break;
            default: Halves((ushort*)w.Panel(first), (ushort*)w.Panel(second), w.Columns, w.Type == TensorType.BF16, a, out x, out y); break;
        }

        Store(w, first, c, x);
        Store(w, second, c, y);
    }

    private static void Store(PackedMatrix w, int panel, float* c, (Vector512<float> Low, Vector512<float> High) sums)
    {
        int column = panel * Tile.Width, columns = Math.Min(Tile.Width, w.Rows - column);
        if (columns == Tile.Width)
        {
            sums.Low.Store(c + column);
            sums.High.Store(c + column + 16);
            return;
        }

        float* edge = stackalloc float[Tile.Width];
        sums.Low.Store(edge);
        sums.High.Store(edge + 16);
        new ReadOnlySpan<float>(edge, columns).CopyTo(new Span<float>(c + column, columns));
    }

    private static void Q4(
        byte* p, byte* r, int blocks, bool hasMinimum, float* a, out (Vector512<float> Low, Vector512<float> High) x, out (Vector512<float> Low, Vector512<float> High) y)
    {
        int header = hasMinimum ? 128 : 64;
        // A nibble picks its float from the table; the permutation looks at the lowest four bits only.
        Vector512<float> table = Vector512.Create(0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, 11f, 12f, 13f, 14f, 15f);
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        for (int b = 0; b < blocks; b += BlocksPerPart)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            for (int i = b; i < Math.Min(blocks, b + BlocksPerPart); i++)
            {
                Vector512<float> dpl = Widening.Halves16((ushort*)p), dph = Widening.Halves16((ushort*)p + 16);
                Vector512<float> drl = Widening.Halves16((ushort*)r), drh = Widening.Halves16((ushort*)r + 16);
                Vector512<float> mpl, mph, mrl, mrh;
                if (hasMinimum)
                {
                    (mpl, mph) = (Widening.Halves16((ushort*)p + 32), Widening.Halves16((ushort*)p + 48));
                    (mrl, mrh) = (Widening.Halves16((ushort*)r + 32), Widening.Halves16((ushort*)r + 48));
                }
                else
                {
                    (mpl, mph, mrl, mrh) = (dpl * -8f, dph * -8f, drl * -8f, drh * -8f);
                }

                byte* q = p + header, s = r + header;
                for (int k = 0; k < 32; k++, q += 16, s += 16, a++)
                {
                    Vector512<float> value = Vector512.Create(*a);
                    Vector512<int> qp = Avx512F.ConvertToVector512Int32(Vector128.Load(q)), qr = Avx512F.ConvertToVector512Int32(Vector128.Load(s));
                    spl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Avx512F.PermuteVar16x32(table, qp), dpl, mpl), spl);
                    sph = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Avx512F.PermuteVar16x32(table, Vector512.ShiftRightLogical(qp, 4)), dph, mph), sph);
                    srl = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Avx512F.PermuteVar16x32(table, qr), drl, mrl), srl);
                    srh = Vector512.FusedMultiplyAdd(value, Vector512.FusedMultiplyAdd(Avx512F.PermuteVar16x32(table, Vector512.ShiftRightLogical(qr, 4)), drh, mrh), srh);
                }

                p += header + 512;
                r += header + 512;
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        (x, y) = ((pl, ph), (rl, rh));
    }

    private static void Q8(byte* p, byte* r, int blocks, float* a, out (Vector512<float> Low, Vector512<float> High) x, out (Vector512<float> Low, Vector512<float> High) y)
    {
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        for (int b = 0; b < blocks; b += BlocksPerPart)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            for (int i = b; i < Math.Min(blocks, b + BlocksPerPart); i++)
            {
                Vector512<float> dpl = Widening.Halves16((ushort*)p), dph = Widening.Halves16((ushort*)p + 16);
                Vector512<float> drl = Widening.Halves16((ushort*)r), drh = Widening.Halves16((ushort*)r + 16);
                sbyte* q = (sbyte*)p + 64, s = (sbyte*)r + 64;
                for (int k = 0; k < 32; k++, q += 32, s += 32, a++)
                {
                    Vector512<float> value = Vector512.Create(*a);
                    spl = Vector512.FusedMultiplyAdd(value, Single(q) * dpl, spl);
                    sph = Vector512.FusedMultiplyAdd(value, Single(q + 16) * dph, sph);
                    srl = Vector512.FusedMultiplyAdd(value, Single(s) * drl, srl);
                    srh = Vector512.FusedMultiplyAdd(value, Single(s + 16) * drh, srh);
                }

                p += 1088;
                r += 1088;
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        (x, y) = ((pl, ph), (rl, rh));
    }

    private static void Halves(
        ushort* p, ushort* r, int depth, bool brain, float* a, out (Vector512<float> Low, Vector512<float> High) x, out (Vector512<float> Low, Vector512<float> High) y)
    {
        Vector512<float> pl = default, ph = default, rl = default, rh = default;
        for (int from = 0; from < depth; from += MatrixProduct.Part)
        {
            Vector512<float> spl = default, sph = default, srl = default, srh = default;
            int end = Math.Min(depth, from + MatrixProduct.Part);
            if (brain)
            {
                for (int k = from; k < end; k++, p += 32, r += 32)
                {
                    Vector512<float> value = Vector512.Create(a[k]);
                    spl = Vector512.FusedMultiplyAdd(value, Widening.BrainHalves16(p), spl);
                    sph = Vector512.FusedMultiplyAdd(value, Widening.BrainHalves16(p + 16), sph);
                    srl = Vector512.FusedMultiplyAdd(value, Widening.BrainHalves16(r), srl);
                    srh = Vector512.FusedMultiplyAdd(value, Widening.BrainHalves16(r + 16), srh);
                }
            }
            else
            {
                for (int k = from; k < end; k++, p += 32, r += 32)
                {
                    Vector512<float> value = Vector512.Create(a[k]);
                    spl = Vector512.FusedMultiplyAdd(value, Widening.Halves16(p), spl);
                    sph = Vector512.FusedMultiplyAdd(value, Widening.Halves16(p + 16), sph);
                    srl = Vector512.FusedMultiplyAdd(value, Widening.Halves16(r), srl);
                    srh = Vector512.FusedMultiplyAdd(value, Widening.Halves16(r + 16), srh);
                }
            }

            (pl, ph, rl, rh) = (spl + pl, sph + ph, srl + rl, srh + rh);
        }

        (x, y) = ((pl, ph), (rl, rh));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Single(sbyte* q) => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(q)));
}
