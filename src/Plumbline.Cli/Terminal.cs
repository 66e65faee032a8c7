using Spectre.Console;

namespace Plumbline.Cli;

/// <summary>A console for tables and progress on a stream that may or may not be a terminal.</summary>
internal static class Terminal
{
    private const int WidthElsewhere = 160;

    public static IAnsiConsole For(TextWriter output, bool isTerminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) console.Profile.Width = WidthElsewhere;
        return console;
    }
}
