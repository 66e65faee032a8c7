using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.PostProcessing;

/// <summary>A token of a template, or (with <see cref="Sequence"/> ≥ 0) the first or second text.</summary>
internal readonly record struct TemplatePiece(int Sequence, int Type, int Id = -1, string Token = "");

/// <summary>What is put around one text or two.</summary>
internal sealed record Template(IReadOnlyList<TemplatePiece> Single, IReadOnlyList<TemplatePiece> Pair);

/// <summary>Start and end tokens, and spans without their leading spaces. Immutable; safe for concurrent use.</summary>
/// <param name="Template">What to put around; null for nothing.</param>
/// <param name="TrimSpans">Whether white space leaves the spans.</param>
/// <param name="AddPrefixSpace">Whether the first token's space was added and so has no span.</param>
/// <param name="KeepTypesWithoutSpecial">Whether the template gives types also when no tokens are added.</param>
/// <param name="TypesOfOverflow">Whether the template gives types also to what truncation cut off; in the reference only RoBERTa's does.</param>
internal sealed record PostProcessor(Template? Template, bool TrimSpans = false, bool AddPrefixSpace = false, bool KeepTypesWithoutSpecial = true, bool TypesOfOverflow = false)
{
    /// <summary>How many tokens are added around one text or two.</summary>
    public int Added(bool pair)
    {
        if (Template is null) return 0;
        int count = 0;
        foreach (TemplatePiece piece in pair ? Template.Pair : Template.Single)
            if (piece.Sequence < 0) count++;
        return count;
    }

    public void Trim(TokenEncoding encoding)
    {
        if (!TrimSpans) return;
        for (int k = 0; k < encoding.Count; k++)
        {
            int[] token = Utf32.Of(encoding.TokenList[k]);
            int leading = 0, trailing = 0;
            while (leading < token.Length && Space(token[leading])) leading++;
            while (trailing < token.Length && Space(token[token.Length - 1 - trailing])) trailing++;
            if (leading == 0 && trailing == 0) continue;
            (int start, int end) = encoding.SpanList[k];
            if (leading > 0)
            {
                // A single space of the first token is the one that was added.
                if ((k == 0 || start == 0) && AddPrefixSpace && leading == 1) leading = 0;
                start = Math.Min(start + leading, end);
            }

            if (trailing > 0 && end >= trailing) end = Math.Max(end - trailing, start);
            encoding.SpanList[k] = new TokenSpan(start, end);
        }

        static bool Space(int point) => point == 0x120 || CodePoints.Is(point, CodePointClass.Space);
    }

    public TokenEncoding Apply(TokenEncoding first, TokenEncoding? second, bool addSpecial)
    {
        first.SetSource(0, 0);
        second?.SetSource(1, 1);
        if (Template is null || (!addSpecial && !KeepTypesWithoutSpecial)) return second is null ? first : TokenEncoding.Join(first, second);
        TokenEncoding? all = null;
        foreach (TemplatePiece piece in second is null ? Template.Single : Template.Pair)
        {
            TokenEncoding part;
            if (piece.Sequence >= 0)
            {
                part = piece.Sequence == 0 ? first : second ?? throw new TokenizationException("The template for one text names the second.");
                if (TypesOfOverflow) part.SetSource(piece.Type, piece.Sequence);
                else part.SetType(piece.Type);
            }
            else
            {
                if (!addSpecial) continue;
                part = new TokenEncoding(1);
                part.Add(piece.Id, piece.Token, default, piece.Type, -1, -1, added: true);
            }

            all = all is null ? part : TokenEncoding.Join(all, part);
        }

        return all ?? new TokenEncoding(0);
    }
}
