using System.CommandLine;
using System.Text.Json;
using Plumbline.Runs;
using Plumbline.Store;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline runs`: what is in the runs folder.</summary>
internal static class RunsCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Option<string> root = new("--in") { Description = "The folder of runs.", DefaultValueFactory = _ => RunFolder.Root };
        Command command = new("runs", "Lists the runs of this folder.\n\nExample:\n  plumbline runs") { root };
        command.SetAction(async (parsed, _) =>
        {
            string folder = parsed.GetValue(root)!;
            Table table = new() { Border = TableBorder.Simple };
            table.AddColumns("run", "started", "target", "suite", "seed", "state");
            foreach (string run in Directory.Exists(folder) ? Directory.GetDirectories(folder).Order() : Enumerable.Empty<string>())
            {
                if (!RunFolder.Holds(run)) continue;
                string name = Path.GetFileName(run);
                try
                {
                    await using SqliteRunStore store = SqliteRunStore.Open(run);
                    RunHeader header = store.Header;
                    string state = Ended(run) ? "done" : "unfinished: plumbline resume";
                    table.AddRow(Markup.Escape(name), header.Started.ToString("yyyy-MM-dd HH:mm"), Markup.Escape(header.Target), Markup.Escape(header.Suite), header.Seed.ToString(), state);
                }
                catch (IOException e)
                {
                    table.AddRow(Markup.Escape(name), "", "", "", "", Markup.Escape(e.Message));
                }
            }

            if (table.Rows.Count == 0) await surroundings.Output.WriteLineAsync($"There are no runs in {folder}. `plumbline assess` makes one.");
            else Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A run that was cancelled has a report, too, which says so.</summary>
    private static bool Ended(string run)
    {
        string report = Path.Combine(run, "report.json");
        if (!File.Exists(report)) return false;
        try
        {
            using FileStream stream = File.OpenRead(report);
            using JsonDocument document = JsonDocument.Parse(stream);
            return document.RootElement.TryGetProperty("exit", out JsonElement exit) && exit.TryGetInt32(out int code) && code != ExitCode.Cancelled;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false; // killed while it was written
        }
    }
}
