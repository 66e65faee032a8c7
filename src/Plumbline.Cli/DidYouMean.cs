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
            string? nearest = Spelling.Nearest(word.Split('=')[0], known);
            if (nearest is not null) yield return $"Did you mean '{nearest}' instead of '{word}'?";
        }
    }

    private static IEnumerable<string> Names(CommandResult result) =>
        result.Command.Subcommands.Select(c => c.Name).Concat(result.Command.Options.Select(o => o.Name));
}
