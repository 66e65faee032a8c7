using System.Numerics.Tensors;
using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>
/// One forward pass with hooks. Values lie as [batch, pos, …]; padded rows are computed along and nothing real reads them.
/// A hooked value is an array of its own that is not written again, so that a cache holds references.
/// </summary>
internal sealed unsafe class HookedForward
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

    public HookedForward(ModelConfig config, ModelDescription model, HookedWeights weights, HookCatalog catalog, WorkerPool pool, TokenBatch tokens, HookRun run)
    {
        (_config, _model, _weights, _catalog, _pool, _tokens, _run) = (config, model, weights, catalog, pool, tokens, run);
        _ranges = tokens.Check(config);
        (_batch, _pos) = (tokens.Ids.Count, tokens.Ids[0].Count);
        _rows = checked(_batch * _pos);
        _padded = _ranges.Any(range => range.First > 0 || range.End < _pos);
        (_start, _stop) = HookReach.Layers(run.StartAtLayer, run.StopAtLayer, config.Layers);
        CheckResidual();
        foreach (string pattern in run.Keep) Want(pattern, null);
        foreach (HookEdit edit in run.Edits) Want(edit.Pattern, edit.Apply);
        _attention = new HookedAttention(config, pool, _ranges, _pos);
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

        return new HookedOutput(logits, residual, _cache);
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

        if (wanted.Keep) _cache.Add(name, value);
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
        if (_weights.Positions is not null) sum = Add(sum, Fire(at + "hook_pos_embed", Rows(_weights.Positions, (row, i) => _config.PositionOffset + i - _ranges[row].First), _batch, _pos, width));
        if (_weights.TokenTypes is not null) sum = Add(sum, Fire(at + "hook_token_type_embed", Rows(_weights.TokenTypes, (row, i) => _tokens.Types is null ? 0 : _tokens.Types[row][i]), _batch, _pos, width));
        if (_weights.EmbeddingNorm is not null) sum = Normalise(_weights.EmbeddingNorm, NormHooks.Embedding, sum);
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
        HookTensor input = !normsOnSums && block.Norm1 is { } before ? Normalise(before, hooks.Norm1, residual) : residual;
        HookTensor attention = Attention(layer, residual, input);
        if (block.AfterAttentionNorm is not null) attention = Normalise(block.AfterAttentionNorm, hooks.AfterAttention(_model), attention);
        attention = Fire(hooks.AttentionOut, attention);

        HookTensor middle = residual;
        if (!_config.ParallelResidual) middle = Fire(hooks.ResidMid, Add(residual, attention));
        if (normsOnSums) middle = Normalise(block.Norm1!, hooks.Norm1, middle);
        HookTensor read = IsWanted(hooks.MlpInput) ? Fire(hooks.MlpInput, middle) : middle;
        input = !normsOnSums && block.Norm2 is { } second ? Normalise(second, hooks.Norm2, read) : read;
        HookTensor mlp = Mlp(block, hooks, input);
        if (block.AfterMlpNorm is not null) mlp = Normalise(block.AfterMlpNorm, hooks.AfterMlp(_model), mlp);
        mlp = Fire(hooks.MlpOut, mlp);

        residual = Fire(hooks.ResidPost, Add(_config.ParallelResidual ? Add(residual, attention) : middle, mlp));
        return normsOnSums ? Fire(hooks.NormalizedResidPost, Normalise(block.Norm2!, hooks.Norm2, residual)) : residual;
    }

    private HookTensor Attention(int layer, HookTensor residual, HookTensor input)
    {
        BlockHooks hooks = _catalog.Blocks[layer];
        HookedBlock block = _weights.Blocks[layer];
        int heads = _config.Heads, keyHeads = _config.KeyValueHeads, d = _config.HeadDimension, outputs = block.QueryKeyValue.Outputs;
        float[] fused = Multiply(block.QueryKeyValue, input.Values);
        HookTensor? shared = IsWanted(hooks.AttentionInput) ? Fire(hooks.AttentionInput, Copies(residual, heads)) : null;
        HookTensor q = Fire(hooks.Query, Forked(block, hooks.QueryInput, residual, shared, 0, heads) ?? Columns(fused, outputs, 0, heads * d), _batch, _pos, heads, d);
        HookTensor k = Fire(hooks.Key, Forked(block, hooks.KeyInput, residual, shared, heads * d, keyHeads) ?? Columns(fused, outputs, heads * d, keyHeads * d), _batch, _pos, keyHeads, d);
        HookTensor v = Fire(hooks.Value, Forked(block, hooks.ValueInput, residual, shared, (heads + keyHeads) * d, keyHeads) ?? Columns(fused, outputs, (heads + keyHeads) * d, keyHeads * d), _batch, _pos, keyHeads, d);
        if (block.QueryNorm is not null && block.KeyNorm is not null)
        {
            q = NormaliseHeads(block.QueryNorm, hooks.QueryNorm, q);
            k = NormaliseHeads(block.KeyNorm, hooks.KeyNorm, k);
        }

        if (_config.Positions != PositionKind.Learned)
        {
            q = Fire(hooks.RotatedQuery, _attention.Rotate(layer, q));
            k = Fire(hooks.RotatedKey, _attention.Rotate(layer, k));
        }

        HookTensor z;
        if (IsWanted(hooks.Scores) || IsWanted(hooks.Pattern))
        {
            HookTensor scores = Fire(hooks.Scores, _attention.Scores(layer, q, k));
            z = _attention.Mix(Fire(hooks.Pattern, _attention.Pattern(scores)), v);
        }
        else
        {
            z = _attention.Attend(layer, q, k, v);
        }

        z = Fire(hooks.Z, z);
        float[] output = IsWanted(hooks.Result) ? ByHeads(block.Output, hooks.Result, z) : Multiply(block.Output, z.Values);
        return new HookTensor([_batch, _pos, _config.HiddenSize], output);
    }

    // Queries, keys or values of heads that each read a copy of the residual stream of their own; null where nobody asks for the copies.
    private float[]? Forked(HookedBlock block, string hook, HookTensor residual, HookTensor? shared, int first, int heads)
    {
        if (shared is null && !IsWanted(hook)) return null;
        int width = _config.HiddenSize, d = _config.HeadDimension;
        HookTensor read = Fire(hook, shared ?? Copies(residual, heads));
        if (_model.AttentionSumNorm is null && block.Norm1 is { } norm && _model.AttentionNorm is not null) read = Normalise(norm, read, width, static (_, value) => value, [_rows * heads, 1], null);
        float[] weights = New((long)heads * d * width), projected = New((long)_rows * heads * d);
        fixed (float* w = weights, all = projected)
        {
            for (int row = 0; row < heads * d; row++) block.QueryKeyValue.ReadRow(first + row, w + ((long)row * width));
            for (int head = 0; head < heads; head++)
            {
                fixed (float* a = Columns(read.Values, heads * width, head * width, width))
                {
                    using PackedMatrix matrix = PackedMatrix.Pack(d, width, w + ((long)head * d * width), _pool);
                    using NativeBuffer packed = Pack(a, _rows, width);
                    MatrixProduct.Multiply(_pool, new RowBlocks(packed.Floats, _rows, width), matrix, all + (head * d), (long)heads * d);
                }
            }

            if (block.QueryKeyValue.Bias is not null)
            {
                for (int row = 0; row < _rows; row++) RowMath.Add(all + ((long)row * heads * d), block.QueryKeyValue.Bias + first, heads * d);
            }
        }

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
            float[] own = Columns(weights, heads * d, head * d, d, width), values = Columns(z.Values, heads * d, head * d, d);
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

    private HookTensor Mlp(HookedBlock block, BlockHooks hooks, HookTensor input)
    {
        int inner = _config.IntermediateSize;
        float[] up = Multiply(block.Up, input.Values);
        HookTensor pre = Fire(hooks.MlpPre, _model.Gated ? Columns(up, 2 * inner, 0, inner) : up, _batch, _pos, inner);
        HookTensor? linear = _model.Gated ? Fire(hooks.MlpPreLinear, Columns(up, 2 * inner, inner, inner), _batch, _pos, inner) : null;
        HookTensor post = Fire(hooks.MlpPost, Activate(pre.Values, linear?.Values, inner), _batch, _pos, inner);
        return new HookTensor([_batch, _pos, _config.HiddenSize], Multiply(block.Down, post.Values));
    }

    private float[] Activate(float[] values, float[]? gated, int width)
    {
        float[] result = New(values.Length);
        fixed (float* x = values, g = gated, y = result)
        {
            float* from = x, by = g, to = y;
            _pool.Run(values.Length / width, (row, _) => RowMath.Activate(_config.Activation, from + ((long)row * width), by is null ? null : by + ((long)row * width), to + ((long)row * width), width));
        }

        return result;
    }

    private HookTensor? Unembed(HookTensor residual)
    {
        HookTensor input = Fire("unembed.hook_in", Normalise(_weights.FinalNorm!, NormHooks.Final, residual));
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
        if (_weights.HeadTransform is not null) transformed = Activate(Multiply(_weights.HeadTransform, transformed), null, _config.HiddenSize);
        HookTensor normed = new([_batch, _pos, _config.HiddenSize], transformed);
        if (_weights.HeadNorm is not null) normed = Normalise(_weights.HeadNorm, NormHooks.Head, normed);
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

    private static float[] SoftCap(float[] values, float cap)
    {
        float[] capped = New(values.Length);
        for (int i = 0; i < values.Length; i++) capped[i] = cap * MathF.Tanh(values[i] / cap);
        return capped;
    }

    private HookTensor Normalise(HookedNorm norm, NormHooks hooks, HookTensor x) => Normalise(norm, hooks, x, norm.Weight.Length, [_batch, _pos, 1]);

    private HookTensor NormaliseHeads(HookedNorm norm, NormHooks hooks, HookTensor x) =>
        Normalise(norm, hooks, x, norm.Weight.Length, norm.Weight.Length == x.Shape[3] ? [_batch, _pos, x.Shape[2], 1] : [_batch, _pos, 1]);

    // Over runs of `width` values; scale and normalised value are hooks, weight and bias come after.
    private HookTensor Normalise(HookedNorm norm, NormHooks hooks, HookTensor x, int width, int[] scaleShape) => Normalise(norm, x, width, Fire, scaleShape, hooks);

    private static HookTensor Normalise(HookedNorm norm, HookTensor x, int width, Func<string, HookTensor, HookTensor> fire, int[] scaleShape, NormHooks? hooks)
    {
        int count = x.Values.Length / width;
        float[] scales = New(count), means = norm.Centred ? New(count) : [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> row = x.Values.AsSpan(i * width, width);
            double mean = 0, squares = 0;
            if (norm.Centred)
            {
                foreach (float value in row) mean += value;
                mean /= width;
                means[i] = (float)mean;
            }

            foreach (float value in row) squares += (value - mean) * (value - mean);
            scales[i] = (float)Math.Sqrt((squares / width) + norm.Epsilon);
        }

        HookTensor scale = fire(hooks?.Scale ?? "", new HookTensor(scaleShape, scales));
        float[] normalised = New(x.Values.Length);
        for (int i = 0; i < count; i++)
        {
            Span<float> to = normalised.AsSpan(i * width, width);
            ReadOnlySpan<float> row = x.Values.AsSpan(i * width, width);
            if (norm.Centred)
            {
                TensorPrimitives.Subtract(row, means[i], to);
                row = to;
            }

            TensorPrimitives.Divide(row, scale.Values[i], to);
        }

        HookTensor fired = fire(hooks?.Normalized ?? "", new HookTensor(x.Shape, normalised));
        float[] result = New(x.Values.Length);
        for (int i = 0; i < count; i++)
        {
            Span<float> to = result.AsSpan(i * width, width);
            TensorPrimitives.Multiply(fired.Values.AsSpan(i * width, width), norm.Weight, to);
            if (norm.Bias is not null) TensorPrimitives.Add(to, norm.Bias, to);
        }

        return new HookTensor(x.Shape, result);
    }

    private static HookTensor Add(HookTensor a, HookTensor b)
    {
        float[] sum = New(a.Values.Length);
        TensorPrimitives.Add(a.Values, b.Values, sum);
        return new HookTensor(a.Shape, sum);
    }

    private float[] Multiply(Linear linear, float[] input)
    {
        int depth = linear.Matrix.Columns, rows = input.Length / depth;
        float[] output = New((long)rows * linear.Outputs);
        fixed (float* a = input, c = output)
        {
            using NativeBuffer packed = Pack(a, rows, depth);
            linear.Multiply(_pool, new RowBlocks(packed.Floats, rows, depth), c);
        }

        AddBias(linear, output);
        return output;
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

    private float[] Columns(float[] rows, int stride, int from, int width) => Columns(rows, stride, from, width, _rows);

    private static float[] Columns(float[] rows, int stride, int from, int width, int count)
    {
        float[] columns = New((long)count * width);
        for (int row = 0; row < count; row++) rows.AsSpan((row * stride) + from, width).CopyTo(columns.AsSpan(row * width, width));
        return columns;
    }

    private static float[] New(long count) => GC.AllocateUninitializedArray<float>(checked((int)count));

    private sealed class Wanted(HookPoint point)
    {
        public HookPoint Point { get; } = point;

        public bool Keep { get; set; }

        public List<HookFunction> Edits { get; } = [];
    }
}
