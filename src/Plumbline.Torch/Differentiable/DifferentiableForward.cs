using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using static TorchSharp.torch;

namespace Plumbline.Torch.Differentiable;

/// <summary>One forward pass as a graph, step for step that of the hooked forward. Lives within one dispose scope.</summary>
internal sealed class DifferentiableForward
{
    private readonly DifferentiableTransformer _transformer;
    private readonly ModelConfig _config;
    private readonly ModelDescription _model;
    private readonly TokenBatch _prompts;
    private readonly TensorRun _run;
    private readonly (int First, int End)[] _ranges;
    private readonly int _batch, _pos, _start, _stop;
    private readonly Tensor? _padding;
    private readonly Dictionary<string, Wanted> _wanted = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, Tensor> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<bool, Tensor> _hidden = [];
    private readonly Dictionary<bool, (Tensor Cos, Tensor Sin)> _turns = [];

    public DifferentiableForward(DifferentiableTransformer transformer, TokenBatch prompts, TensorRun run)
    {
        (_transformer, _prompts, _run) = (transformer, prompts, run);
        (_config, _model) = (transformer.Config, transformer.Description);
        _ranges = prompts.Check(_config);
        (_batch, _pos) = (prompts.Ids.Count, prompts.Ids[0].Count);
        if (_ranges.Any(range => range.First > 0 || range.End < _pos)) _padding = Padding();
        (_start, _stop) = HookReach.Layers(run.StartAtLayer, run.StopAtLayer, _config.Layers);
        CheckInputs();
        foreach (string pattern in run.Keep) Want(pattern, wanted => wanted.Keep = true);
        foreach (string pattern in run.Differentiate) Want(pattern, wanted => wanted.Keep = wanted.Differentiate = true);
        foreach (TensorEdit edit in run.Edits) Want(edit.Pattern, wanted => wanted.Edits.Add(edit.Apply));
        foreach (string name in run.Weights.Keys) CheckWeight(name);
    }

    public TensorOutput Run()
    {
        Tensor residual = _run.Residual ?? Embed();
        for (int layer = _start; layer < _stop; layer++) residual = Block(layer, residual);
        Tensor? logits = null;
        if (_run.StopAtLayer is null) logits = _config.Causal ? Head(Fire("unembed.hook_in", Normalise(_model.FinalNorm!, NormHooks.Final, residual))) : EncoderHeads(residual);
        return new TensorOutput(logits, residual, _kept);
    }

    private void CheckInputs()
    {
        if (_start > 0 && _run.Residual is null) throw new ArgumentException($"StartAtLayer {_start} needs the residual stream before that layer in Residual.");
        Shape(_run.Residual, "residual stream", _config.HiddenSize, "d_model");
        Shape(_run.Embeddings, "embeddings", _config.HiddenSize, "d_model");
        Shape(_run.OneHot, "one-hot rows", _config.VocabularySize, "vocabulary");
        if (_run.OneHot is not null && _run.Embeddings is not null) throw new ArgumentException("Embeddings bypass the vocabulary; give either embeddings or one-hot rows.");

        void Shape(Tensor? value, string what, int width, string size)
        {
            if (value is not null && !value.shape.SequenceEqual([_batch, _pos, width]))
                throw new ArgumentException($"The {what} have shape [{string.Join(", ", value.shape)}]; these prompts and this model's {size} make it [{_batch}, {_pos}, {width}].");
        }
    }

    private void CheckWeight(string name)
    {
        Tensor own = _transformer.Weight(name), given = _run.Weights[name];
        if (!own.shape.SequenceEqual(given.shape)) throw new ArgumentException($"The weight {name} has shape [{string.Join(", ", given.shape)}]; it must be [{string.Join(", ", own.shape)}].");
    }

    private void Want(string pattern, Action<Wanted> note)
    {
        bool any = false;
        foreach (HookPoint hook in _transformer.Catalog.Match(pattern))
        {
            if (!HookReach.Fires(hook, _start, _stop, _run.StopAtLayer is null, _start == 0 && _run.Residual is null)) continue;
            any = true;
            if (!_wanted.TryGetValue(hook.Name, out Wanted? wanted)) _wanted.Add(hook.Name, wanted = new Wanted(hook));
            note(wanted);
        }

        if (!any) throw new ArgumentException($"{pattern} matches only hooks that this run does not reach: it begins at layer {_start} and ends before layer {_stop}{(_run.StopAtLayer is null ? " with the logits" : "")}.");
    }

    private bool IsWanted(string name) => _wanted.ContainsKey(name);

    private Tensor Fire(string name, Tensor value)
    {
        if (!_wanted.TryGetValue(name, out Wanted? wanted)) return value;
        if (_padding is not null && wanted.Point.Shape is ["batch", "pos", ..]) value = value.masked_fill(_padding.reshape([_batch, _pos, .. Enumerable.Repeat(1L, (int)value.dim() - 2)]), 0);
        foreach (TensorFunction edit in wanted.Edits)
        {
            Tensor result = edit(value, wanted.Point) ?? throw new ArgumentException($"The edit at {name} gave null; it must give a tensor.");
            if (!result.shape.SequenceEqual(value.shape)) throw new ArgumentException($"The edit at {name} gave shape [{string.Join(", ", result.shape)}]; it must stay [{string.Join(", ", value.shape)}], also where it would broadcast.");
            if (result.isnan().any().item<bool>()) throw new HookException($"The edit at {name} gave NaN, which would reach the logits.");
            value = result.to(_transformer.Type);
        }

        if (wanted.Differentiate && !value.requires_grad) value = value.detach().requires_grad_(true);
        if (wanted.Keep) _kept.Add(name, value);
        return value;
    }

    private Tensor Place(Tensor value) => value.to(_transformer.Device);

    private Tensor Weight(string name) => _run.Weights.TryGetValue(name, out Tensor? given) ? given : _transformer.Weight(name);

    private Tensor Embed()
    {
        string at = _config.Causal ? "" : "embed.";
        Tensor sum = Fire(at + "hook_embed", _run.Embeddings ?? Words());
        if (_model.Positions is not null) sum = sum + Fire(at + "hook_pos_embed", Rows(_model.Positions, (row, i) => _config.PositionOffset + Math.Clamp(i - _ranges[row].First, 0, _ranges[row].End - _ranges[row].First - 1)));
        if (_model.TokenTypes is not null) sum = sum + Fire(at + "hook_token_type_embed", Rows(_model.TokenTypes, (row, i) => _prompts.Types is null ? 0 : _prompts.Types[row][i]));
        if (_model.EmbeddingNorm is not null) sum = Normalise(_model.EmbeddingNorm, NormHooks.Embedding, sum);
        return _config.Causal ? sum : Fire("hook_full_embed", sum);
    }

    private Tensor Words()
    {
        Tensor words = _run.OneHot is not null ? _run.OneHot.matmul(Weight(_model.Embedding + ".weight")) : Rows(_model.Embedding, (row, i) => _prompts.Ids[row][i]);
        if (!_config.EmbeddingScale.Equals(1)) words = words * (float)_config.EmbeddingScale;
        return _model.ProjectIn is null ? words : nn.functional.linear(words, Weight(_model.ProjectIn + ".weight"));
    }

    private Tensor Rows(string name, Func<int, int, int> index)
    {
        long[] rows = new long[_batch * _pos];
        for (int i = 0; i < rows.Length; i++) rows[i] = index(i / _pos, i % _pos);
        return Weight(name + ".weight").index_select(0, Place(tensor(rows))).view(_batch, _pos, -1);
    }

    private Tensor Block(int layer, Tensor residual)
    {
        BlockHooks hooks = _transformer.Catalog.Blocks[layer];
        bool normsOnSums = _model.AttentionSumNorm is not null;
        residual = Fire(hooks.ResidPre, residual);
        Tensor input = _model.AttentionNorm is null ? residual : Normalise(At(_model.AttentionNorm, layer), hooks.Norm1, residual);
        Tensor attention = Attention(layer, residual, input);
        if (_model.AfterAttentionNorm is not null) attention = Normalise(At(_model.AfterAttentionNorm, layer), hooks.AfterAttention(_model), attention);
        attention = Fire(hooks.AttentionOut, attention);

        Tensor middle = residual;
        if (!_config.ParallelResidual) middle = Fire(hooks.ResidMid, residual + attention);
        if (normsOnSums) middle = Normalise(At(_model.AttentionSumNorm!, layer), hooks.Norm1, middle);
        string? norm = _model.MlpNorm ?? (_config.ParallelResidual ? _model.AttentionNorm : null);
        Tensor read = IsWanted(hooks.MlpInput) ? Fire(hooks.MlpInput, Fork(middle)) : middle;
        Tensor mlp = Mlp(layer, hooks, norm is null ? read : Normalise(At(norm, layer), hooks.Norm2, read));
        if (_model.AfterMlpNorm is not null) mlp = Normalise(At(_model.AfterMlpNorm, layer), hooks.AfterMlp(_model), mlp);
        mlp = Fire(hooks.MlpOut, mlp);

        residual = Fire(hooks.ResidPost, (_config.ParallelResidual ? residual + attention : middle) + mlp);
        return normsOnSums ? Fire(hooks.NormalizedResidPost, Normalise(At(_model.MlpSumNorm!, layer), hooks.Norm2, residual)) : residual;
    }

    private Tensor Attention(int layer, Tensor residual, Tensor input)
    {
        BlockHooks hooks = _transformer.Catalog.Blocks[layer];
        int heads = _config.Heads, keyHeads = _config.KeyValueHeads, d = _config.HeadDimension;
        Tensor[] fused = Linear(_model.QueryKeyValue, layer, input, heads * d, keyHeads * d, keyHeads * d);
        Tensor? shared = IsWanted(hooks.AttentionInput) ? Fire(hooks.AttentionInput, Copies(heads)) : null;
        Tensor q = Fire(hooks.Query, Forked(hooks.QueryInput, 0, heads) ?? fused[0].view(_batch, _pos, heads, d));
        Tensor k = Fire(hooks.Key, Forked(hooks.KeyInput, heads * d, keyHeads) ?? fused[1].view(_batch, _pos, keyHeads, d));
        Tensor v = Fire(hooks.Value, Forked(hooks.ValueInput, (heads + keyHeads) * d, keyHeads) ?? fused[2].view(_batch, _pos, keyHeads, d));
        if (_model.QueryNorm is not null && _model.KeyNorm is not null)
        {
            q = NormaliseHeads(At(_model.QueryNorm, layer), hooks.QueryNorm, q);
            k = NormaliseHeads(At(_model.KeyNorm, layer), hooks.KeyNorm, k);
        }

        if (_config.Positions != PositionKind.Learned)
        {
            q = Fire(hooks.RotatedQuery, Rotate(layer, q));
            k = Fire(hooks.RotatedKey, Rotate(layer, k));
        }

        Tensor scores = q.transpose(1, 2).matmul(PerQueryHead(k).transpose(-2, -1)) * _config.AttentionScale;          // [batch, head, query, key]
        if (_config.AttentionSoftcap is { } cap) scores = (scores / cap).tanh() * cap;
        scores = Fire(hooks.Scores, scores.masked_fill(Hidden(layer), float.NegativeInfinity));
        Tensor blind = scores.isneginf().all(-1, keepdim: true);                                                       // queries that see nothing: zeros and no gradient
        Tensor pattern = Fire(hooks.Pattern, nn.functional.softmax(scores.masked_fill(blind, 0), -1).masked_fill(blind, 0));
        Tensor z = Fire(hooks.Z, pattern.matmul(PerQueryHead(v)).transpose(1, 2));                                     // [batch, pos, head, d_head]
        if (!IsWanted(hooks.Result)) return Linear([_model.Output], layer, z.reshape(_batch, _pos, heads * d), _config.HiddenSize)[0];
        (Tensor weight, Tensor? bias) = Matrix(_model.Output, layer);
        Tensor sum = Fire(hooks.Result, einsum("bphd,mhd->bphm", z, weight.reshape(_config.HiddenSize, heads, d))).sum(2);
        return bias is null ? sum : sum + bias;

        Tensor Copies(int count) => Fork(residual.unsqueeze(2).expand(_batch, _pos, count, _config.HiddenSize));

        // What single heads read, normed by itself: [batch, pos, head, d_head].
        Tensor? Forked(string hook, int first, int count)
        {
            if (shared is null && !IsWanted(hook)) return null;
            Tensor fork = Fire(hook, shared is null ? Copies(count) : Fork(shared));
            if (_model.AttentionNorm is not null) fork = Plain(At(_model.AttentionNorm, layer), fork);
            (Tensor own, Tensor? offset) = RowsOf(_model.QueryKeyValue, layer, first, count * d);
            Tensor projected = einsum("bphm,hdm->bphd", fork, own.reshape(count, d, _config.HiddenSize));
            return offset is null ? projected : projected + offset.view(count, d);
        }
    }

    // A tensor of its own, so that a gradient at the copy is not that of the stream.
    private static Tensor Fork(Tensor value) => value.clone();

    private Tensor PerQueryHead(Tensor x)
    {
        Tensor heads = x.transpose(1, 2);
        return _config.KeyValueHeads == _config.Heads ? heads : heads.repeat_interleave(_config.Heads / _config.KeyValueHeads, dim: 1);
    }

    private Tensor Mlp(int layer, BlockHooks hooks, Tensor input)
    {
        int inner = _config.IntermediateSize;
        Tensor[] up = _model.Gated ? Linear(_model.Up, layer, input, inner, inner) : Linear(_model.Up, layer, input, inner);
        Tensor post = Activate(Fire(hooks.MlpPre, up[0]));
        if (_model.Gated) post = post * Fire(hooks.MlpPreLinear, up[1]);
        return Linear([_model.Down], layer, Fire(hooks.MlpPost, post), _config.HiddenSize)[0];
    }

    private Tensor Activate(Tensor x) => _config.Activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.Gelu => nn.functional.gelu(x),
        Activation.GeluTanh => x * 0.5 * (((x + (x.pow(3) * 0.044715)) * Math.Sqrt(2 / Math.PI)).tanh() + 1),
        Activation.Relu => nn.functional.relu(x),
        Activation unknown => throw new NotSupportedException($"The activation {unknown} has no differentiable form here."),
    };

    private Tensor? EncoderHeads(Tensor hidden)
    {
        if (_model.Pooler is not null && _transformer.HasWeight(_model.Pooler.Name + ".weight"))
        {
            Tensor first = stack([.. _ranges.Select((range, row) => hidden[row, range.First])]);
            Tensor pooled = Fire("pooler.hook_pooler_out", Linear([_model.Pooler], 0, first, _config.HiddenSize)[0].tanh());
            if (_model.NextSentence is not null && _transformer.HasWeight(_model.NextSentence.Name + ".weight")) Fire("nsp_head.hook_nsp_out", Linear([_model.NextSentence], 0, pooled, 2)[0]);
        }

        if (!_config.HasHead) return null;
        if (_model.HeadTransform is not null && _transformer.HasWeight(_model.HeadTransform.Name + ".weight")) hidden = Activate(Linear([_model.HeadTransform], 0, hidden, _config.HiddenSize)[0]);
        if (_model.HeadNorm is not null) hidden = Normalise(_model.HeadNorm, NormHooks.Head, hidden);
        return Head(Fire("unembed.hook_in", hidden));
    }

    private Tensor Head(Tensor input)
    {
        if (_model.ProjectOut is not null) input = nn.functional.linear(input, Weight(_model.ProjectOut + ".weight"));
        Tensor logits = nn.functional.linear(input, Weight((_config.TieWordEmbeddings ? _model.Embedding : _model.Head) + ".weight"));
        if (_config.HeadBias) logits = logits + Weight(_model.HeadBias);
        logits = Fire("unembed.hook_out", logits);
        if (_config.LogitSoftcap is { } cap) logits = (logits / cap).tanh() * cap;
        return _padding is null ? logits : logits.masked_fill(_padding.unsqueeze(-1), 0);
    }

    private Tensor Normalise(string name, NormHooks hooks, Tensor x) => Normalise(name, x, _config.Norm, value => Fire(hooks.Scale, value), value => Fire(hooks.Normalized, value));

    private Tensor Plain(string name, Tensor x) => Normalise(name, x, _config.Norm, static value => value, static value => value);

    private Tensor Normalise(string name, Tensor x, NormKind kind, Func<Tensor, Tensor> scaled, Func<Tensor, Tensor> normalised)
    {
        if (kind == NormKind.LayerNorm) x = x - x.mean([-1L], keepdim: true);
        Tensor scale = scaled(((x * x).mean([-1L], keepdim: true) + _config.NormEpsilon).sqrt());
        Tensor result = normalised(x / scale), weight = Weight(name + ".weight");
        result = result * (kind == NormKind.RmsPlusOne ? weight + 1 : weight);
        return kind == NormKind.LayerNorm ? result + Weight(name + ".bias") : result;
    }

    private Tensor NormaliseHeads(string name, NormHooks hooks, Tensor x)
    {
        NormKind kind = _config.Norm == NormKind.LayerNorm ? NormKind.Rms : _config.Norm;
        if (_config.QueryKeyNorm == QueryKeyNorm.PerHead) return Normalise(name, x, kind, value => Fire(hooks.Scale, value), value => Fire(hooks.Normalized, value));
        long[] shape = x.shape;
        return Normalise(name, x.reshape(_batch, _pos, -1), kind, value => Fire(hooks.Scale, value), value => Fire(hooks.Normalized, value.view(shape)).reshape(_batch, _pos, -1)).view(shape);
    }

    // Outputs of a layer in consecutive groups.
    private Tensor[] Linear(IReadOnlyList<LinearPart> parts, int layer, Tensor x, params long[] groups)
    {
        if (parts.Count == groups.Length)
        {
            return [.. parts.Select(part =>
            {
                (Tensor weight, Tensor? bias) = Matrix(part, layer);
                return nn.functional.linear(x, weight, bias);
            })];
        }

        (Tensor all, Tensor? allBias) = RowsOf(parts, layer, 0, parts.Sum(part => part.Rows));
        return nn.functional.linear(x, all, allBias).split(groups, dim: -1);
    }

    private (Tensor Weight, Tensor? Bias) RowsOf(IReadOnlyList<LinearPart> parts, int layer, int first, int count)
    {
        List<Tensor> weights = [], biases = [];
        int at = 0;
        foreach (LinearPart part in parts)
        {
            int from = Math.Max(first, at), to = Math.Min(first + count, at + part.Rows);
            if (from < to)
            {
                (Tensor weight, Tensor? bias) = Matrix(part, layer);
                weights.Add(weight.narrow(0, from - at, to - from));
                if (bias is not null) biases.Add(bias.narrow(0, from - at, to - from));
            }

            at += part.Rows;
        }

        return (weights.Count == 1 ? weights[0] : cat(weights), biases.Count == 0 ? null : biases.Count == 1 ? biases[0] : cat(biases));
    }

    // [out, in] of a part, from a tensor that may hold others' rows too, in an order of its own, or transposed.
    private (Tensor Weight, Tensor? Bias) Matrix(LinearPart part, int layer)
    {
        string name = At(part.Name, layer);
        Tensor weight = Weight(name + ".weight");
        if (part.Transposed) weight = weight.t();
        Tensor? bias = part.Bias ? Weight(name + ".bias") : null;
        if (part.Source is null && weight.shape[0] == part.Rows) return (weight, bias);
        Tensor rows = Place(tensor([.. Enumerable.Range(0, part.Rows).Select(row => (long)(part.Source is null ? row : part.Source(row)))]));
        return (weight.index_select(0, rows), bias?.index_select(0, rows));
    }

    private Tensor Rotate(int layer, Tensor x)
    {
        bool slides = Slides(layer) && _config.RopeLocalTheta is not null;
        Rotary rotary = new(_config, slides);
        if (!_turns.TryGetValue(slides, out (Tensor Cos, Tensor Sin) turns)) _turns.Add(slides, turns = Turns(rotary));
        long half = rotary.Dimensions / 2, d = x.shape[^1];
        Tensor turning = x.narrow(-1, 0, rotary.Dimensions), turned;
        if (rotary.Adjacent)
        {
            Tensor pairs = turning.reshape(_batch, _pos, -1, half, 2);
            Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
            turned = stack([(a * turns.Cos) - (b * turns.Sin), (b * turns.Cos) + (a * turns.Sin)], -1).reshape(_batch, _pos, -1, rotary.Dimensions);
        }
        else
        {
            Tensor a = turning.narrow(-1, 0, half), b = turning.narrow(-1, half, half);
            turned = cat([(a * turns.Cos) - (b * turns.Sin), (b * turns.Cos) + (a * turns.Sin)], -1);
        }

        return d == rotary.Dimensions ? turned : cat([turned, x.narrow(-1, rotary.Dimensions, d - rotary.Dimensions)], -1);
    }

    // Cosines and sines [batch, pos, 1, pair]; positions count real tokens, padding does not turn.
    private (Tensor Cos, Tensor Sin) Turns(Rotary rotary)
    {
        int half = rotary.Dimensions / 2;
        double[] cos = new double[_batch * _pos * half], sin = new double[cos.Length];
        Array.Fill(cos, 1);
        for (int row = 0; row < _batch; row++)
        {
            (int first, int end) = _ranges[row];
            double[] frequencies = rotary.Frequencies(end - first);
            for (int i = first; i < end; i++)
            {
                for (int j = 0; j < half; j++)
                {
                    int at = (((row * _pos) + i) * half) + j;
                    (cos[at], sin[at]) = (Math.Cos((i - first) * frequencies[j]) * rotary.AttentionFactor, Math.Sin((i - first) * frequencies[j]) * rotary.AttentionFactor);
                }
            }
        }

        return (Shaped(cos), Shaped(sin));

        Tensor Shaped(double[] values) => tensor(values, [_batch, _pos, 1, half]).to(_transformer.Type, _transformer.Device);
    }

    private bool Slides(int layer) => _config.SlidingLayers.Count > layer && _config.SlidingLayers[layer];

    // [batch, 1, query, key]: whether a query does not see a key.
    private Tensor Hidden(int layer)
    {
        bool slides = Slides(layer) && _config.SlidingWindow is not null;
        if (_hidden.TryGetValue(slides, out Tensor? known)) return known;
        bool[] hidden = new bool[_batch * _pos * _pos];
        Array.Fill(hidden, true);
        for (int row = 0; row < _batch; row++)
        {
            for (int query = _ranges[row].First; query < _ranges[row].End; query++)
            {
                int end = _config.Causal ? query + 1 : _ranges[row].End, first = slides ? Math.Max(_ranges[row].First, query + 1 - _config.SlidingWindow!.Value) : _ranges[row].First;
                hidden.AsSpan((((row * _pos) + query) * _pos) + first, end - first).Clear();
            }
        }

        Tensor mask = Place(tensor(hidden, [_batch, 1, _pos, _pos]));
        _hidden.Add(slides, mask);
        return mask;
    }

    // [batch, pos]: whether a position is padding.
    private Tensor Padding()
    {
        bool[] padding = new bool[_batch * _pos];
        for (int i = 0; i < padding.Length; i++) padding[i] = i % _pos < _ranges[i / _pos].First || i % _pos >= _ranges[i / _pos].End;
        return Place(tensor(padding, [_batch, _pos]));
    }

    private static string At(string name, int layer) => ModelDescription.At(name, layer);

    private sealed class Wanted(HookPoint point)
    {
        public HookPoint Point { get; } = point;

        public bool Keep { get; set; }

        public bool Differentiate { get; set; }

        public List<TensorFunction> Edits { get; } = [];
    }
}
