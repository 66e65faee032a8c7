namespace Plumbline.Models.Hooks;

/// <summary>
/// Arrays that one run leaves to the next: fresh memory costs a page fault each 4 KB, which for a run that keeps everything is
/// as long as half of the forward pass. Safe for concurrent use.
/// </summary>
internal sealed class ArrayRecycler
{
    private readonly Dictionary<int, Stack<float[]>> _free = [];
    private readonly Lock _lock = new();
    private long _bytes;

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
            if (_free.TryGetValue(length, out Stack<float[]>? arrays) && arrays.TryPop(out float[]? array))
            {
                _bytes -= sizeof(float) * (long)length;
                return array;
            }
        }

        return GC.AllocateUninitializedArray<float>(length);
    }

    /// <summary>Takes arrays back that nobody reads any more, each once.</summary>
    public void Return(IEnumerable<float[]> arrays)
    {
        lock (_lock)
        {
            foreach (float[] array in arrays)
            {
                if (!_free.TryGetValue(array.Length, out Stack<float[]>? stack)) _free.Add(array.Length, stack = new Stack<float[]>());
                stack.Push(array);
                _bytes += sizeof(float) * (long)array.Length;
            }
        }
    }

    /// <summary>Forgets all arrays, for instance after runs of another shape.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _free.Clear();
            _bytes = 0;
        }
    }

    /// <summary>Forgets all arrays where they are more than so many bytes, and has their memory given back before more is taken.</summary>
    public void Trim(long most)
    {
        if (Bytes <= most) return;
        Clear();
        GC.Collect();
    }
}
