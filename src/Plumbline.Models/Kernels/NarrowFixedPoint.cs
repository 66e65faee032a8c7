using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary><see cref="FixedPointProduct"/> on 256-bit vectors: one row at a time, half a panel, whose sums and nibbles fit sixteen registers. The bits of <see cref="WideFixedPoint"/>.</summary>
internal static unsafe class NarrowFixedPoint
{
    private const int M = 8, L = 16;

    /// <summary>sums[32] = row · panelᵀ.</summary>
    public static void One(PackedMatrix w, int panel, byte* row, byte* limit, float* sums)
    {
        Half(w, panel, 0, row, limit, sums);
        Half(w, panel, 16, row, limit, sums + 16);
    }

    private static void Half(PackedMatrix w, int panel, int first, byte* row, byte* limit, float* sums)
    {
        int header = w.Layout.Header, size = w.Layout.ScaleSize, place = first / 8;
        byte* p = w.Panel(panel), end = p + w.PanelBytes;
        int* x = (int*)row;
        Vector256<byte> nibble = Vector256.Create((byte)15);
        Vector256<float> low = default, high = default;
        for (; p < end; p += header + 512, x += FixedPointRows.Words)
        {
            if (first == 0) FixedPointProduct.Prefetch(p, limit, header + 512);
            Vector256<short> hl = Start(x, 0), hh = hl, ml = Start(x, 1), mh = ml, ll = Start(x, 2), lh = ll;
            int* q = (int*)(p + header) + first;
            for (int k = 0; k < 8; k += 2, q += 32)
            {
                Vector256<int> left = Vector256.Load(q), right = Vector256.Load(q + 8);
                Vector256<byte> l = left.AsByte() & nibble, r = right.AsByte() & nibble;
                (hl, hh) = Add(hl, hh, l, r, x[k]);
                (ml, mh) = Add(ml, mh, l, r, x[k + M]);
                (ll, lh) = Add(ll, lh, l, r, x[k + L]);
                l = Vector256.ShiftRightLogical(left, 4).AsByte() & nibble;
                r = Vector256.ShiftRightLogical(right, 4).AsByte() & nibble;
                (hl, hh) = Add(hl, hh, l, r, x[k + 1]);
                (ml, mh) = Add(ml, mh, l, r, x[k + 1 + M]);
                (ll, lh) = Add(ll, lh, l, r, x[k + 1 + L]);
            }

            Vector256<float> dl = Widening.FiniteScales8(p, place, size), dh = Widening.FiniteScales8(p, place + 1, size), nl = default, nh = default;
            if (w.Layout.HasMinimum)
            {
                nl = Vector256.FusedMultiplyAdd(dl, Vector256.Create(8f), Widening.FiniteScales8(p, place + 4, size));
                nh = Vector256.FusedMultiplyAdd(dh, Vector256.Create(8f), Widening.FiniteScales8(p, place + 5, size));
            }

            float unit = ((float*)x)[FixedPointRows.Unit], sum = ((float*)x)[FixedPointRows.Sum];
            low = Join(hl, ml, ll, dl, nl, unit, sum, low);
            high = Join(hh, mh, lh, dh, nh, unit, sum, high);
        }

        low.Store(sums);
        high.Store(sums + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Start(int* block, int digit) => Vector256.Create(block[FixedPointRows.Start + digit]).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<short> Left, Vector256<short> Right) Add(Vector256<short> left, Vector256<short> right, Vector256<byte> l, Vector256<byte> r, int digits)
    {
        Vector256<sbyte> four = Vector256.Create(digits).AsSByte();
        return (left + Avx2.MultiplyAddAdjacent(l, four), right + Avx2.MultiplyAddAdjacent(r, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Join(Vector256<short> h, Vector256<short> m, Vector256<short> l, Vector256<float> d, Vector256<float> middle, float unit, float sum, Vector256<float> total)
    {
        Vector256<short> one = Vector256<short>.One;
        Vector256<int> lower = Vector256.ShiftLeft(Avx2.MultiplyAddAdjacent(m, one), 8) + Avx2.MultiplyAddAdjacent(l, one);
        Vector256<float> product = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(h, one)), Vector256.Create(65536f), Vector256.ConvertToSingle(lower));
        return Vector256.FusedMultiplyAdd(middle, Vector256.Create(sum), Vector256.FusedMultiplyAdd(product, d * unit, total));
    }
}
