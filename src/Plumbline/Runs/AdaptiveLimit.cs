namespace Plumbline.Runs;

/// <summary>
/// How many requests may be under way. Starts at the maximum that the user named and gives way to the target: each
/// throttled request lowers it by a fifth, at most once a cooldown, and each full round of answers without one raises it by one.
/// Safe for concurrent use.
/// </summary>
internal sealed class AdaptiveLimit(int maximum, TimeProvider clock, TimeSpan? cooldown = null)
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private readonly TimeSpan _cooldown = cooldown ?? TimeSpan.FromSeconds(2);
    private double _limit = maximum;
    private int _running;
    private int _calm;
    private long _lowered;

    /// <summary>Requests allowed at this moment.</summary>
    public int Current
    {
        get { lock (_lock) return (int)_limit; }
    }

    /// <summary>Waits for a place.</summary>
    public Task EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource place;
        lock (_lock)
        {
            if (_running < (int)_limit)
            {
                _running++;
                return Task.CompletedTask;
            }

            place = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(place);
        }

        return cancellationToken.CanBeCanceled ? WaitAsync(place, cancellationToken) : place.Task;
    }

    /// <summary>Gives the place back.</summary>
    public void Exit()
    {
        lock (_lock)
        {
            _running--;
            Admit();
        }
    }

    /// <summary>The target answered without complaint.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            if (_limit >= maximum || ++_calm < _limit) return;
            _calm = 0;
            _limit = Math.Min(maximum, _limit + 1);
            Admit();
        }
    }

    /// <summary>The target asked for fewer requests.</summary>
    public void Throttled()
    {
        lock (_lock)
        {
            _calm = 0;
            if (_lowered != 0 && clock.GetElapsedTime(_lowered) < _cooldown) return;
            _lowered = clock.GetTimestamp();
            _limit = Math.Max(1, _limit * 0.8);
        }
    }

    private void Admit()
    {
        while (_running < (int)_limit && _waiting.TryDequeue(out TaskCompletionSource? next))
        {
            if (next.TrySetResult()) _running++;
        }
    }

    private static async Task WaitAsync(TaskCompletionSource place, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.Register(() => place.TrySetCanceled(cancellationToken));
        await place.Task;
    }
}
