using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Plumbline.Torch;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016 on the bytes of GPT-2, Radford et al. 2019): training, encoding
/// and tokenizer.json. Text is cut as GPT-2's pattern cuts it (contractions, letters, digits and other signs with one
/// blank in front), and pairs are merged within a cut. Immutable; encoding is not safe for concurrent use (it caches).
/// </summary>
public sealed class ByteLevelBpe
{
    private static readonly string[] s_letters = ByteLetters();
    private readonly List<(string Left, string Right)> _merges;
    private readonly Dictionary<string, int> _ids = [];
    private readonly Dictionary<(string, string), int> _ranks = [];
    private readonly Dictionary<string, int[]> _cache = [];
    private readonly List<string> _tokens = [];

    private ByteLevelBpe(IReadOnlyList<string> special, List<(string, string)> merges)
    {
        Special = special;
        _merges = merges;
        foreach (string token in special.Concat(s_letters).Concat(merges.Select(m => m.Item1 + m.Item2)))
        {
            if (!_ids.TryAdd(token, _tokens.Count)) continue;   // two merges may make one token
            _tokens.Add(token);
        }

        for (int i = 0; i < merges.Count; i++) _ranks.Add(merges[i], i);
    }

    /// <summary>Special tokens; their ids are 0, 1, ….</summary>
    public IReadOnlyList<string> Special { get; }

    /// <summary>Ids in all.</summary>
    public int VocabularySize => _tokens.Count;

    /// <summary>
    /// Merges the commonest pair until the vocabulary is full or no pair occurs twice; among equals the pair first in
    /// ordinal order, so that the same texts give the same vocabulary.
    /// </summary>
    /// <param name="texts">Texts without special tokens.</param>
    /// <param name="special">Special tokens.</param>
    /// <param name="size">Ids at most: the special ones, 256 bytes, and merges.</param>
    public static ByteLevelBpe Train(IEnumerable<string> texts, IReadOnlyList<string> special, int size)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(special);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, special.Count + 256);
        var counts = new Dictionary<string, long>();
        foreach (string text in texts)
            foreach (string cut in Cut(text)) counts[cut] = counts.GetValueOrDefault(cut) + 1;
        List<(List<string> Parts, long Count)> words = [.. counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => (Letters(c.Key), c.Value))];
        var merges = new List<(string, string)>();
        var known = new HashSet<string>(s_letters);
        while (special.Count + known.Count < size)
        {
            var pairs = new Dictionary<(string, string), long>();
            foreach ((List<string> parts, long count) in words)
                for (int i = 0; i + 1 < parts.Count; i++) pairs[(parts[i], parts[i + 1])] = pairs.GetValueOrDefault((parts[i], parts[i + 1])) + count;
            (string Left, string Right) best = ("", "");
            long most = 1;
            foreach (((string left, string right), long count) in pairs)
            {
                int order = string.CompareOrdinal(left, best.Left);
                if (count > most || (count == most && best.Left.Length > 0 && (order < 0 || (order == 0 && string.CompareOrdinal(right, best.Right) < 0))))
                    (best, most) = ((left, right), count);
            }

            if (best.Left.Length == 0) break;
            foreach ((List<string> parts, _) in words) Merge(parts, best);
            merges.Add(best);
            known.Add(best.Left + best.Right);
        }

        return new ByteLevelBpe(special, merges);
    }

    /// <summary>Reads what <see cref="WriteJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Another kind of tokenizer.</exception>
    public static ByteLevelBpe ReadJson(string json)
    {
        try
        {
            using JsonDocument file = JsonDocument.Parse(json);
            List<string> special = [.. file.RootElement.GetProperty("added_tokens").EnumerateArray().OrderBy(t => t.GetProperty("id").GetInt32()).Select(t => t.GetProperty("content").GetString()!)];
            List<(string, string)> merges = [.. file.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray().Select(m => (m[0].GetString()!, m[1].GetString()!))];
            return new ByteLevelBpe(special, merges);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or ArgumentException)
        {
            throw new InvalidDataException($"No tokenizer.json of this trainer: {e.Message}", e);
        }
    }

    /// <summary>Ids of a text; special tokens' strings in it become those tokens.</summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        int plain = 0;
        for (int at = 0; at < text.Length;)
        {
            int hit = -1;
            for (int s = 0; s < Special.Count; s++)
                if (string.CompareOrdinal(text, at, Special[s], 0, Special[s].Length) == 0 && (hit < 0 || Special[s].Length > Special[hit].Length)) hit = s;
            if (hit < 0)
            {
                at++;
                continue;
            }

            AddPlain(text[plain..at], ids);
            ids.Add(hit);
            at += Special[hit].Length;
            plain = at;
        }

        AddPlain(text[plain..], ids);
        return [.. ids];
    }

    /// <summary>The text of ids, special tokens included; broken characters become U+FFFD.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        foreach (int id in ids)
        {
            if (id < Special.Count) bytes.AddRange(Encoding.UTF8.GetBytes(Special[id]));
            else foreach (Rune letter in _tokens[id].EnumerateRunes()) bytes.Add((byte)Array.IndexOf(s_letters, letter.ToString()));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>The file tokenizer.json of Hugging Face's tokenizers library.</summary>
    public string WriteJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            json.WriteStartArray("added_tokens");
            for (int i = 0; i < Special.Count; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("id", i);
                json.WriteString("content", Special[i]);
                foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"]) json.WriteBoolean(flag, false);
                json.WriteBoolean("special", true);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNull("normalizer");
            Component("pre_tokenizer", addPrefixSpace: false);
            json.WriteNull("post_processor");
            Component("decoder", addPrefixSpace: true);
            json.WriteStartObject("model");
            json.WriteString("type", "BPE");
            foreach (string none in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"]) json.WriteNull(none);
            foreach (string off in (string[])["fuse_unk", "byte_fallback", "ignore_merges"]) json.WriteBoolean(off, false);
            json.WriteStartObject("vocab");
            for (int i = 0; i < _tokens.Count; i++) json.WriteNumber(_tokens[i], i);
            json.WriteEndObject();
            json.WriteStartArray("merges");
            foreach ((string left, string right) in _merges)
            {
                json.WriteStartArray();
                json.WriteStringValue(left);
                json.WriteStringValue(right);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();

            void Component(string name, bool addPrefixSpace)
            {
                json.WriteStartObject(name);
                json.WriteString("type", "ByteLevel");
                json.WriteBoolean("add_prefix_space", addPrefixSpace);
                json.WriteBoolean("trim_offsets", true);
                json.WriteBoolean("use_regex", true);
                json.WriteEndObject();
            }
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>GPT-2's cuts: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
    internal static IEnumerable<string> Cut(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        for (int at = 0; at < runes.Length;)
        {
            int end = Contraction(runes, at);
            if (end == at)
            {
                int first = runes[at].Value == ' ' && at + 1 < runes.Length && Kind(runes[at + 1]) != 3 ? at + 1 : at;
                int kind = Kind(runes[first]);
                end = first + 1;
                while (end < runes.Length && Kind(runes[end]) == kind) end++;
                if (kind == 3 && end < runes.Length && end - at > 1) end--;   // the last blank goes with what follows, or stands alone
            }

            yield return string.Concat(runes[at..end].Select(r => r.ToString()));
            at = end;
        }
    }

    private static int Kind(Rune r) => Rune.IsWhiteSpace(r) ? 3
        : Rune.GetUnicodeCategory(r) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => 0,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => 1,
            _ => 2,
        };

    private static int Contraction(Rune[] runes, int at)
    {
        if (runes[at].Value != '\'') return at;
        foreach (string ending in (string[])["s", "t", "re", "ve", "m", "ll", "d"])
        {
            if (at + ending.Length < runes.Length && ending.Select((c, i) => runes[at + 1 + i].Value == c).All(same => same)) return at + 1 + ending.Length;
        }

        return at;
    }

    private void AddPlain(string text, List<int> ids)
    {
        foreach (string cut in Cut(text))
        {
            if (!_cache.TryGetValue(cut, out int[]? known))
            {
                List<string> parts = Letters(cut);
                while (parts.Count > 1)
                {
                    int best = int.MaxValue;
                    (string, string) pair = default;
                    for (int i = 0; i + 1 < parts.Count; i++)
                        if (_ranks.TryGetValue((parts[i], parts[i + 1]), out int rank) && rank < best) (best, pair) = (rank, (parts[i], parts[i + 1]));
                    if (best == int.MaxValue) break;
                    Merge(parts, pair);
                }

                _cache[cut] = known = [.. parts.Select(p => _ids[p])];
            }

            ids.AddRange(known);
        }
    }

    private static List<string> Letters(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => s_letters[b])];

    private static void Merge(List<string> parts, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < parts.Count; i++)
        {
            if (parts[i] != pair.Left || parts[i + 1] != pair.Right) continue;
            parts[i] = pair.Left + pair.Right;
            parts.RemoveAt(i + 1);
        }
    }

    /// <summary>GPT-2's letter for each byte: printable Latin-1 stands for itself, the others follow from U+0100.</summary>
    private static string[] ByteLetters()
    {
        var letters = new string[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
            letters[b] = ((char)(printable ? b : next++)).ToString();
        }

        return letters;
    }
}
