using System.Buffers;

namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>Each piece is a token or unknown.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknownToken) : ITokenModel
{
    private readonly int _unknown = vocabulary.IdOf(unknownToken);

    public Vocabulary Vocabulary => vocabulary;

    public void Encode(ReadOnlySpan<int> piece, int offset, Workspace space)
    {
        int id = vocabulary.IdOf(Utf32.ToString(piece));
        if (id < 0) id = _unknown;
        if (id < 0) throw new TokenizationException($"The word \"{Utf32.ToString(piece[..Math.Min(piece.Length, 40)])}\" is not in the vocabulary, and neither is the unknown token \"{unknownToken}\".");
        space.Add(id, offset, offset + piece.Length);
    }
}

/// <summary>WordPiece (Wu et al. 2016): the longest token first; a word that cannot be covered is unknown as a whole.</summary>
internal sealed class WordPieceModel : ITokenModel
{
    private const int LongestToken = 256;

    private readonly string _unknownToken, _prefix;
    private readonly int _unknown, _most, _longest;

    public WordPieceModel(Vocabulary vocabulary, string unknownToken, string prefix, int mostCharacters)
    {
        Vocabulary = vocabulary;
        (_unknownToken, _prefix, _most) = (unknownToken, prefix, mostCharacters);
        _unknown = vocabulary.IdOf(unknownToken);

        // Longer ones would only make the search slow; a word has a hundred characters.
        foreach ((string token, _) in vocabulary.Tokens)
            if (token.Length <= LongestToken) _longest = Math.Max(_longest, token.Length);
    }

    public Vocabulary Vocabulary { get; }

    public void Encode(ReadOnlySpan<int> piece, int offset, Workspace space)
    {
        if (piece.Length > _most)
        {
            space.Add(Unknown(piece), offset, offset + piece.Length);
            return;
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
        char[] text = ArrayPool<char>.Shared.Rent(_prefix.Length + (_longest * 2) + 2);
        _prefix.CopyTo(text);
        int start = 0;
        while (start < piece.Length)
        {
            int end = Math.Min(piece.Length, start + _longest), id = -1;
            Span<char> characters = text.AsSpan(_prefix.Length);
            int length = Utf32.Write(piece[start..end], characters);
            while (end > start)
            {
                ReadOnlySpan<char> candidate = start == 0 ? characters[..length] : text.AsSpan(0, _prefix.Length + length);
                if (Vocabulary.Spans.TryGetValue(candidate, out id)) break;
                id = -1;
                end--;
                length -= piece[end] < 0x10000 ? 1 : 2;
            }

            if (id < 0)
            {
                symbols.Clear();
                symbols.Add(Unknown(piece), 0, piece.Length);
                break;
            }

            symbols.Add(id, start, end);
            start = end;
        }

        ArrayPool<char>.Shared.Return(text);
        for (int k = 0; k < symbols.Count; k++) space.Add(symbols.Ids[k], offset + symbols.Starts[k], offset + symbols.Ends[k]);
        if (!cached) return;
        Span<int> triples = stackalloc int[symbols.Count * 3];
        for (int k = 0; k < symbols.Count; k++) (triples[k * 3], triples[(k * 3) + 1], triples[(k * 3) + 2]) = (symbols.Ids[k], symbols.Starts[k], symbols.Ends[k]);
        space.Cache.Add(piece, hash, triples);
    }

    private int Unknown(ReadOnlySpan<int> piece) => _unknown >= 0
        ? _unknown
        : throw new TokenizationException($"The word \"{Utf32.ToString(piece[..Math.Min(piece.Length, 40)])}\" cannot be covered, and the unknown token \"{_unknownToken}\" is not in the vocabulary.");
}
