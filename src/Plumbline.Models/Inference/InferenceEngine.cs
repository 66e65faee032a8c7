using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// The one thread that runs a model. Texts that are generated at the same time decode together, new prompts join between
/// two steps (continuous batching), and scoring requests that wait together are scored as one. Safe for concurrent use.
/// </summary>
internal sealed unsafe class InferenceEngine : IDisposable
{
    // Finished texts whose keys and values are kept a while: the next prompt often begins alike.
    private const int MostKept = 4;

    // A shorter common beginning is not worth a copy of its page.
    private const int LeastShared = 16;

    private readonly LanguageModelOptions _options;
    private readonly MemoryPlan _plan;
    private readonly CacheSpace _space;
    private readonly WorkerPool _pool;
    private readonly Transformer _model;
    private readonly Scoring _scoring;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly Queue<ScoreJob> _scores = new();
    private readonly Queue<TextGeneration> _waiting = new();
    private readonly Queue<Action> _calls = new();
    private readonly List<TextGeneration> _active = [];
    private readonly LinkedList<(int[] Ids, KeyValueSequence Cache)> _kept = [];
    private NativeBuffer? _logits;
    private bool _closing;

    /// <param name="source">The model's tensors, copied here: the source is not needed afterwards.</param>
    /// <param name="config">The model's description.</param>
    /// <param name="options">Threads and batches.</param>
    public InferenceEngine(ITensorSource source, ModelConfig config, LanguageModelOptions options)
    {
        options.Validate();
        _pool = new WorkerPool(options.Threads ?? Environment.ProcessorCount);
        try
        {
            _plan = MemoryPlan.Fit(options, source, config, _pool.Threads);
            _options = options = _plan.Options;
            _model = new Transformer(source, config, _pool, options.Weights);
        }
        catch
        {
            _pool.Dispose();
            throw;
        }

        _space = new CacheSpace(_model.Pages, _plan.CachePages);
        _scoring = new Scoring(_model, _pool, options.BatchTokens, _space, Demand);
        _thread = new Thread(Loop) { IsBackground = true, Name = "Plumbline inference" };
        _thread.Start();
    }

    /// <summary>Bytes of the weights in memory.</summary>
    public long WeightBytes => _model.WeightBytes;

    /// <summary>Threads of the kernels.</summary>
    public int Threads => _pool.Threads;

    /// <summary>What fits into the memory that the model was given.</summary>
    public MemoryPlan Plan => _plan;

    public Task<IReadOnlyList<TokenScore>> ScoreAsync(IReadOnlyList<TokenQuery> queries, CancellationToken cancellationToken)
    {
        ScoreJob job = new(queries, cancellationToken);
        Enqueue(_scores, job);
        return Cancellable(job.Completion, cancellationToken);
    }

    public Task<GenerationResult> GenerateAsync(TextGeneration generation)
    {
        Enqueue(_waiting, generation);
        return Cancellable(generation.Completion, generation.CancellationToken);
    }

    /// <summary>An empty cache of this model's shape.</summary>
    public KeyValueSequence NewCache() => _space.New();

    /// <summary>A cache that continues after the first positions of another.</summary>
    public Task<KeyValueSequence> ForkAsync(KeyValueSequence cache, int length) => Call(() =>
    {
        // A page that is begun is copied where others read it.
        Demand(length % KeyValueShape.PageLength == 0 ? 0 : 1, nameof(length));
        return _space.Fork(cache, Math.Min(length, cache.Length));
    });

    /// <summary>Cuts a cache back.</summary>
    public Task<bool> TruncateAsync(KeyValueSequence cache, int length) => Call(() =>
    {
        // A page that is begun is copied where others read it.
        Demand(length % KeyValueShape.PageLength == 0 ? 0 : 1, nameof(length));
        cache.Truncate(Math.Min(length, cache.Length));
        return true;
    });

    /// <summary>Frees a cache on the model's thread.</summary>
    public void Release(KeyValueSequence cache) => Release(() => _space.Free(cache));

    /// <summary>Frees something on the model's thread; nothing is left to free once the model is gone.</summary>
    public void Release(IDisposable resource) => Release(resource.Dispose);

    /// <summary>Reads ids into a cache and gives the logits after the last one; after a failure the cache is as before, or empty where the length matters.</summary>
    /// <param name="cache">Holds what is before.</param>
    /// <param name="before">Ids that were read before.</param>
    /// <param name="more">At least one id.</param>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public Task AppendAsync(KeyValueSequence cache, int[] before, int[] more, float[] logits, CancellationToken cancellationToken) => Call(() =>
    {
        int length = _model.DependsOnLength ? 0 : cache.Length;
        try
        {
            cache.Truncate(length);
            Demand(CacheSpace.PagesOf(before.Length + more.Length) - CacheSpace.PagesOf(length), "ids");
            int[] ids = _model.DependsOnLength ? [.. before, .. more] : more;
            Read(cache, ids, count => [count - 1], lastOnly: true, cancellationToken);
            fixed (float* values = logits) _model.Logits(0, 1, values);
            return true;
        }
        catch
        {
            cache.Truncate(Math.Min(length, cache.Length));
            throw;
        }
    });

    /// <summary>The mean over all positions of the hidden states after the final norm.</summary>
    public Task<float[]> MeanHiddenAsync(int[] ids, CancellationToken cancellationToken) => Call(() =>
    {
        double[] sums = new double[_model.Config.HiddenSize];
        WithCache(ids.Length, cache => Read(cache, ids, count => [.. Enumerable.Range(0, count)], lastOnly: false, cancellationToken, () => _model.AddHidden(sums)));
        return Array.ConvertAll(sums, sum => (float)(sum / ids.Length));
    });

    /// <summary>A search for the best texts; its steps are calls of this engine, so that other requests go on beside it.</summary>
    public Task<BeamSearch> BeginSearchAsync(int[] prompt, BeamOptions options, IReadOnlyList<int> endIds) =>
        Call(() => new BeamSearch(_model, _pool, prompt, options, endIds, _options, _space, Demand));

    /// <summary>Shows the logits of each position in turn, on the model's thread.</summary>
    public Task VisitLogitsAsync(int[] ids, LogitVisitor visit, CancellationToken cancellationToken) => Call(() =>
    {
        int vocabulary = _model.Config.VocabularySize;
        int rows = Math.Max(Tile.Height, Math.Min(_options.BatchTokens, (1 << 22) / vocabulary));
        int step = _model.DependsOnLength ? ids.Length : rows;
        using NativeBuffer buffer = NativeBuffer.OfFloats((long)Math.Min(rows, ids.Length) * vocabulary);
        WithCache(ids.Length, cache =>
        {
            for (int first = 0; first < ids.Length; first += step)
            {
                int count = Math.Min(step, ids.Length - first);
                _model.Forward([new SequenceSlice(cache, ids.AsMemory(first, count))], [.. Enumerable.Range(0, count)], cancellationToken);
                for (int row = 0; row < count; row += rows)
                {
                    int some = Math.Min(rows, count - row);
                    _model.Logits(row, some, buffer.Floats);
                    for (int i = 0; i < some; i++) visit(first + row + i, new ReadOnlySpan<float>(buffer.Floats + ((long)i * vocabulary), vocabulary));
                }
            }
        });
        return true;
    });

    /// <summary>Runs something on the model's thread.</summary>
    public Task<T> Call<T>(Func<T> call)
    {
        TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(_calls, () =>
        {
            try
            {
                completion.SetResult(call());
            }
            catch (OperationCanceledException e)
            {
                completion.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        return completion.Task;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_closing) return;
            _closing = true;
        }

        _work.Release();
        _thread.Join();
        _scoring.Dispose();
        _space.Clear();
        _logits?.Dispose();
        _model.Dispose();
        _pool.Dispose();
        _work.Dispose();
    }

    // Whoever cancels hears of it at once, also where the forward pass serves others and goes on.
    private static Task<T> Cancellable<T>(TaskCompletionSource<T> completion, CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled) return completion.Task;
        CancellationTokenRegistration registration = cancellationToken.Register(() => completion.TrySetCanceled(cancellationToken));
        _ = completion.Task.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return completion.Task;
    }

    private void Release(Action free)
    {
        lock (_lock)
        {
            if (_closing) return;
            _calls.Enqueue(free);
        }

        _work.Release();
    }

    // A cache for one text that is run through and forgotten.
    private void WithCache(int length, Action<KeyValueSequence> use)
    {
        Demand(CacheSpace.PagesOf(length), "ids");
        KeyValueSequence cache = _space.New();
        try
        {
            use(cache);
        }
        finally
        {
            _space.Free(cache);
        }
    }

    private void Demand(long pages, string parameter)
    {
        if (!MakeRoom(pages)) throw _plan.Crowded(pages, parameter);
    }

    // Room for so many pages: kept texts go first, then the youngest of those that are generated, which begin anew later.
    private bool MakeRoom(long pages, TextGeneration? spared = null)
    {
        if (!_space.IsLimited) return true;
        while (_space.Left < pages)
        {
            if (DropKept()) continue;
            if (_active.FindLast(g => g.Cache is not null && g != spared) is not { } youngest) return false;
            Evict(youngest);
        }

        return true;
    }

    // Whether a text may go on in this step beside those of the batch; younger ones make room for it.
    private bool HasRoom(TextGeneration generation, List<TextGeneration> batch, int rows, ref long promised)
    {
        if (!_space.IsLimited) return true;
        bool begins = generation.Cache is null;
        long pages = PagesFor(generation, rows) + (begins ? 1 : 0);
        // One that begins waits until there is room for all that it has and for a page of each other, lest it soon had to begin anew.
        long wanted = begins ? CacheSpace.PagesOf(generation.Ids.Count) + 1 + _active.Count(g => g.Cache is not null) : pages;
        while (_space.Left - promised < wanted)
        {
            if (DropKept()) continue;
            int last = begins ? -1 : _active.FindLastIndex(g => g.Cache is not null && !batch.Contains(g));
            if (last <= _active.IndexOf(generation)) return false;
            Evict(_active[last]);
        }

        promised += pages;
        return true;
    }

    private long PagesFor(TextGeneration generation, int rows)
    {
        int count = UnreadCount(generation, rows);
        return generation.Cache is { } cache ? CacheSpace.Growth(cache, count) : CacheSpace.PagesOf(count);
    }

    // Ids that a text reads next. Where its length matters, or steps are computed in a way of their own, it reads them as when they came, also
    // when it begins anew: the prompt and then token by token.
    private int UnreadCount(TextGeneration generation, int rows)
    {
        int left = generation.UnreadCount, prompt = left - (generation.Ids.Count - generation.PromptLength);
        if (_model.DependsOnLength) return generation.Cache is { Length: > 0 } ? 1 : prompt;
        if (_model.StepsDiffer) left = prompt > 0 ? prompt : 1;
        return Math.Min(left, _options.BatchTokens - rows);
    }

    private bool DropKept()
    {
        if (_kept.Count == 0) return false;
        _space.Free(_kept.Last!.Value.Cache);
        _kept.RemoveLast();
        return true;
    }

    private void Evict(TextGeneration generation)
    {
        if (generation.Cache is { } cache) _space.Free(cache);
        generation.Cache = null;
    }

    // Runs ids through in batches, in one piece where the length matters.
    private void Read(KeyValueSequence cache, int[] ids, Func<int, IReadOnlyList<int>> wanted, bool lastOnly, CancellationToken cancellationToken, Action? after = null)
    {
        int step = _model.DependsOnLength ? ids.Length : _options.BatchTokens;
        for (int first = 0; first < ids.Length; first += step)
        {
            int count = Math.Min(step, ids.Length - first);
            _model.Forward([new SequenceSlice(cache, ids.AsMemory(first, count))], lastOnly && first + count < ids.Length ? [] : wanted(count), cancellationToken);
            after?.Invoke();
        }
    }

    private void Enqueue<T>(Queue<T> queue, T item)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            queue.Enqueue(item);
        }

        _work.Release();
    }

    private void Loop()
    {
        while (true)
        {
            if (_active.Count == 0) _work.Wait();
            List<ScoreJob> scores = [];
            List<Action> calls = [];
            lock (_lock)
            {
                if (_closing) break;
                while (_scores.TryDequeue(out ScoreJob? job)) scores.Add(job);
                while (_calls.TryDequeue(out Action? call)) calls.Add(call);
                while (_active.Count < _options.Concurrency && _waiting.TryDequeue(out TextGeneration? generation)) _active.Add(generation);
            }

            foreach (Action call in calls) call();
            if (scores.Count > 0) Score(scores);
            Step();
        }

        Close();
    }

    private void Close()
    {
        ObjectDisposedException gone = new(nameof(LanguageModel));
        lock (_lock)
        {
            foreach (ScoreJob job in _scores) job.Completion.TrySetException(gone);
            foreach (TextGeneration generation in _waiting.Concat(_active)) generation.Completion.TrySetException(gone);
            _active.Clear();
            while (_calls.TryDequeue(out Action? call)) call();
        }
    }

    private void Score(List<ScoreJob> jobs)
    {
        foreach (ScoreJob cancelled in jobs.Where(job => job.Cancellation.IsCancellationRequested)) cancelled.Completion.TrySetCanceled(cancelled.Cancellation);
        jobs.RemoveAll(job => job.Cancellation.IsCancellationRequested);
        if (jobs.Count == 0) return;
        try
        {
            // One job may be stopped between layers; several that run as one end together.
            IReadOnlyList<TokenScore> scores = _scoring.Score([.. jobs.SelectMany(job => job.Queries)], jobs.Count == 1 ? jobs[0].Cancellation : CancellationToken.None);
            int first = 0;
            foreach (ScoreJob job in jobs)
            {
                job.Completion.TrySetResult([.. scores.Skip(first).Take(job.Queries.Count)]);
                first += job.Queries.Count;
            }
        }
        catch (OperationCanceledException e)
        {
            jobs[0].Completion.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception) when (jobs.Count > 1)
        {
            // One of them is at fault: each by itself, so that only that one hears of it.
            foreach (ScoreJob job in jobs) Score([job]);
        }
        catch (Exception e)
        {
            jobs[0].Completion.TrySetException(e);
        }
    }

    private void Step()
    {
        foreach (TextGeneration cancelled in _active.Where(g => g.CancellationToken.IsCancellationRequested).ToList()) Leave(cancelled, () => cancelled.Completion.TrySetCanceled(cancelled.CancellationToken));
        if (_active.Count == 0) return;

        // Where decoded tokens are computed in another way than given ones, each kind has a forward pass of its own.
        Batch steps = new(), given = new();
        List<TextGeneration> joined = [];
        int rows = 0;
        long promised = 0;
        // Once a text waits for room to begin, no younger one takes that room.
        bool waits = false;
        // Texts that decode come first; what is left of the batch goes to prompts.
        foreach (TextGeneration generation in _active.OrderBy(g => g.Cache is null ? int.MaxValue : g.UnreadCount).ToList())
        {
            if (rows >= _options.BatchTokens) break;
            bool begins = generation.Cache is null;
            if (begins && waits) continue;
            if (HasRoom(generation, joined, rows, ref promised)) Join(generation);
            else waits |= begins;
        }

        if (joined.Count == 0)
        {
            // The oldest goes on alone; by itself it fits.
            TextGeneration oldest = _active[0];
            long pages = PagesFor(oldest, 0);
            if (!MakeRoom(pages, oldest))
            {
                Leave(oldest, () => oldest.Completion.TrySetException(_plan.Crowded(pages, "prompt")));
                return;
            }

            Join(oldest);
        }

        if (steps.Texts.Count > 0) Run(steps, step: true);
        if (given.Texts.Count > 0) Run(given, step: false);

        void Join(TextGeneration generation)
        {
            generation.Cache ??= Begin(generation);
            int[] ids = generation.Unread(UnreadCount(generation, rows));
            Batch batch = _model.StepsDiffer && generation.Cache.Length >= generation.PromptLength ? steps : given;
            batch.Add(generation, ids);
            joined.Add(generation);
            rows += ids.Length;
        }
    }

    private void Run(Batch batch, bool step)
    {
        try
        {
            _model.Forward(batch.Slices, batch.Wanted, batch.Texts.Count == 1 ? batch.Texts[0].CancellationToken : CancellationToken.None, step);
            List<TextGeneration> finished = batch.Finished;
            int vocabulary = _model.Config.VocabularySize;
            if (_logits is null || _logits.Length < (long)finished.Count * vocabulary * sizeof(float))
            {
                _logits?.Dispose();
                _logits = NativeBuffer.OfFloats((long)Math.Max(finished.Count, 4) * vocabulary);
            }

            float* logits = _logits.Floats;
            if (finished.Count > 0) _model.Logits(0, finished.Count, logits);
            for (int i = 0; i < finished.Count; i++) Sample(finished[i], new ReadOnlySpan<float>(logits + ((long)i * vocabulary), vocabulary));
        }
        catch (OperationCanceledException e)
        {
            Leave(batch.Texts[0], () => batch.Texts[0].Completion.TrySetCanceled(e.CancellationToken));
        }
        catch (Exception e)
        {
            foreach (TextGeneration generation in batch.Texts) Leave(generation, () => generation.Completion.TrySetException(e));
        }
    }

    private void Sample(TextGeneration generation, ReadOnlySpan<float> logits)
    {
        try
        {
            int most = Math.Min(_model.Config.Positions == PositionKind.Learned ? _model.Config.MaxPositions : int.MaxValue, _options.Context ?? int.MaxValue);
            if (generation.Step(logits, most) is { } result) Leave(generation, () => generation.Completion.TrySetResult(result));
        }
        catch (Exception e)
        {
            // A callback of one text must not end the others.
            Leave(generation, () => generation.Completion.TrySetException(e));
        }
    }

    private void Leave(TextGeneration generation, Action complete)
    {
        _active.Remove(generation);
        if (generation.Cache is { } cache && generation.Completion.Task.IsCompleted == false && Shareable(generation) >= LeastShared)
        {
            cache.Truncate(Shareable(generation));
            generation.Cache = null;
            _kept.AddFirst(([.. generation.Ids.Take(cache.Length)], cache));
            if (_kept.Count > MostKept) DropKept();
        }

        Evict(generation);
        complete();
    }

    // A cache with the longest beginning that another text has already computed; the last id is always read anew.
    private KeyValueSequence Begin(TextGeneration generation)
    {
        IReadOnlyList<int> ids = generation.Ids;
        int own = Math.Min(ids.Count - 1, _model.StepsDiffer ? generation.PromptLength : int.MaxValue), best = LeastShared - 1;
        KeyValueSequence? from = null;
        foreach (TextGeneration other in _active.Where(g => g.Cache is not null)) Compare(other.Ids, other.Cache!, Shareable(other));
        foreach ((int[] other, KeyValueSequence cache) in _kept) Compare(other, cache, cache.Length);
        return from is null ? _space.New() : _space.Fork(from, best);

        void Compare(IReadOnlyList<int> other, KeyValueSequence cache, int length)
        {
            int common = 0, most = Math.Min(own, length);
            while (common < most && ids[common] == other[common]) common++;
            if (common > best) (best, from) = (common, cache);
        }
    }

    // How much of a text's cache another text with the same beginning would have computed to the same bits.
    private int Shareable(TextGeneration generation) => generation.Cache is not { } cache || _model.DependsOnLength ? 0
        : _model.StepsDiffer ? Math.Min(cache.Length, generation.PromptLength)
        : cache.Length;

    /// <summary>Texts that run together, and those of them that get their next token.</summary>
    private sealed class Batch
    {
        private int _rows;

        public List<TextGeneration> Texts { get; } = [];

        public List<SequenceSlice> Slices { get; } = [];

        public List<int> Wanted { get; } = [];

        public List<TextGeneration> Finished { get; } = [];

        public void Add(TextGeneration generation, int[] ids)
        {
            Texts.Add(generation);
            Slices.Add(new SequenceSlice(generation.Cache!, ids));
            _rows += ids.Length;
            if (ids.Length != generation.UnreadCount) return;
            Wanted.Add(_rows - 1);
            Finished.Add(generation);
        }
    }

    private sealed record ScoreJob(IReadOnlyList<TokenQuery> Queries, CancellationToken Cancellation)
    {
        public TaskCompletionSource<IReadOnlyList<TokenScore>> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
