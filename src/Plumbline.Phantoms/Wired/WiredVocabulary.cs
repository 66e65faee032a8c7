using System.Text;

namespace Plumbline.Phantoms.Wired;

/// <summary>
/// Tokens of a wired phantom: five special ones, the 256 bytes, and whole words with the blank before them, if any. So every text has
/// ids, and what the program speaks of is one token. Ids are in this order. Immutable.
/// </summary>
internal sealed class WiredVocabulary
{
    public const int Begin = 0, End = 1, User = 2, Assistant = 3, System = 4, FirstByte = 5, FirstWord = FirstByte + 256;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _written = [];

    public WiredVocabulary(IReadOnlyList<string> words)
    {
        Words = words;
        foreach (string special in Special) Add(special, special);
        for (int b = 0; b < 256; b++) Add(b < 128 ? ((char)b).ToString() : $"<0x{b:X2}>", Letter(b).ToString());
        foreach (string word in words)
        {
            if (word.Length < 2) throw new ArgumentException($"The word '{word}' is one byte, which is a token already.", nameof(words));
            Add(word, string.Concat(Encoding.UTF8.GetBytes(word).Select(b => Letter(b))));
        }
    }

    public static IReadOnlyList<string> Special { get; } = ["<|begin|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"];

    public IReadOnlyList<string> Words { get; }

    public int Count => _written.Count;

    /// <summary>Tokens as a byte-level vocabulary writes them, by id.</summary>
    public IReadOnlyList<string> Written => _written;

    /// <summary>The id of a special token, a word or an ASCII character.</summary>
    public int this[string token] => _ids.TryGetValue(token, out int id) ? id : throw new ArgumentException($"The vocabulary has no token '{token}'.", nameof(token));

    private void Add(string name, string written)
    {
        if (!_ids.TryAdd(name, _written.Count)) throw new ArgumentException($"The token '{name}' occurs twice.", nameof(name));
        _written.Add(written);
    }

    // GPT-2's alphabet: printable bytes stand for themselves, the others follow from 256 on.
    private static char Letter(int value)
    {
        if (Printable(value)) return (char)value;
        return (char)(256 + Enumerable.Range(0, value).Count(b => !Printable(b)));

        static bool Printable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
    }
}
