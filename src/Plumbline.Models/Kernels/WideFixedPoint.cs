using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary><see cref="FixedPointProduct"/> on 512-bit vectors: a panel times one row, or times four that it is read once for.</summary>
internal static unsafe class WideFixedPoint
{
    // Words of h begin at 0, of m and l behind.
    private const int M = 8, L = 16;

    /// <summary>sums[32] = row · panelᵀ.</summary>
    public static void One(PackedMatrix w, int panel, byte* row, byte* limit, float* sums)
    {
        PanelLayout layout = w.Layout;
        int header = layout.Header;
        byte* p = w.Panel(panel), end = p + w.PanelBytes;
        int* x = (int*)row;
        Vector512<byte> nibble = Vector512.Create((byte)15);
        Vector512<float> low = default, high = default;
        for (; p < end; p += header + 512, x += FixedPointRows.Words)
        {
            FixedPointProduct.Prefetch(p, limit, header + 512);
            Vector512<short> hl = Start(x, 0), hh = hl, ml = Start(x, 1), mh = ml, ll = Start(x, 2), lh = ll;
            int* q = (int*)(p + header);
            for (int k = 0; k < 8; k += 2, q += 32)
            {
                Vector512<int> left = Vector512.Load(q), right = Vector512.Load(q + 16);
                Vector512<byte> l = left.AsByte() & nibble, r = right.AsByte() & nibble;
                (hl, hh) = Add(hl, hh, l, r, x[k]);
                (ml, mh) = Add(ml, mh, l, r, x[k + M]);
                (ll, lh) = Add(ll, lh, l, r, x[k + L]);
                l = Vector512.ShiftRightLogical(left, 4).AsByte() & nibble;
                r = Vector512.ShiftRightLogical(right, 4).AsByte() & nibble;
                (hl, hh) = Add(hl, hh, l, r, x[k + 1]);
                (ml, mh) = Add(ml, mh, l, r, x[k + 1 + M]);
                (ll, lh) = Add(ll, lh, l, r, x[k + 1 + L]);
            }

            (Vector512<float> dl, Vector512<float> dh, Vector512<float> nl, Vector512<float> nh) = Scales(p, layout);
            float unit = ((float*)x)[FixedPointRows.Unit], sum = ((float*)x)[FixedPointRows.Sum];
            low = Join(hl, ml, ll, dl, nl, unit, sum, low);
            high = Join(hh, mh, lh, dh, nh, unit, sum, high);
        }

        low.Store(sums);
        high.Store(sums + 16);
    }

    /// <summary>sums[4, 32] = rows · panelᵀ.</summary>
    public static void Four(PackedMatrix w, int panel, byte* row, long rowBytes, byte* limit, float* sums)
    {
        PanelLayout layout = w.Layout;
        int header = layout.Header;
        byte* p = w.Panel(panel), end = p + w.PanelBytes;
        int* x = (int*)row, y = (int*)(row + rowBytes), z = (int*)(row + (2 * rowBytes)), u = (int*)(row + (3 * rowBytes));
        Vector512<byte> nibble = Vector512.Create((byte)15);
        new Span<float>(sums, 4 * Tile.Width).Clear();
        for (; p < end; p += header + 512, x += FixedPointRows.Words, y += FixedPointRows.Words, z += FixedPointRows.Words, u += FixedPointRows.Words)
        {
            FixedPointProduct.Prefetch(p, limit, header + 512);
            Vector512<short> xhl = Start(x, 0), xhh = xhl, xml = Start(x, 1), xmh = xml, xll = Start(x, 2), xlh = xll;
            Vector512<short> yhl = Start(y, 0), yhh = yhl, yml = Start(y, 1), ymh = yml, yll = Start(y, 2), ylh = yll;
            Vector512<short> zhl = Start(z, 0), zhh = zhl, zml = Start(z, 1), zmh = zml, zll = Start(z, 2), zlh = zll;
            Vector512<short> uhl = Start(u, 0), uhh = uhl, uml = Start(u, 1), umh = uml, ull = Start(u, 2), ulh = ull;
            int* q = (int*)(p + header);
            for (int k = 0; k < 8; k++)
            {
                Vector512<int> left = Vector512.Load(q), right = Vector512.Load(q + 16);
                if ((k & 1) != 0)
                {
                    (left, right) = (Vector512.ShiftRightLogical(left, 4), Vector512.ShiftRightLogical(right, 4));
                    q += 32;
                }

                Vector512<byte> l = left.AsByte() & nibble, r = right.AsByte() & nibble;
                (xhl, xhh) = Add(xhl, xhh, l, r, x[k]);
                (xml, xmh) = Add(xml, xmh, l, r, x[k + M]);
                (xll, xlh) = Add(xll, xlh, l, r, x[k + L]);
                (yhl, yhh) = Add(yhl, yhh, l, r, y[k]);
                (yml, ymh) = Add(yml, ymh, l, r, y[k + M]);
                (yll, ylh) = Add(yll, ylh, l, r, y[k + L]);
                (zhl, zhh) = Add(zhl, zhh, l, r, z[k]);
                (zml, zmh) = Add(zml, zmh, l, r, z[k + M]);
                (zll, zlh) = Add(zll, zlh, l, r, z[k + L]);
                (uhl, uhh) = Add(uhl, uhh, l, r, u[k]);
                (uml, umh) = Add(uml, umh, l, r, u[k + M]);
                (ull, ulh) = Add(ull, ulh, l, r, u[k + L]);
            }

            (Vector512<float> dl, Vector512<float> dh, Vector512<float> nl, Vector512<float> nh) = Scales(p, layout);
            Join(xhl, xml, xll, dl, nl, (float*)x, sums);
            Join(xhh, xmh, xlh, dh, nh, (float*)x, sums + 16);
            Join(yhl, yml, yll, dl, nl, (float*)y, sums + 32);
            Join(yhh, ymh, ylh, dh, nh, (float*)y, sums + 48);
            Join(zhl, zml, zll, dl, nl, (float*)z, sums + 64);
            Join(zhh, zmh, zlh, dh, nh, (float*)z, sums + 80);
            Join(uhl, uml, ull, dl, nl, (float*)u, sums + 96);
            Join(uhh, umh, ulh, dh, nh, (float*)u, sums + 112);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Start(int* block, int digit) => Vector512.Create(block[FixedPointRows.Start + digit]).AsInt16();

    // A half of a word sums sixteen products; with what it starts from, at most 15 · 2048 whatever weights and digits are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<short> Left, Vector512<short> Right) Add(Vector512<short> left, Vector512<short> right, Vector512<byte> l, Vector512<byte> r, int digits)
    {
        Vector512<sbyte> four = Vector512.Create(digits).AsSByte();
        return (left + Avx512BW.MultiplyAddAdjacent(l, four), right + Avx512BW.MultiplyAddAdjacent(r, four));
    }

    // Weights count from -8, which is the minimum's part of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Left, Vector512<float> Right, Vector512<float> LeftMiddle, Vector512<float> RightMiddle) Scales(byte* p, PanelLayout layout)
    {
        int size = layout.ScaleSize;
        Vector512<float> left = Widening.FiniteScales16(p, 0, size), right = Widening.FiniteScales16(p, 1, size), eight = Vector512.Create(8f);
        if (!layout.HasMinimum) return (left, right, default, default);
        return (left, right, Vector512.FusedMultiplyAdd(left, eight, Widening.FiniteScales16(p, 2, size)), Vector512.FusedMultiplyAdd(right, eight, Widening.FiniteScales16(p, 3, size)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Join(Vector512<short> h, Vector512<short> m, Vector512<short> l, Vector512<float> d, Vector512<float> middle, float* block, float* sums) =>
        Join(h, m, l, d, middle, block[FixedPointRows.Unit], block[FixedPointRows.Sum], Vector512.Load(sums)).Store(sums);

    // What is below 2³¹ is joined exactly; with the highest digit, rounded once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Join(Vector512<short> h, Vector512<short> m, Vector512<short> l, Vector512<float> d, Vector512<float> middle, float unit, float sum, Vector512<float> total)
    {
        Vector512<short> one = Vector512<short>.One;
        Vector512<int> lower = Vector512.ShiftLeft(Avx512BW.MultiplyAddAdjacent(m, one), 8) + Avx512BW.MultiplyAddAdjacent(l, one);
        Vector512<float> product = Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(h, one)), Vector512.Create(65536f), Vector512.ConvertToSingle(lower));
        return Vector512.FusedMultiplyAdd(middle, Vector512.Create(sum), Vector512.FusedMultiplyAdd(product, d * unit, total));
    }
}
