using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Plumbline.Models.Kernels;

/// <summary>What products read of activations.</summary>
[Flags]
internal enum RowForms
{
    /// <summary>Blocks for the tiles.</summary>
    Floats = 1,

    /// <summary><see cref="FixedPointRows"/>.</summary>
    FixedPoint = 2,
}

/// <summary>
/// Activations as the tiles read them: blocks of up to twelve rows, each [depth, height], padded with zeros up to
/// the height of its tile. Block b begins at 12 · b · depth. Behind them, or instead, the rows in fixed point.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct RowBlocks(float* data, int rows, int depth, RowForms forms = RowForms.Floats)
{
    public int Rows { get; } = rows;

    public RowForms Forms { get; } = forms;

    public int Depth { get; } = depth;

    public int Count => (Rows + Tile.Height - 1) / Tile.Height;

    public FixedPointRows FixedPoint => new((byte*)(data + FloatsOf(Rows, Depth, Forms)), Rows, Depth);

    /// <summary>Floats needed for so many rows.</summary>
    public static long Size(int rows, int depth, RowForms forms = RowForms.Floats) =>
        FloatsOf(rows, depth, forms) + (forms.HasFlag(RowForms.FixedPoint) ? FixedPointRows.Size(rows, depth) / sizeof(float) : 0);

    public float* Block(int block) => data + ((long)block * Tile.Height * Depth);

    /// <summary>Real rows of a block.</summary>
    public int RowsOf(int block) => Math.Min(Tile.Height, Rows - (block * Tile.Height));

    public int HeightOf(int block) => Tile.HeightFor(RowsOf(block));

    /// <summary>Fills a block from all rows, row-major.</summary>
    public void Fill(int block, float* source, long stride) => Put(block, source + (block * Tile.Height * stride), stride);

    /// <summary>Fills a block from its own rows, row-major.</summary>
    public void Put(int block, float* source, long stride)
    {
        int rows = RowsOf(block);
        if (Forms.HasFlag(RowForms.Floats)) Pack(source, stride, rows, Depth, Block(block), HeightOf(block));
        if (!Forms.HasFlag(RowForms.FixedPoint)) return;
        FixedPointRows target = FixedPoint;
        for (int row = 0; row < rows; row++) target.Fill((block * Tile.Height) + row, source + (row * stride));
    }

    /// <summary>Transposes rows [rows, depth] into [depth, height].</summary>
    public static void Pack(float* source, long stride, int rows, int depth, float* target, int height)
    {
        if (height == 1)
        {
            new ReadOnlySpan<float>(source, depth).CopyTo(new Span<float>(target, depth));
            return;
        }

        int row = 0;
        for (; row + 4 <= rows; row += 4) PackFour(source + (row * stride), stride, depth, target + row, height);
        for (; row < height; row++)
        {
            float* from = source + (row * stride);
            float* to = target + row;
            if (row < rows)
            {
                for (int k = 0; k < depth; k++, to += height) *to = from[k];
            }
            else
            {
                for (int k = 0; k < depth; k++, to += height) *to = 0;
            }
        }
    }

    private static long FloatsOf(int rows, int depth, RowForms forms) =>
        forms.HasFlag(RowForms.Floats) ? (long)(rows + Tile.Height - 1) / Tile.Height * Tile.Height * depth : 0;

    private static void PackFour(float* source, long stride, int depth, float* target, int height)
    {
        float* a = source, b = a + stride, c = b + stride, d = c + stride;
        int k = 0;
        for (; k + 4 <= depth; k += 4, target += 4 * height)
        {
            Vector128<float> ra = Vector128.Load(a + k), rb = Vector128.Load(b + k), rc = Vector128.Load(c + k), rd = Vector128.Load(d + k);
            Vector128<float> ac = Interleave(ra, rc, 0), bd = Interleave(rb, rd, 0);
            Interleave(ac, bd, 0).Store(target);
            Interleave(ac, bd, 2).Store(target + height);
            ac = Interleave(ra, rc, 2);
            bd = Interleave(rb, rd, 2);
            Interleave(ac, bd, 0).Store(target + (2 * height));
            Interleave(ac, bd, 2).Store(target + (3 * height));
        }

        for (; k < depth; k++, target += height)
        {
            target[0] = a[k];
            target[1] = b[k];
            target[2] = c[k];
            target[3] = d[k];
        }
    }

    // [x0, y0, x1, y1] (from 0) or [x2, y2, x3, y3] (from 2).
    private static Vector128<float> Interleave(Vector128<float> x, Vector128<float> y, int from) =>
        Sse.IsSupported
            ? from == 0 ? Sse.UnpackLow(x, y) : Sse.UnpackHigh(x, y)
            : Vector128.Create(x[from], y[from], x[from + 1], y[from + 1]);
}
