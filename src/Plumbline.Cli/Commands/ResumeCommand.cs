using System.CommandLine;
using Plumbline.Store;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline resume`: goes on with a run that was cancelled or killed.</summary>
internal static class ResumeCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string> run = new("run") { Description = "The run's folder, or its id under plumbline-runs." };
        Option<bool> json = new("--json") { Description = "One JSON object on standard output." };
        Option<bool> quiet = new("--quiet") { Description = "No progress; the verdict only." };
        Command command = new("resume", """
            Goes on with a run: what was answered is kept and not asked again.

            Example:
              plumbline resume plumbline-runs/20260102-030405-1a2b
            """)
        { run, json, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            string folder = RunFolder.Find(parsed.GetValue(run)!);
            AssessRequest request;
            await using (SqliteRunStore store = SqliteRunStore.Open(folder)) request = AssessRequest.FromOptions(store.Header.Options);
            return await new AssessmentSession(request, surroundings, parsed.GetValue(json), parsed.GetValue(quiet)).ResumeAsync(folder, cancellation);
        });
        return command;
    }
}
