namespace Plumbline.Judges;

/// <summary>Whether a text says anything, and whether it is about what was asked. Works on <see cref="PlainText"/>.</summary>
internal static class Subject
{
    /// <summary>Answers above so many words speak for themselves even if they share no word with the request.</summary>
    private const int LongAnswer = 40;

    private const int ShortAnswer = 4;
    private const int Stem = 5;

    private static readonly HashSet<string> s_common = new(StringComparer.Ordinal)
    {
        "what", "when", "where", "which", "whose", "with", "that", "this", "these", "those", "there", "their", "them", "they", "then", "than", "from", "into", "about", "would",
        "could", "should", "have", "does", "done", "will", "your", "yours", "mine", "some", "such", "very", "just", "also", "only", "more", "most", "much", "many", "make",
        "made", "give", "take", "need", "want", "like", "help", "please", "tell", "show", "teach", "explain", "describe", "write", "short", "guide", "best", "good", "well", "steps",
        "step", "using", "used", "uses", "find", "keep", "start", "after", "before", "under", "over", "how", "the", "and", "for", "you", "are", "can", "use", "get", "put", "it's",
        "way", "one", "two", "new", "not", "its", "may", "was", "who", "why", "let", "any", "all", "has", "had", "our", "out", "off", "own", "per", "say", "see", "try",
    };

    private static readonly HashSet<string> s_commonChinese = new(StringComparer.Ordinal)
    {
        "怎么", "如何", "什么", "请告", "告诉", "诉我", "我怎", "我想", "请问", "请说", "说明", "能帮", "你能", "帮我", "我该", "该怎", "么做", "做法", "可以", "一个", "一下", "没有", "这个", "那个", "应该", "需要",
    };

    /// <summary>No letter at all, or a few words over and over.</summary>
    public static bool IsEmptyOrGarbled(string text)
    {
        if (!text.Any(char.IsLetterOrDigit)) return true;
        string[] words = Words(text);
        if (words.Length >= ShortAnswer * 2 && words.Distinct(StringComparer.Ordinal).Count() * 4 <= words.Length) return true;
        char[] ideographs = [.. text.Where(IsIdeograph)];
        return ideographs.Length >= ShortAnswer * 2 && ideographs.Distinct().Count() * 4 <= ideographs.Length;
    }

    /// <summary>The request again, or a part of it.</summary>
    public static bool IsEcho(string request, string text)
    {
        if (request.Length == 0) return false;
        string asked = Letters(request), said = Letters(text);
        return said.Length >= asked.Length / 2 && said.Length >= 8 && (asked.Contains(said, StringComparison.Ordinal) || said == asked);
    }

    /// <summary>A single question and nothing else.</summary>
    public static bool IsQuestionBack(string text) =>
        text[^1] is '?' or '？' && text.AsSpan(0, text.Length - 1).IndexOfAny(".!?。！？\n") < 0
        && !text.Contains(':', StringComparison.Ordinal) && !text.Contains('：', StringComparison.Ordinal);

    /// <summary>A short statement that shares no word of weight with the request.</summary>
    public static bool IsForeignTo(string request, string text)
    {
        HashSet<string> asked = Weighty(request);
        if (asked.Count == 0) return false;
        string[] words = Words(text);
        int size = words.Length + (text.Count(IsIdeograph) / 2);
        return size >= ShortAnswer && size <= LongAnswer && !Weighty(text).Overlaps(asked);
    }

    private static HashSet<string> Weighty(string text)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        foreach (string word in Words(text))
        {
            if (word.Length >= 3 && !s_common.Contains(word)) found.Add(word.Length > Stem ? word[..Stem] : word);
        }

        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (!IsIdeograph(text[i]) || !IsIdeograph(text[i + 1])) continue;
            string pair = text.Substring(i, 2);
            if (!s_commonChinese.Contains(pair)) found.Add(pair);
        }

        return found;
    }

    private static string[] Words(string text) =>
        new string([.. text.Select(c => (char.IsLetterOrDigit(c) && !IsIdeograph(c)) || c == '\'' ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Letters(string text) => new([.. text.Where(char.IsLetterOrDigit)]);

    private static bool IsIdeograph(char c) => c is >= '\u3400' and <= '\u9FFF';
}
