using System.Runtime.InteropServices;

namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>
/// Tokens of pieces seen before. Bounded: at 32,768 pieces or 2 M numbers it starts anew. Not safe for concurrent use.
/// </summary>
internal sealed class PieceCache
{
    public const int LongestPiece = 48;
    private const int MaxEntries = 1 << 15, Slots = 1 << 17, MaxNumbers = 1 << 20;

    // Per slot: number of the entry + 1.
    private readonly int[] _slots = new int[Slots];
    private Entry[] _entries = new Entry[1024];
    private int[] _keys = new int[8192], _values = new int[8192];
    private int _count, _keyEnd, _valueEnd;
    private object? _owner;

    /// <summary>Keeps the cache for one model; another one's pieces are forgotten.</summary>
    public void Own(object owner)
    {
        if (ReferenceEquals(_owner, owner)) return;
        Clear();
        _owner = owner;
    }

    public static uint Hash(ReadOnlySpan<int> piece)
    {
        uint hash = (uint)piece.Length;
        foreach (int point in piece) hash = (hash ^ (uint)point) * 0x9E3779B1 ^ (hash >> 15);
        return hash ^ (hash >> 13);
    }

    /// <summary>Triples (id, start, end) relative to the piece.</summary>
    public bool TryGet(ReadOnlySpan<int> piece, uint hash, out ReadOnlySpan<int> tokens)
    {
        for (int slot = (int)(hash & (Slots - 1)); _slots[slot] != 0; slot = (slot + 1) & (Slots - 1))
        {
            ref Entry entry = ref _entries[_slots[slot] - 1];
            if (entry.Hash != hash || entry.KeyLength != piece.Length || !piece.SequenceEqual(_keys.AsSpan(entry.Key, entry.KeyLength))) continue;
            tokens = _values.AsSpan(entry.Value, entry.ValueLength);
            return true;
        }

        tokens = default;
        return false;
    }

    public void Add(ReadOnlySpan<int> piece, uint hash, ReadOnlySpan<int> tokens)
    {
        if (_count == MaxEntries || _keyEnd + piece.Length > MaxNumbers || _valueEnd + tokens.Length > MaxNumbers) Clear();
        if (tokens.Length > MaxNumbers) return;
        if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
        Fit(ref _keys, _keyEnd + piece.Length);
        Fit(ref _values, _valueEnd + tokens.Length);
        piece.CopyTo(_keys.AsSpan(_keyEnd));
        tokens.CopyTo(_values.AsSpan(_valueEnd));
        _entries[_count++] = new Entry(hash, _keyEnd, piece.Length, _valueEnd, tokens.Length);
        _keyEnd += piece.Length;
        _valueEnd += tokens.Length;
        int slot = (int)(hash & (Slots - 1));
        while (_slots[slot] != 0) slot = (slot + 1) & (Slots - 1);
        _slots[slot] = _count;
    }

    private void Clear()
    {
        if (_count > 0) Array.Clear(_slots);
        _count = _keyEnd = _valueEnd = 0;
    }

    private static void Fit(ref int[] array, int needed)
    {
        if (needed > array.Length) Array.Resize(ref array, Math.Max(needed, array.Length * 2));
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(uint Hash, int Key, int KeyLength, int Value, int ValueLength);
}
