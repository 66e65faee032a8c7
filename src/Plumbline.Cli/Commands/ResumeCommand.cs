using System.CommandLine;
using Plumbline.Store;
using Plumbline.Suites;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline resume`: goes on with a run that was cancelled or killed.</summary>
internal static class ResumeCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string> run = new("run") { Description = "The run's folder, or its id under plumbline-runs." };
        Option<string?> target = new("--target") { Description = "The address again, where it holds a password or a key: a run keeps none." };
        Option<string?> judge = new("--judge") { Description = "The judge's address again, where it holds a password or a key." };
        Option<bool> errors = new("--errors") { Description = "Ask those samples again whose request failed; the failures stay in the store, set aside." };
        Option<bool> json = new("--json") { Description = "One JSON object on standard output." };
        Option<bool> quiet = new("--quiet") { Description = "No progress; the verdict only." };
        Command command = new("resume", """
            Goes on with a run: what was answered is kept and not asked again.

            Examples:
              plumbline resume plumbline-runs/20260102-030405-1a2b
              plumbline resume plumbline-runs/20260102-030405-1a2b --errors
            """)
        { run, target, judge, errors, json, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            string folder = RunFolder.Find(parsed.GetValue(run)!);
            AssessRequest request;
            Suite suite;
            await using (SqliteRunStore store = SqliteRunStore.Open(folder))
            {
                (request, suite) = (AssessRequest.FromOptions(store.Header.Options), Suite.Parse(store.Header.SuiteText, store.Header.Suite));
            }

            if (parsed.GetValue(target) is { } again) request = request with { Target = again };
            if (parsed.GetValue(judge) is { } judgeAgain) request = request with { Judge = judgeAgain };
            if (KeptAddress.IsMasked(request.Judge))
            {
                throw new UsageException($"The judge's address {request.Judge} held a password or a key, which the run does not keep: give it again with --judge.");
            }

            if (KeptAddress.IsMasked(request.Target))
            {
                throw new UsageException($"The address {request.Target} held a password or a key, which the run does not keep: give it again with --target.");
            }

            if (parsed.GetValue(errors)) await SetErroredAsideAsync(folder);
            return await new AssessmentSession(request, surroundings, parsed.GetValue(json), parsed.GetValue(quiet), suite).ResumeAsync(folder, cancellation);
        });
        return command;
    }

    private static async Task SetErroredAsideAsync(string folder)
    {
        foreach (string place in new[] { folder, RunFolder.Twin(folder) }.Where(RunFolder.Holds))
        {
            await using SqliteRunStore store = SqliteRunStore.Open(place);
            store.SetErroredAside();
        }
    }
}
