using System.CommandLine;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline report`: a run's report in another form.</summary>
internal static class ReportCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string> run = new("run") { Description = "The run's folder, or its id under plumbline-runs." };
        Option<string> format = new("--format") { Description = "html, json, markdown, junit or sarif.", DefaultValueFactory = _ => "markdown" };
        format.AcceptOnlyFromAmong("html", "json", "markdown", "junit", "sarif");
        Option<string?> file = new("--out") { Description = "The file to write; else standard output." };
        Option<string?> language = new("--language") { Description = "en or zh." };
        language.AcceptOnlyFromAmong("en", "zh");
        Command command = new("report", """
            Writes a run's report anew from its store.

            Example:
              plumbline report plumbline-runs/20260102-030405-1a2b --format junit --out results.xml
            """)
        { run, format, file, language };
        command.SetAction((parsed, cancellation) => AssessmentSession.ReportAsync(
            RunFolder.Find(parsed.GetValue(run)!), parsed.GetValue(format)!, parsed.GetValue(file), parsed.GetValue(language), surroundings, cancellation));
        return command;
    }
}
