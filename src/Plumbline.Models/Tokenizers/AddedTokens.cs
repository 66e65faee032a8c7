using Plumbline.Models.Tokenizers.Normalizers;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// A token that is found in the text before everything else. <see cref="SingleWord"/>: no word character may stand beside
/// it. <see cref="StripLeft"/>, <see cref="StripRight"/>: it swallows white space there. <see cref="Normalized"/>: it is
/// looked for in the normalised text. <see cref="Special"/>: it can be read as plain text and left out when decoding.
/// </summary>
public sealed record AddedToken(int Id, string Content, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized, bool Special);

/// <summary>Finds added tokens, leftmost and longest first. Immutable; safe for concurrent use.</summary>
internal sealed class AddedTokens
{
    private readonly Matcher _raw, _normalized;

    /// <param name="tokens">All added tokens; empty ones are ignored.</param>
    /// <param name="normalizer">What normalised tokens go through themselves.</param>
    public AddedTokens(IReadOnlyList<AddedToken> tokens, INormalizer? normalizer)
    {
        Tokens = tokens;
        List<(int[] Text, AddedToken Token)> raw = [], normalized = [];
        foreach (AddedToken token in tokens)
        {
            if (token.Content.Length == 0) continue;
            int[] text = Utf32.Of(token.Content);
            if (!token.Normalized)
            {
                raw.Add((text, token));
                Texts[token.Id] = token.Content;
                continue;
            }

            if (normalizer is not null)
            {
                TextBuffer buffer = new() { Limit = 65_536 };
                buffer.AddText(token.Content);
                normalizer.Apply(buffer);
                text = buffer.Points.ToArray();
            }

            Texts[token.Id] = Utf32.ToString(text);
            if (text.Length > 0) normalized.Add((text, token));
        }

        _raw = new Matcher(raw);
        _normalized = new Matcher(normalized);
        foreach (AddedToken token in tokens)
            if (token.Special) SpecialTexts.Add(token.Content);
    }

    public IReadOnlyList<AddedToken> Tokens { get; }

    /// <summary>What each added id decodes to: a normalised token's normalised text.</summary>
    public Dictionary<int, string> Texts { get; } = [];

    public HashSet<string> SpecialTexts { get; } = [];

    /// <summary>The pieces of a text before normalisation.</summary>
    public void FindRaw(ReadOnlySpan<int> text, bool parseSpecial, List<Piece> pieces) => _raw.Find(text, parseSpecial, pieces);

    /// <summary>The pieces of a normalised part.</summary>
    public void FindNormalized(ReadOnlySpan<int> text, bool parseSpecial, List<Piece> pieces) => _normalized.Find(text, parseSpecial, pieces);

    private sealed class Matcher
    {
        private readonly Dictionary<long, int> _edges = [];
        private readonly List<AddedToken?> _ends = [null];
        private readonly bool[] _lowStarts = new bool[256];
        private readonly HashSet<int> _starts = [];

        public Matcher(List<(int[] Text, AddedToken Token)> tokens)
        {
            foreach ((int[] text, AddedToken token) in tokens)
            {
                int node = 0;
                foreach (int point in text)
                {
                    long edge = ((long)node << 32) | (uint)point;
                    if (!_edges.TryGetValue(edge, out int next))
                    {
                        _edges[edge] = next = _ends.Count;
                        _ends.Add(null);
                    }

                    node = next;
                }

                _ends[node] ??= token;
                _starts.Add(text[0]);
                if (text[0] < 256) _lowStarts[text[0]] = true;
            }
        }

        public void Find(ReadOnlySpan<int> text, bool parseSpecial, List<Piece> pieces)
        {
            int done = 0;
            if (_starts.Count > 0)
            {
                for (int at = 0; at < text.Length;)
                {
                    int point = text[at];
                    if (!(point < 256 ? _lowStarts[point] : _starts.Contains(point)) || Longest(text, at, out int end) is not { } token)
                    {
                        at++;
                        continue;
                    }

                    int start = at;
                    at = end;
                    if (token.Special && !parseSpecial) continue;
                    if (token.SingleWord && ((start > 0 && Word(text[start - 1])) || (end < text.Length && Word(text[end])))) continue;
                    if (token.StripLeft)
                    {
                        while (start > done && Space(text[start - 1])) start--;
                        start = Math.Max(start, done);
                    }

                    if (token.StripRight)
                        while (end < text.Length && Space(text[end])) end++;
                    if (done < start) pieces.Add(new Piece(done, start));
                    if (end > start) pieces.Add(new Piece(start, end, token.Id));
                    done = end;
                }
            }

            if (done < text.Length) pieces.Add(new Piece(done, text.Length));
        }

        private static bool Word(int point) => CodePoints.Is(point, CodePointClass.RustWord);

        private static bool Space(int point) => CodePoints.Is(point, CodePointClass.Space);

        private AddedToken? Longest(ReadOnlySpan<int> text, int at, out int end)
        {
            AddedToken? found = null;
            end = at;
            int node = 0;
            for (int k = at; k < text.Length && _edges.TryGetValue(((long)node << 32) | (uint)text[k], out node); k++)
            {
                if (_ends[node] is not { } token) continue;
                found = token;
                end = k + 1;
            }

            return found;
        }
    }
}
