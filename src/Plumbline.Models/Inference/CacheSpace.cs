using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>
/// The keys and values of all texts of a model and the pages that they take together, those that texts share counted once.
/// Sequences are made and freed from any thread; their lengths are the model's thread's.
/// </summary>
/// <param name="pool">Where pages come from.</param>
/// <param name="most">Most pages; null for no limit.</param>
internal sealed unsafe class CacheSpace(PagePool pool, long? most)
{
    private readonly HashSet<KeyValueSequence> _sequences = [];
    private readonly Lock _lock = new();

    /// <summary>Whether there is a limit at all.</summary>
    public bool IsLimited => most is not null;

    /// <summary>Pages that are not taken.</summary>
    public long Left => most is { } pages ? pages - InUse() : long.MaxValue;

    /// <summary>Pages of so many positions.</summary>
    public static long PagesOf(long positions) => (positions + KeyValueShape.PageLength - 1) / KeyValueShape.PageLength;

    /// <summary>Pages that a sequence takes beyond its own for more positions.</summary>
    public static long Growth(KeyValueSequence sequence, int more) => PagesOf(sequence.Length + more) - PagesOf(sequence.Length);

    public KeyValueSequence New() => Added(new KeyValueSequence(pool));

    /// <inheritdoc cref="KeyValueSequence.Fork"/>
    public KeyValueSequence Fork(KeyValueSequence from, int length) => Added(from.Fork(length));

    public void Free(KeyValueSequence sequence)
    {
        lock (_lock) _sequences.Remove(sequence);
        sequence.Dispose();
    }

    /// <summary>Frees all sequences that are left.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (KeyValueSequence sequence in _sequences) sequence.Dispose();
            _sequences.Clear();
        }
    }

    private KeyValueSequence Added(KeyValueSequence sequence)
    {
        lock (_lock) _sequences.Add(sequence);
        return sequence;
    }

    private long InUse()
    {
        HashSet<nint> pages = [];
        lock (_lock)
        {
            foreach (KeyValueSequence sequence in _sequences)
            {
                for (int page = 0; page < PagesOf(sequence.Length); page++) pages.Add((nint)sequence.Keys(page, 0, 0));
            }
        }

        return pages.Count;
    }
}
