using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// Ids whose keys and values stay in memory: continued by <see cref="AppendAsync"/>, cut back by <see cref="Truncate"/>, and
/// branched by <see cref="Branch(int)"/>, where branches share what they have in common. What a search that tries many
/// continuations needs. Logits are bit for bit those of a fresh run over the same ids, whatever was cut or branched before.
/// Where the length of a text changes the figures of its beginning (dynamic and long RoPE) nothing can be kept, and each append
/// computes the whole text. Different sequences may be used at the same time, one of them by one caller at a time.
/// </summary>
public sealed class CachedSequence : IDisposable
{
    private readonly InferenceEngine _engine;
    private readonly ModelLimits _limits;
    private readonly List<int> _ids;
    private readonly KeyValueSequence _cache;
    private bool _disposed;

    internal CachedSequence(InferenceEngine engine, ModelLimits limits)
        : this(engine, limits, [], engine.NewCache())
    {
    }

    private CachedSequence(InferenceEngine engine, ModelLimits limits, List<int> ids, KeyValueSequence cache) => (_engine, _limits, _ids, _cache) = (engine, limits, ids, cache);

    /// <summary>The ids so far.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Continues the sequence.</summary>
    /// <param name="ids">At least one id below the vocabulary's size.</param>
    /// <param name="cancellationToken">Stops between layers; the sequence then is as before.</param>
    /// <returns>The logits [vocabulary] after the last id.</returns>
    /// <exception cref="ArgumentException">No ids, or more than a model with learned positions has.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id beyond the vocabulary.</exception>
    /// <exception cref="MemoryLimitException">The sequence, or it beside others that the caller keeps, does not fit into the model's memory limit; it then is as before.</exception>
    public async Task<float[]> AppendAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int[] more = _limits.Check(ids, _ids.Count, nameof(ids));
        if (_ids.Count + more.Length > _engine.Plan.LongestText) throw _engine.Plan.Refusal("The sequence", _ids.Count + more.Length, nameof(ids));
        float[] logits = new float[_limits.Vocabulary];
        await _engine.AppendAsync(_cache, [.. _ids], more, logits, cancellationToken);
        _ids.AddRange(more);
        return logits;
    }

    /// <summary>Takes back the ids from a length on.</summary>
    /// <param name="length">From 0 to the present number of ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another length.</exception>
    public async Task TruncateAsync(int length)
    {
        Check(length);
        await _engine.TruncateAsync(_cache, length);
        _ids.RemoveRange(length, _ids.Count - length);
    }

    /// <inheritdoc cref="TruncateAsync"/>
    public void Truncate(int length) => TruncateAsync(length).GetAwaiter().GetResult();

    /// <summary>A second sequence that begins with the first ids of this one; neither sees what the other does from then on.</summary>
    /// <param name="length">From 0 to the present number of ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another length.</exception>
    public async Task<CachedSequence> BranchAsync(int length)
    {
        Check(length);
        return new CachedSequence(_engine, _limits, _ids.GetRange(0, length), await _engine.ForkAsync(_cache, length));
    }

    /// <inheritdoc cref="BranchAsync"/>
    public CachedSequence Branch(int length) => BranchAsync(length).GetAwaiter().GetResult();

    /// <summary>A second sequence that begins with all ids of this one.</summary>
    public CachedSequence Branch() => Branch(_ids.Count);

    /// <summary>Frees what no branch shares.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _engine.Release(_cache);
    }

    private void Check(int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (length < 0 || length > _ids.Count) throw new ArgumentOutOfRangeException(nameof(length), length, $"The sequence has {_ids.Count} ids.");
    }
}
