using System.Numerics.Tensors;
using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>
/// One forward pass with hooks. Values lie as [batch, pos, …]; padded rows are computed along and nothing real reads them.
/// A value that somebody watches is an array of its own that is not written again, so that a cache holds references; what nobody
/// watches lies in arrays that the next layer uses again.
/// </summary>
internal sealed unsafe class HookedForward : IDisposable
{
    private readonly ModelConfig _config;
    private readonly ModelDescription _model;
    private readonly HookedWeights _weights;
    private readonly HookCatalog _catalog;
    private readonly WorkerPool _pool;
    private readonly TokenBatch _tokens;
    private readonly HookRun _run;
    private readonly int _batch, _pos, _rows, _start, _stop;
    private readonly (int First, int End)[] _ranges;
    private readonly bool _padded;
    private readonly Dictionary<string, Wanted> _wanted = new(StringComparer.Ordinal);
    private readonly ActivationCache _cache = new();
    private readonly HookedAttention _attention;
    private readonly HookedKeyValues? _keyValues;
    private readonly Dictionary<string, float[]> _reused = new(StringComparer.Ordinal);
    private readonly ArrayRecycler _recycler;
    private readonly List<float[]> _taken = [];
    private readonly HashSet<float[]> _given = new(ReferenceEqualityComparer.Instance);
    private NativeBuffer? _packed;

    /// <param name="config">The model.</param>
    /// <param name="model">Its description.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="catalog">Its hooks.</param>
    /// <param name="pool">Threads.</param>
    /// <param name="tokens">Prompts, or the next tokens of a sequence.</param>
    /// <param name="run">What is kept and changed.</param>
    /// <param name="recycler">Arrays of earlier runs.</param>
    /// <param name="keyValues">Keys and values of the sequence so far, which this run's join; null for prompts by themselves.</param>
    public HookedForward(ModelConfig config, ModelDescription model, HookedWeights weights, HookCatalog catalog, WorkerPool pool, TokenBatch tokens, HookRun run, ArrayRecycler recycler, HookedKeyValues? keyValues = null)
    {
        (_keyValues, _recycler) = (keyValues, recycler);
        (_config, _model, _weights, _catalog, _pool, _tokens, _run) = (config, model, weights, catalog, pool, tokens, run);
        _ranges = tokens.Check(config);
        (_batch, _pos) = (tokens.Ids.Count, tokens.Ids[0].Count);
        _rows = checked(_batch * _pos);
        _padded = _ranges.Any(range => range.First > 0 || range.End < _pos);
        (_start, _stop) = HookReach.Layers(run.StartAtLayer, run.StopAtLayer, config.Layers);
        CheckResidual();
        foreach (string pattern in run.Keep) Want(pattern, null);
        foreach (HookEdit edit in run.Edits) Want(edit.Pattern, edit.Apply);
        _attention = new HookedAttention(config, pool, _ranges, _pos, keyValues);
    }

    public HookedOutput Run(CancellationToken cancellationToken)
    {
        HookTensor residual = _start == 0 && _run.Residual is null ? Embed() : _run.Residual!;
        for (int layer = _start; layer < _stop; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            residual = Block(layer, residual);
        }

        HookTensor? logits = null;
        if (_run.StopAtLayer is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            logits = _config.Causal ? Unembed(residual) : EncoderHeads(residual);
        }

        _keyValues?.Advance(_pos);
        _given.Add(residual.Values);
        if (logits is not null) _given.Add(logits.Values);
        return new HookedOutput(logits, residual, _cache, new ArrayLease(_recycler, _taken.Where(_given.Contains)));
    }

    public void Dispose()
    {
        _packed?.Dispose();
        _attention.Dispose();
        _recycler.EndRun(_taken.Sum(ArrayRecycler.BytesOf));
        _recycler.Return(_taken.Where(array => !_given.Contains(array)));
    }

    private void CheckResidual()
    {
        if (_run.Residual is not { } residual)
        {
            if (_start > 0) throw new ArgumentException($"StartAtLayer {_start} needs the residual stream before that layer in Residual.");
            return;
        }

        if (!residual.Shape.SequenceEqual([_batch, _pos, _config.HiddenSize]))
            throw new ArgumentException($"The residual stream has shape {HookTensor.Show(residual.Shape)}; these prompts and this model's d_model make it [{_batch}, {_pos}, {_config.HiddenSize}].");
    }

    private void Want(string pattern, HookFunction? edit)
    {
        bool any = false;
        foreach (HookPoint hook in _catalog.Match(pattern))
        {
            if (!Fires(hook)) continue;
            any = true;
            if (!_wanted.TryGetValue(hook.Name, out Wanted? wanted)) _wanted.Add(hook.Name, wanted = new Wanted(hook));
            if (edit is null) wanted.Keep = true;
            else wanted.Edits.Add(edit);
        }

        if (!any) throw new ArgumentException($"{pattern} matches only hooks that this run does not reach: it begins at layer {_start} and ends before layer {_stop}{(_run.StopAtLayer is null ? " with the logits" : "")}.");
    }

    private bool Fires(HookPoint hook)
    {
        if (hook.Name == "unembed.hook_out" && _run.Logits != LogitPositions.All) return false;
        return HookReach.Fires(hook, _start, _stop, _run.StopAtLayer is null, _start == 0 && _run.Residual is null);
    }

    private bool IsWanted(string name) => _wanted.ContainsKey(name);

    private bool Edited(string name) => _wanted.TryGetValue(name, out Wanted? wanted) && wanted.Edits.Count > 0;

    private HookTensor Fire(string name, HookTensor value)
    {
        if (!_wanted.TryGetValue(name, out Wanted? wanted)) return value;
        if (_padded && wanted.Point.Shape is ["batch", "pos", ..]) value = WithoutPadding(value);
        foreach (HookFunction edit in wanted.Edits)
        {
            HookTensor copy = value.Clone(), result = edit(copy, wanted.Point) ?? copy;
            if (!result.Shape.SequenceEqual(value.Shape)) throw new ArgumentException($"The edit at {name} gave shape {HookTensor.Show(result.Shape)}; it must stay {HookTensor.Show(value.Shape)}, also where it would broadcast.");
            if (TensorPrimitives.IsNaNAny<float>(result.Values)) throw new HookException($"The edit at {name} gave NaN, which would reach the logits.");
            value = result;
        }

        if (!wanted.Keep) return value;
        _cache.Add(name, value, _run.Precision);
        if (_run.Precision == CachePrecision.Single) _given.Add(value.Values);
        return value;
    }

    private HookTensor Fire(string name, float[] values, params ReadOnlySpan<int> shape) => Fire(name, new HookTensor(shape.ToArray(), values));

    // A value with zeros at padding; a copy where it is not so already, since a cache or an edit may hold it.
    private HookTensor WithoutPadding(HookTensor value)
    {
        int width = value.Values.Length / _rows;
        HookTensor? cleared = null;
        for (int row = 0; row < _batch; row++)
        {
            Clear(row * _pos, _ranges[row].First);
            Clear((row * _pos) + _ranges[row].End, _pos - _ranges[row].End);
        }

        return cleared ?? value;

        void Clear(int first, int count)
        {
            if (!value.Values.AsSpan(first * width, count * width).ContainsAnyExcept(0f)) return;
            cleared ??= value.Clone();
            cleared.Values.AsSpan(first * width, count * width).Clear();
        }
    }

    private HookTensor Embed()
    {
        int width = _config.HiddenSize, word = _config.WordEmbeddingSize == 0 ? width : _config.WordEmbeddingSize;
        float[] embedded = New((long)_rows * word);
        float scale = (float)_config.EmbeddingScale;
        fixed (float* values = embedded)
        {
            float* to = values;
            for (int row = 0; row < _rows; row++, to += word)
            {
                _weights.Embedding.Matrix.ReadRow(_tokens.Ids[row / _pos][row % _pos], to);
                if (scale != 1) RowMath.Scale(to, scale, word);
            }
        }

        if (_weights.ProjectIn is not null) embedded = Multiply(_weights.ProjectIn, embedded);
        string at = _config.Causal ? "" : "embed.";
        HookTensor sum = Fire(at + "hook_embed", embedded, _batch, _pos, width);
        if (_weights.Positions is not null) sum = Add(sum, Fire(at + "hook_pos_embed", Rows(_weights.Positions, (row, i) => _config.PositionOffset + (_keyValues?.RealLength(row) ?? 0) + i - _ranges[row].First), _batch, _pos, width));
        if (_weights.TokenTypes is not null) sum = Add(sum, Fire(at + "hook_token_type_embed", Rows(_weights.TokenTypes, (row, i) => _tokens.Types is null ? 0 : _tokens.Types[row][i]), _batch, _pos, width));
        if (_weights.EmbeddingNorm is not null) sum = Normalise(_weights.EmbeddingNorm, NormHooks.Embedding, sum, New(sum.Values.Length));
        return _config.Causal ? sum : Fire("hook_full_embed", sum);
    }

    // A row of a table for each real position, zeros at padding.
    private float[] Rows(float[] table, Func<int, int, int> index)
    {
        int width = _config.HiddenSize;
        float[] rows = new float[_rows * width];
        for (int row = 0; row < _batch; row++)
        {
            for (int i = _ranges[row].First; i < _ranges[row].End; i++) table.AsSpan(index(row, i) * width, width).CopyTo(rows.AsSpan(((row * _pos) + i) * width, width));
        }

        return rows;
    }

    private HookTensor Block(int layer, HookTensor residual)
    {
        BlockHooks hooks = _catalog.Blocks[layer];
        HookedBlock block = _weights.Blocks[layer];
        bool normsOnSums = _model.AttentionSumNorm is not null;
        residual = Fire(hooks.ResidPre, residual);
        HookTensor attention = Attention(layer, residual);
        if (block.AfterAttentionNorm is not null) attention = Normalise(block.AfterAttentionNorm, hooks.AfterAttention(_model), attention, Place(hooks.AttentionOut, "attention after", _rows * _config.HiddenSize));
        attention = Fire(hooks.AttentionOut, attention);

        HookTensor middle = residual;
        if (!_config.ParallelResidual) middle = Fire(hooks.ResidMid, Add(residual, attention));
        if (normsOnSums) middle = Normalise(block.Norm1!, hooks.Norm1, middle, New((long)_rows * _config.HiddenSize));
        HookTensor mlp = Mlp(block, hooks, normsOnSums ? null : block.Norm2, IsWanted(hooks.MlpInput) ? Fire(hooks.MlpInput, middle) : middle);
        if (block.AfterMlpNorm is not null) mlp = Normalise(block.AfterMlpNorm, hooks.AfterMlp(_model), mlp, Place(hooks.MlpOut, "mlp after", _rows * _config.HiddenSize));
        mlp = Fire(hooks.MlpOut, mlp);

        residual = Fire(hooks.ResidPost, _config.ParallelResidual ? Add(residual, attention, mlp) : Add(middle, mlp));
        return normsOnSums ? Fire(hooks.NormalizedResidPost, Normalise(block.Norm2!, hooks.Norm2, residual, New((long)_rows * _config.HiddenSize))) : residual;
    }

    private HookTensor Attention(int layer, HookTensor residual)
    {
        BlockHooks hooks = _catalog.Blocks[layer];
        HookedBlock block = _weights.Blocks[layer];
        int heads = _config.Heads, keyHeads = _config.KeyValueHeads, d = _config.HeadDimension;
        HookedNorm? norm = _model.AttentionNorm is null ? null : block.Norm1;
        RowBlocks packed = Input(norm, hooks.Norm1, residual);
        HookTensor? shared = IsWanted(hooks.AttentionInput) ? Fire(hooks.AttentionInput, Copies(residual, heads)) : null;
        HookTensor q = Fire(hooks.Query, Projected(block.Query, hooks.Query, hooks.QueryInput, "q", heads));
        HookTensor k = Fire(hooks.Key, Projected(block.Key, hooks.Key, hooks.KeyInput, "k", keyHeads));
        HookTensor v = Fire(hooks.Value, Projected(block.Value, hooks.Value, hooks.ValueInput, "v", keyHeads));
        if (block.QueryNorm is not null && block.KeyNorm is not null)
        {
            q = NormaliseHeads(block.QueryNorm, hooks.QueryNorm, q);
            k = NormaliseHeads(block.KeyNorm, hooks.KeyNorm, k);
        }

        if (_config.Positions != PositionKind.Learned)
        {
            q = Fire(hooks.RotatedQuery, Rotated(hooks.RotatedQuery, "rotated q", q));
            k = Fire(hooks.RotatedKey, Rotated(hooks.RotatedKey, "rotated k", k));
        }

        (HookedAttention.Keys keys, HookedAttention.Keys values) = _attention.Join(layer, k, v);
        float[] mixed = Place(hooks.Z, "z", _rows * heads * d);
        int total = _pos + (_keyValues?.Length ?? 0);
        int[] square = [_batch, heads, _pos, total];
        long size = (long)_batch * heads * _pos * total;
        if (Edited(hooks.Scores) || Edited(hooks.Pattern))
        {
            float[] scores = New(size);
            _attention.Scores(layer, q, keys, scores);
            _attention.Mix(Fire(hooks.Pattern, _attention.Pattern(Fire(hooks.Scores, new HookTensor(square, scores)))), values, mixed);
        }
        else
        {
            float[]? scores = IsWanted(hooks.Scores) ? New(size) : null, pattern = IsWanted(hooks.Pattern) ? New(size) : null;
            _attention.Attend(layer, q, keys, values, mixed, scores, pattern);
            if (scores is not null) Fire(hooks.Scores, new HookTensor(square, scores));
            if (pattern is not null) Fire(hooks.Pattern, new HookTensor(square, pattern));
        }

        HookTensor z = Fire(hooks.Z, new HookTensor([_batch, _pos, heads, d], mixed));
        float[] output = IsWanted(hooks.Result) ? ByHeads(block.Output, hooks.Result, z) : Multiply(block.Output, z.Values, Place(hooks.AttentionOut, "attention", _rows * _config.HiddenSize));
        return new HookTensor([_batch, _pos, _config.HiddenSize], output);

        HookTensor Projected(Linear linear, string hook, string fork, string purpose, int count) => new([_batch, _pos, count, d],
            Forked(linear, norm, fork, residual, shared, count) ?? Multiply(linear, packed, Place(hook, purpose, _rows * count * d)));
    }

    private HookTensor Rotated(string hook, string purpose, HookTensor x)
    {
        int layer = _catalog[hook].Layer!.Value;
        float[] turned = Place(hook, purpose, x.Values.Length);
        _attention.Rotate(layer, x, turned);
        return new HookTensor(x.Shape, turned);
    }

    // Queries, keys or values of heads that each read a copy of the residual stream of their own; null where nobody asks for the copies.
    private float[]? Forked(Linear linear, HookedNorm? norm, string hook, HookTensor residual, HookTensor? shared, int heads)
    {
        if (shared is null && !IsWanted(hook)) return null;
        int width = _config.HiddenSize, d = _config.HeadDimension;
        HookTensor read = Fire(hook, shared ?? Copies(residual, heads));
        if (norm is not null) read = Normalise(norm, null, read, width, [_rows * heads, 1], New(read.Values.Length));
        float[] weights = New((long)heads * d * width), projected = New((long)_rows * heads * d);
        fixed (float* w = weights, all = projected)
        {
            for (int row = 0; row < heads * d; row++) linear.ReadRow(row, w + ((long)row * width));
            for (int head = 0; head < heads; head++)
            {
                fixed (float* a = Columns(read.Values, heads * width, head * width, width, _rows))
                {
                    using PackedMatrix matrix = PackedMatrix.Pack(d, width, w + ((long)head * d * width), _pool);
                    using NativeBuffer packed = Pack(a, _rows, width);
                    MatrixProduct.Multiply(_pool, new RowBlocks(packed.Floats, _rows, width), matrix, all + (head * d), (long)heads * d);
                }
            }
        }

        AddBias(linear, projected);
        return projected;
    }

    private HookTensor Copies(HookTensor residual, int heads)
    {
        int width = _config.HiddenSize;
        float[] copies = New((long)_rows * heads * width);
        for (int i = 0; i < _rows * heads; i++) residual.Values.AsSpan(i / heads * width, width).CopyTo(copies.AsSpan(i * width));
        return new HookTensor([_batch, _pos, heads, width], copies);
    }

    // What each head adds, as a value of its own; their sum and the bias are attention's output.
    private float[] ByHeads(Linear output, string hook, HookTensor z)
    {
        int heads = _config.Heads, d = _config.HeadDimension, width = _config.HiddenSize;
        float[] weights = new float[width * heads * d];
        fixed (float* rows = weights)
        {
            for (int row = 0; row < width; row++) output.Matrix.ReadRow(row, rows + ((long)row * heads * d));
        }

        float[] results = New((long)_rows * heads * width);
        for (int head = 0; head < heads; head++)
        {
            float[] own = Columns(weights, heads * d, head * d, d, width), values = Columns(z.Values, heads * d, head * d, d, _rows);
            fixed (float* w = own, a = values, c = results)
            {
                using PackedMatrix matrix = PackedMatrix.Pack(width, d, w, _pool);
                using NativeBuffer packed = Pack(a, _rows, d);
                MatrixProduct.Multiply(_pool, new RowBlocks(packed.Floats, _rows, d), matrix, c + (head * width), (long)heads * width);
            }
        }

        HookTensor result = Fire(hook, results, _batch, _pos, heads, width);
        float[] sum = new float[_rows * width];
        for (int row = 0; row < _rows; row++)
        {
            Span<float> to = sum.AsSpan(row * width, width);
            for (int head = 0; head < heads; head++) TensorPrimitives.Add(to, result.Values.AsSpan(((row * heads) + head) * width, width), to);
        }

        AddBias(output, sum);
        return sum;
    }

    private HookTensor Mlp(HookedBlock block, BlockHooks hooks, HookedNorm? norm, HookTensor read)
    {
        int inner = _config.IntermediateSize, count = _rows * inner;
        RowBlocks packed = Input(norm, hooks.Norm2, read);
        float[] first = Multiply(block.Gate ?? block.Up, packed, Place(hooks.MlpPre, "pre", count));
        float[]? second = block.Gate is null ? null : Multiply(block.Up, packed, Place(hooks.MlpPreLinear, "linear", count));
        HookTensor pre = Fire(hooks.MlpPre, first, _batch, _pos, inner);
        HookTensor? linear = second is null ? null : Fire(hooks.MlpPreLinear, second, _batch, _pos, inner);
        HookTensor post = Fire(hooks.MlpPost, Activate(pre.Values, linear?.Values, inner, Place(hooks.MlpPost, "post", count)), _batch, _pos, inner);
        return new HookTensor([_batch, _pos, _config.HiddenSize], Multiply(block.Down, post.Values, Place(hooks.MlpOut, "mlp", _rows * _config.HiddenSize)));
    }

    private float[] Activate(float[] values, float[]? gated, int width, float[] result)
    {
        fixed (float* x = values, g = gated, y = result)
        {
            float* from = x, by = g, to = y;
            _pool.Run(values.Length / width, (row, _) => RowMath.Activate(_config.Activation, from + ((long)row * width), by is null ? null : by + ((long)row * width), to + ((long)row * width), width));
        }

        return result;
    }

    private HookTensor? Unembed(HookTensor residual)
    {
        HookTensor input = Fire("unembed.hook_in", Normalise(_weights.FinalNorm!, NormHooks.Final, residual, New(residual.Values.Length)));
        return Head(input);
    }

    private HookTensor? EncoderHeads(HookTensor hidden)
    {
        if (_weights.Pooler is not null)
        {
            // The first real position is [CLS].
            int width = _config.HiddenSize;
            float[] first = New((long)_batch * width);
            for (int row = 0; row < _batch; row++) hidden.Row(row, _ranges[row].First).CopyTo(first.AsSpan(row * width, width));
            float[] pooled = Multiply(_weights.Pooler, first);
            TensorPrimitives.Tanh(pooled, pooled);
            HookTensor fired = Fire("pooler.hook_pooler_out", pooled, _batch, width);
            if (_weights.NextSentence is not null) Fire("nsp_head.hook_nsp_out", Multiply(_weights.NextSentence, fired.Values), _batch, 2);
        }

        if (_weights.Head is null) return null;
        float[] transformed = hidden.Values;
        if (_weights.HeadTransform is not null) transformed = Activate(Multiply(_weights.HeadTransform, transformed), null, _config.HiddenSize, New(transformed.Length));
        HookTensor normed = new([_batch, _pos, _config.HiddenSize], transformed);
        if (_weights.HeadNorm is not null) normed = Normalise(_weights.HeadNorm, NormHooks.Head, normed, New(transformed.Length));
        return Head(Fire("unembed.hook_in", normed));
    }

    private HookTensor? Head(HookTensor hidden)
    {
        if (_run.Logits == LogitPositions.None) return null;
        float[] input = hidden.Values;
        int positions = _pos;
        if (_run.Logits == LogitPositions.Last)
        {
            positions = 1;
            input = New((long)_batch * _config.HiddenSize);
            for (int row = 0; row < _batch; row++) hidden.Row(row, _ranges[row].End - 1).CopyTo(input.AsSpan(row * _config.HiddenSize));
        }

        if (_weights.ProjectOut is not null) input = Multiply(_weights.ProjectOut, input);
        int vocabulary = _config.VocabularySize;
        float[] logits = Multiply(_weights.Head!, input);
        if (_weights.HeadBias is { } bias)
        {
            for (int row = 0; row < _batch * positions; row++)
            {
                Span<float> to = logits.AsSpan(row * vocabulary, vocabulary);
                TensorPrimitives.Add(to, bias, to);
            }
        }

        HookTensor output = new([_batch, positions, vocabulary], logits);
        if (_run.Logits == LogitPositions.All) output = Fire("unembed.hook_out", output);
        if (_config.LogitSoftcap is { } cap) output = new HookTensor(output.Shape, SoftCap(output.Values, (float)cap));
        return _padded && _run.Logits == LogitPositions.All ? WithoutPadding(output) : output;
    }

    private float[] SoftCap(float[] values, float cap)
    {
        float[] capped = New(values.Length);
        for (int i = 0; i < values.Length; i++) capped[i] = cap * MathF.Tanh(values[i] / cap);
        return capped;
    }

    // What matrices read: the normed stream in the tiles' blocks. It is no hook itself, so it is never laid out in rows where nobody changes scale or normalised value.
    private RowBlocks Input(HookedNorm? norm, NormHooks hooks, HookTensor x)
    {
        int width = _config.HiddenSize;
        RowBlocks blocks = Blocks(_rows, width);
        if (norm is not null && (Edited(hooks.Scale) || Edited(hooks.Normalized)))
        {
            x = Normalise(norm, hooks, x, Place("", "normed", x.Values.Length));
            norm = null;
        }

        float[]? scales = norm is not null && IsWanted(hooks.Scale) ? New(_rows) : null, normalised = norm is not null && IsWanted(hooks.Normalized) ? New(x.Values.Length) : null;
        fixed (float* values = x.Values)
        {
            float* rows = values;
            _pool.Run(blocks.Count, (b, _) =>
            {
                if (norm is null)
                {
                    blocks.Fill(b, rows, width);
                    return;
                }

                float[] normed = System.Buffers.ArrayPool<float>.Shared.Rent(Tile.Height * width);
                int first = b * Tile.Height, count = blocks.RowsOf(b);
                fixed (float* to = normed)
                {
                    for (int r = 0; r < count; r++)
                    {
                        float* from = rows + ((long)(first + r) * width), own = to + (r * width);
                        (float mean, float scale) = norm.Statistics(from, width);
                        norm.Normalise(from, mean, scale, own, width);
                        if (scales is not null) scales[first + r] = scale;
                        if (normalised is not null) new ReadOnlySpan<float>(own, width).CopyTo(normalised.AsSpan((first + r) * width, width));
                        norm.Weigh(own, own, width);
                    }

                    RowBlocks.Pack(to, width, count, width, blocks.Block(b), blocks.HeightOf(b));
                }

                System.Buffers.ArrayPool<float>.Shared.Return(normed);
            });
        }

        if (scales is not null) Fire(hooks.Scale, scales, _batch, _pos, 1);
        if (normalised is not null) Fire(hooks.Normalized, normalised, _batch, _pos, width);
        return blocks;
    }

    private HookTensor Normalise(HookedNorm norm, NormHooks hooks, HookTensor x, float[] result) => Normalise(norm, hooks, x, norm.Weight.Length, [_batch, _pos, 1], result);

    private HookTensor NormaliseHeads(HookedNorm norm, NormHooks hooks, HookTensor x) =>
        Normalise(norm, hooks, x, norm.Weight.Length, norm.Weight.Length == x.Shape[3] ? [_batch, _pos, x.Shape[2], 1] : [_batch, _pos, 1], New(x.Values.Length));

    // Over runs of `width` values; scale and normalised value are hooks where hooks are given, weight and bias come after.
    private HookTensor Normalise(HookedNorm norm, NormHooks? hooks, HookTensor x, int width, int[] scaleShape, float[] result)
    {
        int count = x.Values.Length / width;
        float[] scales = New(count), means = New(count), normalised = New(x.Values.Length);
        Each((i, from, _) => (means[i], scales[i]) = norm.Statistics(from, width), x.Values, normalised);
        HookTensor scale = new(scaleShape, scales);
        if (hooks is not null) scale = Fire(hooks.Scale, scale);
        Each((i, from, to) => norm.Normalise(from, means[i], scale.Values[i], to, width), x.Values, normalised);
        HookTensor fired = new(x.Shape, normalised);
        if (hooks is not null) fired = Fire(hooks.Normalized, fired);
        Each((_, from, to) => norm.Weigh(from, to, width), fired.Values, result);
        return new HookTensor(x.Shape, result);

        void Each(RowStep step, float[] from, float[] to)
        {
            const int Some = 16;
            fixed (float* f = from, t = to)
            {
                float* source = f, target = t;
                _pool.Run((count + Some - 1) / Some, (piece, _) =>
                {
                    for (int i = piece * Some; i < Math.Min(count, (piece + 1) * Some); i++) step(i, source + ((long)i * width), target + ((long)i * width));
                });
            }
        }
    }

    private delegate void RowStep(int row, float* from, float* to);

    private HookTensor Add(HookTensor a, HookTensor b, HookTensor? c = null)
    {
        const int Part = 1 << 15;
        float[] sum = New(a.Values.Length);
        _pool.Run((sum.Length + Part - 1) / Part, (piece, _) =>
        {
            int from = piece * Part, count = Math.Min(Part, sum.Length - from);
            Span<float> to = sum.AsSpan(from, count);
            TensorPrimitives.Add(a.Values.AsSpan(from, count), b.Values.AsSpan(from, count), to);
            if (c is not null) TensorPrimitives.Add(to, c.Values.AsSpan(from, count), to);
        });
        return new HookTensor(a.Shape, sum);
    }

    private float[] Multiply(Linear linear, float[] input) => Multiply(linear, input, New((long)(input.Length / linear.Matrix.Columns) * linear.Outputs));

    private float[] Multiply(Linear linear, float[] input, float[] output)
    {
        int depth = linear.Matrix.Columns;
        RowBlocks blocks = Blocks(input.Length / depth, depth);
        fixed (float* a = input)
        {
            float* rows = a;
            _pool.Run(blocks.Count, (b, _) => blocks.Fill(b, rows, depth));
        }

        return Multiply(linear, blocks, output);
    }

    private float[] Multiply(Linear linear, RowBlocks packed, float[] output)
    {
        fixed (float* c = output) linear.Multiply(_pool, packed, c);
        AddBias(linear, output);
        return output;
    }

    // Blocks in the one buffer for them; valid until the next ones.
    private RowBlocks Blocks(int rows, int depth)
    {
        long size = RowBlocks.Size(rows, depth);
        if (_packed is null || _packed.Length < size * sizeof(float))
        {
            _packed?.Dispose();
            _packed = NativeBuffer.OfFloats(size);
        }

        return new RowBlocks(_packed.Floats, rows, depth);
    }

    private NativeBuffer Pack(float* values, int rows, int depth)
    {
        NativeBuffer buffer = NativeBuffer.OfFloats(RowBlocks.Size(rows, depth));
        RowBlocks blocks = new(buffer.Floats, rows, depth);
        _pool.Run(blocks.Count, (b, _) => blocks.Fill(b, values, depth));
        return buffer;
    }

    private static void AddBias(Linear linear, float[] rows)
    {
        if (linear.Bias is null) return;
        fixed (float* values = rows)
        {
            for (long at = 0; at < rows.Length; at += linear.Outputs) RowMath.Add(values + at, linear.Bias, linear.Outputs);
        }
    }

    private float[] Columns(float[] rows, int stride, int from, int width, int count)
    {
        float[] columns = New((long)count * width);
        for (int row = 0; row < count; row++) rows.AsSpan((row * stride) + from, width).CopyTo(columns.AsSpan(row * width, width));
        return columns;
    }

    // Where a value goes: an array of its own where it is watched, else one that the next layer uses again.
    private float[] Place(string hook, string purpose, int count)
    {
        if (IsWanted(hook)) return New(count);
        if (!_reused.TryGetValue(purpose, out float[]? array) || array.Length != count) _reused[purpose] = array = New(count);
        return array;
    }

    private float[] New(long count)
    {
        float[] array = _recycler.Take(checked((int)count));
        _taken.Add(array);
        return array;
    }

    private sealed class Wanted(HookPoint point)
    {
        public HookPoint Point { get; } = point;

        public bool Keep { get; set; }

        public List<HookFunction> Edits { get; } = [];
    }
}
