using System.Runtime.InteropServices;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// Beam search: of all continuations of the texts that are followed, the best so many are followed on; those that end are set
/// aside. It stops when no text that is still followed can become better than the worst of those that are given. Ties go to
/// the better text before, then to the smaller id.
/// </summary>
internal sealed unsafe class BeamSearch : IDisposable
{
    private readonly Transformer _model;
    private readonly WorkerPool _pool;
    private readonly BeamOptions _options;
    private readonly IReadOnlyList<int> _endIds;
    private readonly int[] _prompt;
    private readonly int _most;
    private readonly int _headRows;
    private readonly int _batchTokens;
    private readonly CacheSpace _space;
    private readonly Action<long, string> _demand;
    private readonly NativeBuffer _logits;
    private readonly List<Hypothesis> _finished = [];
    private List<Beam> _beams;

    /// <param name="model">The model, on whose thread all else is called.</param>
    /// <param name="pool">Its threads.</param>
    /// <param name="prompt">At least one id.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="endIds">Tokens that end a text.</param>
    /// <param name="running">Rows of a forward pass, and the longest text.</param>
    /// <param name="space">Keys and values.</param>
    /// <param name="demand">Makes room for so many pages, or throws.</param>
    public BeamSearch(Transformer model, WorkerPool pool, int[] prompt, BeamOptions options, IReadOnlyList<int> endIds, LanguageModelOptions running, CacheSpace space, Action<long, string> demand)
    {
        (_model, _pool, _prompt, _options, _batchTokens, _space, _demand) = (model, pool, prompt, options, running.BatchTokens, space, demand);
        _endIds = options.IgnoreEnd ? [] : endIds;
        int positions = Math.Min(model.Config.Positions == Files.PositionKind.Learned ? model.Config.MaxPositions : int.MaxValue, running.Context ?? int.MaxValue);
        _most = Math.Min(options.MaxTokens, positions - prompt.Length);
        _headRows = Math.Max(1, Math.Min(options.Beams, (1 << 22) / model.Config.VocabularySize));
        _logits = NativeBuffer.OfFloats((long)_headRows * model.Config.VocabularySize);
        _beams = [new Beam([], 0, space.New())];
    }

    /// <summary>The texts found, best first; once <see cref="Step"/> gave true.</summary>
    public IReadOnlyList<Hypothesis> Results => _finished;

    /// <summary>One more token of every beam; true when the search is over.</summary>
    public bool Step(CancellationToken cancellationToken)
    {
        if (_most < 1 || _beams.Count == 0) return true;
        List<Candidate> candidates = [];
        for (int first = 0; first < _beams.Count; first += _headRows)
        {
            List<Beam> some = _beams.GetRange(first, Math.Min(_headRows, _beams.Count - first));
            Forward(some, cancellationToken);
            _model.Logits(0, some.Count, _logits.Floats);
            Candidate[][] best = new Candidate[some.Count][];
            int offset = first;
            _pool.Run(some.Count, (i, _) => best[i] = Best(offset + i, some[i], _logits.Floats + ((long)i * _model.Config.VocabularySize)));
            candidates.AddRange(best.SelectMany(b => b));
        }

        candidates.Sort();
        Select(candidates);
        return _beams.Count == 0 || Settled();
    }

    public void Dispose()
    {
        foreach (Beam beam in _beams) _space.Free(beam.Cache);
        _beams.Clear();
        _logits.Dispose();
    }

    private void Forward(List<Beam> beams, CancellationToken cancellationToken)
    {
        if (_model.DependsOnLength)
        {
            foreach (Beam beam in beams) beam.Cache.Truncate(0);
        }

        _demand(beams.Sum(beam => CacheSpace.PagesOf(_prompt.Length + beam.Ids.Length) - CacheSpace.PagesOf(beam.Cache.Length)), "prompt");
        List<int[]> ids = [.. beams.Select(beam => (int[])[.. _prompt.Concat(beam.Ids).Skip(beam.Cache.Length)])];
        // A long prompt goes ahead in batches; there is one beam then.
        while (beams.Count == 1 && !_model.DependsOnLength && ids[0].Length > _batchTokens)
        {
            _model.Forward([new SequenceSlice(beams[0].Cache, ids[0].AsMemory(0, _batchTokens))], [], cancellationToken);
            ids[0] = ids[0][_batchTokens..];
        }

        List<int> wanted = [];
        int rows = 0;
        foreach (int[] each in ids) wanted.Add((rows += each.Length) - 1);
        bool step = beams.All(beam => beam.Cache.Length >= _prompt.Length);
        _model.Forward([.. beams.Select((beam, i) => new SequenceSlice(beam.Cache, ids[i]))], wanted, cancellationToken, step);
    }

    // So many go on even if all ends are among the best.
    private Candidate[] Best(int parent, Beam beam, float* logits)
    {
        int vocabulary = _model.Config.VocabularySize, most = Math.Min(vocabulary, _options.Beams + _endIds.Count);
        double normaliser = RowMath.LogSumExp(logits, vocabulary);
        PriorityQueue<int, (float Logit, int Order)> queue = new();
        float least = float.NegativeInfinity;
        for (int id = 0; id < vocabulary; id++)
        {
            float logit = logits[id];
            if (float.IsNaN(logit)) throw new NotFiniteNumberException($"The model gave a logit that is no number after {_prompt.Length + beam.Ids.Length} ids.", logit);
            if (queue.Count == most && logit <= least) continue;
            if (queue.Count == most) queue.Dequeue();
            queue.Enqueue(id, (logit, -id));
            if (queue.Count == most && queue.TryPeek(out _, out (float Logit, int Order) lowest)) least = lowest.Logit;
        }

        return [.. queue.UnorderedItems.Where(item => !float.IsNegativeInfinity(item.Priority.Logit)).Select(item => new Candidate(beam.LogProb + item.Priority.Logit - normaliser, parent, item.Element))];
    }

    private void Select(List<Candidate> candidates)
    {
        List<Beam> next = [];
        int length = _beams[0].Ids.Length + 1;
        HashSet<int> taken = [];
        foreach (Candidate candidate in candidates)
        {
            Beam parent = _beams[candidate.Parent];
            if (_endIds.Contains(candidate.Id))
            {
                _finished.Add(new Hypothesis(parent.Ids, candidate.LogProb, Score(candidate.LogProb, length), GenerationEnd.EndToken));
                continue;
            }

            int[] ids = [.. parent.Ids, candidate.Id];
            if (length >= _most)
            {
                _finished.Add(new Hypothesis(ids, candidate.LogProb, Score(candidate.LogProb, length), GenerationEnd.Length));
            }
            else
            {
                // The first child goes on with its parent's keys and values, others with a branch of them.
                next.Add(new Beam(ids, candidate.LogProb, taken.Add(candidate.Parent) ? parent.Cache : Branch(parent.Cache)));
            }

            if (next.Count == _options.Beams) break;
        }

        for (int i = 0; i < _beams.Count; i++)
        {
            if (!taken.Contains(i)) _space.Free(_beams[i].Cache);
        }

        _beams = next;
        _finished.Sort((a, b) => b.Score.CompareTo(a.Score));
        if (_finished.Count > _options.Beams) _finished.RemoveRange(_options.Beams, _finished.Count - _options.Beams);
    }

    private KeyValueSequence Branch(KeyValueSequence cache)
    {
        _demand(1, "prompt");
        return _space.Fork(cache, cache.Length);
    }

    // A log-probability only falls; the ranking forgives most at the greatest length, or at the next one.
    private bool Settled()
    {
        if (_finished.Count < _options.Beams) return false;
        double best = _beams.Max(beam => beam.LogProb);
        return Score(best, _options.LengthPenalty > 0 ? _most : _beams[0].Ids.Length + 1) <= _finished[^1].Score;
    }

    private double Score(double logProb, int length) => logProb / Math.Pow(length, _options.LengthPenalty);

    /// <summary>A text that ended.</summary>
    internal sealed record Hypothesis(int[] Ids, double LogProb, double Score, GenerationEnd End);

    private sealed record Beam(int[] Ids, double LogProb, KeyValueSequence Cache);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Candidate(double LogProb, int Parent, int Id) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other) =>
            LogProb != other.LogProb ? other.LogProb.CompareTo(LogProb) : Parent != other.Parent ? Parent.CompareTo(other.Parent) : Id.CompareTo(other.Id);
    }
}
