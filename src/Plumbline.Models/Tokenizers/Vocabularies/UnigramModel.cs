using System.Buffers;

namespace Plumbline.Models.Tokenizers.Vocabularies;

/// <summary>
/// Unigram language model (Kudo 2018): the most likely division of a piece. An unknown character costs the smallest
/// score - 10, neighbouring ones become one token, ties go to the division found first from the left; scores in double.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly int _unknown;
    private readonly double _unknownScore;
    private readonly int[]? _bytes;
    private readonly Dictionary<long, int> _edges = [];
    private readonly List<int> _tokenAt = [-1];
    private readonly HashSet<int> _special;
    private readonly HashSet<int> _byteIds = [];

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="scores">Log-probabilities by id.</param>
    /// <param name="unknown">The id of the unknown token, -1 for none.</param>
    /// <param name="byteFallback">Whether unknown text becomes the tokens of its bytes.</param>
    /// <param name="special">Ids that text read as plain must not reach (see <see cref="Workspace.ParseSpecial"/>), nor the byte tokens.</param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, int unknown, bool byteFallback, HashSet<int> special)
    {
        Vocabulary = vocabulary;
        (_scores, _unknown, _special) = (scores, unknown, special);
        double least = double.PositiveInfinity;
        foreach (double score in scores) least = Math.Min(least, score);
        _unknownScore = least - UnknownPenalty;
        if (byteFallback)
        {
            _bytes = vocabulary.ByteTokens();
            _byteIds = [.. _bytes.Where(id => id >= 0)];
        }

        foreach ((string token, int id) in vocabulary.Tokens)
        {
            int node = 0;
            foreach (int point in Utf32.Of(token))
            {
                long edge = ((long)node << 32) | (uint)point;
                if (!_edges.TryGetValue(edge, out int next))
                {
                    _edges[edge] = next = _tokenAt.Count;
                    _tokenAt.Add(-1);
                }

                node = next;
            }

            if (node != 0) _tokenAt[node] = id;
        }
    }

    public Vocabulary Vocabulary { get; }

    public bool ShowsUnknown => true;

    public int UnknownId => _unknown;

    public void Encode(ReadOnlySpan<int> piece, int offset, Workspace space)
    {
        int n = piece.Length;
        bool plain = !space.ParseSpecial;
        double[] best = ArrayPool<double>.Shared.Rent(n + 1);
        int[] from = ArrayPool<int>.Shared.Rent(n + 1), ids = ArrayPool<int>.Shared.Rent(n + 1);
        try
        {
            from.AsSpan(0, n + 1).Fill(-1);
            best[0] = 0;
            for (int start = 0; start < n; start++)
            {
                double here = best[start];
                bool single = false;
                int node = 0;
                for (int end = start; end < n; end++)
                {
                    if (!_edges.TryGetValue(((long)node << 32) | (uint)piece[end], out node)) break;
                    int id = _tokenAt[node];
                    if (id < 0 || (plain && Reserved(id))) continue;
                    Offer(end + 1, start, here + _scores[id], id);
                    single |= end == start;
                }

                if (!single) Offer(start + 1, start, here + _unknownScore, _unknown);
            }

            // Backwards, then in order; a run of unknown tokens is one.
            MergeQueue tokens = space.Merges;
            tokens.Clear();
            for (int end = n; end > 0;)
            {
                int start = from[end], id = ids[end];
                if (id == _unknown)
                    while (start > 0 && ids[start] == _unknown) start = from[start];
                tokens.Add(id, start, end);
                end = start;
            }

            for (int k = tokens.Count - 1; k >= 0; k--) Write(piece, tokens.Ids[k], tokens.Starts[k], tokens.Ends[k], offset, space);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(best);
            ArrayPool<int>.Shared.Return(from);
            ArrayPool<int>.Shared.Return(ids);
        }

        void Offer(int end, int start, double score, int id)
        {
            if (from[end] >= 0 && score <= best[end]) return;
            (best[end], from[end], ids[end]) = (score, start, id);
        }
    }

    private void Write(ReadOnlySpan<int> piece, int id, int start, int end, int offset, Workspace space)
    {
        if (id == _unknown)
        {
            // A fused run may be a token after all; the unknown token's own text stays the unknown token.
            int whole = Vocabulary.IdOf(Utf32.ToString(piece[start..end]));
            if (whole >= 0 && (space.ParseSpecial || !Reserved(whole)))
            {
                id = whole;
            }
            else if (_bytes is not null && AllBytes(piece[start..end]))
            {
                Span<byte> utf8 = stackalloc byte[4];
                for (int k = start; k < end; k++)
                {
                    int count = Utf32.Bytes(piece[k], utf8);
                    for (int j = 0; j < count; j++) space.Add(_bytes[utf8[j]], offset + start, offset + end);
                }

                return;
            }
            else if (_unknown < 0)
            {
                throw new TokenizationException($"The character U+{piece[start]:X4} is not in the vocabulary, and the tokenizer's file names no unknown token (unk_id).");
            }
        }

        space.Add(id, offset + start, offset + end);
    }

    private bool Reserved(int id) => _special.Contains(id) || _byteIds.Contains(id);

    private bool AllBytes(ReadOnlySpan<int> text)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (int point in text)
        {
            int count = Utf32.Bytes(point, utf8);
            for (int k = 0; k < count; k++)
                if (_bytes![utf8[k]] < 0) return false;
        }

        return true;
    }
}
