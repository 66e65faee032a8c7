namespace Plumbline.Runs;

/// <summary>
/// An append-only record of a run. A row whose append has completed survives the death of the process at any later
/// instant. Safe for concurrent use.
/// </summary>
public interface IRunStore : IAsyncDisposable
{
    /// <summary>What the run is.</summary>
    RunHeader Header { get; }

    /// <summary>Whether rows were there when it was opened.</summary>
    bool Resumed { get; }

    /// <summary>Whether this sample has its row.</summary>
    bool Contains(string evaluation, string sample);

    /// <summary>Writes a sample's row; completes when it is durable.</summary>
    Task AppendAsync(SampleRecord record);

    /// <summary>A journalled answer to exactly this request, or null.</summary>
    Answer? Recall(RequestKey key);

    /// <summary>Journals a paid answer; completes when it is durable.</summary>
    Task JournalAsync(RequestKey key, Answer answer);

    /// <summary>The rows of an evaluation, streamed, in the order of their ids: a sum that depends on which answer came first would differ between two equal runs.</summary>
    IEnumerable<SampleRecord> Read(string evaluation);

    /// <summary>A few rows of each outcome of an evaluation, those with the highest values first.</summary>
    IReadOnlyList<SampleRecord> Examples(string evaluation, int perOutcome);

    /// <summary>How many rows an evaluation has.</summary>
    int Count(string evaluation);

    /// <summary>Writes what this session has used so far (hosts, requests, retries, seconds), in place of what it noted before.</summary>
    Task NoteAsync(SessionTotals totals);

    /// <summary>The sum over all sessions of the run so far.</summary>
    SessionTotals Totals();
}

/// <summary>The SHA-256 of a whole request: target, messages, options, seed, and which of equal requests it is.</summary>
public readonly record struct RequestKey(UInt128 High, UInt128 Low);

/// <summary>What one session of a run (from start to end, cancellation or death) used.</summary>
public sealed record SessionTotals(double Seconds, long Requests, long Retries, IReadOnlyList<HostContact> Hosts, IReadOnlyList<string> Notes);
