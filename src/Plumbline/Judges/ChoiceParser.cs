using System.Text.RegularExpressions;

namespace Plumbline.Judges;

/// <summary>
/// Which option an answer in words chose. A stated verdict ("Answer: B", "\boxed{C}", "答案是B") comes before a letter that
/// opens a line ("b, because …"), that before a single letter elsewhere or an option's own text. The first of these that
/// says anything decides; where it says two different things, or names a letter that is no option, there is no choice. "A"
/// before a common word is an article, "I" a pronoun unless there are nine options. Pure; safe for concurrent use.
/// </summary>
public static partial class ChoiceParser
{
    private const int Longest = 20_000;
    private const int OptionsUpToI = 8;

    /// <summary>The chosen option's index; null where the answer gives none, or more than one.</summary>
    public static int? Parse(string answer, IReadOnlyList<string> options)
    {
        string text = PlainLetters.Of(answer.Length > Longest ? answer[..Longest] : answer);
        foreach (Regex form in new[] { Boxed(), Verdict(), Opening() })
        {
            char[] said = Said(form, text, options.Count);
            if (said.Length > 0) return Only(said, options.Count);
        }

        string plain = Words(answer);
        int[] named = [.. Named(plain, options)];
        char[] letters = Said(Parenthesised(), text, options.Count);
        if (letters.Length == 0) letters = Said(Bare(), named.Length == 0 ? text : Without(text, named.Select(i => options[i])), options.Count);
        int? letter = Only(letters, options.Count);
        return named.Length != 1 ? letter : letters.Length == 0 || letter == named[0] ? named[0] : null;
    }

    private static int? Only(char[] letters, int count) => letters.Length == 1 && letters[0] - 'A' < count ? letters[0] - 'A' : null;

    /// <summary>The distinct letters that a form of answer gives, articles and pronouns left out.</summary>
    private static char[] Said(Regex form, string text, int count)
    {
        List<char> said = [];
        foreach (Match match in form.Matches(text))
        {
            Group group = match.Groups["letter"];
            char upper = char.ToUpperInvariant(group.Value[0]);
            string after = text[(group.Index + 1)..Math.Min(text.Length, group.Index + 24)];
            if (upper == 'I' && count <= OptionsUpToI) continue;
            if (upper is 'A' or 'I' && IsWord().IsMatch(after) && (char.IsLower(group.Value[0]) || !Connective().IsMatch(after))) continue;
            if (char.IsLower(group.Value[0]) && IsWord().IsMatch(after) && !Connective().IsMatch(after)) continue;
            if (!said.Contains(upper)) said.Add(upper);
            if (Another().Match(after) is { Success: true } other && !said.Contains(other.Groups["letter"].Value[0])) said.Add(other.Groups["letter"].Value[0]);
        }

        return [.. said];
    }

    /// <summary>The options whose text stands in the answer and is not denied; one that lies within another's text does not count.</summary>
    private static IEnumerable<int> Named(string said, IReadOnlyList<string> options)
    {
        string[] plain = [.. options.Select(o => Words(o).Trim(' ', '.', '。', '!', '"', '\''))];
        int[] found = [.. Enumerable.Range(0, plain.Length).Where(i => plain[i].Length > 0 && Holds(said, plain[i]))];
        return found.Where(i => !found.Any(j => plain[j].Length > plain[i].Length && plain[j].Contains(plain[i], StringComparison.Ordinal)));
    }

    private static bool Holds(string text, string part)
    {
        bool ideographs = part.Any(c => c >= 0x2E80);
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + 1, StringComparison.Ordinal))
        {
            bool starts = at == 0 || !char.IsLetterOrDigit(text[at - 1]), ends = at + part.Length == text.Length || !char.IsLetterOrDigit(text[at + part.Length]);
            if ((ideographs || (starts && ends)) && !Denied().IsMatch(text[Math.Max(0, at - 12)..at])) return true;
        }

        return false;
    }

    private static string Without(string text, IEnumerable<string> parts) =>
        parts.Aggregate(text, (rest, part) => PlainLetters.Of(part) is { Length: > 0 } p ? rest.Replace(p, " ", StringComparison.OrdinalIgnoreCase) : rest);

    /// <summary>One spelling for what people write in several.</summary>
    private static string Words(string text) => PlainText.Of(text)
        .Replace("cannot", "can't", StringComparison.Ordinal).Replace("can not", "can't", StringComparison.Ordinal)
        .Replace("information", "info", StringComparison.Ordinal);

    [GeneratedRegex(@"\\boxed\s*\{\s*(\\(text|textbf|mathrm|mathbf)\s*\{)?\s*\(?\s*(?<letter>[A-Za-z])\s*\)?\s*[\}\.:]", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Boxed();

    [GeneratedRegex(
        """
        # answer: B; answer is (B); {"answer": "B"}; <answer>B
        (?<!\bnot\ )\b(answer|(correct|right|best|safest|final)\ (option|choice|response))(['"*_`>]*\s*([:=>–—-]|\bis\b|\bwould\ be\b|\bshould\ be\b|\bmust\ be\b)\s*)['"*_`“‘(\[]*\s*((option|choice|letter)\s+)?['"*_`“‘(\[]*(?<letter>[A-Z])(?![A-Z'’])
        # I choose B
        |(?<!\b(not|never)\ )(?<!n't\ )\b(choose|pick|select|choosing|picking|selecting|go\ with|going\ with|opt\ for|chose|picked|selected)\s+((option|choice|letter|answer)\s+)?['"*_`“‘(\[]*(?<letter>[A-Z])(?![A-Z'’])
        # B is right
        |(?<![A-Z'’])(?<letter>[A-Z])['"*_`”’)\]]*\s+(is|would\ be|must\ be)\s+(the\ )?(correct|right|best|safest)\b
        # 答案是B; 选B
        |(答案|正确选项|正确的?选项)\s*(应该|应当|应)?\s*(选择|选|是|为|就是)?\s*:?\s*['"*_`“‘「(\[]*(选项\s*)?(?<letter>[A-Z])(?![A-Z])
        |(?<![不别非没未])(?<!不[能应该可会]|不应该)(应该?|我|故|则|所以|因此|本题)?选(择|了)?(?!项)\s*:?\s*['"*_`“‘「(\[]*(选项\s*)?(?<letter>[A-Z])(?![A-Z])
        |(?<![A-Z])(?<letter>[A-Z])\s*(选项|项)?\s*(才?是|为)?\s*(正确|对的|最合适|最恰当)
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Verdict();

    [GeneratedRegex(@"^[ \t\*\(\[""'“「#>_`]{0,16}(?<letter>[A-Za-z])[\*\]""'”」_`]{0,8}[ \t\r]{0,4}([\)\.,:、。;]|-\s|$)", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Opening();

    [GeneratedRegex(@"[\(\[](?<letter>[A-Za-z])[\)\]]", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parenthesised();

    [GeneratedRegex(@"(?<![A-Za-z0-9'’&.-])(?<letter>[A-Z])(?![A-Za-z0-9'’&+#]|\.[A-Za-z])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Bare();

    /// <summary>What makes "A" before it an article: a word follows.</summary>
    [GeneratedRegex(@"^\s+[a-z]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsWord();

    /// <summary>Words that follow a letter and no article.</summary>
    [GeneratedRegex(@"^\s+(or|and|nor|is|isn't|because|since|as|but|would|seems|looks|rather|over|instead|for|if|will|should|was|given|the)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Connective();

    /// <summary>A second letter in one breath: "B or C", "A, D".</summary>
    [GeneratedRegex(@"^[\*\)\]_`""'”’]*\s*(,|/|&|、|\band\b|\bor\b|和|或|与|及)\s*(option\s+)?[\*\(\[_`""'“]*(?<letter>[A-HJ-Z])(?![A-Za-z'’])(?![\*\)\]_`]*\s*((和|与|或|及|、|/|and|or)\s*[A-Z]\s*)?(is|are|was|were|would|isn't|aren't|都|不|错))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Another();

    [GeneratedRegex(@"(\bnot|n't be|\bnever|不是|并非|而非|不选)\s*(the |an? )?[""'(]*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Denied();
}
