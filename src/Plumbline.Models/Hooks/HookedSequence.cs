using Plumbline.Models.Files;
using Plumbline.Models.Inference;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Prompts that grow: each call runs new tokens only, after the keys and values of those before, with hooks and edits of its
/// own. An edit changes what later tokens attend to, as it would in one run of all. Scores and patterns are [batch, heads, new
/// query, key from the beginning]. Not safe for concurrent use.
/// </summary>
public sealed class HookedSequence
{
    private readonly HookedTransformer _model;
    private HookedKeyValues? _keyValues;

    internal HookedSequence(HookedTransformer model)
    {
        if (!model.Config.Causal) throw new NotSupportedException($"{model.Path} is no causal model; its tokens see those behind them, so nothing can be computed before all are there.");
        if (model.Config.Positions != PositionKind.Learned && new Rotary(model.Config, sliding: false).DependsOnLength)
            throw new NotSupportedException($"{model.Path}: the rotation of a token depends on the length of its sequence ({model.Config.RopeScaling!.Kind} scaling), so keys cannot be kept while it grows; run whole sequences.");
        _model = model;
    }

    /// <summary>Positions so far, padding too.</summary>
    public int Length => _keyValues?.Length ?? 0;

    /// <summary>Appends tokens to a single sequence.</summary>
    /// <param name="ids">New tokens; at least one.</param>
    /// <param name="run">What to keep and to change; all layers run.</param>
    /// <param name="cancellationToken">Stops between layers; the sequence then is as before.</param>
    public HookedOutput Append(IReadOnlyList<int> ids, HookRun? run = null, CancellationToken cancellationToken = default) => Append(TokenBatch.Of(ids), run, cancellationToken);

    /// <summary>Appends tokens to each sequence.</summary>
    /// <param name="batch">As many rows each time; only the first call may have padding, at the left.</param>
    /// <param name="run">What to keep and to change; all layers run.</param>
    /// <param name="cancellationToken">Stops between layers; the sequences then are as before.</param>
    /// <exception cref="ArgumentException">Rows, padding or layers do not fit, or the model has no positions left.</exception>
    public HookedOutput Append(TokenBatch batch, HookRun? run = null, CancellationToken cancellationToken = default)
    {
        ModelConfig config = _model.Config;
        run ??= new HookRun();
        if (run.StartAtLayer != 0 || run.StopAtLayer is not null || run.Residual is not null) throw new ArgumentException("A sequence keeps keys and values of every layer; a step of it runs from the ids through all of them.", nameof(run));
        (int First, int End)[] ranges = batch.Check(config);
        int length = batch.Ids[0].Count;
        if (ranges.Any(range => range.End != length)) throw new ArgumentException("A sequence grows at its right end; padding must be at the left.", nameof(batch));
        if (Length > 0 && ranges.Any(range => range.First != 0)) throw new ArgumentException("Only the first tokens of a sequence may have padding.", nameof(batch));
        if (_keyValues is null || Length == 0) _keyValues = new HookedKeyValues(config.Layers, batch.Ids.Count, config.KeyValueHeads * config.HeadDimension, [.. ranges.Select(range => range.First)]);
        if (batch.Ids.Count != _keyValues.Batch) throw new ArgumentException($"The sequence has {_keyValues.Batch} rows and these tokens {batch.Ids.Count}.", nameof(batch));
        int longest = Enumerable.Range(0, batch.Ids.Count).Max(row => _keyValues.RealLength(row) + ranges[row].End - ranges[row].First);
        if (config.Positions == PositionKind.Learned && longest > config.MaxPositions) throw new ArgumentException($"The sequence would have {longest} tokens; the model has learned positions for {config.MaxPositions}.", nameof(batch));
        _model.Demand(batch, run, _keyValues, length);
        _keyValues.Reserve(length);
        return _model.Run(batch, run, _keyValues, cancellationToken);
    }

    /// <summary>Forgets all but the first positions; what is appended then follows these.</summary>
    /// <param name="length">Positions that stay, at most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _keyValues?.Truncate(length);
    }
}
