namespace Plumbline.Models.Tokenizers.Patterns;

/// <summary>A part of a text: a match of a pattern or what lies between two.</summary>
internal readonly record struct Part(int Start, int End, bool Matched);

/// <summary>Divides a text into matches and what lies between them. Immutable; safe for concurrent use.</summary>
internal interface IPattern
{
    /// <summary>Appends the parts of a text, in order; together they cover it. Matches may be empty.</summary>
    void Divide(ReadOnlySpan<int> text, List<Part> parts);
}

/// <summary>Each single character of a class is a match.</summary>
internal sealed class CharacterPattern(Func<int, bool> matches) : IPattern
{
    public void Divide(ReadOnlySpan<int> text, List<Part> parts)
    {
        int last = 0;
        for (int k = 0; k < text.Length; k++)
        {
            if (!matches(text[k])) continue;
            if (last < k) parts.Add(new Part(last, k, false));
            parts.Add(new Part(k, k + 1, true));
            last = k + 1;
        }

        if (last < text.Length) parts.Add(new Part(last, text.Length, false));
    }
}

/// <summary>A literal text. The empty one divides between all characters.</summary>
internal sealed class LiteralPattern(int[] literal) : IPattern
{
    public void Divide(ReadOnlySpan<int> text, List<Part> parts)
    {
        // The reference makes the literal a regular expression, so an empty one matches before each character.
        if (literal.Length == 0)
        {
            int at = 0;
            for (int k = 0; k <= text.Length; k++)
            {
                if (k > at) parts.Add(new Part(at, k, false));
                parts.Add(new Part(k, k, true));
                at = k;
            }

            return;
        }

        int last = 0;
        for (int k = 0; k + literal.Length <= text.Length;)
        {
            int found = text[k..].IndexOf(literal);
            if (found < 0) break;
            int start = k + found;
            if (last < start) parts.Add(new Part(last, start, false));
            last = k = start + literal.Length;
            parts.Add(new Part(start, last, true));
        }

        if (last < text.Length) parts.Add(new Part(last, text.Length, false));
    }
}

/// <summary>The pattern Whitespace of the reference: \w+|[^\w\s]+ with Rust's tables.</summary>
internal sealed class WordPattern : IPattern
{
    public void Divide(ReadOnlySpan<int> text, List<Part> parts)
    {
        int k = 0;
        while (k < text.Length)
        {
            int start = k, kind = Kind(text[k]);
            while (k < text.Length && Kind(text[k]) == kind) k++;
            parts.Add(new Part(start, k, kind != 0));
        }

        static int Kind(int point)
        {
            Unicode.CodePointClass c = Unicode.CodePoints.Of(point);
            return (c & Unicode.CodePointClass.RustWord) != Unicode.CodePointClass.None ? 1 : (c & Unicode.CodePointClass.Space) != Unicode.CodePointClass.None ? 0 : 2;
        }
    }
}
