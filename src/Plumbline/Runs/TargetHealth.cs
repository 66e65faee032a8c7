namespace Plumbline.Runs;

/// <summary>
/// Whether a target is still worth waiting for. A row of requests that failed with all their retries and no success in
/// between opens the circuit: nothing is sent twice until one succeeds. A row four times as long ends it: the rest is
/// not sent at all. So a target that died costs minutes, not the night. Failures that a request brings on itself (too
/// long, not found, filtered) are not counted. Safe for concurrent use.
/// </summary>
internal sealed class TargetHealth(int concurrency)
{
    private const int ShortestRow = 8;
    private const int Patience = 4;

    // All that are under way fail together when a target pauses: a row must be longer than that.
    private readonly int _row = Math.Max(ShortestRow, concurrency + 1);
    private readonly Lock _lock = new();
    private int _failures;
    private bool _answeredOnce;
    private string? _givenUp;

    /// <summary>Whether a failed request may be sent again.</summary>
    public bool MayRetry
    {
        get
        {
            // A target that has never answered gets its retries once, from the first request.
            lock (_lock) return _failures < (_answeredOnce ? _row : 1);
        }
    }

    /// <summary>Why nothing more is sent; null while there is hope.</summary>
    public string? GivenUp => Volatile.Read(ref _givenUp);

    /// <summary>An answer came.</summary>
    public void Succeeded()
    {
        if (Volatile.Read(ref _failures) == 0 && Volatile.Read(ref _answeredOnce)) return;
        lock (_lock) (_failures, _answeredOnce) = (0, true);
    }

    /// <summary>A request failed for good.</summary>
    public void Failed(TargetException failure)
    {
        if (failure is { Retryable: false, Unreachable: false, Unauthorized: false } || failure.Filtered) return;
        lock (_lock)
        {
            if (++_failures < Patience * _row || _givenUp is not null) return;
            Volatile.Write(ref _givenUp, $"not sent: {_failures} requests in a row failed, the last one with: {failure.Message}");
        }
    }
}
