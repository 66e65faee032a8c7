using System.Numerics;

namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>Pairs of ids that merge, with the rank of the merge (the lowest goes first) and the id of the result.</summary>
internal sealed class MergeTable
{
    private readonly long[] _keys;
    private readonly int[] _ranks, _results;
    private readonly int _mask, _shift;

    public MergeTable(int count)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, count * 2));
        _keys = new long[size];
        Array.Fill(_keys, -1);
        _ranks = new int[size];
        _results = new int[size];
        _mask = size - 1;
        _shift = 64 - BitOperations.Log2((uint)size);
    }

    /// <summary>Adds a pair; one that is there keeps its rank or takes the newer, as the caller says.</summary>
    public void Add(int left, int right, int rank, int result, bool replace)
    {
        long key = ((long)left << 32) | (uint)right;
        int at = Slot(key);
        while (_keys[at] >= 0 && _keys[at] != key) at = (at + 1) & _mask;
        if (_keys[at] == key && !replace) return;
        _keys[at] = key;
        _ranks[at] = rank;
        _results[at] = result;
    }

    /// <summary>The rank of a pair, or int.MaxValue where it does not merge.</summary>
    public int Rank(int left, int right, out int result)
    {
        long key = ((long)left << 32) | (uint)right;
        for (int at = Slot(key); ; at = (at + 1) & _mask)
        {
            long found = _keys[at];
            if (found == key)
            {
                result = _results[at];
                return _ranks[at];
            }

            if (found < 0)
            {
                result = -1;
                return int.MaxValue;
            }
        }
    }

    private int Slot(long key) => (int)((ulong)key * 0x9E3779B97F4A7C15 >> _shift);
}

/// <summary>The symbols of a piece while they merge. Not safe for concurrent use.</summary>
internal sealed class MergeQueue
{
    private const int ScanUpTo = 40;

    private readonly PriorityQueue<(int At, int Left, int Right, int Result), long> _queue = new();
    private int[] _ids = new int[64], _starts = new int[64], _ends = new int[64], _next = new int[64], _previous = new int[64], _ranks = new int[64], _results = new int[64];

    public int Count { get; private set; }

    public int[] Ids => _ids;

    public int[] Starts => _starts;

    public int[] Ends => _ends;

    public void Clear() => Count = 0;

    public void Add(int id, int start, int end)
    {
        if (Count == _ids.Length)
        {
            int size = Count * 2;
            Array.Resize(ref _ids, size);
            Array.Resize(ref _starts, size);
            Array.Resize(ref _ends, size);
            Array.Resize(ref _next, size);
            Array.Resize(ref _previous, size);
            Array.Resize(ref _ranks, size);
            Array.Resize(ref _results, size);
        }

        _ids[Count] = id;
        _starts[Count] = start;
        _ends[Count++] = end;
    }

    /// <summary>Merges the pair of lowest rank, the leftmost first, until none is left.</summary>
    public void Merge(MergeTable table)
    {
        if (Count < 2) return;
        if (Count <= ScanUpTo) Scan(table);
        else Heap(table);
    }

    // Few symbols: look through all ranks at each step and close the gap.
    private void Scan(MergeTable table)
    {
        int count = Count;
        int[] ids = _ids, ranks = _ranks, results = _results;
        for (int k = 0; k + 1 < count; k++) ranks[k] = table.Rank(ids[k], ids[k + 1], out results[k]);
        while (count > 1)
        {
            int best = 0, rank = ranks[0];
            for (int k = 1; k + 1 < count; k++)
            {
                if (ranks[k] >= rank) continue;
                rank = ranks[k];
                best = k;
            }

            if (rank == int.MaxValue) break;
            ids[best] = results[best];
            _ends[best] = Math.Max(_ends[best], _ends[best + 1]);
            int rest = count - best - 2;
            if (rest > 0)
            {
                Array.Copy(ids, best + 2, ids, best + 1, rest);
                Array.Copy(_starts, best + 2, _starts, best + 1, rest);
                Array.Copy(_ends, best + 2, _ends, best + 1, rest);
                Array.Copy(ranks, best + 2, ranks, best + 1, rest);
                Array.Copy(results, best + 2, results, best + 1, rest);
            }

            count--;
            if (best + 1 < count) ranks[best] = table.Rank(ids[best], ids[best + 1], out results[best]);
            if (best > 0) ranks[best - 1] = table.Rank(ids[best - 1], ids[best], out results[best - 1]);
        }

        Count = count;
    }

    // Many symbols (a whole text in Llama's layout): a heap and a linked list.
    private void Heap(MergeTable table)
    {
        int count = Count;
        _queue.Clear();
        for (int k = 0; k < count; k++) (_next[k], _previous[k]) = (k + 1 < count ? k + 1 : -1, k - 1);
        for (int k = 0; k + 1 < count; k++) Offer(k);
        while (_queue.TryDequeue(out (int At, int Left, int Right, int Result) top, out _))
        {
            int at = top.At, right = _next[at];
            if (_ids[at] != top.Left || right < 0 || _ids[right] != top.Right) continue;
            _ids[at] = top.Result;
            _ends[at] = Math.Max(_ends[at], _ends[right]);
            _ids[right] = -1;
            _next[at] = _next[right];
            if (_next[at] >= 0) _previous[_next[at]] = at;
            if (_next[at] >= 0) Offer(at);
            if (_previous[at] >= 0) Offer(_previous[at]);
        }

        int kept = 0;
        for (int k = 0; k >= 0; k = _next[k])
        {
            (_ids[kept], _starts[kept], _ends[kept]) = (_ids[k], _starts[k], _ends[k]);
            kept++;
        }

        Count = kept;

        void Offer(int at)
        {
            int left = _ids[at], right = _ids[_next[at]];
            int rank = table.Rank(left, right, out int result);
            if (rank != int.MaxValue) _queue.Enqueue((at, left, right, result), ((long)rank << 32) | (uint)at);
        }
    }
}
