using System.Buffers;
using System.Globalization;

namespace Plumbline.Judges;

/// <summary>
/// The features of a text: the distinct n-grams of words and characters that stand in it, each hashed to a bucket.
/// English gives words, pairs of words and the n-grams of 3 to 5 characters within a word; Chinese, which writes no
/// spaces, the n-grams of 1 to 4 characters. Pure; safe for concurrent use; allocates nothing but from pools.
/// </summary>
internal static class TextFeatures
{
    /// <summary>Characters of a text that are read; the rest changes nothing.</summary>
    public const int Longest = 4096;

    /// <summary>Bits of a bucket's number.</summary>
    public const int Bits = 17;

    /// <summary>Buckets of a language.</summary>
    public const int Buckets = 1 << Bits;

    private const int MostPerCharacter = 6;

    /// <summary>Room that <see cref="Extract"/> needs for a text of this length.</summary>
    public static int Room(int length) => (Math.Min(length, Longest) * MostPerCharacter) + 8;

    /// <summary>Whether at least three in ten of a text's letters are Chinese characters.</summary>
    public static bool IsChinese(ReadOnlySpan<char> text)
    {
        int letters = 0, chinese = 0;
        foreach (char c in text.Length > Longest ? text[..Longest] : text)
        {
            if (!char.IsLetter(c)) continue;
            letters++;
            if (c is >= '\u3400' and <= '\u9fff') chinese++;
        }

        return chinese * 10 >= letters * 3 && chinese > 0;
    }

    /// <summary>Writes the buckets of a text's features, ascending and each once, and gives their number.</summary>
    /// <exception cref="ArgumentException"><paramref name="buckets"/> is shorter than <see cref="Room"/> says.</exception>
    public static int Extract(ReadOnlySpan<char> text, bool chinese, Span<int> buckets)
    {
        if (buckets.Length < Room(text.Length)) throw new ArgumentException($"A text of {text.Length} characters needs room for {Room(text.Length)} features; there is room for {buckets.Length}.", nameof(buckets));
        char[] rented = ArrayPool<char>.Shared.Rent(Longest + 2);
        try
        {
            ReadOnlySpan<char> plain = rented.AsSpan(0, Normalise(text.Length > Longest ? text[..Longest] : text, rented, spaces: !chinese));
            int count = chinese ? Characters(plain, buckets) : Words(plain, buckets);
            buckets[..count].Sort();
            int distinct = 0;
            for (int i = 0; i < count; i++)
            {
                if (i == 0 || buckets[i] != buckets[distinct - 1]) buckets[distinct++] = buckets[i];
            }

            return distinct;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    /// <summary>Lower case, half width, digits alike, at most two of a character in a row, white space as one space or none.</summary>
    private static int Normalise(ReadOnlySpan<char> text, Span<char> plain, bool spaces)
    {
        int n = 0;
        foreach (char raw in text)
        {
            char c = raw switch
            {
                >= '\uff01' and <= '\uff5e' => (char)(raw - 0xfee0),
                '’' or '‘' or 'ʼ' or '`' or '´' => '\'',
                _ => raw,
            };
            if (char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark) continue;
            if (char.IsWhiteSpace(c) || char.IsControl(c))
            {
                if (spaces && n > 0 && plain[n - 1] != ' ') plain[n++] = ' ';
                continue;
            }

            c = char.IsDigit(c) ? '0' : char.ToLowerInvariant(c);
            if (n >= 2 && plain[n - 1] == c && plain[n - 2] == c) continue;
            plain[n++] = c;
        }

        return n;
    }

    private static int Words(ReadOnlySpan<char> text, Span<int> buckets)
    {
        int count = 0;
        uint previous = 0;
        for (int i = 0; i < text.Length;)
        {
            if (text[i] == ' ')
            {
                i++;
                continue;
            }

            int end = i + 1;
            bool word = IsOfWord(text[i]);
            if (word)
            {
                while (end < text.Length && IsOfWord(text[end])) end++;
            }
            else if (char.IsHighSurrogate(text[i]) && end < text.Length && char.IsLowSurrogate(text[end]))
            {
                end++;
            }

            ReadOnlySpan<char> token = text[i..end];
            uint hash = Hash(token, 1);
            buckets[count++] = Bucket(hash);
            if (previous != 0) buckets[count++] = Bucket((previous * 31) ^ hash);
            previous = hash;
            if (word) count = Within(token, buckets, count);
            i = end;
        }

        return count;
    }

    /// <summary>The n-grams of 3 to 5 characters of "⟨word⟩".</summary>
    private static int Within(ReadOnlySpan<char> word, Span<int> buckets, int count)
    {
        for (int n = 3; n <= 5; n++)
        {
            // The mark before the word is at -1, that behind it at its length.
            for (int start = -1; start + n <= word.Length + 1; start++)
            {
                uint hash = 0x811c9dc5u ^ (uint)(n * 0x9e3779b1u);
                for (int k = start; k < start + n; k++) hash = (hash ^ (k < 0 ? '\u0002' : k == word.Length ? '\u0003' : word[k])) * 0x01000193u;
                buckets[count++] = Bucket(hash);
            }
        }

        return count;
    }

    private static int Characters(ReadOnlySpan<char> text, Span<int> buckets)
    {
        int count = 0;
        for (int n = 1; n <= 4; n++)
        {
            for (int start = 0; start + n <= text.Length; start++) buckets[count++] = Bucket(Hash(text.Slice(start, n), (uint)n));
        }

        return count;
    }

    private static bool IsOfWord(char c) => char.IsLetterOrDigit(c) || c is '\'' or '*' or '@' or '$';

    /// <summary>FNV-1a over characters.</summary>
    private static uint Hash(ReadOnlySpan<char> text, uint kind)
    {
        uint hash = 0x811c9dc5u ^ (kind * 0x85ebca6bu);
        foreach (char c in text) hash = (hash ^ c) * 0x01000193u;
        return hash;
    }

    /// <summary>The high bits after a mix (MurmurHash3's finaliser), since FNV's low bits are poor.</summary>
    private static int Bucket(uint hash)
    {
        hash ^= hash >> 16;
        hash *= 0x85ebca6bu;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35u;
        hash ^= hash >> 16;
        return (int)(hash >> (32 - Bits));
    }
}
