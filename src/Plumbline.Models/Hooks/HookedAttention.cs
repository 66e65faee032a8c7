using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Attention in steps, so that scores and pattern are values that can be read and changed, or in one go where nobody looks:
/// both give the same bits. A row's sums run over its own real positions in their order, so padding changes no bit either.
/// </summary>
internal sealed unsafe class HookedAttention
{
    private readonly ModelConfig _config;
    private readonly WorkerPool _pool;
    private readonly (int First, int End)[] _ranges;
    private readonly int _pos;
    private readonly Rotary? _rotary, _slidingRotary;
    private readonly float[]?[] _turns, _slidingTurns;

    public HookedAttention(ModelConfig config, WorkerPool pool, (int First, int End)[] ranges, int positions)
    {
        (_config, _pool, _ranges, _pos) = (config, pool, ranges, positions);
        (_turns, _slidingTurns) = (new float[ranges.Length][], new float[ranges.Length][]);
        if (config.Positions == PositionKind.Learned) return;
        _rotary = new Rotary(config, sliding: false);
        _slidingRotary = config.RopeLocalTheta is null ? _rotary : new Rotary(config, sliding: true);
        for (int row = 0; row < ranges.Length; row++)
        {
            _turns[row] = Turns(_rotary, ranges[row].End - ranges[row].First);
            _slidingTurns[row] = ReferenceEquals(_rotary, _slidingRotary) ? _turns[row] : Turns(_slidingRotary, ranges[row].End - ranges[row].First);
        }
    }

    /// <summary>Queries or keys [batch, pos, heads, d_head] turned by their positions; zeros at padding.</summary>
    public HookTensor Rotate(int layer, HookTensor x)
    {
        bool slides = Slides(layer);
        Rotary rotary = slides ? _slidingRotary! : _rotary!;
        int heads = x.Shape[2], d = x.Shape[3], half = rotary.Dimensions / 2, step = rotary.Adjacent ? 2 : 1, other = rotary.Adjacent ? 1 : half;
        float[] turned = new float[x.Values.Length];
        for (int row = 0; row < _ranges.Length; row++)
        {
            float[] turns = (slides ? _slidingTurns : _turns)[row]!;
            (int first, int end) = _ranges[row];
            x.Values.AsSpan(((row * _pos) + first) * heads * d, (end - first) * heads * d).CopyTo(turned.AsSpan(((row * _pos) + first) * heads * d));
            for (int i = first; i < end; i++)
            {
                ReadOnlySpan<float> cos = turns.AsSpan((i - first) * rotary.Dimensions, half), sin = turns.AsSpan(((i - first) * rotary.Dimensions) + half, half);
                for (int head = 0; head < heads; head++)
                {
                    Span<float> to = turned.AsSpan(((((row * _pos) + i) * heads) + head) * d, d);
                    for (int j = 0; j < half; j++)
                    {
                        float a = to[j * step], b = to[(j * step) + other];
                        to[j * step] = (a * cos[j]) - (b * sin[j]);
                        to[(j * step) + other] = (b * cos[j]) + (a * sin[j]);
                    }
                }
            }
        }

        return new HookTensor(x.Shape, turned);
    }

    /// <summary>Scaled scores [batch, heads, query, key], capped where the model does, -∞ where a query does not see a key.</summary>
    public HookTensor Scores(int layer, HookTensor q, HookTensor k)
    {
        float[] scores = GC.AllocateUninitializedArray<float>(checked(_ranges.Length * _config.Heads * _pos * _pos));
        fixed (float* queries = q.Values, keys = k.Values, all = scores)
        {
            float* from = queries, with = keys, to = all;
            _pool.Run(_ranges.Length * _config.Heads, (piece, _) =>
            {
                int row = piece / _config.Heads, head = piece % _config.Heads;
                for (int i = 0; i < _pos; i++)
                {
                    float* target = to + (((long)piece * _pos) + i) * _pos;
                    new Span<float>(target, _pos).Fill(float.NegativeInfinity);
                    (int first, int end) = Seen(layer, row, i);
                    ScoreRow(from, with, row, head, i, first, end, target + first);
                }
            });
        }

        return new HookTensor([_ranges.Length, _config.Heads, _pos, _pos], scores);
    }

    /// <summary>The softmax of each query's scores; a query that sees nothing has zeros.</summary>
    public HookTensor Pattern(HookTensor scores)
    {
        float[] pattern = [.. scores.Values];
        fixed (float* all = pattern)
        {
            float* rows = all;
            int length = scores.Shape[3];
            _pool.Run(pattern.Length / length, (row, _) => Softmax(rows + ((long)row * length), length));
        }

        return new HookTensor(scores.Shape, pattern);
    }

    /// <summary>Values mixed by the pattern, [batch, pos, heads, d_head].</summary>
    public HookTensor Mix(HookTensor pattern, HookTensor v)
    {
        float[] z = new float[_ranges.Length * _pos * _config.Heads * _config.HeadDimension];
        fixed (float* weights = pattern.Values, values = v.Values, mixed = z)
        {
            float* by = weights, from = values, to = mixed;
            _pool.Run(_ranges.Length * _config.Heads, (piece, _) =>
            {
                int row = piece / _config.Heads, head = piece % _config.Heads;
                for (int i = 0; i < _pos; i++) MixRow(by + ((((long)piece * _pos) + i) * _pos), from, row, head, i, 0, _pos, to);
            });
        }

        return new HookTensor([_ranges.Length, _pos, _config.Heads, _config.HeadDimension], z);
    }

    /// <summary>The three steps in one, without the matrices of scores and pattern.</summary>
    public HookTensor Attend(int layer, HookTensor q, HookTensor k, HookTensor v)
    {
        float[] z = new float[_ranges.Length * _pos * _config.Heads * _config.HeadDimension];
        using NativeBuffer scratch = NativeBuffer.OfFloats((long)_pool.Threads * _pos);
        float* scratchRows = scratch.Floats;
        fixed (float* queries = q.Values, keys = k.Values, values = v.Values, mixed = z)
        {
            float* from = queries, with = keys, mix = values, to = mixed;
            _pool.Run(_ranges.Length * _config.Heads, (piece, slot) =>
            {
                int row = piece / _config.Heads, head = piece % _config.Heads;
                float* scores = scratchRows + ((long)slot * _pos);
                for (int i = 0; i < _pos; i++)
                {
                    (int first, int end) = Seen(layer, row, i);
                    if (first == end) continue;
                    ScoreRow(from, with, row, head, i, first, end, scores);
                    Softmax(scores, end - first);
                    MixRow(scores, mix, row, head, i, first, end, to);
                }
            });
        }

        return new HookTensor([_ranges.Length, _pos, _config.Heads, _config.HeadDimension], z);
    }

    private bool Slides(int layer) => _config.SlidingLayers.Count > layer && _config.SlidingLayers[layer];

    // The keys that a query sees; none for padding.
    private (int First, int End) Seen(int layer, int row, int query)
    {
        (int first, int end) = _ranges[row];
        if (query < first || query >= end) return (0, 0);
        if (_config.Causal) end = query + 1;
        return (Slides(layer) && _config.SlidingWindow is int window ? Math.Max(first, query + 1 - window) : first, end);
    }

    private void ScoreRow(float* q, float* k, int row, int head, int query, int first, int end, float* scores)
    {
        int heads = _config.Heads, keyHeads = _config.KeyValueHeads, d = _config.HeadDimension, keyHead = head / (heads / keyHeads);
        float* own = q + ((((long)row * _pos) + query) * heads + head) * d;
        float scale = (float)_config.AttentionScale, cap = (float)(_config.AttentionSoftcap ?? 0);
        for (int j = first; j < end; j++)
        {
            float score = Dot(own, k + ((((long)row * _pos) + j) * keyHeads + keyHead) * d, d) * scale;
            scores[j - first] = cap > 0 ? cap * MathF.Tanh(score / cap) : score;
        }
    }

    private void MixRow(float* pattern, float* v, int row, int head, int query, int first, int end, float* z)
    {
        int heads = _config.Heads, keyHeads = _config.KeyValueHeads, d = _config.HeadDimension, keyHead = head / (heads / keyHeads);
        float* to = z + ((((long)row * _pos) + query) * heads + head) * d;
        for (int j = first; j < end; j++)
        {
            float weight = pattern[j - first];
            if (weight == 0) continue;
            float* value = v + ((((long)row * _pos) + j) * keyHeads + keyHead) * d;
            Vector256<float> factor = Vector256.Create(weight);
            int c = 0;
            for (; c + 8 <= d; c += 8) Vector256.FusedMultiplyAdd(factor, Vector256.Load(value + c), Vector256.Load(to + c)).Store(to + c);
            for (; c < d; c++) to[c] = MathF.FusedMultiplyAdd(weight, value[c], to[c]);
        }
    }

    private static void Softmax(float* row, int length)
    {
        Span<float> values = new(row, length);
        float max = float.NegativeInfinity;
        foreach (float value in values) max = MathF.Max(max, value);
        if (float.IsNegativeInfinity(max))
        {
            values.Clear();
            return;
        }

        // The rest in a padded vector: a value's exponential must not depend on how long its row is.
        int i = 0;
        for (; i + 8 <= length; i += 8) Vector256.Exp(Vector256.Load(row + i) - Vector256.Create(max)).Store(row + i);
        float* tail = stackalloc float[8];
        for (int j = 0; j < 8; j++) tail[j] = i + j < length ? row[i + j] - max : 0;
        Vector256.Exp(Vector256.Load(tail)).Store(tail);
        for (int j = 0; i + j < length; j++) row[i + j] = tail[j];
        double sum = 0;
        foreach (float value in values) sum += value;
        TensorPrimitives.Multiply(values, (float)(1 / sum), values);
    }

    private static float Dot(float* a, float* b, int length)
    {
        Vector256<float> sums = Vector256<float>.Zero;
        int i = 0;
        for (; i + 8 <= length; i += 8) sums = Vector256.FusedMultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), sums);
        float sum = Vector256.Sum(sums);
        for (; i < length; i++) sum = MathF.FusedMultiplyAdd(a[i], b[i], sum);
        return sum;
    }

    // [position, (cos, sin), pair] of a row's positions, counted from 0.
    private static float[] Turns(Rotary rotary, int length)
    {
        int half = rotary.Dimensions / 2;
        double[] frequencies = rotary.Frequencies(length);
        float[] turns = new float[length * rotary.Dimensions];
        for (int i = 0; i < length; i++)
        {
            for (int j = 0; j < half; j++)
            {
                (double sin, double cos) = Math.SinCos(i * frequencies[j]);
                turns[(i * rotary.Dimensions) + j] = (float)(cos * rotary.AttentionFactor);
                turns[(i * rotary.Dimensions) + half + j] = (float)(sin * rotary.AttentionFactor);
            }
        }

        return turns;
    }
}
