using Plumbline.Models.Files;
using Plumbline.Models.Inference;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Prompts that grow: each call runs new tokens only, after the keys and values of those before, with hooks and edits of its
/// own. An edit changes what later tokens attend to, as it would in one run of all. Scores and patterns are [batch, heads, new
/// query, key from the beginning]. Where the length of a sequence turns all its tokens anew (dynamic RoPE beyond the trained
/// length, long RoPE when it is passed), the earlier tokens run again before the new ones, with the edits that they had: an edit
/// may then be called again, and must depend on its value alone. Not safe for concurrent use.
/// </summary>
public sealed class HookedSequence
{
    private readonly HookedTransformer _model;
    private readonly Rotary? _rotary;
    private readonly List<Segment> _segments = [];
    private HookedKeyValues? _keyValues;

    internal HookedSequence(HookedTransformer model)
    {
        if (!model.Config.Causal) throw new NotSupportedException($"{model.Path} is no causal model; its tokens see those behind them, so nothing can be computed before all are there.");
        if (model.Config.Positions != PositionKind.Learned && new Rotary(model.Config, sliding: false) is { DependsOnLength: true } rotary) _rotary = rotary;
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
        HookedKeyValues keyValues = _keyValues is null || Length == 0 ? New(batch, [.. ranges.Select(range => range.First)]) : _keyValues;
        if (batch.Ids.Count != keyValues.Batch) throw new ArgumentException($"The sequence has {keyValues.Batch} rows and these tokens {batch.Ids.Count}.", nameof(batch));
        int[] lengths = [.. ranges.Select((range, row) => keyValues.RealLength(row) + range.End - range.First)];
        if (config.Positions == PositionKind.Learned && lengths.Max() > config.MaxPositions) throw new ArgumentException($"The sequence would have {lengths.Max()} tokens; the model has learned positions for {config.MaxPositions}.", nameof(batch));
        if (_rotary is not null && Length > 0 && Enumerable.Range(0, lengths.Length).Any(row => Turns(keyValues.WholeLength(row), lengths[row]))) keyValues = Replayed(keyValues, lengths, cancellationToken);
        HookedOutput output = Run(batch, run, keyValues, lengths, 0, cancellationToken);
        _keyValues = keyValues;
        if (_rotary is not null) _segments.Add(new Segment(batch, run.Edits));
        return output;
    }

    /// <summary>Forgets all but the first positions; what is appended then follows these.</summary>
    /// <param name="length">Positions that stay, at most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _keyValues?.Truncate(length);
        int end = 0, whole = 0;
        while (whole < _segments.Count && end + _segments[whole].Length <= length) end += _segments[whole++].Length;
        Segment? cut = whole < _segments.Count && end < length ? _segments[whole].Before(length - end) : null;
        _segments.RemoveRange(whole, _segments.Count - whole);
        if (cut is not null) _segments.Add(cut);
    }

    private HookedKeyValues New(TokenBatch batch, int[] padding) => new(_model.Config.Layers, batch.Ids.Count, _model.Config.KeyValueHeads * _model.Config.HeadDimension, padding);

    private HookedOutput Run(TokenBatch batch, HookRun run, HookedKeyValues keyValues, int[] lengths, long beside, CancellationToken cancellationToken)
    {
        _model.Demand(batch, run, keyValues, batch.Ids[0].Count, beside);
        keyValues.Reserve(batch.Ids[0].Count);
        keyValues.Expect(lengths);
        return _model.Run(batch, run, keyValues, cancellationToken);
    }

    // Keys and values of the tokens so far as in sequences of other lengths; the old ones stay as they are until all has run.
    private HookedKeyValues Replayed(HookedKeyValues old, int[] lengths, CancellationToken cancellationToken)
    {
        HookedKeyValues anew = New(_segments[0].Batch, [.. Enumerable.Range(0, old.Batch).Select(row => old.Length - old.RealLength(row))]);
        foreach (Segment segment in _segments)
        {
            // What is changed behind the last layer changes no key.
            HookEdit[] edits = [.. segment.Edits.Where(edit => _model.Match(edit.Pattern).Any(hook => HookReach.Fires(hook, 0, _model.Config.Layers, ends: false, embeds: true)))];
            Run(segment.Batch, new HookRun { Edits = edits, StopAtLayer = _model.Config.Layers }, anew, lengths, old.Bytes, cancellationToken).Dispose();
        }

        return anew;
    }

    private bool Turns(int before, int now) => before != now && !_rotary!.Frequencies(before).AsSpan().SequenceEqual(_rotary.Frequencies(now));

    /// <summary>Tokens of one call, with the edits that they ran with.</summary>
    private sealed record Segment(TokenBatch Batch, IReadOnlyList<HookEdit> Edits)
    {
        public int Length => Batch.Ids[0].Count;

        public Segment Before(int length)
        {
            return new(new TokenBatch(Cut(Batch.Ids)!, Cut(Batch.Mask), Cut(Batch.Types)), Edits);

            IReadOnlyList<IReadOnlyList<int>>? Cut(IReadOnlyList<IReadOnlyList<int>>? rows) => rows is null ? null : [.. rows.Select(row => row.Take(length).ToArray())];
        }
    }
}
