using System.Globalization;
using System.Text;
using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>The command that repeats a run.</summary>
internal static class Reproduction
{
    // What the header tells itself, and what changes where a run goes but not what it asks.
    private static readonly HashSet<string> s_told = new(StringComparer.OrdinalIgnoreCase) { "target", "suite", "seed", "limit", "language", "out", "json", "quiet", Report.JudgeErrors };

    /// <summary>The command, quoted for a POSIX shell. A pair is assessed by naming no target.</summary>
    public static string Command(RunResult run)
    {
        RunHeader header = run.Header;
        StringBuilder command = new("plumbline assess");
        if (run.Twin is null) Add(header.Target);
        Option("suite", header.Suite);
        Option("seed", header.Seed.ToString(CultureInfo.InvariantCulture));
        if (header.Limit is { } limit) Option("limit", limit.ToString(CultureInfo.InvariantCulture));
        if (header.Language is { } language) Option("language", language);
        foreach ((string name, string value) in header.Options.OrderBy(o => o.Key.TrimStart('-'), StringComparer.Ordinal))
        {
            string bare = name.TrimStart('-');
            if (bare.Length > 0 && !s_told.Contains(bare)) Option(bare, value);
        }
        return command.ToString();

        void Option(string name, string value)
        {
            Add("--" + name);
            if (value is not ("" or "true" or "True")) Add(value);
        }

        void Add(string word) => command.Append(' ').Append(Quoted(word));
    }

    private static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '+' or '%')
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
