namespace Plumbline.Models.Hooks;

/// <summary>
/// Arrays that one run leaves to the next: fresh memory costs a page fault each 4 KB, which for a run that keeps everything is
/// as long as half of the forward pass. It holds no more than the largest of the last sixteen runs took; what was not asked for
/// longest goes first. Safe for concurrent use.
/// </summary>
internal sealed class ArrayRecycler
{
    private readonly Dictionary<int, Shelf> _shelves = [];
    private readonly long[] _latest = new long[16];
    private readonly Lock _lock = new();
    private long _bytes, _most, _clock;
    private int _runs;

    /// <summary>Bytes of the arrays that wait for a run.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>An array with any content.</summary>
    public float[] Take(int length)
    {
        lock (_lock)
        {
            if (_shelves.TryGetValue(length, out Shelf? shelf))
            {
                shelf.Asked = ++_clock;
                if (shelf.Arrays.TryPop(out float[]? array))
                {
                    _bytes -= BytesOf(array);
                    return array;
                }
            }
        }

        return GC.AllocateUninitializedArray<float>(length);
    }

    /// <summary>A run is over: what it took bounds what is held from now on, until sixteen others have run.</summary>
    public void EndRun(long taken)
    {
        lock (_lock)
        {
            _latest[_runs++ % _latest.Length] = taken;
            _most = _latest.Max();
            Shrink(_most);
        }
    }

    /// <summary>Takes arrays back that nobody reads any more, each once.</summary>
    public void Return(IEnumerable<float[]> arrays)
    {
        lock (_lock)
        {
            foreach (float[] array in arrays)
            {
                if (!_shelves.TryGetValue(array.Length, out Shelf? shelf)) _shelves.Add(array.Length, shelf = new Shelf { Asked = ++_clock });
                shelf.Arrays.Push(array);
                _bytes += BytesOf(array);
            }

            Shrink(_most);
        }
    }

    /// <summary>Forgets all arrays.</summary>
    public void Clear()
    {
        lock (_lock) Shrink(0);
    }

    /// <summary>Forgets arrays until the rest are no more than so many bytes, and has their memory given back before more is taken.</summary>
    public void Trim(long most)
    {
        lock (_lock)
        {
            if (_bytes <= most) return;
            Shrink(most);
        }

        GC.Collect();
    }

    /// <summary>Bytes of an array's values.</summary>
    public static long BytesOf(float[] array) => sizeof(float) * (long)array.Length;

    private void Shrink(long most)
    {
        while (_bytes > most)
        {
            (int length, Shelf oldest) = _shelves.MinBy(pair => pair.Value.Asked);
            while (_bytes > most && oldest.Arrays.TryPop(out float[]? array)) _bytes -= BytesOf(array);
            if (oldest.Arrays.Count == 0) _shelves.Remove(length);
        }
    }

    /// <summary>Arrays of one length, and when one was asked for last.</summary>
    private sealed class Shelf
    {
        public Stack<float[]> Arrays { get; } = new();

        public long Asked { get; set; }
    }
}
