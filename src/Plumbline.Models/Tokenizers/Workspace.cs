using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.Vocabularies;

namespace Plumbline.Models.Tokenizers;

/// <summary>A stretch of the text that the model reads by itself, or an added token (<see cref="Token"/> ≥ 0).</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Piece(int Start, int End, int Token = -1);

/// <summary>The buffers of one encoding; they are kept and used again, by one thread at a time.</summary>
internal sealed class Workspace
{
    private int[] _ids = new int[256], _starts = new int[256], _ends = new int[256];

    public TextBuffer Raw { get; } = new();

    public TextBuffer Segment { get; } = new();

    public TextBuffer Text { get; private set; } = new();

    public TextBuffer NextText { get; private set; } = new();

    public List<Piece> Pieces { get; private set; } = [];

    public List<Piece> NextPieces { get; private set; } = [];

    public List<Part> Parts { get; } = [];

    public PieceCache Cache { get; } = new();

    public MergeQueue Merges { get; } = new();

    public List<Piece> Found { get; } = [];

    /// <summary>Which tokens of the output are added ones, in order.</summary>
    public List<int> AddedAt { get; } = [];

    /// <summary>Whether special tokens may come out of ordinary text.</summary>
    public bool ParseSpecial { get; set; }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    public int Id(int index) => _ids[index];

    /// <summary>The first character of a token in <see cref="Text"/>.</summary>
    public int Start(int index) => _starts[index];

    /// <summary>The character behind a token in <see cref="Text"/>.</summary>
    public int End(int index) => _ends[index];

    public void Clear()
    {
        Raw.Clear();
        Text.Clear();
        NextText.Clear();
        Pieces.Clear();
        NextPieces.Clear();
        AddedAt.Clear();
        Count = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int start, int end)
    {
        int n = Count;
        if (n >= _ids.Length) Grow();
        _ids[n] = id;
        _starts[n] = start;
        _ends[n] = end;
        Count = n + 1;
    }

    /// <summary>Bounds what rules may make of the text.</summary>
    public void SetLimit(int length) => Segment.Limit = Text.Limit = NextText.Limit = length;

    public void SwapPieces()
    {
        (Pieces, NextPieces) = (NextPieces, Pieces);
        NextPieces.Clear();
    }

    public void SwapText()
    {
        (Text, NextText) = (NextText, Text);
        NextText.Clear();
    }

    private void Grow()
    {
        Array.Resize(ref _ids, _ids.Length * 2);
        Array.Resize(ref _starts, _starts.Length * 2);
        Array.Resize(ref _ends, _ends.Length * 2);
    }
}
