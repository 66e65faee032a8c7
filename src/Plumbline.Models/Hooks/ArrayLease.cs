namespace Plumbline.Models.Hooks;

/// <summary>The arrays behind a run's values, until they go back to the model. Only the run's output holds it: a tensor alone keeps no other array alive.</summary>
internal sealed class ArrayLease
{
    private readonly ArrayRecycler _recycler;
    private readonly HashSet<float[]> _arrays;
    private readonly Lock _lock = new();

    public ArrayLease(ArrayRecycler recycler, IEnumerable<float[]> arrays)
    {
        (_recycler, _arrays) = (recycler, new HashSet<float[]>(arrays, ReferenceEqualityComparer.Instance));
        Loan = new ArrayLoan(this);
    }

    /// <summary>What tensors of the run hold.</summary>
    public ArrayLoan Loan { get; }

    public bool Holds(float[] array) => _arrays.Contains(array);

    /// <summary>Gives an array to a caller for good: it never goes back.</summary>
    /// <exception cref="ObjectDisposedException">All went back before.</exception>
    public void Leave(float[] array)
    {
        lock (_lock)
        {
            Loan.Check();
            _arrays.Remove(array);
        }
    }

    /// <summary>Gives all that nobody took back to the model.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (Loan.HasEnded) return;
            Loan.HasEnded = true;
            _recycler.Return(_arrays);
            _arrays.Clear();
        }
    }
}

/// <summary>A tensor's side of an <see cref="ArrayLease"/>.</summary>
internal sealed class ArrayLoan(ArrayLease lease)
{
    private readonly WeakReference<ArrayLease> _lease = new(lease);
    private volatile bool _ended;

    /// <summary>Whether the arrays went back.</summary>
    public bool HasEnded { get => _ended; set => _ended = value; }

    /// <exception cref="ObjectDisposedException">The arrays went back.</exception>
    public void Check()
    {
        if (HasEnded) throw new ObjectDisposedException(nameof(HookedOutput), "The run that this value is of was disposed, and its memory serves other runs. Detach or Clone what is to stay.");
    }

    /// <inheritdoc cref="ArrayLease.Leave"/>
    public void Leave(float[] array)
    {
        Check();
        // Where the output is gone without having been disposed, nothing goes back any more.
        if (_lease.TryGetTarget(out ArrayLease? held)) held.Leave(array);
    }
}
