namespace Plumbline.Models.Hooks;

/// <summary>
/// Arrays that one run leaves to the next: fresh memory costs a page fault each 4 KB, which for a run that keeps everything is
/// as long as half of the forward pass. Safe for concurrent use.
/// </summary>
internal sealed class ArrayRecycler
{
    private readonly Dictionary<int, Stack<float[]>> _free = [];
    private readonly Lock _lock = new();

    /// <summary>An array with any content.</summary>
    public float[] Take(int length)
    {
        lock (_lock)
        {
            if (_free.TryGetValue(length, out Stack<float[]>? arrays) && arrays.TryPop(out float[]? array)) return array;
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
            }
        }
    }

    /// <summary>Forgets all arrays, for instance after runs of another shape.</summary>
    public void Clear()
    {
        lock (_lock) _free.Clear();
    }
}
