using System.Buffers;
using System.Text;

namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>What a BPE model does besides merging.</summary>
internal sealed record BpeOptions
{
    public string? UnknownToken { get; init; }

    public string? ContinuingSubwordPrefix { get; init; }

    public string? EndOfWordSuffix { get; init; }

    /// <summary>Neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Unknown characters become the tokens of their bytes.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A piece that is a token is taken whole.</summary>
    public bool IgnoreMerges { get; init; }
}

/// <summary>Byte pair encoding (Sennrich et al. 2016): merges by lowest rank, leftmost first.</summary>
internal sealed class BpeModel : ITokenModel
{
    private const int Direct = 0x3100;

    private readonly MergeTable _merges;
    private readonly BpeOptions _options;
    private readonly bool _affixes;
    private readonly int _unknown = -1;
    private readonly int[] _low = new int[Direct];
    private readonly Dictionary<int, int> _high = [];
    private readonly int[]? _bytes;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="merges">Pairs in the order of their ranks.</param>
    /// <param name="options">What else.</param>
    /// <exception cref="TokenizerFormatException">A merge names a token, or makes one, that the vocabulary lacks.</exception>
    public BpeModel(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges, BpeOptions options) : this(vocabulary, options, new MergeTable(merges.Count))
    {
        int prefix = options.ContinuingSubwordPrefix?.Length ?? 0;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            int a = Id(left, rank), b = Id(right, rank);
            if (right.Length < prefix) throw new TokenizerFormatException($"Merge {rank} (\"{left}\" + \"{right}\"): the second part is shorter than the continuing_subword_prefix.");
            _merges.Add(a, b, rank, Id(left + right[prefix..], rank), replace: true);
        }

        int Id(string token, int rank)
        {
            int id = vocabulary.IdOf(token);
            return id >= 0 ? id : throw new TokenizerFormatException($"Merge {rank} names \"{token}\", which the vocabulary does not hold.");
        }
    }

    /// <summary>SentencePiece's BPE: any two neighbours merge whose joined text is a token, the one with the best score first.</summary>
    public BpeModel(Vocabulary vocabulary, Func<int, float> score, Func<int, bool> mergeable, BpeOptions options) : this(vocabulary, options, new MergeTable(SpaceFor(vocabulary, mergeable)))
    {
        List<(string Token, int Id)> tokens = [.. vocabulary.Tokens.Where(t => mergeable(t.Value)).Select(t => (t.Key, t.Value))];
        tokens.Sort((a, b) => (-score(a.Id)).CompareTo(-score(b.Id)));
        int rank = -1;
        float last = float.NaN;
        foreach ((string token, int id) in tokens)
        {
            if (score(id) != last) rank++;
            last = score(id);
            for (int cut = 1; cut < token.Length; cut++)
            {
                if (char.IsLowSurrogate(token[cut])) continue;
                if (vocabulary.Spans.TryGetValue(token.AsSpan(0, cut), out int left) && vocabulary.Spans.TryGetValue(token.AsSpan(cut), out int right) && mergeable(left) && mergeable(right))
                    _merges.Add(left, right, rank, id, replace: false);
            }
        }
    }

    private BpeModel(Vocabulary vocabulary, BpeOptions options, MergeTable merges)
    {
        Vocabulary = vocabulary;
        _options = options;
        _merges = merges;
        _affixes = !string.IsNullOrEmpty(options.ContinuingSubwordPrefix) || !string.IsNullOrEmpty(options.EndOfWordSuffix);
        if (options.UnknownToken is not null) _unknown = vocabulary.IdOf(options.UnknownToken);
        if (options.ByteFallback) _bytes = vocabulary.ByteTokens();
        Array.Fill(_low, -1);
        foreach ((string token, int id) in vocabulary.Tokens)
        {
            if (token.Length is 0 or > 2 || Rune.DecodeFromUtf16(token, out Rune rune, out int used) != OperationStatus.Done || used != token.Length) continue;
            if (rune.Value < Direct) _low[rune.Value] = id;
            else _high[rune.Value] = id;
        }
    }

    public Vocabulary Vocabulary { get; }

    public void Encode(ReadOnlySpan<int> piece, int offset, Workspace space)
    {
        if (piece.Length == 1 && !_affixes)
        {
            int id = Single(piece[0]);
            if (id >= 0)
            {
                space.Add(id, offset, offset + 1);
                return;
            }
        }

        bool cached = piece.Length <= PieceCache.LongestPiece;
        uint hash = 0;
        if (cached)
        {
            hash = PieceCache.Hash(piece);
            if (space.Cache.TryGet(piece, hash, out ReadOnlySpan<int> tokens))
            {
                for (int k = 0; k < tokens.Length; k += 3) space.Add(tokens[k], offset + tokens[k + 1], offset + tokens[k + 2]);
                return;
            }
        }

        MergeQueue symbols = space.Merges;
        symbols.Clear();
        if (!_options.IgnoreMerges || !Whole(piece, symbols))
        {
            Symbols(piece, symbols);
            symbols.Merge(_merges);
        }

        for (int k = 0; k < symbols.Count; k++) space.Add(symbols.Ids[k], offset + symbols.Starts[k], offset + symbols.Ends[k]);
        if (!cached || symbols.Count > PieceCache.LongestPiece * 4) return;
        Span<int> triples = stackalloc int[symbols.Count * 3];
        for (int k = 0; k < symbols.Count; k++) (triples[k * 3], triples[(k * 3) + 1], triples[(k * 3) + 2]) = (symbols.Ids[k], symbols.Starts[k], symbols.Ends[k]);
        space.Cache.Add(piece, hash, triples);
    }

    private static int SpaceFor(Vocabulary vocabulary, Func<int, bool> mergeable)
    {
        long pairs = 0, work = 0;
        foreach ((string token, int id) in vocabulary.Tokens)
        {
            if (!mergeable(id)) continue;
            work += (long)token.Length * token.Length;
            if (work > 1 << 30) throw new TokenizerFormatException("The vocabulary's tokens are too long to be joined by SentencePiece's rule; it is no real one.");
            for (int cut = 1; cut < token.Length; cut++)
                if (vocabulary.Spans.ContainsKey(token.AsSpan(0, cut)) && vocabulary.Spans.ContainsKey(token.AsSpan(cut))) pairs++;
        }

        return pairs <= 1 << 24 ? (int)pairs : throw new TokenizerFormatException("The vocabulary's tokens can be joined in more than 16 million ways; it is no real one.");
    }

    private int Single(int point) => point < Direct ? _low[point] : _high.GetValueOrDefault(point, -1);

    private bool Whole(ReadOnlySpan<int> piece, MergeQueue symbols)
    {
        char[]? rented = piece.Length > 128 ? ArrayPool<char>.Shared.Rent(piece.Length * 2) : null;
        Span<char> text = rented ?? stackalloc char[256];
        int length = Utf32.Write(piece, text);
        bool found = Vocabulary.Spans.TryGetValue(text[..length], out int id);
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        if (found) symbols.Add(id, 0, piece.Length);
        return found;
    }

    // The characters to merge. An unknown one waits until a known one or the end comes, as in the reference.
    private void Symbols(ReadOnlySpan<int> piece, MergeQueue symbols)
    {
        int waitStart = -1, waitEnd = -1;
        Span<byte> utf8 = stackalloc byte[4];
        for (int k = 0; k < piece.Length; k++)
        {
            string? text = _affixes ? Affixed(piece, k) : null;
            int id = text is null ? Single(piece[k]) : Vocabulary.IdOf(text);
            if (id >= 0)
            {
                Flush();
                symbols.Add(id, k, k + 1);
                continue;
            }

            if (_bytes is not null)
            {
                ReadOnlySpan<byte> all = text is null ? utf8[..Utf32.Bytes(piece[k], utf8)] : Encoding.UTF8.GetBytes(text);
                bool known = true;
                foreach (byte b in all) known &= _bytes[b] >= 0;
                if (known)
                {
                    foreach (byte b in all) symbols.Add(_bytes[b], k, k + 1);
                    continue;
                }
            }

            // Without an unknown token the reference drops the character without a word.
            if (_options.UnknownToken is null) continue;
            if (_unknown < 0)
                throw new TokenizationException($"The character U+{piece[k]:X4} is not in the vocabulary, and neither is the unknown token \"{_options.UnknownToken}\" of the tokenizer's file.");
            if (!_options.FuseUnknown) Flush();
            if (waitStart < 0) waitStart = k;
            waitEnd = k + 1;
        }

        Flush();

        void Flush()
        {
            if (waitStart >= 0) symbols.Add(_unknown, waitStart, waitEnd);
            waitStart = -1;
        }
    }

    private string Affixed(ReadOnlySpan<int> piece, int at)
    {
        string text = char.ConvertFromUtf32(piece[at]);
        if (at > 0) text = _options.ContinuingSubwordPrefix + text;
        return at == piece.Length - 1 ? text + _options.EndOfWordSuffix : text;
    }
}
