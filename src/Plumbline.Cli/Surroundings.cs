namespace Plumbline.Cli;

/// <summary>What the command line touches outside itself, so that tests can hand in their own.</summary>
internal sealed record Surroundings(TextWriter Output, TextWriter Error, TimeProvider Clock, Func<string, string?> Environment, bool OutputIsTerminal, bool ErrorIsTerminal)
{
    /// <summary>What `-` reads.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    public static Surroundings OfThisProcess()
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        return new(Console.Out, Console.Error, TimeProvider.System, System.Environment.GetEnvironmentVariable, !Console.IsOutputRedirected, !Console.IsErrorRedirected) { Input = Console.In };
    }
}

/// <summary>What the process answers to its caller; stable for scripts.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Error = 1;
    public const int Usage = 2;
    public const int GateFailed = 3;
    public const int Cancelled = 130;
}

/// <summary>The command was used wrongly; the message says how to use it.</summary>
internal sealed class UsageException(string message) : Exception(message);
