namespace Plumbline.Models.Kernels;

/// <summary>
/// Causal attention of several sequences over their cached keys and values. The queries that share a key/value head
/// (grouped-query attention) and neighbouring positions fill the twelve rows of a tile; scores are kept explicitly,
/// so a query sees the same sums whether it comes alone or with others.
/// </summary>
internal sealed unsafe class CausalAttention(WorkerPool pool, KeyValueShape shape, int queryHeads, float scale, float softCap) : IDisposable
{
    private readonly int _group = queryHeads / shape.Heads;
    private readonly NativeBuffer?[] _scratch = new NativeBuffer?[pool.Threads];

    /// <param name="sequences">Sequences with the rows of their newest positions, whose keys and values are in the cache.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="window">How many positions a query sees, itself included; <see cref="int.MaxValue"/> for all.</param>
    /// <param name="queries">Rotated queries [row, head, dimension].</param>
    /// <param name="queryStride">Floats from one row of the queries to the next.</param>
    /// <param name="results">[row, head, dimension].</param>
    public void Attend(IReadOnlyList<SequenceRows> sequences, int layer, int window, float* queries, long queryStride, float* results)
    {
        List<(int Sequence, int Chunk)> work = [];
        int longest = 0;
        for (int s = 0; s < sequences.Count; s++)
        {
            // The longest rows first: what is left for the end is small.
            for (int chunk = ((sequences[s].Count * _group) + Tile.Height - 1) / Tile.Height - 1; chunk >= 0; chunk--) work.Add((s, chunk));
            longest = Math.Max(longest, sequences[s].Cache.Length);
        }

        int padded = (longest + Tile.Width - 1) / Tile.Width * Tile.Width;
        long floats = (2L * Tile.Height * padded) + ((long)Tile.Height * shape.HeadDimension) + ((long)Tile.Height * shape.ValuePanels * Tile.Width) + 64;
        for (int slot = 0; slot < _scratch.Length; slot++)
        {
            if (_scratch[slot] is { } old && old.Length >= floats * sizeof(float)) continue;
            _scratch[slot]?.Dispose();
            _scratch[slot] = NativeBuffer.OfFloats(floats + (floats / 2));
        }

        pool.Run(work.Count * shape.Heads, (piece, slot) =>
        {
            (int s, int chunk) = work[piece / shape.Heads];
            Chunk(sequences[s], chunk, piece % shape.Heads, layer, window, queries, queryStride, results, _scratch[slot]!.Floats, padded);
        });
    }

    public void Dispose()
    {
        foreach (NativeBuffer? buffer in _scratch) buffer?.Dispose();
    }

    private void Chunk(SequenceRows rows, int chunk, int head, int layer, int window, float* queries, long queryStride, float* results, float* scratch, int stride)
    {
        int dimension = shape.HeadDimension, first = chunk * Tile.Height;
        int count = Math.Min(Tile.Height, (rows.Count * _group) - first), height = Tile.HeightFor(count);
        float* scores = scratch; // [row, key]
        float* weights = scores + (Tile.Height * stride); // [key, row]
        float* packed = weights + (Tile.Height * stride); // [dimension, row]
        float* sums = packed + (Tile.Height * dimension); // [row, value panel, 32]
        int sumStride = shape.ValuePanels * Tile.Width;

        if (count <= _group - (first % _group))
        {
            // Heads of one position lie side by side.
            RowBlocks.Pack(Query(0), dimension, count, dimension, packed, height);
        }
        else
        {
            for (int r = 0; r < height; r++)
            {
                float* query = Query(r);
                for (int i = 0; i < dimension; i++) packed[(i * height) + r] = r < count ? query[i] : 0;
            }
        }

        int lowest = Math.Max(0, Position(0) - window + 1), end = Position(count - 1) + 1;
        int firstPage = lowest / Tile.Width, pages = ((end + Tile.Width - 1) / Tile.Width) - firstPage, length = pages * Tile.Width;
        for (int page = 0; page < pages; page++)
        {
            Tile.Multiply(height, packed, rows.Cache.Keys(firstPage + page, layer, head), dimension, scores + (page * Tile.Width), stride, false);
        }

        float* totals = stackalloc float[Tile.Height];
        for (int r = 0; r < count; r++)
        {
            int position = Position(r), offset = firstPage * Tile.Width;
            float* row = scores + (r * stride);
            int from = Math.Max(0, position - window + 1) - offset, to = position + 1 - offset;
            if (softCap > 0)
            {
                RowMath.Scale(row, scale, length);
                RowMath.SoftCap(row, softCap, length);
                totals[r] = RowMath.Softmax(row, from, to, length, 1);
            }
            else
            {
                totals[r] = RowMath.Softmax(row, from, to, length, scale);
            }
        }

        int keys = end - (firstPage * Tile.Width);
        RowBlocks.Pack(scores, stride, count, keys, weights, height);
        for (int panel = 0; panel < shape.ValuePanels; panel++)
        {
            for (int page = 0; page < pages; page++)
            {
                float* values = rows.Cache.Values(firstPage + page, layer, head) + (panel * Tile.Width * Tile.Width);
                int depth = Math.Min(Tile.Width, keys - (page * Tile.Width));
                Tile.Multiply(height, weights + (page * Tile.Width * height), values, depth, sums + (panel * Tile.Width), sumStride, page > 0);
            }
        }

        for (int r = 0; r < count; r++)
        {
            int flat = first + r;
            float* result = results + ((((long)rows.FirstRow + (flat / _group)) * queryHeads) + (head * _group) + (flat % _group)) * dimension;
            RowMath.Scaled(sums + (r * sumStride), 1 / totals[r], result, dimension);
        }

        float* Query(int r) => queries + ((rows.FirstRow + ((first + r) / _group)) * queryStride) + (((head * _group) + ((first + r) % _group)) * dimension);

        int Position(int r) => rows.FirstPosition + ((first + r) / _group);
    }
}

/// <summary>Rows of a batch that are the newest positions of one sequence.</summary>
internal readonly record struct SequenceRows(KeyValueSequence Cache, int FirstRow, int Count, int FirstPosition);
