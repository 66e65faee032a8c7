using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.Normalizers;

/// <summary>Rewrites a text before it is divided. Immutable; safe for concurrent use.</summary>
internal interface INormalizer
{
    void Apply(TextBuffer text);
}

internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> items) : INormalizer
{
    public void Apply(TextBuffer text)
    {
        foreach (INormalizer item in items) item.Apply(text);
    }
}

/// <summary>Lower case, character by character (a final sigma stays σ).</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    public void Apply(TextBuffer text)
    {
        text.BeginRewrite();
        foreach (int point in text.Points)
        {
            int[]? lower = CodePoints.Lower(point);
            if (lower is null)
            {
                text.Keep();
                continue;
            }

            for (int k = 0; k < lower.Length; k++) text.Emit(lower[k], k == 0 ? 0 : 1);
        }

        text.EndRewrite();
    }
}

/// <summary>Drops or replaces single characters by class.</summary>
internal sealed class FilterNormalizer(CodePointClass removed, CodePointClass toSpace = CodePointClass.None) : INormalizer
{
    public static FilterNormalizer StripAccents { get; } = new(CodePointClass.Accent);

    public static FilterNormalizer Nmt { get; } = new(CodePointClass.NmtRemoved, CodePointClass.NmtSpace);

    public void Apply(TextBuffer text)
    {
        text.BeginRewrite();
        foreach (int point in text.Points)
        {
            CodePointClass c = CodePoints.Of(point);
            if ((c & removed) != CodePointClass.None) text.Skip(1);
            else if ((c & toSpace) != CodePointClass.None) text.Emit(' ', 0);
            else text.Keep();
        }

        text.EndRewrite();
    }
}

/// <summary>Drops white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public void Apply(TextBuffer text)
    {
        ReadOnlySpan<int> points = text.Points;
        int start = 0, end = points.Length;
        while (left && start < end && CodePoints.Is(points[start], CodePointClass.Space)) start++;
        while (right && end > start && CodePoints.Is(points[end - 1], CodePointClass.Space)) end--;
        if (start == 0 && end == points.Length) return;
        text.BeginRewrite();
        text.Skip(start);
        for (int k = start; k < end; k++) text.Keep();
        text.EndRewrite();
    }
}

internal sealed class PrependNormalizer(int[] prefix) : INormalizer
{
    public void Apply(TextBuffer text) => text.Prepend(prefix);
}

/// <summary>Replaces each match by a literal text, which takes the span of the last replaced character.</summary>
internal sealed class ReplaceNormalizer(IPattern pattern, int[] content) : INormalizer
{
    public void Apply(TextBuffer text)
    {
        List<Part> parts = [];
        pattern.Divide(text.Points, parts);
        if (!parts.Exists(p => p.Matched)) return;
        text.BeginRewrite();
        foreach (Part part in parts)
        {
            if (part.Matched)
            {
                text.Skip(part.End - part.Start);
                foreach (int point in content) text.Emit(point, 1);
            }
            else
            {
                for (int k = part.Start; k < part.End; k++) text.Keep();
            }
        }

        text.EndRewrite();
    }
}

/// <summary>UTF-8 bytes as characters of the byte alphabet.</summary>
internal sealed class ByteLevelNormalizer : INormalizer
{
    public void Apply(TextBuffer text)
    {
        Span<byte> bytes = stackalloc byte[4];
        text.BeginRewrite();
        foreach (int point in text.Points)
        {
            int count = Utf32.Bytes(point, bytes);
            for (int k = 0; k < count; k++) text.Emit(ByteAlphabet.Character(bytes[k]), k == 0 ? 0 : 1);
        }

        text.EndRewrite();
    }
}

/// <summary>BERT's cleaning; accents go where asked for or, when nothing is said, with lower case.</summary>
internal sealed class BertNormalizer(bool cleanText, bool handleChinese, bool? stripAccents, bool lowercase) : INormalizer
{
    private static readonly FilterNormalizer Clean = new(CodePointClass.BertRemoved, CodePointClass.BertSpace);
    private static readonly FilterNormalizer Accents = new(CodePointClass.NonSpacingMark);
    private static readonly LowercaseNormalizer Lower = new();

    public void Apply(TextBuffer text)
    {
        if (cleanText) Clean.Apply(text);
        if (handleChinese)
        {
            text.BeginRewrite();
            foreach (int point in text.Points)
            {
                if (!CodePoints.Is(point, CodePointClass.BertChinese))
                {
                    text.Keep();
                    continue;
                }

                text.Emit(' ', 0);
                text.Emit(point, 1);
                text.Emit(' ', 1);
            }

            text.EndRewrite();
        }

        if (stripAccents ?? lowercase)
        {
            UnicodeNormalizer.Nfd.Apply(text);
            Accents.Apply(text);
        }

        if (lowercase) Lower.Apply(text);
    }
}
