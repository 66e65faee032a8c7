using System.CommandLine;
using System.CommandLine.Parsing;

namespace Plumbline.Cli;

/// <summary>The nearest command or option to a mistyped word.</summary>
internal static class DidYouMean
{
    public static IEnumerable<string> Hints(ParseResult parsed)
    {
        string[] known = [.. Names(parsed.CommandResult), "--help"];
        foreach (string word in parsed.UnmatchedTokens.Concat(parsed.Tokens.Where(t => t.Type == TokenType.Argument).Select(t => t.Value)).Distinct())
        {
            string? nearest = Nearest(word.Split('=')[0], known);
            if (nearest is not null) yield return $"Did you mean '{nearest}' instead of '{word}'?";
        }
    }

    /// <summary>The known word at the smallest edit distance, if it is near enough to be meant; null for an exact match or none.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known)
    {
        (string? best, int distance) = known.Select(k => (k, Distance(word, k))).OrderBy(p => p.Item2).FirstOrDefault();
        return best is not null && distance > 0 && distance <= Math.Max(1, word.Length / 3) ? best : null;
    }

    private static IEnumerable<string> Names(CommandResult result) =>
        result.Command.Subcommands.Select(c => c.Name).Concat(result.Command.Options.Select(o => o.Name));

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
