using System.Runtime.CompilerServices;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// c[m, n] = a[m, k] · w[n, k]ᵀ. A thread takes panels of 32 outputs; of each it dequantises 128 columns into a tile of
/// its first-level cache and runs all rows over it, so weights are read once and never held in f32.
/// An output is the sum of partial sums over 128 columns each, in rising order (a single chain of 1536 additions would
/// lose two bits more): the number of rows, panels and threads does not change a bit of it. Rows in fixed point go to
/// <see cref="FixedPointProduct"/>.
/// </summary>
internal static unsafe class MatrixProduct
{
    /// <summary>Columns of a partial sum.</summary>
    public const int Part = 128;

    // Integers between two threads' counters; kilobytes of the next matrix that a thread asks for before it goes on to something else.
    private const int Spacing = 32, Head = 4;

    /// <param name="pool">Threads to share the panels.</param>
    /// <param name="a">Rows in blocks, of the weights' columns.</param>
    /// <param name="w">Weights.</param>
    /// <param name="c">Results, row-major.</param>
    /// <param name="stride">Distance of the rows of c.</param>
    /// <param name="next">Weights that will be read after these.</param>
    public static void Multiply(WorkerPool pool, RowBlocks a, PackedMatrix w, float* c, long stride, PackedMatrix? next = null)
    {
        if (a.Depth != w.Columns) throw new ArgumentException($"Rows of {a.Depth} values do not fit weights of {w.Columns} columns.", nameof(a));
        if (a.Rows == 0) return;

        if (a.Forms.HasFlag(RowForms.FixedPoint) && FixedPointProduct.Supports(w))
        {
            FixedPointRows rows = a.FixedPoint;
            ShareFew(pool, w, 1, next, (first, end, last) => FixedPointProduct.Multiply(rows, w, first, end, last, c, stride));
        }
        else if (!a.Forms.HasFlag(RowForms.Floats))
        {
            throw new ArgumentException($"Weights of type {w.Type} are multiplied by floats, which these rows were not packed as.", nameof(a));
        }
        else if (a.Rows == 1)
        {
            ShareFew(pool, w, 2, next, (first, end, last) => Panels(a, 0, 1, w, first, end, c, w.Rows));
        }
        else
        {
            MultiplyRows(pool, a, w, c, stride);
        }
    }

    // Few rows are over in microseconds, most of which memory takes, and memory is fast only along long streams; taking a piece interrupts one for
    // a third of a microsecond. So each thread goes through three quarters of a share at once, and then takes eighths, first of the same share, then
    // of what others have not got to. Threads that wait ask for the beginning of their share of the next matrix. The body gets first panel, end, and
    // the end of the share, up to which it pays to read ahead.
    private static void ShareFew(WorkerPool pool, PackedMatrix w, int granule, PackedMatrix? next, Action<int, int, int> multiply)
    {
        int threads = pool.Threads, most = (w.Panels + threads - 1) / threads;
        int eighth = Math.Max(1, most / 8 / granule) * granule, large = most * 3 / 4 / granule * granule;
        int[] taken = new int[threads * Spacing];
        pool.Run(
            threads,
            (share, _) =>
            {
                int begin = First(w, share, threads);
                if (large > 0) multiply(begin, begin + large, First(w, share + 1, threads));
                for (int i = 0; i < threads; i++)
                {
                    int owner = (share + i) % threads, rest = First(w, owner, threads) + large, end = First(w, owner + 1, threads);
                    while (rest + Volatile.Read(ref taken[owner * Spacing]) < end)
                    {
                        int first = rest + Interlocked.Add(ref taken[owner * Spacing], eighth) - eighth;
                        if (first < end) multiply(first, Math.Min(first + eighth, end), end);
                    }
                }

                for (int step = 0; step < Head; step++) Ask(share, step);
            },
            Ask);

        bool Ask(int share, int step) => next is not null && next.Prefetch(First(next, share, threads), First(next, share + 1, threads), step);
    }

    private static int First(PackedMatrix w, int share, int threads) => (int)((long)w.Panels * share / threads);

    private static void MultiplyRows(WorkerPool pool, RowBlocks a, PackedMatrix w, float* c, long stride)
    {
        int perPiece, rowPieces = 1;
        if (pool.Threads == 1)
        {
            perPiece = w.Panels;
        }
        else
        {
            // Three pieces a thread even out; with one block of rows a piece should read at least 32 KB, or claiming it costs more.
            perPiece = Math.Max(1, w.Panels / (pool.Threads * 3));
            if (a.Count == 1) perPiece = (int)Math.Max(perPiece, Math.Min(w.Panels, 32768 / Math.Max(1, w.PanelBytes)));
            if (w.Panels < pool.Threads * 3) rowPieces = Math.Min(a.Count, ((pool.Threads * 3) + w.Panels - 1) / w.Panels);
        }

        int panelPieces = (w.Panels + perPiece - 1) / perPiece;
        pool.Run(panelPieces * rowPieces, (piece, _) =>
        {
            int first = piece % panelPieces * perPiece, part = piece / panelPieces;
            int from = (int)((long)a.Count * part / rowPieces), to = (int)((long)a.Count * (part + 1) / rowPieces);
            Panels(a, from, to, w, first, Math.Min(first + perPiece, w.Panels), c, stride);
        });
    }

    [SkipLocalsInit]
    private static void Panels(RowBlocks a, int fromBlock, int toBlock, PackedMatrix w, int first, int end, float* c, long stride)
    {
        if (a.Rows == 1 && RowProduct.Supports(w))
        {
            RowProduct.Multiply(w, first, end, a.Block(0), c);
            return;
        }

        float* stack = stackalloc float[(Part * Tile.Width) + 16];
        float* tile = Tile.Align(stack);
        float* edge = stackalloc float[Tile.Height * Tile.Width];
        int depth = a.Depth;

        for (int panel = first; panel < end; panel++)
        {
            int column = panel * Tile.Width;
            int columns = Math.Min(Tile.Width, w.Rows - column);
            for (int k = 0; k < depth; k += Part)
            {
                int length = Math.Min(Part, depth - k);
                float* weights = tile;
                if (w.Type == TensorType.F32) weights = (float*)w.Panel(panel) + (k * (long)Tile.Width);
                else w.Unpack(panel, k, length, tile);

                for (int block = fromBlock; block < toBlock; block++)
                {
                    int rows = a.RowsOf(block), height = Tile.HeightFor(rows);
                    float* target = c + (block * Tile.Height * stride) + column;
                    float* values = a.Block(block) + ((long)k * height);
                    if (rows == height && columns == Tile.Width)
                    {
                        Tile.Multiply(height, values, weights, length, target, checked((int)stride), k > 0);
                        continue;
                    }

                    // At the edge a full tile is computed beside and its real part copied.
                    if (k > 0) Copy(target, stride, edge, Tile.Width, rows, columns);
                    Tile.Multiply(height, values, weights, length, edge, Tile.Width, k > 0);
                    Copy(edge, Tile.Width, target, stride, rows, columns);
                }
            }
        }
    }

    private static void Copy(float* source, long sourceStride, float* target, long targetStride, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(source + (row * sourceStride), columns).CopyTo(new Span<float>(target + (row * targetStride), columns));
        }
    }
}
