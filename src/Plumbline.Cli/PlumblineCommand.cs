using System.CommandLine;
using System.CommandLine.Parsing;
using Plumbline.Cli.Commands;
using Plumbline.Cli.Help;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Suites;

namespace Plumbline.Cli;

/// <summary>The `plumbline` command: parses, runs, and turns every failure into a message and an exit code.</summary>
internal static class PlumblineCommand
{
    public static async Task<int> RunAsync(string[] args, Surroundings surroundings)
    {
        RootCommand root = Build(surroundings);
        if (HelpText.IsAsked(args)) return await HelpAsync(root, args, surroundings);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct()) await surroundings.Error.WriteLineAsync(message);
            foreach (string hint in DidYouMean.Hints(parsed)) await surroundings.Error.WriteLineAsync(hint);
            await surroundings.Error.WriteLineAsync($"Help: {Named(parsed.CommandResult)} --help");
            return ExitCode.Usage;
        }

        try
        {
            InvocationConfiguration configuration = new() { Output = surroundings.Output, Error = surroundings.Error, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            await surroundings.Error.WriteLineAsync("Cancelled.");
            return ExitCode.Cancelled;
        }
        catch (Exception e) when (e is UsageException or SuiteException or MemoryLimitException)
        {
            await surroundings.Error.WriteLineAsync(e.Message);
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is TargetException or ModelFileException or SequenceScoringException or IOException or UnauthorizedAccessException)
        {
            await surroundings.Error.WriteLineAsync(e.Message);
            return ExitCode.Error;
        }
    }

    private static async Task<int> HelpAsync(RootCommand root, string[] args, Surroundings surroundings)
    {
        try
        {
            (string[] rest, string language) = HelpText.TakeLanguage(args);
            ParseResult parsed = root.Parse(rest);
            HelpText.Prepare(root, parsed.CommandResult.Command, language);
            using StringWriter help = new();
            int exit = await parsed.InvokeAsync(new InvocationConfiguration { Output = help, Error = surroundings.Error, EnableDefaultExceptionHandler = false });
            await surroundings.Output.WriteAsync(language == "zh" ? HelpText.Translate(help.ToString()) : help.ToString());
            return exit;
        }
        catch (UsageException e)
        {
            await surroundings.Error.WriteLineAsync(e.Message);
            return ExitCode.Usage;
        }
    }

    /// <summary>The command as it is called: "plumbline model info".</summary>
    private static string Named(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Named(parent)} {command.Command.Name}" : "plumbline";

    /// <summary>The tree of commands.</summary>
    internal static RootCommand Build(Surroundings surroundings)
    {
        RootCommand root = new("""
            Measures, attacks and reports on the safety of language models. Offline unless you name a host.

            Examples:
              plumbline assess                                   the built-in phantom and its clean twin
              plumbline assess model.gguf --suite quick          a model on this machine
              plumbline assess http://127.0.0.1:8080/v1 --model NAME --api-key-env KEY
              plumbline assess model.gguf --gate "jailbreak.asr upper <= 0.05"

            Exit codes: 0 done, 1 error, 2 usage, 3 a gate failed, 130 cancelled (plumbline resume goes on).
            """);
        root.Subcommands.Add(AssessCommand.Build(surroundings));
        root.Subcommands.Add(ResumeCommand.Build(surroundings));
        root.Subcommands.Add(ReportCommand.Build(surroundings));
        root.Subcommands.Add(RunsCommand.Build(surroundings));
        root.Subcommands.Add(MethodsCommand.Build(surroundings));
        root.Subcommands.Add(SuitesCommand.Build(surroundings));
        root.Subcommands.Add(DataCommand.Build(surroundings));
        root.Subcommands.Add(ServeCommand.Build(surroundings));
        root.Subcommands.Add(PhantomCommand.Build(surroundings));
        root.Subcommands.Add(CalibrateCommand.Build(surroundings));
        root.Subcommands.Add(JudgeCommand.Build(surroundings));
        root.Subcommands.Add(TorchCommand.Build(surroundings));
        root.Subcommands.Add(CompareCommand.Build(surroundings));
        root.Subcommands.Add(ModelCommand.Build(surroundings));
        root.Subcommands.Add(DoctorCommand.Build(surroundings));
        return root;
    }
}
