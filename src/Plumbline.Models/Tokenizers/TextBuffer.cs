using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// A text as code points, each with the span [From, To) of the original text (in code points) that it stands for.
/// Rewriting gives a new text whose characters inherit the spans of those they replace.
/// </summary>
internal sealed class TextBuffer
{
    private int[] _points = new int[256], _from = new int[256], _to = new int[256];
    private int[] _nextPoints = new int[256], _nextFrom = new int[256], _nextTo = new int[256];
    private int _nextLength, _read;

    public int Length { get; private set; }

    /// <summary>How long the text may become: a file's rules must not blow a text up without bound.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>Where in the original text this one begins.</summary>
    public int Origin { get; set; }

    public ReadOnlySpan<int> Points => _points.AsSpan(0, Length);

    public int From(int index) => _from[index];

    public int To(int index) => _to[index];

    public void Clear() => Length = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int point, int from, int to)
    {
        int n = Length;
        if (n >= _points.Length) Grow(ref _points, ref _from, ref _to, n + 1);
        _points[n] = point;
        _from[n] = from;
        _to[n] = to;
        Length = n + 1;
    }

    /// <summary>Appends the code points of a string; lone surrogates become U+FFFD.</summary>
    public void AddText(ReadOnlySpan<char> text)
    {
        int n = Length;
        if (text.Length > _points.Length - n) Grow(ref _points, ref _from, ref _to, (long)n + text.Length);
        for (int k = 0; k < text.Length; k++)
        {
            int point = text[k];
            if ((point & 0xF800) == 0xD800)
            {
                if (Rune.DecodeFromUtf16(text[k..], out Rune rune, out int used) == OperationStatus.Done)
                {
                    point = rune.Value;
                    k += used - 1;
                }
                else
                {
                    point = CodePoints.Replacement;
                }
            }

            _points[n] = point;
            _from[n] = n;
            _to[n] = n + 1;
            n++;
        }

        Length = n;
    }

    /// <summary>Appends a part of another buffer with its spans.</summary>
    public void AddPart(TextBuffer source, int start, int end)
    {
        int count = end - start, n = Length;
        if (count > _points.Length - n) Grow(ref _points, ref _from, ref _to, (long)n + count);
        Array.Copy(source._points, start, _points, n, count);
        Array.Copy(source._from, start, _from, n, count);
        Array.Copy(source._to, start, _to, n, count);
        Length = n + count;
    }

    /// <summary>Starts a rewriting: what is emitted becomes the text at <see cref="EndRewrite"/>.</summary>
    public void BeginRewrite() => (_nextLength, _read) = (0, 0);

    /// <summary>Leaves characters of the old text out before the next one is emitted.</summary>
    public void Skip(int count) => _read += count;

    /// <summary>Keeps the next character as it is.</summary>
    public void Keep() => Emit(_points[_read], 0);

    /// <summary>
    /// Emits a character. A change above 0 inserts it (it takes the span of the last one read), 0 replaces the next old
    /// character, -n replaces the next and drops n more.
    /// </summary>
    public void Emit(int point, int change)
    {
        int at = change > 0 ? _read - 1 : _read;
        int from, to;
        if (at < 0) (from, to) = (Origin, Origin);
        else if (at < Length) (from, to) = (_from[at], _to[at]);
        else if (Length > 0) (from, to) = (_to[Length - 1], _to[Length - 1]);
        else (from, to) = (Origin, Origin);
        if (change <= 0) _read += 1 - change;
        if (_nextLength >= _nextPoints.Length) Grow(ref _nextPoints, ref _nextFrom, ref _nextTo, _nextLength + 1);
        _nextPoints[_nextLength] = point;
        _nextFrom[_nextLength] = from;
        _nextTo[_nextLength++] = to;
    }

    public void EndRewrite()
    {
        (_points, _nextPoints) = (_nextPoints, _points);
        (_from, _nextFrom) = (_nextFrom, _from);
        (_to, _nextTo) = (_nextTo, _to);
        Length = _nextLength;
    }

    /// <summary>Puts characters in front; they take the span of the first. An empty text stays empty.</summary>
    public void Prepend(ReadOnlySpan<int> points)
    {
        if (Length == 0 || points.Length == 0) return;
        BeginRewrite();
        for (int k = 0; k < points.Length; k++) Emit(points[k], k == 0 ? 0 : 1);
        Emit(_points[0], 1);
        while (_read < Length) Keep();
        EndRewrite();
    }

    public bool OnlyBelow(int limit)
    {
        foreach (int point in Points)
            if (point >= limit) return false;
        return true;
    }

    public override string ToString() => Utf32.ToString(Points);

    private void Grow(ref int[] points, ref int[] from, ref int[] to, long needed)
    {
        if (needed > Limit || needed > Array.MaxLength)
            throw new TokenizationException($"The tokenizer's rules make a text of more than {Math.Min(Limit, Array.MaxLength)} characters, far more than was given; the file is hostile or the text too long.");
        int size = (int)Math.Min(Math.Max(needed, (long)points.Length * 2), Array.MaxLength);
        Array.Resize(ref points, size);
        Array.Resize(ref from, size);
        Array.Resize(ref to, size);
    }
}

/// <summary>Between strings and code points.</summary>
internal static class Utf32
{
    public static int[] Of(string text)
    {
        List<int> points = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) points.Add(rune.Value);
        return [.. points];
    }

    public static int CountOf(string text)
    {
        int count = 0;
        foreach (Rune _ in text.EnumerateRunes()) count++;
        return count;
    }

    public static string ToString(ReadOnlySpan<int> points)
    {
        StringBuilder builder = new(points.Length);
        foreach (int point in points) Append(builder, point);
        return builder.ToString();
    }

    public static void Append(StringBuilder builder, int point)
    {
        if (point < 0x10000) builder.Append((char)point);
        else builder.Append((char)(0xD800 + ((point - 0x10000) >> 10))).Append((char)(0xDC00 + ((point - 0x10000) & 0x3FF)));
    }

    /// <summary>Writes UTF-16 into a buffer of at least twice as many characters; returns how many were written.</summary>
    public static int Write(ReadOnlySpan<int> points, Span<char> target)
    {
        int n = 0;
        foreach (int point in points)
        {
            if (point < 0x10000)
            {
                target[n++] = (char)point;
            }
            else
            {
                target[n++] = (char)(0xD800 + ((point - 0x10000) >> 10));
                target[n++] = (char)(0xDC00 + ((point - 0x10000) & 0x3FF));
            }
        }

        return n;
    }

    /// <summary>Writes the UTF-8 bytes of a code point; returns how many.</summary>
    public static int Bytes(int point, Span<byte> target)
    {
        if (point < 0x80)
        {
            target[0] = (byte)point;
            return 1;
        }

        if (point < 0x800)
        {
            target[0] = (byte)(0xC0 | (point >> 6));
            target[1] = (byte)(0x80 | (point & 0x3F));
            return 2;
        }

        if (point < 0x10000)
        {
            target[0] = (byte)(0xE0 | (point >> 12));
            target[1] = (byte)(0x80 | ((point >> 6) & 0x3F));
            target[2] = (byte)(0x80 | (point & 0x3F));
            return 3;
        }

        target[0] = (byte)(0xF0 | (point >> 18));
        target[1] = (byte)(0x80 | ((point >> 12) & 0x3F));
        target[2] = (byte)(0x80 | ((point >> 6) & 0x3F));
        target[3] = (byte)(0x80 | (point & 0x3F));
        return 4;
    }
}

/// <summary>The alphabet of byte-level tokenizers (GPT-2): each byte has a printable character.</summary>
internal static class ByteAlphabet
{
    private static readonly int[] Characters = Build();
    private static readonly short[] Bytes = Invert();

    /// <summary>The character of a byte.</summary>
    public static int Character(byte value) => Characters[value];

    /// <summary>The byte of a character, or -1 outside the alphabet.</summary>
    public static int Byte(int character) => (uint)character < (uint)Bytes.Length ? Bytes[character] : -1;

    private static int[] Build()
    {
        // Printable Latin-1 stands for itself; the others follow from U+0100 on, in order.
        int[] map = new int[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
            map[b] = b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++;
        return map;
    }

    private static short[] Invert()
    {
        short[] map = new short[512];
        Array.Fill(map, (short)-1);
        for (int b = 0; b < 256; b++) map[Characters[b]] = (short)b;
        return map;
    }
}
