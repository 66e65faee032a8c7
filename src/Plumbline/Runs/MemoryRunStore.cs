using System.Collections.Concurrent;

namespace Plumbline.Runs;

/// <summary>A run that lives as long as its process: for targets that cost nothing to ask again. Safe for concurrent use.</summary>
public sealed class MemoryRunStore(RunHeader header) : IRunStore
{
    private readonly ConcurrentDictionary<string, List<SampleRecord>> _rows = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<RequestKey, Answer> _journal = new();
    private SessionTotals _totals = new(0, 0, 0, [], []);

    /// <inheritdoc/>
    public RunHeader Header => header;

    /// <inheritdoc/>
    public bool Resumed => false;

    /// <inheritdoc/>
    public bool Contains(string evaluation, string sample)
    {
        if (!_rows.TryGetValue(evaluation, out List<SampleRecord>? rows)) return false;
        lock (rows) return rows.Exists(r => r.Id == sample);
    }

    /// <inheritdoc/>
    public Task AppendAsync(SampleRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        List<SampleRecord> rows = _rows.GetOrAdd(record.Evaluation, _ => []);
        lock (rows) rows.Add(record);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Answer? Recall(RequestKey key) => _journal.GetValueOrDefault(key);

    /// <inheritdoc/>
    public Task JournalAsync(RequestKey key, Answer answer)
    {
        _journal[key] = answer;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public IEnumerable<SampleRecord> Read(string evaluation)
    {
        if (!_rows.TryGetValue(evaluation, out List<SampleRecord>? rows)) return [];
        lock (rows)
        {
            rows.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
            return rows.ToArray();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<SampleRecord> Examples(string evaluation, int perOutcome) =>
        [.. Read(evaluation).GroupBy(r => r.Outcome).OrderBy(g => g.Key).SelectMany(g => g.OrderByDescending(r => r.Value ?? double.NegativeInfinity).ThenBy(r => r.Id, StringComparer.Ordinal).Take(perOutcome))];

    /// <inheritdoc/>
    public int Count(string evaluation)
    {
        if (!_rows.TryGetValue(evaluation, out List<SampleRecord>? rows)) return 0;
        lock (rows) return rows.Count;
    }

    /// <inheritdoc/>
    public Task NoteAsync(SessionTotals totals)
    {
        _totals = totals;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public SessionTotals Totals() => _totals;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
