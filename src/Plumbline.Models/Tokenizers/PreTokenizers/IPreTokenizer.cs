using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.PreTokenizers;

/// <summary>Divides the pieces of a workspace further; added tokens stay. Immutable; safe for concurrent use.</summary>
internal interface IPreTokenizer
{
    void Apply(Workspace space);
}

internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> items) : IPreTokenizer
{
    public void Apply(Workspace space)
    {
        foreach (IPreTokenizer item in items) item.Apply(space);
    }
}

/// <summary>What becomes of a delimiter.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Splits at matches of a pattern.</summary>
internal sealed class SplitPreTokenizer(IPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    private readonly StandardPattern? _standard = behavior == SplitBehavior.Isolated || (behavior == SplitBehavior.Removed && invert) ? pattern as StandardPattern : null;

    public static SplitPreTokenizer WhitespaceSplit { get; } = new(new CharacterPattern(c => CodePoints.Is(c, CodePointClass.Space)), SplitBehavior.Removed);

    public static SplitPreTokenizer Whitespace { get; } = new(new WordPattern(), SplitBehavior.Removed, invert: true);

    public static IPreTokenizer Bert { get; } = new SequencePreTokenizer([WhitespaceSplit, Punctuation(SplitBehavior.Isolated)]);

    public static SplitPreTokenizer Punctuation(SplitBehavior behavior) => new(new CharacterPattern(c => CodePoints.Is(c, CodePointClass.OldPunctuation)), behavior);

    public static SplitPreTokenizer Digits(bool individual) =>
        new(new CharacterPattern(c => CodePoints.Is(c, CodePointClass.Numeric)), individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous);

    public void Apply(Workspace space)
    {
        ReadOnlySpan<int> text = space.Text.Points;
        List<Piece> next = space.NextPieces;
        foreach (Piece piece in space.Pieces)
        {
            if (piece.Token >= 0)
            {
                next.Add(piece);
                continue;
            }

            if (_standard is not null)
            {
                // Each place is the start of a match, so there is nothing to merge or to leave out.
                ReadOnlySpan<int> part = text[piece.Start..piece.End];
                for (int at = 0; at < part.Length;)
                {
                    int end = _standard.Next(part, at);
                    next.Add(new Piece(piece.Start + at, piece.Start + end));
                    at = end;
                }
            }
            else
            {
                Divide(text, piece, space.Parts, next, pattern, behavior, invert);
            }
        }

        space.SwapPieces();
    }

    /// <summary>Appends the pieces of a piece.</summary>
    public static void Divide(ReadOnlySpan<int> text, Piece piece, List<Part> parts, List<Piece> next, IPattern pattern, SplitBehavior behavior, bool invert)
    {
        parts.Clear();
        pattern.Divide(text[piece.Start..piece.End], parts);
        int first = next.Count;
        bool previous = false;
        switch (behavior)
        {
            case SplitBehavior.Removed:
                foreach (Part part in parts)
                    if (part.Matched == invert) Add(part);
                break;
            case SplitBehavior.Isolated:
                foreach (Part part in parts) Add(part);
                break;
            case SplitBehavior.Contiguous:
                foreach (Part part in parts)
                {
                    bool matched = part.Matched != invert;
                    if (matched == previous && next.Count > first) next[^1] = next[^1] with { End = piece.Start + part.End };
                    else Add(part);
                    previous = matched;
                }

                break;
            case SplitBehavior.MergedWithPrevious:
                foreach (Part part in parts)
                {
                    bool matched = part.Matched != invert;
                    if (matched && !previous && next.Count > first) next[^1] = next[^1] with { End = piece.Start + part.End };
                    else Add(part);
                    previous = matched;
                }

                break;
            default:
                for (int k = parts.Count - 1; k >= 0; k--)
                {
                    bool matched = parts[k].Matched != invert;
                    if (matched && !previous && next.Count > first) next[^1] = next[^1] with { Start = piece.Start + parts[k].Start };
                    else Add(parts[k]);
                    previous = matched;
                }

                next.Reverse(first, next.Count - first);
                break;
        }

        // Empty pieces count while neighbours are merged and are dropped only now.
        int kept = first;
        for (int k = first; k < next.Count; k++)
            if (next[k].End > next[k].Start) next[kept++] = next[k];
        next.RemoveRange(kept, next.Count - kept);

        void Add(Part part) => next.Add(new Piece(piece.Start + part.Start, piece.Start + part.End));
    }
}

/// <summary>Pieces of a fixed number of characters.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    public void Apply(Workspace space)
    {
        foreach (Piece piece in space.Pieces)
        {
            if (piece.Token >= 0) space.NextPieces.Add(piece);
            else
                for (int at = piece.Start; at < piece.End; at += length) space.NextPieces.Add(new Piece(at, (int)Math.Min((long)at + length, piece.End)));
        }

        space.SwapPieces();
    }
}

/// <summary>Divides where the script changes; Japanese syllabaries count as Han, a space belongs to any script.</summary>
internal sealed class ScriptPreTokenizer : IPreTokenizer
{
    private const int Any = -1;
    private static readonly int Han = CodePoints.ScriptNamed("Han");
    private static readonly int Hiragana = CodePoints.ScriptNamed("Hiragana");
    private static readonly int Katakana = CodePoints.ScriptNamed("Katakana");

    public void Apply(Workspace space)
    {
        foreach (Piece piece in space.Pieces)
        {
            if (piece.Token >= 0)
            {
                space.NextPieces.Add(piece);
                continue;
            }

            // The reference begins with the first character that has a script: spaces before it are lost.
            int last = int.MinValue, start = -1;
            for (int k = piece.Start; k < piece.End; k++)
            {
                int script = Of(space.Text.Points[k]);
                if (script == Any) continue;
                if (script != last)
                {
                    if (start >= 0) space.NextPieces.Add(new Piece(start, k));
                    start = k;
                }

                last = script;
            }

            if (start >= 0) space.NextPieces.Add(new Piece(start, piece.End));
        }

        space.SwapPieces();

        static int Of(int point)
        {
            if (point == 0x30FC) return Han;
            if (point == ' ' || !CodePoints.Is(point, CodePointClass.InUnicode9)) return Any;
            int script = CodePoints.Script(point);
            return script == Hiragana || script == Katakana ? Han : script;
        }
    }
}

/// <summary>Spaces become a visible character, and a piece may get one in front.</summary>
internal sealed class MetaspacePreTokenizer(int replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    private readonly IPattern _pattern = new LiteralPattern([replacement]);

    public void Apply(Workspace space)
    {
        TextBuffer text = space.Text, next = space.NextText;
        foreach (Piece piece in space.Pieces)
        {
            int start = next.Length;
            if (piece.Token >= 0)
            {
                next.AddPart(text, piece.Start, piece.End);
                space.NextPieces.Add(new Piece(start, next.Length, piece.Token));
                continue;
            }

            int first = text.Points[piece.Start];
            bool starts = first == ' ' || first == replacement;
            if (!starts && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && text.From(piece.Start) == 0)))
                next.Add(replacement, text.From(piece.Start), text.To(piece.Start));
            for (int k = piece.Start; k < piece.End; k++)
            {
                int point = text.Points[k];
                next.Add(point == ' ' ? replacement : point, text.From(k), text.To(k));
            }

            Piece whole = new(start, next.Length);
            if (split) SplitPreTokenizer.Divide(next.Points, whole, space.Parts, space.NextPieces, _pattern, SplitBehavior.MergedWithNext, invert: false);
            else space.NextPieces.Add(whole);
        }

        space.SwapText();
        space.SwapPieces();
    }
}

/// <summary>When Metaspace puts its character in front.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}

/// <summary>Divides by GPT-2's expression where asked, then writes each byte as its character.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    public void Apply(Workspace space)
    {
        if (addPrefixSpace) AddSpaces(space);
        TextBuffer text = space.Text, next = space.NextText;
        Span<byte> bytes = stackalloc byte[4];
        ReadOnlySpan<int> points = text.Points;
        foreach (Piece piece in space.Pieces)
        {
            if (piece.Token >= 0)
            {
                int start = next.Length;
                next.AddPart(text, piece.Start, piece.End);
                space.NextPieces.Add(new Piece(start, next.Length, piece.Token));
                continue;
            }

            ReadOnlySpan<int> part = points[piece.Start..piece.End];
            for (int at = 0; at < part.Length;)
            {
                int end = useRegex ? StandardPattern.Gpt2.Next(part, at) : part.Length;
                int start = next.Length;
                for (int k = at; k < end; k++)
                {
                    int point = part[k], from = text.From(piece.Start + k), to = text.To(piece.Start + k);
                    if (point is > ' ' and < 0x7F)
                    {
                        next.Add(point, from, to);
                        continue;
                    }

                    int count = Utf32.Bytes(point, bytes);
                    for (int j = 0; j < count; j++) next.Add(ByteAlphabet.Character(bytes[j]), from, to);
                }

                space.NextPieces.Add(new Piece(start, next.Length));
                at = end;
            }
        }

        space.SwapText();
        space.SwapPieces();
    }

    private static void AddSpaces(Workspace space)
    {
        TextBuffer text = space.Text, next = space.NextText;
        foreach (Piece piece in space.Pieces)
        {
            int start = next.Length;
            if (piece.Token < 0 && text.Points[piece.Start] != ' ') next.Add(' ', text.From(piece.Start), text.To(piece.Start));
            next.AddPart(text, piece.Start, piece.End);
            space.NextPieces.Add(new Piece(start, next.Length, piece.Token));
        }

        space.SwapText();
        space.SwapPieces();
    }
}
