using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline methods`: every evaluation and attack.</summary>
internal static class MethodsCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Option<bool> json = new("--json") { Description = "A JSON list." };
        Command command = new("methods", "Lists every evaluation and attack with its risk, needs, source and calibration.\n\nExample:\n  plumbline methods --json") { json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json)) WriteJson(surroundings.Output);
            else WriteTable(surroundings);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteTable(Surroundings surroundings)
    {
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("id", "risk", "needs", "survey", "what");
        foreach (EvaluationCard card in Catalog.All.Select(e => e.Card))
        {
            table.AddRow(Markup.Escape(card.Id), card.Risk.Id, card.Needs.ToString(), string.Join(' ', card.Survey), Markup.Escape(card.Title));
        }

        Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
    }

    private static void WriteJson(TextWriter output)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            foreach (EvaluationCard card in Catalog.All.Select(e => e.Card))
            {
                writer.WriteStartObject();
                writer.WriteString("id", card.Id);
                writer.WriteString("title", card.Title);
                writer.WriteString("kind", card.Kind);
                writer.WriteString("risk", card.Risk.Id);
                Strings("survey", card.Survey);
                writer.WriteString("needs", card.Needs switch { Needs.Chat => "chat", Needs.Judge => "judge", _ => "log-likelihood" });
                Strings("languages", card.Languages);
                writer.WriteString("source", card.Source);
                writer.WriteString("licence", card.Licence);
                writer.WriteNull("calibration");
                writer.WriteEndObject();
            }

            writer.WriteEndArray();

            void Strings(string name, IEnumerable<string> values)
            {
                writer.WriteStartArray(name);
                foreach (string value in values) writer.WriteStringValue(value);
                writer.WriteEndArray();
            }
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }
}
