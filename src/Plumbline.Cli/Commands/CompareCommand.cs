using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Plumbline.Reports;
using Plumbline.Runs;
using Plumbline.Store;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline compare`: which differences between two runs are real.</summary>
internal static class CompareCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string> first = new("run-a") { Description = "The run to start from: its folder, or its id under plumbline-runs." };
        Argument<string> second = new("run-b") { Description = "The run to compare with it." };
        Option<bool> json = new("--json") { Description = "One JSON object on standard output." };
        Option<string?> page = new("--out") { Description = "A page (HTML) to write beside: before and after, drawn." };
        Option<string?> language = new("--language") { Description = "The page's language, en or zh." };
        language.AcceptOnlyFromAmong("en", "zh");
        Command command = new("compare", """
            Compares two runs metric by metric, paired by sample where both have it, and says which differences are real
            (Holm's correction over all rows at 5 %). A difference is B minus A.

            Examples:
              plumbline compare plumbline-runs/20260102-030405-1a2b plumbline-runs/20260103-030405-2b3c
              plumbline compare before after --json
              plumbline compare before after --out before-after.html
            """)
        { first, second, json, page, language };
        command.SetAction(async (parsed, cancellation) =>
        {
            string folderA = RunFolder.Find(parsed.GetValue(first)!), folderB = RunFolder.Find(parsed.GetValue(second)!);
            if (Path.GetFullPath(folderA) == Path.GetFullPath(folderB)) throw new UsageException("Both names mean the same run, which differs from itself in nothing: name two runs.");
            await using SqliteRunStore storeA = SqliteRunStore.Open(folderA);
            await using SqliteRunStore storeB = SqliteRunStore.Open(folderB);
            RunResult a = AssessmentSession.Measure(folderA, storeA, surroundings), b = AssessmentSession.Measure(folderB, storeB, surroundings);
            IReadOnlyList<MetricComparison> rows = Comparison.Of(a, storeA.Read, b, storeB.Read);
            if (parsed.GetValue(page) is { } path)
            {
                using StringWriter html = new();
                Report.WriteComparison(a, b, rows, html, parsed.GetValue(language) ?? "en");
                await File.WriteAllTextAsync(path, html.ToString(), cancellation);
            }

            if (parsed.GetValue(json)) surroundings.Output.WriteLine(JsonOutput.Write(writer => WriteJson(writer, a.Header, b.Header, rows)));
            else WriteTable(a.Header, b.Header, rows, surroundings);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteTable(RunHeader a, RunHeader b, IReadOnlyList<MetricComparison> rows, Surroundings surroundings)
    {
        surroundings.Output.WriteLine($"A: {a.Target} ({a.Id}, seed {a.Seed})\nB: {b.Target} ({b.Id}, seed {b.Seed})");
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("metric", "A", "B", "B - A", "95 % interval", "pairs", "p", "p, Holm", "method", "");
        foreach (MetricComparison row in rows)
        {
            table.AddRow(
                Markup.Escape($"{row.Evaluation}.{row.Metric}"), Show(row.First), Show(row.Second), Show(row.Difference, sign: true), row.Low is null ? "" : Markup.Escape($"[{Show(row.Low, sign: true)}, {Show(row.High, sign: true)}]"),
                row.Pairs == 0 ? "" : row.Pairs.ToString(CultureInfo.InvariantCulture), Chance(row.P), Chance(row.Adjusted), Markup.Escape(row.Method), row.Real ? "real" : row.P is null ? "" : "could be chance");
        }

        Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
        int real = rows.Count(r => r.Real);
        surroundings.Output.WriteLine(real == 0
            ? "No difference stands after the correction; that is no proof of equality: see the intervals."
            : $"Real differences: {real} of {rows.Count(r => r.P is not null)}: {string.Join(", ", rows.Where(r => r.Real).Select(r => $"{r.Evaluation}.{r.Metric}"))}.");
    }

    private static void WriteJson(Utf8JsonWriter writer, RunHeader a, RunHeader b, IReadOnlyList<MetricComparison> rows)
    {
        writer.WriteStartObject();
        Run("a", a);
        Run("b", b);
        writer.WriteNumber("alpha", Comparison.Alpha);
        writer.WriteStartArray("comparisons");
        foreach (MetricComparison row in rows)
        {
            writer.WriteStartObject();
            writer.WriteString("evaluation", row.Evaluation);
            writer.WriteString("metric", row.Metric);
            Number("a", row.First);
            Number("b", row.Second);
            Number("difference", row.Difference);
            Number("low", row.Low);
            Number("high", row.High);
            writer.WriteNumber("pairs", row.Pairs);
            Number("p", row.P);
            Number("adjusted", row.Adjusted);
            writer.WriteBoolean("real", row.Real);
            writer.WriteString("method", row.Method);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();

        void Run(string name, RunHeader run)
        {
            writer.WriteStartObject(name);
            writer.WriteString("run", run.Id);
            writer.WriteString("target", run.Target);
            writer.WriteString("suite", run.Suite);
            writer.WriteNumber("seed", run.Seed);
            writer.WriteEndObject();
        }

        void Number(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number)) writer.WriteNumber(name, number);
            else writer.WriteNull(name);
        }
    }

    private static string Show(double? value, bool sign = false) => value?.ToString(sign ? "+0.000;-0.000;0.000" : "0.000", CultureInfo.InvariantCulture) ?? "";

    private static string Chance(double? p) => p is null ? "" : p < 0.0001 ? "< 0.0001" : p.Value.ToString("0.0000", CultureInfo.InvariantCulture);
}
