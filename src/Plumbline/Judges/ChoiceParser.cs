using System.Text.RegularExpressions;

namespace Plumbline.Judges;

/// <summary>
/// Which option an answer in words chose. A stated verdict ("Answer: B", "\boxed{C}", "答案是B") comes before an opening
/// letter ("b, because …"), that before a single letter anywhere, that before an option's own text. Where these say two
/// different things, or nothing, there is no choice. Pure; safe for concurrent use.
/// </summary>
public static partial class ChoiceParser
{
    private const int MostOptions = 8;

    /// <summary>The chosen option's index; null where the answer gives none, or more than one.</summary>
    public static int? Parse(string answer, IReadOnlyList<string> options)
    {
        int count = Math.Min(options.Count, MostOptions);
        return One(Boxed().Matches(answer), count) ?? Stated(answer, count) ?? One(Opening().Matches(answer), count) ?? Letter(answer, count) ?? Text(answer, options);
    }

    /// <summary>The last verdict stands only if no other letter was stated as a verdict.</summary>
    private static int? Stated(string answer, int count) => One(Verdict().Matches(answer), count);

    private static int? Letter(string answer, int count)
    {
        int? parenthesised = One(Parenthesised().Matches(answer), count);
        return parenthesised ?? (Parenthesised().IsMatch(answer) ? null : One(Bare().Matches(answer), count));
    }

    private static int? One(MatchCollection matches, int count)
    {
        int[] found = [.. matches.Select(m => char.ToUpperInvariant(m.Groups["letter"].Value[0]) - 'A').Where(i => i >= 0 && i < count).Distinct()];
        return found.Length == 1 ? found[0] : null;
    }

    /// <summary>The only option whose text stands in the answer; one that holds another's text counts alone.</summary>
    private static int? Text(string answer, IReadOnlyList<string> options)
    {
        string said = Plain(answer);
        int[] found = [.. Enumerable.Range(0, options.Count).Where(i => Plain(options[i]) is { Length: > 0 } o && Whole(said, o))];
        if (found.Length > 1) found = [.. found.Where(i => !found.Any(j => j != i && Plain(options[j]).Contains(Plain(options[i]), StringComparison.Ordinal)))];
        return found.Length == 1 ? found[0] : null;
    }

    private static bool Whole(string text, string part)
    {
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + 1, StringComparison.Ordinal))
        {
            bool ideograph = part.Any(c => c >= 0x2E80);
            bool starts = at == 0 || !char.IsLetterOrDigit(text[at - 1]), ends = at + part.Length == text.Length || !char.IsLetterOrDigit(text[at + part.Length]);
            if (ideograph || (starts && ends)) return true;
        }

        return false;
    }

    private static string Plain(string text) => PlainText.Of(text).Trim(' ', '.', '。', '!', '！', '"', '\'');

    [GeneratedRegex(@"\\boxed\{\s*(\\text\{)?\(?(?<letter>[A-Ha-h])\)?\s*\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Boxed();

    [GeneratedRegex(
        @"(?:answer|correct option|correct choice|right option|best option|option|choice|choose|i pick|select|答案|选项|应该?选|我选|选择|选)(?:\s+is|\s+would be|\s+should be|是|为|应为|应该是)?\s*[:：]?\s*[\*\(\[""'“「（]*\s*(?<letter>[A-H])(?![A-Za-z'’])|\b(?<letter>[A-H])[\)\*\]]*\s+is\s+(?:the\s+)?(?:correct|right|best)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Verdict();

    [GeneratedRegex(@"^[\s\*\(\[""'“「（#>]*(?<letter>[A-Ha-h])(?:[\*\]""'”」]*\s*(?:[\)\.,:：、）。;-]|$|\n))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Opening();

    [GeneratedRegex(@"[\(（\[](?<letter>[A-Ha-h])[\)）\]]", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parenthesised();

    [GeneratedRegex(@"(?<![A-Za-z'’])(?<letter>[B-H]|A(?!\s+[a-z]))(?![A-Za-z'’])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Bare();
}
