using System.CommandLine;
using System.Text.Json;
using Plumbline.Instruments;
using Plumbline.Measure.Public;
using Plumbline.Phantoms.Scripted;
using Plumbline.Worlds;
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
        table.AddColumns("id", "risk", "needs", "survey", "what", "on phantoms");
        foreach (EvaluationCard card in Catalog.All.Select(e => e.Card))
        {
            table.AddRow(Markup.Escape(card.Id), card.Risk.Id, card.Needs.ToString(), string.Join(' ', card.Survey), Markup.Escape(card.Title), Markup.Escape(OnPhantoms(card)));
        }

        Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
    }

    private static string OnPhantoms(EvaluationCard card) => CalibrationFile.Shipped.Of(card.Id).FirstOrDefault() is { Evaluation: { } evaluation, Metric: { } metric }
        ? InstrumentReading.For(CalibrationFile.Shipped, card.Id, evaluation, metric).Text(chinese: false)
        : "uncalibrated";

    private static void WriteJson(TextWriter output)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            foreach (Evaluation evaluation in Catalog.All)
            {
                EvaluationCard card = evaluation.Card;
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
                Calibration(writer, evaluation);
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

    // The judge's errors as an assessment's rows carry them, for the worlds in their order: public targets first, as most targets are. The
    // fields of the first world stand at the top, as in a row. Beside them what the whole instrument did on phantoms.
    private static void Calibration(Utf8JsonWriter writer, Evaluation evaluation)
    {
        (World World, JudgeCalibration Judge)[] all = [.. Worlds().SelectMany(w => Calibrations(evaluation, w).Select(c => (w, c)))];
        InstrumentCalibration[] instruments = [.. CalibrationFile.Shipped.Of(evaluation.Card.Id)];
        if (all.Length == 0 && instruments.Length == 0)
        {
            writer.WriteNull("calibration");
            return;
        }

        writer.WriteStartObject("calibration");
        if (instruments.Length > 0) CalibrationFile.WriteFields(writer, instruments[0]);
        writer.WriteStartArray("phantoms");
        foreach (InstrumentCalibration instrument in instruments) CalibrationFile.Write(writer, instrument);
        writer.WriteEndArray();
        if (all.Length == 0)
        {
            writer.WriteEndObject();
            return;
        }

        Fields(all[0]);
        writer.WriteStartArray("worlds");
        foreach ((World World, JudgeCalibration Judge) one in all)
        {
            writer.WriteStartObject();
            Fields(one);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();

        void Fields((World World, JudgeCalibration Judge) one)
        {
            writer.WriteString("world", one.World.Name);
            writer.WriteString("judge", one.Judge.Judge);
            writer.WriteNumber("sensitivity", one.Judge.Sensitivity);
            writer.WriteNumber("specificity", one.Judge.Specificity);
            writer.WriteNumber("truePositives", one.Judge.TruePositives);
            writer.WriteNumber("positives", one.Judge.Positives);
            writer.WriteNumber("trueNegatives", one.Judge.TrueNegatives);
            writer.WriteNumber("negatives", one.Judge.Negatives);
            writer.WriteString("source", one.Judge.Source);
            writer.WriteString("date", one.Judge.Date);
        }
    }

    private static IEnumerable<World> Worlds() =>
        new World[] { new PublicWorld() }.Concat(Phantoms.Phantoms.List().Select(c => Phantoms.Phantoms.Open(c.Name).World)).Append(new ScriptedWorld()).DistinctBy(w => w.Name);

    // Measured on no answers, an evaluation still says with which judge's errors it would correct its figures.
    private static IEnumerable<JudgeCalibration> Calibrations(Evaluation evaluation, World world) =>
        evaluation.Measure(world, new Dataset("", "", "", []), []).Select(m => m.Calibration).OfType<JudgeCalibration>().DistinctBy(c => c.Judge);
}
