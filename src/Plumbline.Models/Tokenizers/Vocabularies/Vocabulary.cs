namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>Token texts and their ids, which may have holes. Immutable.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids from here on are refused: real vocabularies stay below 2^19.</summary>
    public const int IdLimit = 1 << 24;

    private readonly Dictionary<string, int> _ids;
    private readonly string?[]? _dense;
    private readonly Dictionary<int, string>? _sparse;

    /// <param name="ids">Texts with ids in [0, <see cref="IdLimit"/>), no id twice.</param>
    public Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        int limit = 0;
        foreach (int id in ids.Values) limit = Math.Max(limit, id + 1);
        Limit = limit;
        if (limit <= (ids.Count * 4) + 65_536)
        {
            _dense = new string?[limit];
            foreach ((string token, int id) in ids) _dense[id] = token;
        }
        else
        {
            _sparse = ids.ToDictionary(p => p.Value, p => p.Key);
        }

        Spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Spans { get; }

    public int Count => _ids.Count;

    /// <summary>The largest id + 1.</summary>
    public int Limit { get; }

    public IEnumerable<KeyValuePair<string, int>> Tokens => _ids;

    public int IdOf(string token) => _ids.GetValueOrDefault(token, -1);

    public string? TextOf(int id) => _dense is null ? _sparse!.GetValueOrDefault(id) : (uint)id < (uint)_dense.Length ? _dense[id] : null;

    /// <summary>The ids of the byte tokens &lt;0x00&gt; to &lt;0xFF&gt;, -1 where there is none.</summary>
    public int[] ByteTokens() => [.. Enumerable.Range(0, 256).Select(b => IdOf($"<0x{b:X2}>"))];
}

/// <summary>Divides a piece into tokens. Immutable; safe for concurrent use, each with its own workspace.</summary>
internal interface ITokenModel
{
    Vocabulary Vocabulary { get; }

    /// <summary>Appends the tokens of a piece to the workspace.</summary>
    /// <param name="piece">The characters of the piece.</param>
    /// <param name="offset">Where the piece begins in the workspace's text.</param>
    /// <param name="space">Receives the tokens.</param>
    /// <exception cref="TokenizationException">A character is unknown and there is no token for that.</exception>
    void Encode(ReadOnlySpan<int> piece, int offset, Workspace space);

    /// <summary>Whether an unknown token shows the text it stands for.</summary>
    bool ShowsUnknown => false;

    /// <summary>The id of the unknown token, or -1.</summary>
    int UnknownId => -1;
}
