using System.Buffers.Binary;
using System.Text;
using Plumbline.Models.Tokenizers.Patterns;

namespace Plumbline.Models.Tokenizers.Normalizers;

/// <summary>
/// SentencePiece's compiled character map: a double-array trie of byte sequences (darts-clone's layout) and their
/// replacements. As the reference applies it: a grapheme cluster under six bytes of which the map holds a prefix is
/// replaced as a whole by what the shortest prefix maps to, other clusters character by character.
/// </summary>
internal sealed class PrecompiledNormalizer : INormalizer
{
    private readonly uint[] _trie;
    private readonly byte[] _replacements;

    /// <param name="map">A little-endian length in bytes, that many bytes of 32-bit trie units, then zero-terminated UTF-8 texts.</param>
    /// <param name="key">Where the map stands, for messages.</param>
    /// <exception cref="TokenizerFormatException">The length does not fit.</exception>
    public PrecompiledNormalizer(ReadOnlySpan<byte> map, string key)
    {
        uint size = map.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(map) : 0;
        if (map.Length < 8 || size > (uint)(map.Length - 4) || size % 4 != 0 || size == 0)
            throw new TokenizerFormatException($"{key} says that it holds {size} bytes of trie and has {Math.Max(0, map.Length - 4)}; the file is cut or wrong.");
        _trie = new uint[size / 4];
        for (int k = 0; k < _trie.Length; k++) _trie[k] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + (k * 4))..]);
        _replacements = map[(4 + (int)size)..].ToArray();
    }

    public void Apply(TextBuffer text)
    {
        ReadOnlySpan<int> points = text.Points;
        List<(int Point, int Change)> all = new(points.Length);
        Span<byte> bytes = stackalloc byte[8];
        for (int k = 0; k < points.Length;)
        {
            int length = Graphemes.Length(points[k..]);
            int size = 0;
            for (int j = 0; j < length && size < 6; j++) size += Size(points[k + j]);
            if (size < 6)
            {
                int n = 0;
                for (int j = 0; j < length; j++) n += Utf32.Bytes(points[k + j], bytes[n..]);
                if (Find(bytes[..n], out ReadOnlySpan<byte> found))
                {
                    Replace(all, length, found);
                    k += length;
                    continue;
                }
            }

            for (int j = 0; j < length; j++)
            {
                int n = Utf32.Bytes(points[k + j], bytes);
                if (Find(bytes[..n], out ReadOnlySpan<byte> found)) Replace(all, 1, found);
                else all.Add((points[k + j], 0));
            }

            k += length;
        }

        text.BeginRewrite();
        foreach ((int point, int change) in all) text.Emit(point, change);
        text.EndRewrite();
    }

    private static int Size(int point) => point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    // Added characters count as inserted at the end, dropped ones as swallowed by the last one written.
    private static void Replace(List<(int Point, int Change)> all, int old, ReadOnlySpan<byte> replacement)
    {
        int start = all.Count;
        while (replacement.Length > 0)
        {
            Rune.DecodeFromUtf8(replacement, out Rune rune, out int used);
            all.Add((rune.Value, 0));
            replacement = replacement[used..];
        }

        int difference = all.Count - start - old;
        for (int k = 0; k < difference; k++) all[all.Count - 1 - k] = (all[all.Count - 1 - k].Point, 1);
        if (difference < 0 && all.Count > 0) all[^1] = (all[^1].Point, all[^1].Change + difference);
    }

    // What the shortest prefix of the bytes that the trie holds maps to.
    private bool Find(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        uint at = Offset(_trie[0]);
        foreach (byte b in bytes)
        {
            at ^= b;
            if (at >= _trie.Length) return false;
            uint unit = _trie[at];
            if ((unit & ((1u << 31) | 0xFF)) != b) return false;
            at ^= Offset(unit);
            if (((unit >> 8) & 1) == 0) continue;
            if (at >= _trie.Length) return false;
            uint start = _trie[at] & 0x7FFFFFFF;
            if (start >= _replacements.Length) return false;
            int end = _replacements.AsSpan((int)start).IndexOf((byte)0);
            if (end < 0) return false;
            replacement = _replacements.AsSpan((int)start, end);
            return true;
        }

        return false;

        static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1 << 9)) >> 6);
    }
}
