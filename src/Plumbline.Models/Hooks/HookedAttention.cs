using System.Runtime.Intrinsics;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Attention in steps, so that scores and pattern are values that can be changed, or in one go that leaves them behind where
/// somebody reads them: both give the same bits. A row's sums run over its own real positions in their order, so neither
/// padding nor what runs beside it changes a bit. Queries go through the tiles twelve at a time.
/// </summary>
internal sealed unsafe class HookedAttention : IDisposable
{
    private readonly ModelConfig _config;
    private readonly WorkerPool _pool;
    private readonly (int First, int End)[] _ranges;
    private readonly int[] _earlier;
    private readonly int _pos, _past, _total, _padded, _valuePanels;
    private readonly HookedKeyValues? _cache;
    private readonly Rotary? _rotary, _slidingRotary;
    private readonly float[]?[] _turns, _slidingTurns;
    private readonly NativeBuffer?[] _scratch;

    /// <param name="config">The model.</param>
    /// <param name="pool">Threads.</param>
    /// <param name="ranges">The real positions of each row, within this run.</param>
    /// <param name="positions">Positions of this run.</param>
    /// <param name="cache">Keys and values of earlier runs, which this one's join; null for none.</param>
    public HookedAttention(ModelConfig config, WorkerPool pool, (int First, int End)[] ranges, int positions, HookedKeyValues? cache)
    {
        (_config, _pool, _ranges, _pos, _cache) = (config, pool, ranges, positions, cache);
        _past = cache?.Length ?? 0;
        _total = _past + positions;
        _earlier = [.. ranges.Select((_, row) => cache?.RealLength(row) ?? 0)];
        _padded = (_total + Tile.Width - 1) / Tile.Width * Tile.Width;
        _valuePanels = (config.HeadDimension + Tile.Width - 1) / Tile.Width;
        _scratch = new NativeBuffer?[pool.Threads];
        (_turns, _slidingTurns) = (new float[ranges.Length][], new float[ranges.Length][]);
        if (config.Positions == PositionKind.Learned) return;
        _rotary = new Rotary(config, sliding: false);
        _slidingRotary = config.RopeLocalTheta is null ? _rotary : new Rotary(config, sliding: true);
        for (int row = 0; row < ranges.Length; row++)
        {
            int length = ranges[row].End - ranges[row].First, whole = cache?.WholeLength(row) ?? length;
            _turns[row] = Turns(_rotary, _earlier[row], length, whole);
            _slidingTurns[row] = ReferenceEquals(_rotary, _slidingRotary) ? _turns[row] : Turns(_slidingRotary, _earlier[row], length, whole);
        }
    }

    /// <summary>Queries or keys [batch, pos, heads, d_head] turned by their positions; zeros at padding.</summary>
    public void Rotate(int layer, HookTensor x, float[] turned)
    {
        bool slides = Slides(layer);
        Rotary rotary = slides ? _slidingRotary! : _rotary!;
        int heads = x.Shape[2], d = x.Shape[3], half = rotary.Dimensions / 2;
        float[] values = x.Values;
        _pool.Run(_ranges.Length * _pos, (at, _) =>
        {
            int row = at / _pos, i = at % _pos;
            (int first, int end) = _ranges[row];
            Span<float> target = turned.AsSpan(at * heads * d, heads * d);
            if (i < first || i >= end)
            {
                target.Clear();
                return;
            }

            values.AsSpan(at * heads * d, heads * d).CopyTo(target);
            ReadOnlySpan<float> turns = (slides ? _slidingTurns : _turns)[row]!;
            fixed (float* cos = turns.Slice((i - first) * rotary.Dimensions, rotary.Dimensions), all = target)
            {
                for (int head = 0; head < heads; head++) Turn(all + (head * d), cos, cos + half, half, rotary.Adjacent);
            }
        });
    }

    /// <summary>Puts keys and values of this run behind those of earlier ones.</summary>
    public (Keys Keys, Keys Values) Join(int layer, HookTensor k, HookTensor v) => _cache is null
        ? (new Keys(k.Values, _pos), new Keys(v.Values, _pos))
        : (new Keys(_cache.Append(layer, keys: true, k.Values, _pos), _cache.Capacity), new Keys(_cache.Append(layer, keys: false, v.Values, _pos), _cache.Capacity));

    /// <summary>All three steps in one. Scores and pattern [batch, heads, query, key] are written where arrays are given.</summary>
    public void Attend(int layer, HookTensor q, Keys keys, Keys values, float[] z, float[]? scores, float[]? pattern) =>
        Pieces(keys, values, (scratch, row, head) =>
        {
            for (int from = 0; from < _pos; from += Tile.Height)
            {
                int count = Math.Min(Tile.Height, _pos - from);
                (int first, int end) = Union(layer, row, from, count);
                ScoreBlock(scratch, layer, q.Values, row, head, from, count, first, end, scores);
                for (int r = 0; r < count; r++)
                {
                    (int low, int high) = Seen(layer, row, from + r);
                    float* weights = scratch.Scores + (r * _padded);
                    Softmax(weights + low, high - low);
                    // What the tile sees beside a query's own keys weighs nothing.
                    new Span<float>(weights + first, low > first ? Math.Min(low, end) - first : 0).Clear();
                    new Span<float>(weights + Math.Max(high, first), end - Math.Max(high, first)).Clear();
                    if (pattern is null) continue;
                    Span<float> target = pattern.AsSpan((int)Row(row, head, from + r), _total);
                    target[..low].Clear();
                    new ReadOnlySpan<float>(weights + low, high - low).CopyTo(target[low..]);
                    target[high..].Clear();
                }

                MixBlock(scratch, row, head, from, count, first, end, z);
            }
        });

    /// <summary>Scaled scores [batch, heads, query, key], capped where the model does, −∞ where a query does not see a key.</summary>
    public void Scores(int layer, HookTensor q, Keys keys, float[] scores) => Pieces(keys, null, (scratch, row, head) =>
    {
        for (int from = 0; from < _pos; from += Tile.Height)
        {
            int count = Math.Min(Tile.Height, _pos - from);
            (int first, int end) = Union(layer, row, from, count);
            ScoreBlock(scratch, layer, q.Values, row, head, from, count, first, end, scores);
        }
    });

    /// <summary>The softmax of each query's scores; a query that sees nothing has zeros.</summary>
    public HookTensor Pattern(HookTensor scores)
    {
        float[] pattern = [.. scores.Values];
        int length = scores.Shape[3];
        _pool.Run(pattern.Length / length, (row, _) =>
        {
            Span<float> values = pattern.AsSpan(row * length, length);
            int first = values.IndexOfAnyExcept(float.NegativeInfinity), last = values.LastIndexOfAnyExcept(float.NegativeInfinity);
            if (first < 0)
            {
                values.Clear();
                return;
            }

            values[..first].Clear();
            values[(last + 1)..].Clear();
            fixed (float* own = values[first..]) Softmax(own, last + 1 - first);
        });
        return new HookTensor(scores.Shape, pattern);
    }

    /// <summary>Values mixed by a pattern, [batch, pos, heads, d_head].</summary>
    public void Mix(HookTensor pattern, Keys values, float[] z) => Pieces(null, values, (scratch, row, head) =>
    {
        for (int from = 0; from < _pos; from += Tile.Height)
        {
            int count = Math.Min(Tile.Height, _pos - from);
            for (int r = 0; r < count; r++) pattern.Values.AsSpan((int)Row(row, head, from + r), _total).CopyTo(new Span<float>(scratch.Scores + (r * _padded), _total));
            MixBlock(scratch, row, head, from, count, 0, _total, z);
        }
    });

    public void Dispose()
    {
        foreach (NativeBuffer? buffer in _scratch) buffer?.Dispose();
    }

    private bool Slides(int layer) => _config.SlidingLayers.Count > layer && _config.SlidingLayers[layer];

    private long Row(int row, int head, int query) => ((((long)row * _config.Heads) + head) * _pos + query) * _total;

    // The keys that a query sees, counted from the first of all runs; none for padding.
    private (int First, int End) Seen(int layer, int row, int query)
    {
        (int first, int end) = _ranges[row];
        if (query < first || query >= end) return (0, 0);
        int start = _past + first - _earlier[row], own = _past + query + 1;
        end = _config.Causal ? own : _past + end;
        return (Slides(layer) && _config.SlidingWindow is int window ? Math.Max(start, own - window) : start, end);
    }

    // The keys that any query of a block sees.
    private (int First, int End) Union(int layer, int row, int from, int count)
    {
        int first = int.MaxValue, end = 0;
        for (int r = 0; r < count; r++)
        {
            (int low, int high) = Seen(layer, row, from + r);
            if (low == high) continue;
            (first, end) = (Math.Min(first, low), Math.Max(end, high));
        }

        return end == 0 ? (0, 0) : (first, end);
    }

    // A piece is the heads of a row that share keys, or a single head where threads would idle.
    private void Pieces(Keys? keys, Keys? values, Action<Scratch, int, int> block)
    {
        int group = _config.Heads / _config.KeyValueHeads, each = _ranges.Length * _config.KeyValueHeads < 2 * _pool.Threads ? 1 : group;
        int pieces = _config.Heads / each, d = _config.HeadDimension, width = _config.KeyValueHeads * d;
        long floats = ((long)_padded * d) + ((long)_valuePanels * _padded * Tile.Width) + (2L * Tile.Height * _padded) + ((long)Tile.Height * d) + ((long)Tile.Height * _valuePanels * Tile.Width);
        fixed (float* allKeys = keys?.Values, allValues = values?.Values)
        {
            float* keyRows = allKeys, valueRows = allValues;
            _pool.Run(_ranges.Length * pieces, (piece, slot) =>
            {
                int row = piece / pieces, firstHead = piece % pieces * each, keyHead = firstHead / group;
                NativeBuffer buffer = _scratch[slot] ??= NativeBuffer.OfFloats(floats);
                Scratch scratch = new(buffer.Floats, _padded, d, _valuePanels);
                if (keyRows is not null)
                {
                    float* from = keyRows + ((long)row * keys!.Value.Capacity * width) + (keyHead * d);
                    for (int key = 0; key < _total; key += Tile.Width) RowBlocks.Pack(from + ((long)key * width), width, Math.Min(Tile.Width, _total - key), d, scratch.KeyPanels + ((long)key * d), Tile.Width);
                }

                if (valueRows is not null)
                {
                    float* from = valueRows + ((long)row * values!.Value.Capacity * width) + (keyHead * d);
                    for (int panel = 0; panel < _valuePanels; panel++)
                    {
                        int column = panel * Tile.Width, columns = Math.Min(Tile.Width, d - column);
                        float* to = scratch.ValuePanels + ((long)panel * _padded * Tile.Width);
                        for (int key = 0; key < _total; key++, to += Tile.Width) new ReadOnlySpan<float>(from + ((long)key * width) + column, columns).CopyTo(new Span<float>(to, columns));
                    }
                }

                for (int head = firstHead; head < firstHead + each; head++) block(scratch, row, head);
            });
        }
    }

    // Scores of up to twelve queries over [first, end) into the scratch, and whole rows into an array where one is given.
    private void ScoreBlock(Scratch scratch, int layer, float[] queries, int row, int head, int from, int count, int first, int end, float[]? scores)
    {
        int d = _config.HeadDimension, heads = _config.Heads, height = Tile.HeightFor(count);
        float scale = (float)_config.AttentionScale, cap = (float)(_config.AttentionSoftcap ?? 0);
        if (first < end)
        {
            fixed (float* all = queries)
            {
                RowBlocks.Pack(all + ((((long)row * _pos) + from) * heads * d) + (head * d), (long)heads * d, count, d, scratch.Queries, height);
            }

            RowMath.Scale(scratch.Queries, scale, height * d);
            for (int key = first / Tile.Width * Tile.Width; key < end; key += Tile.Width)
                Tile.Multiply(height, scratch.Queries, scratch.KeyPanels + ((long)key * d), d, scratch.Scores + key, _padded, false);
        }

        if (cap == 0 && scores is null) return;
        for (int r = 0; r < count; r++)
        {
            (int low, int high) = Seen(layer, row, from + r);
            float* own = scratch.Scores + (r * _padded);
            if (cap > 0) RowMath.SoftCap(own + low, cap, high - low);
            if (scores is null) continue;
            Span<float> target = scores.AsSpan((int)Row(row, head, from + r), _total);
            target[..low].Fill(float.NegativeInfinity);
            new ReadOnlySpan<float>(own + low, high - low).CopyTo(target[low..]);
            target[high..].Fill(float.NegativeInfinity);
        }
    }

    // The scratch's rows of weights over [first, end) times values.
    private void MixBlock(Scratch scratch, int row, int head, int from, int count, int first, int end, float[] z)
    {
        int d = _config.HeadDimension, heads = _config.Heads, height = Tile.HeightFor(count), stride = _valuePanels * Tile.Width;
        if (first < end)
        {
            RowBlocks.Pack(scratch.Scores + first, _padded, count, end - first, scratch.Weights, height);
            for (int panel = 0; panel < _valuePanels; panel++)
                Tile.Multiply(height, scratch.Weights, scratch.ValuePanels + ((((long)panel * _padded) + first) * Tile.Width), end - first, scratch.Sums + (panel * Tile.Width), stride, false);
        }

        for (int r = 0; r < count; r++)
        {
            Span<float> target = z.AsSpan((((row * _pos) + from + r) * heads + head) * d, d);
            if (first < end) new ReadOnlySpan<float>(scratch.Sums + (r * stride), d).CopyTo(target);
            else target.Clear();
        }
    }

    private static void Turn(float* to, float* cos, float* sin, int half, bool adjacent)
    {
        int step = adjacent ? 2 : 1, other = adjacent ? 1 : half, j = 0;
        if (!adjacent)
        {
            for (; j + 8 <= half; j += 8)
            {
                Vector256<float> a = Vector256.Load(to + j), b = Vector256.Load(to + half + j), c = Vector256.Load(cos + j), s = Vector256.Load(sin + j);
                ((a * c) - (b * s)).Store(to + j);
                ((b * c) + (a * s)).Store(to + half + j);
            }
        }

        for (; j < half; j++)
        {
            float a = to[j * step], b = to[(j * step) + other];
            to[j * step] = (a * cos[j]) - (b * sin[j]);
            to[(j * step) + other] = (b * cos[j]) + (a * sin[j]);
        }
    }

    private static void Softmax(float* row, int length)
    {
        if (length == 0) return;
        Vector256<float> largest = Vector256.Create(float.NegativeInfinity);
        int i = 0;
        for (; i + 8 <= length; i += 8) largest = Vector256.Max(largest, Vector256.Load(row + i));
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < 8; lane++) max = MathF.Max(max, largest[lane]);
        for (; i < length; i++) max = MathF.Max(max, row[i]);
        if (float.IsNegativeInfinity(max))
        {
            new Span<float>(row, length).Clear();
            return;
        }

        // The rest in a padded vector: a value's exponential must not depend on how long its row is.
        Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
        for (i = 0; i + 8 <= length; i += 8)
        {
            Vector256<float> e = Vector256.Exp(Vector256.Load(row + i) - Vector256.Create(max));
            e.Store(row + i);
            (Vector256<double> l, Vector256<double> h) = Vector256.Widen(e);
            low += l;
            high += h;
        }

        float* tail = stackalloc float[8];
        for (int j = 0; j < 8; j++) tail[j] = i + j < length ? row[i + j] - max : 0;
        Vector256.Exp(Vector256.Load(tail)).Store(tail);
        double sum = Vector256.Sum(low + high);
        for (int j = 0; i + j < length; j++)
        {
            row[i + j] = tail[j];
            sum += tail[j];
        }

        RowMath.Scale(row, (float)(1 / sum), length);
    }

    // [position, (cos, sin), pair] of a row's positions of this run, as in a sequence of the whole length.
    private static float[] Turns(Rotary rotary, int earlier, int length, int whole)
    {
        int half = rotary.Dimensions / 2;
        double[] frequencies = rotary.Frequencies(whole);
        float[] turns = new float[length * rotary.Dimensions];
        for (int i = 0; i < length; i++)
        {
            for (int j = 0; j < half; j++)
            {
                (double sin, double cos) = Math.SinCos((earlier + i) * frequencies[j]);
                turns[(i * rotary.Dimensions) + j] = (float)(cos * rotary.AttentionFactor);
                turns[(i * rotary.Dimensions) + half + j] = (float)(sin * rotary.AttentionFactor);
            }
        }

        return turns;
    }

    /// <summary>Keys or values [batch, capacity, kv_heads, d_head], of which the first positions count.</summary>
    internal readonly record struct Keys(float[] Values, int Capacity);

    // One thread's memory: panels of keys [d, 32] and of values [key, 32], scores [query, key], their transpose, queries and sums.
    private readonly struct Scratch(float* memory, int padded, int dimension, int valuePanels)
    {
        public float* KeyPanels => memory;

        public float* ValuePanels => KeyPanels + ((long)padded * dimension);

        public float* Scores => ValuePanels + ((long)valuePanels * padded * Tile.Width);

        public float* Weights => Scores + ((long)Tile.Height * padded);

        public float* Queries => Weights + ((long)Tile.Height * padded);

        public float* Sums => Queries + ((long)Tile.Height * dimension);
    }
}
