namespace Plumbline.Models.Kernels;

/// <summary>Sizes of keys and values: layers, key/value heads and the width of a head.</summary>
internal sealed record KeyValueShape(int Layers, int Heads, int HeadDimension)
{
    /// <summary>Positions of a page: one panel of the product of queries and keys.</summary>
    public const int PageLength = Tile.Width;

    /// <summary>Panels of 32 value dimensions.</summary>
    public int ValuePanels => (HeadDimension + Tile.Width - 1) / Tile.Width;

    /// <summary>Floats of the keys of one head in a page: [dimension, position].</summary>
    public int KeyFloats => HeadDimension * PageLength;

    /// <summary>Floats of the values of one head in a page: [panel, position, 32].</summary>
    public int ValueFloats => ValuePanels * PageLength * Tile.Width;

    public long PageFloats => (long)Layers * Heads * (KeyFloats + ValueFloats);

    public long KeyOffset(int layer, int head) => ((long)layer * Heads + head) * (KeyFloats + ValueFloats);

    public long ValueOffset(int layer, int head) => KeyOffset(layer, head) + KeyFloats;
}

/// <summary>Pages of 32 positions of keys and values of all layers; freed pages are used again. Not safe for concurrent use.</summary>
internal sealed class PagePool(KeyValueShape shape) : IDisposable
{
    // Freed pages kept beyond this many floats (256 MB) go back to the system.
    private const long MostKept = 64L << 20;

    private readonly Stack<Page> _free = new();

    public KeyValueShape Shape { get; } = shape;

    public Page Rent()
    {
        Page page = _free.Count > 0 ? _free.Pop() : new Page(this);
        page.Share();
        return page;
    }

    public void Return(Page page)
    {
        if ((_free.Count + 1) * Shape.PageFloats > MostKept) page.Data.Dispose();
        else _free.Push(page);
    }

    public void Dispose()
    {
        while (_free.Count > 0) _free.Pop().Data.Dispose();
    }
}

/// <summary>Keys and values of 32 positions; several sequences with the same beginning share it.</summary>
internal sealed class Page(PagePool pool)
{
    private int _owners;

    public NativeBuffer Data { get; } = NativeBuffer.OfFloats(pool.Shape.PageFloats);

    /// <summary>Whether more than one sequence reads it; it must then not be written.</summary>
    public bool IsShared => _owners > 1;

    public void Share() => _owners++;

    public void Release()
    {
        if (--_owners == 0) pool.Return(this);
    }
}

/// <summary>The keys and values of one sequence. Not safe for concurrent use.</summary>
internal sealed unsafe class KeyValueSequence(PagePool pool) : IDisposable
{
    private readonly List<Page> _pages = [];

    /// <summary>Positions whose keys and values are present.</summary>
    public int Length { get; private set; }

    public KeyValueShape Shape => pool.Shape;

    /// <summary>A sequence that continues after the first positions of this one: whole pages are shared, a begun one is copied.</summary>
    public KeyValueSequence Fork(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        KeyValueSequence fork = new(pool) { Length = length };
        int whole = length / KeyValueShape.PageLength;
        for (int i = 0; i < whole; i++)
        {
            _pages[i].Share();
            fork._pages.Add(_pages[i]);
        }

        if (length % KeyValueShape.PageLength != 0) fork._pages.Add(Copy(_pages[whole]));
        return fork;
    }

    /// <summary>Makes room for so many more positions and counts them as present; their keys and values must be written next.</summary>
    public void Extend(int count)
    {
        Length += count;
        while (_pages.Count * KeyValueShape.PageLength < Length) _pages.Add(pool.Rent());
    }

    /// <summary>Forgets positions from a length on. Where the last page is shared and will be written again, it becomes a copy.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
        int pages = (length + KeyValueShape.PageLength - 1) / KeyValueShape.PageLength;
        while (_pages.Count > pages)
        {
            _pages[^1].Release();
            _pages.RemoveAt(_pages.Count - 1);
        }

        if (length % KeyValueShape.PageLength == 0 || !_pages[^1].IsShared) return;
        Page copy = Copy(_pages[^1]);
        _pages[^1].Release();
        _pages[^1] = copy;
    }

    /// <summary>[dimension, 32 positions] of a page.</summary>
    public float* Keys(int page, int layer, int head) => _pages[page].Data.Floats + Shape.KeyOffset(layer, head);

    /// <summary>[panel, 32 positions, 32 dimensions] of a page.</summary>
    public float* Values(int page, int layer, int head) => _pages[page].Data.Floats + Shape.ValueOffset(layer, head);

    /// <summary>Writes key and value of one position.</summary>
    public void Write(int position, int layer, int head, float* key, float* value)
    {
        int slot = position % KeyValueShape.PageLength, page = position / KeyValueShape.PageLength, dimension = Shape.HeadDimension;
        float* keys = Keys(page, layer, head) + slot;
        for (int i = 0; i < dimension; i++) keys[i * KeyValueShape.PageLength] = key[i];
        float* values = Values(page, layer, head) + (slot * Tile.Width);
        for (int i = 0; i < dimension; i += Tile.Width, values += KeyValueShape.PageLength * Tile.Width)
        {
            int count = Math.Min(Tile.Width, dimension - i);
            new ReadOnlySpan<float>(value + i, count).CopyTo(new Span<float>(values, count));
        }
    }

    public void Dispose()
    {
        foreach (Page page in _pages) page.Release();
        _pages.Clear();
        Length = 0;
    }

    private Page Copy(Page page)
    {
        Page copy = pool.Rent();
        Buffer.MemoryCopy(page.Data.Pointer, copy.Data.Pointer, copy.Data.Length, copy.Data.Length);
        return copy;
    }
}
