using System.Runtime.InteropServices;

namespace Plumbline.Models.Tokenizers;

/// <summary>A span [Start, End) of a text in code points (not UTF-16 units).</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TokenSpan(int Start, int End);

/// <summary>
/// An encoded text or pair, all lists of one length: ids, token texts, spans in the text that a token came from,
/// segment (type) ids, the text a token belongs to (0, 1, or -1 where it was added), word numbers (-1 where added),
/// whether a token was added, and whether it counts (0 for padding). <see cref="Overflow"/> holds what truncation cut off.
/// </summary>
public sealed class TokenEncoding
{
    internal TokenEncoding(int capacity)
    {
        IdList = new List<int>(capacity);
        SpanList = new List<TokenSpan>(capacity);
        TokenList = new List<string>(capacity);
        WordList = new List<int>(capacity);
        TypeList = new List<int>(capacity);
        SequenceList = new List<int>(capacity);
        AddedList = new List<bool>(capacity);
        MaskList = new List<bool>(capacity);
    }

    public IReadOnlyList<int> Ids => IdList;

    public IReadOnlyList<string> Tokens => TokenList;

    public IReadOnlyList<TokenSpan> Spans => SpanList;

    public IReadOnlyList<int> Types => TypeList;

    public IReadOnlyList<int> Sequences => SequenceList;

    public IReadOnlyList<int> Words => WordList;

    /// <summary>Start, end and padding tokens.</summary>
    public IReadOnlyList<bool> IsAdded => AddedList;

    /// <summary>False for padding.</summary>
    public IReadOnlyList<bool> Attention => MaskList;

    public IReadOnlyList<TokenEncoding> Overflow => OverflowList;

    internal List<int> IdList { get; }

    internal List<string> TokenList { get; }

    internal List<TokenSpan> SpanList { get; }

    internal List<int> TypeList { get; }

    internal List<int> SequenceList { get; }

    internal List<int> WordList { get; }

    internal List<bool> AddedList { get; }

    internal List<bool> MaskList { get; }

    internal List<TokenEncoding> OverflowList { get; set; } = [];

    internal int Count => IdList.Count;

    internal void Add(int id, string token, TokenSpan span, int type, int sequence, int word, bool added, bool attended = true)
    {
        IdList.Add(id);
        TokenList.Add(token);
        SpanList.Add(span);
        TypeList.Add(type);
        SequenceList.Add(sequence);
        WordList.Add(word);
        AddedList.Add(added);
        MaskList.Add(attended);
    }

    internal void Append(TokenEncoding other)
    {
        for (int k = 0; k < other.Count; k++) Copy(other, k);
    }

    internal TokenEncoding Part(int start, int end)
    {
        TokenEncoding part = new(end - start);
        for (int k = start; k < end; k++) part.Copy(this, k);
        return part;
    }

    /// <summary>Keeps the tokens [start, end) only.</summary>
    internal void KeepOnly(int start, int end)
    {
        TokenEncoding kept = Part(start, end);
        IdList.Clear();
        TokenList.Clear();
        SpanList.Clear();
        TypeList.Clear();
        SequenceList.Clear();
        WordList.Clear();
        AddedList.Clear();
        MaskList.Clear();
        Append(kept);
    }

    /// <summary>Both one after the other; what was cut off is combined each with each, as in the reference.</summary>
    internal static TokenEncoding Join(TokenEncoding first, TokenEncoding second)
    {
        TokenEncoding joined = Plain(first, second);
        foreach (TokenEncoding cut in first.OverflowList)
        {
            joined.OverflowList.Add(Plain(cut, second));
            foreach (TokenEncoding other in second.OverflowList) joined.OverflowList.Add(Plain(cut, other));
        }

        foreach (TokenEncoding other in second.OverflowList) joined.OverflowList.Add(Plain(first, other));
        return joined;

        static TokenEncoding Plain(TokenEncoding a, TokenEncoding b)
        {
            TokenEncoding both = new(a.Count + b.Count);
            both.Append(a);
            both.Append(b);
            return both;
        }
    }

    internal void SetSource(int type, int sequence)
    {
        SetType(type);
        for (int k = 0; k < Count; k++) SequenceList[k] = sequence;
        foreach (TokenEncoding cut in OverflowList) cut.SetSource(type, sequence);
    }

    internal void SetType(int type)
    {
        for (int k = 0; k < Count; k++) TypeList[k] = type;
    }

    private void Copy(TokenEncoding other, int k) =>
        Add(other.IdList[k], other.TokenList[k], other.SpanList[k], other.TypeList[k], other.SequenceList[k], other.WordList[k], other.AddedList[k], other.MaskList[k]);
}
