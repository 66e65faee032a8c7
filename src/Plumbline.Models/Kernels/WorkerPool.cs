namespace Plumbline.Models.Kernels;

/// <summary>
/// A few threads that stay awake for the microseconds between two kernels. The caller works too; pieces are claimed
/// one by one, so a region never waits for a thread that the system has not scheduled, only for pieces in work.
/// One region at a time: callers take turns.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // Single pause instructions, some 80 microseconds of them: a thread notices at once, and waits longer than any serial stretch between two kernels of a decode step.
    private const int Spins = 2000;
    private const int Yields = 20;

    private readonly Lock _turn = new();
    private readonly Lock _parking = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread[] _workers;
    private volatile Region? _region;
    private volatile bool _closing;
    private int _parked;

    /// <param name="threads">All threads that work, the caller's among them; at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        Threads = threads;
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int slot = i + 1;
            _workers[i] = new Thread(() => Work(slot)) { IsBackground = true, Name = $"Plumbline kernel {slot}" };
            _workers[i].Start();
        }
    }

    public int Threads { get; }

    /// <summary>Calls the body for each piece 0 … pieces - 1 with the slot (0 … Threads - 1) of the thread that runs it.</summary>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="body">Gets piece and slot.</param>
    /// <param name="meanwhile">What threads do that wait, also when this has returned: gets slot and step 0, 1, 2, …, each a fraction of a microsecond, until it gives false. It must not throw.</param>
    /// <exception cref="AggregateException">A body threw; the other pieces have ended.</exception>
    public void Run(int pieces, Action<int, int> body, Func<int, int, bool>? meanwhile = null)
    {
        if (pieces <= 1 || _workers.Length == 0)
        {
            for (int i = 0; i < pieces; i++) body(i, 0);
            return;
        }

        lock (_turn)
        {
            Region region = new(pieces, body, meanwhile);
            _region = region;
            Wake();
            region.Take(0);
            bool waits = meanwhile is null;
            for (int spins = 0; !region.IsComplete; spins++)
            {
                if (!waits) waits = !meanwhile!(0, spins);
                else if (spins < Spins) Thread.SpinWait(1);
                else Thread.Yield();
            }

            if (region.Error is { } error) throw new AggregateException(error);
        }
    }

    public void Dispose()
    {
        _closing = true;
        Wake();
        foreach (Thread worker in _workers) worker.Join();
        _wake.Dispose();
    }

    private void Wake()
    {
        // Publishing the region and reading the count must not change places: the lock below pairs with Park.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _parked) == 0) return;
        lock (_parking)
        {
            if (_parked > 0) _wake.Release(_parked);
            _parked = 0;
        }
    }

    private void Work(int slot)
    {
        Region? last = null;
        Func<int, int, bool>? meanwhile = null;
        int idle = 0;
        while (!_closing)
        {
            Region? region = _region;
            if (region is not null && region != last)
            {
                last = region;
                region.Take(slot);
                meanwhile = region.Meanwhile;
                idle = 0;
            }
            else if (meanwhile is not null)
            {
                if (!meanwhile(slot, idle++)) (meanwhile, idle) = (null, 0);
            }
            else if (++idle < Spins)
            {
                Thread.SpinWait(1);
            }
            else if (idle < Spins + Yields)
            {
                Thread.Yield();
            }
            else
            {
                Park(last);
                idle = 0;
            }
        }
    }

    private void Park(Region? last)
    {
        lock (_parking)
        {
            _parked++;
            Interlocked.MemoryBarrier();
            if (_closing || _region != last)
            {
                _parked--;
                return;
            }
        }

        _wake.Wait();
    }

    private sealed class Region(int pieces, Action<int, int> body, Func<int, int, bool>? meanwhile)
    {
        private int _next;
        private int _done;
        private Exception? _error;

        public bool IsComplete => Volatile.Read(ref _done) == pieces;

        public Exception? Error => _error;

        public Func<int, int, bool>? Meanwhile => meanwhile;

        public void Take(int slot)
        {
            while (Volatile.Read(ref _next) < pieces)
            {
                int piece = Interlocked.Increment(ref _next) - 1;
                if (piece >= pieces) return;
                try
                {
                    body(piece, slot);
                }
                catch (Exception e)
                {
                    // Crosses to the caller's thread; the first one is told.
                    Interlocked.CompareExchange(ref _error, e, null);
                }
                finally
                {
                    Interlocked.Increment(ref _done);
                }
            }
        }
    }
}
