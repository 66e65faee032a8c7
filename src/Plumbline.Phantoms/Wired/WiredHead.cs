namespace Plumbline.Phantoms.Wired;

/// <summary>
/// An attention head as a lookup: each position asks (query), each position up to it answers (key), the position with the best
/// match is read (value) and what was read is written. Of equal matches the mean is read; a head without a match reads the mean of all.
/// </summary>
internal sealed class WiredHead(int layer, int index, string name)
{
    private readonly List<(Vector Query, Vector Key)> _matches = [];
    private readonly List<(Vector Value, Vector Write)> _moves = [];

    public int Layer { get; } = layer;

    public int Index { get; } = index;

    public string Name { get; } = name;

    /// <summary>The match is the sum of query times key over these; levels that compete must be at least one half apart.</summary>
    public IReadOnlyList<(Vector Query, Vector Key)> Matches => _matches;

    /// <summary>What is read at the match, and where it is written.</summary>
    public IReadOnlyList<(Vector Value, Vector Write)> Moves => _moves;

    /// <summary>How many positions behind the query it looks, whatever stands there; null for a lookup by content.</summary>
    public int? Distance { get; private set; }

    /// <summary>Looks at the position so far behind the query by rotation, which Llama has; where there is none, at all alike.</summary>
    public WiredHead Behind(int distance)
    {
        Distance = distance;
        return this;
    }

    public WiredHead Match(Vector query, Vector key)
    {
        _matches.Add((query, key));
        return this;
    }

    public WiredHead Match(Space query, Space key) => Pairs(query, key, (q, k) => Match(q, k));

    public WiredHead Move(Vector value, Vector write)
    {
        _moves.Add((value, write));
        return this;
    }

    public WiredHead Move(Space value, Space write) => Pairs(value, write, (v, w) => Move(v, w));

    private WiredHead Pairs(Space from, Space to, Action<Vector, Vector> pair)
    {
        if (from.Width != to.Width) throw new ArgumentException($"{Name}: {from.Name} has {from.Width} coordinates and {to.Name} {to.Width}.", nameof(to));
        for (int i = 0; i < from.Width; i++) pair(from[i], to[i]);
        return this;
    }
}
