using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// Log-likelihoods of many continuations: what several queries begin with is computed once, ragged rows fill batches
/// without padding, and the head runs only where a logit is wanted. Where keys and values have little room, batches get
/// smaller, and what would not fit beside a text is computed again when its turn comes.
/// </summary>
/// <param name="model">The model, on whose thread all is called.</param>
/// <param name="pool">Its threads.</param>
/// <param name="batchTokens">Rows of a forward pass.</param>
/// <param name="space">Keys and values.</param>
/// <param name="demand">Makes room for so many pages, or throws.</param>
internal sealed unsafe class Scoring(Transformer model, WorkerPool pool, int batchTokens, CacheSpace space, Action<long, string> demand) : IDisposable
{
    private const int LogitFloats = 1 << 22;
    private readonly int _headRows = Math.Max(Tile.Height, LogitFloats / model.Config.VocabularySize / Tile.Height * Tile.Height);
    private NativeBuffer? _logits;

    public IReadOnlyList<TokenScore> Score(IReadOnlyList<TokenQuery> queries, CancellationToken cancellationToken)
    {
        PrefixTree tree = new();
        double[][] logProbs = new double[queries.Count][];
        int[][] ranks = new int[queries.Count][];
        for (int q = 0; q < queries.Count; q++)
        {
            (IReadOnlyList<int> context, IReadOnlyList<int> continuation) = (queries[q].Context, queries[q].Continuation);
            int[] ids = [.. context, .. continuation];
            int first = Math.Max(context.Count, 1), scored = Math.Max(0, ids.Length - first), query = q;
            logProbs[q] = new double[scored];
            ranks[q] = new int[scored];
            // The last id is only predicted, never read.
            if (scored > 0) tree.Add(ids.AsMemory(0, ids.Length - 1), Enumerable.Range(0, scored).Select(i => new Target(first - 1 + i, query, i, ids[first + i])), !model.DependsOnLength);
            if (ids.Any(id => (uint)id >= (uint)model.Config.VocabularySize)) throw new ArgumentOutOfRangeException(nameof(queries), $"Query {q} holds an id beyond the vocabulary's {model.Config.VocabularySize}.");
        }

        Walk(tree, logProbs, ranks, cancellationToken);
        return [.. logProbs.Select((values, q) => new TokenScore(ExactSum(values), values, ranks[q]))];
    }

    public void Dispose() => _logits?.Dispose();

    // Depth first: few caches are alive at a time.
    private void Walk(PrefixTree tree, double[][] logProbs, int[][] ranks, CancellationToken cancellationToken)
    {
        Stack<Running> ready = new();
        List<Running> live = [];
        for (int i = tree.Roots.Count - 1; i >= 0; i--) ready.Push(new Running(tree.Roots[i], null));
        try
        {
            while (ready.Count > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Batch(ready, live, logProbs, ranks, cancellationToken);
            }
        }
        finally
        {
            foreach (Running running in live.ToList()) Drop(running, live);
        }
    }

    private void Batch(Stack<Running> ready, List<Running> live, double[][] logProbs, int[][] ranks, CancellationToken cancellationToken)
    {
        List<SequenceSlice> slices = [];
        List<Running> batch = [];
        List<(int Row, List<Target> Targets)> wanted = [];
        int rows = 0;
        long promised = 0;
        while (ready.Count > 0 && rows < batchTokens)
        {
            Running running = ready.Peek();
            if (space.IsLimited)
            {
                if (batch.Count == 0) Clear(running, live);
                else if (space.Left - promised < Pages(running, rows)) break;
                promised += Pages(running, rows);
            }

            ready.Pop();
            int position = running.Position, count = Count(running, rows);
            if (running.Cache is null)
            {
                running.Cache = running.Parent?.Cache is { } before ? space.Fork(before, running.Node.Start) : space.New();
                live.Add(running);
                // One that lost its cache comes a second time.
                if (!running.Begun && running.Parent is { } parent && --parent.Waiting == 0) Drop(parent, live);
                running.Begun = true;
            }

            foreach (IGrouping<int, Target> at in running.Node.Targets.Where(t => t.Position >= position && t.Position < position + count).GroupBy(t => t.Position).OrderBy(g => g.Key))
                wanted.Add((rows + at.Key - position, [.. at]));
            slices.Add(new SequenceSlice(running.Cache, running.Ids(position, count)));
            batch.Add(running);
            rows += count;
        }

        model.Forward(slices, [.. wanted.Select(w => w.Row)], cancellationToken);
        ReadLogits(wanted, logProbs, ranks, cancellationToken);

        for (int i = batch.Count - 1; i >= 0; i--)
        {
            Running running = batch[i];
            if (running.Position < running.End)
            {
                ready.Push(running);
                continue;
            }

            running.Waiting = running.Node.Children.Count;
            foreach (PrefixNode child in running.Node.Children.Values) ready.Push(new Running(child, running));
            if (running.Waiting == 0) Drop(running, live);
        }
    }

    // Figures that depend on the length need the whole sequence at once.
    private int Count(Running running, int rows) => model.DependsOnLength ? running.End - running.Position : Math.Min(running.End - running.Position, batchTokens - rows);

    private long Pages(Running running, int rows)
    {
        int position = running.Position, end = position + Count(running, rows);
        // A branch copies the page that it goes on in.
        return CacheSpace.PagesOf(end) - (running.Cache is null ? position / KeyValueShape.PageLength : CacheSpace.PagesOf(position));
    }

    // Room for the next ids of a text: other branches lose theirs first, then those that it continues, and it begins anew.
    private void Clear(Running running, List<Running> live)
    {
        foreach (Running other in live.OrderBy(running.Continues).ToList())
        {
            if (space.Left >= Pages(running, 0)) return;
            if (other != running) Drop(other, live);
        }

        demand(Pages(running, 0), "queries");
    }

    private void Drop(Running running, List<Running> live)
    {
        if (running.Cache is { } cache) space.Free(cache);
        running.Cache = null;
        live.Remove(running);
    }

    private void ReadLogits(List<(int Row, List<Target> Targets)> wanted, double[][] logProbs, int[][] ranks, CancellationToken cancellationToken)
    {
        int vocabulary = model.Config.VocabularySize;
        for (int first = 0; first < wanted.Count; first += _headRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int start = first, count = Math.Min(_headRows, wanted.Count - first);
            _logits ??= NativeBuffer.OfFloats((long)_headRows * vocabulary);
            float* logits = _logits.Floats;
            model.Logits(first, count, logits);
            pool.Run(count, (i, _) =>
            {
                float* row = logits + ((long)i * vocabulary);
                double normaliser = RowMath.LogSumExp(row, vocabulary);
                foreach (Target target in wanted[start + i].Targets)
                {
                    logProbs[target.Query][target.Index] = row[target.Id] - normaliser;
                    ranks[target.Query][target.Index] = RowMath.CountAbove(row, vocabulary, row[target.Id]);
                }
            });
        }
    }

    // Neumaier's compensated sum.
    private static double ExactSum(double[] values)
    {
        double sum = 0, lost = 0;
        foreach (double value in values)
        {
            double next = sum + value;
            lost += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }

        return double.IsFinite(lost) ? sum + lost : sum;
    }

    private sealed class Running(PrefixNode node, Running? parent)
    {
        public PrefixNode Node => node;

        public Running? Parent => parent;

        public KeyValueSequence? Cache { get; set; }

        /// <summary>Whether it has had a cache.</summary>
        public bool Begun { get; set; }

        /// <summary>Where it goes on: behind its own cache, behind its parent's, or at the first id of all where both are gone.</summary>
        public int Position => Cache?.Length ?? (parent?.Cache is null ? 0 : node.Start);

        public int End => node.Start + node.Ids.Length;

        /// <summary>Children that have not yet forked the cache.</summary>
        public int Waiting { get; set; }

        public bool Continues(Running other) => other == this || (parent?.Continues(other) ?? false);

        public ReadOnlyMemory<int> Ids(int position, int count)
        {
            if (position >= node.Start) return node.Ids.Slice(position - node.Start, count);
            int[] all = new int[End];
            for (PrefixNode? part = node; part is not null; part = part.Parent) part.Ids.Span.CopyTo(all.AsSpan(part.Start));
            return all.AsMemory(position, count);
        }
    }
}
