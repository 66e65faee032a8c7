using System.CommandLine;
using Plumbline.Suites;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline suites`: what ships, or one suite's YAML to start from.</summary>
internal static class SuitesCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string?> name = new("name") { Description = "Prints this suite's YAML, to copy and edit.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("suites", "Lists the suites that ship, or prints one.\n\nExample:\n  plumbline suites quick > mine.yaml") { name };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(name) is { } one)
            {
                surroundings.Output.Write(Suite.Load(one).Text);
                return ExitCode.Done;
            }

            foreach (Suite suite in Suite.Shipped.Select(Suite.Load))
            {
                surroundings.Output.WriteLine($"{suite.Name,-10} {string.Join(", ", suite.Entries.Select(e => e.Id))}");
            }

            return ExitCode.Done;
        });
        return command;
    }
}
