namespace Plumbline.Data.Language;

/// <summary>The n-grams of 1 to 4 characters within "⟨word⟩", in lower case, of the words of one script; each hashed to 24 bits (FNV-1a, mixed). Pure.</summary>
internal static class LetterGrams
{
    /// <summary>The longest n-gram.</summary>
    public const int Order = 4;

    /// <summary>n-grams from this length on tell whether a language is known at all.</summary>
    public const int Telling = 3;

    private const int LongestWord = 64;

    /// <summary>Shows each n-gram of a text: its hash and its length.</summary>
    public static void Visit(ReadOnlySpan<char> text, Script script, Action<uint, int> visitor)
    {
        Span<char> word = stackalloc char[LongestWord + 2];
        for (int i = 0; i < text.Length;)
        {
            if (Scripts.Of(text[i]) == Script.None)
            {
                i++;
                continue;
            }

            int length = 1;
            bool own = Scripts.Of(text[i]) == script;
            word[0] = '⟨';
            while (i < text.Length && length <= LongestWord && (Scripts.Of(text[i]) != Script.None || (text[i] is '\'' or '’' or 'ʼ' or 'ʻ' or '\u200c' && i + 1 < text.Length && Scripts.Of(text[i + 1]) != Script.None)))
            {
                char c = text[i++];
                own &= Scripts.Of(c) is var s && (s == script || s == Script.None);
                if (c is '’' or 'ʼ' or 'ʻ') c = '\'';
                if (c != '\u200c') word[length++] = char.ToLowerInvariant(c);
            }

            if (!own) continue;
            word[length++] = '⟩';
            for (int start = 0; start < length; start++)
            {
                uint hash = 0x811c9dc5u;
                for (int n = 1; n <= Order && start + n <= length; n++)
                {
                    hash = (hash ^ word[start + n - 1]) * 0x01000193u;
                    if (n == 1 && (start == 0 || start == length - 1)) continue;
                    visitor(Mix(hash ^ (uint)n) >> 8, n);
                }
            }
        }
    }

    /// <summary>MurmurHash3's finaliser, since FNV's bits are poor.</summary>
    private static uint Mix(uint hash)
    {
        hash ^= hash >> 16;
        hash *= 0x85ebca6bu;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35u;
        return hash ^ (hash >> 16);
    }
}
