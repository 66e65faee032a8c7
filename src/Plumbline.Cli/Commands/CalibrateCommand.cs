using System.CommandLine;
using System.Globalization;
using System.Text;
using Plumbline.Instruments;
using Plumbline.Phantoms.Calibration;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline calibrate`: what each instrument finds in phantoms whose defects are known, and what it sees where there is none.</summary>
internal static class CalibrateCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Argument<string[]> methods = new("method") { Description = "Ids of `plumbline methods`; without one: all.", Arity = ArgumentArity.ZeroOrMore };
        Option<double> budget = new("--budget") { Description = "Minutes. Every method is measured whatever this is; more buys more replicates, and seeds of the trained phantom.", DefaultValueFactory = _ => 2 };
        budget.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<double>() is not (> 0 and < 100_000)) result.AddError("--budget must be above 0 minutes.");
        });
        Option<int?> replicates = new("--replicates") { Description = "So many replicates at the standard dose in place of a budget (half as many on the twin): the same figures on every machine. No trained phantom." };
        replicates.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is <= 0 or > 100_000) result.AddError("--replicates must be from 1 to 100000.");
        });
        Option<ulong> seed = new("--seed") { Description = "The first replicate's seed.", DefaultValueFactory = _ => 1 };
        Option<int?> concurrency = new("--concurrency") { Description = "Replicates at once; without it as many as there are processors." };
        concurrency.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is <= 0) result.AddError("--concurrency must be above 0.");
        });
        Option<bool> json = new("--json") { Description = "A JSON list, a row a method and phantom." };
        Option<string?> write = new("--write") { Description = "Also write the figures into this file, in the form of the calibration.json that ships." };
        Option<string?> curves = new("--curves") { Description = "Also draw each power curve into this folder, METHOD.svg." };
        Option<bool> quiet = new("--quiet") { Description = "No progress." };
        Command command = new("calibrate", """
            Runs methods against phantoms, whose defects are known, and their clean twins: how often the defect is found, how often there is a
            false alarm, how often the interval holds the truth, and the smallest defect that is found. A method that makes no findings is
            judged by what `plumbline compare` says of two runs of it.

            Examples:
              plumbline calibrate --budget 5
              plumbline calibrate over-refusal bbq --budget 1
              plumbline calibrate --budget 20 --write calibration.json --curves curves
            """) { methods, budget, replicates, seed, concurrency, json, write, curves, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            string[] named = parsed.GetValue(methods) ?? [];
            foreach (string name in named.Where(n => Catalog.All.All(e => e.Card.Id != n)))
            {
                string hint = Spelling.Nearest(name, [.. Catalog.All.Select(e => e.Card.Id)]) is { } near ? $" Did you mean '{near}'?" : "";
                throw new UsageException($"There is no method '{name}'.{hint} `plumbline methods` lists them.");
            }

            CalibratorOptions options = new()
            {
                Seed = parsed.GetValue(seed),
                Budget = TimeSpan.FromMinutes(parsed.GetValue(budget)),
                Replicates = parsed.GetValue(replicates),
                Concurrency = parsed.GetValue(concurrency) ?? Environment.ProcessorCount,
            };
            IReadOnlyList<InstrumentCalibration> rows = await MeasureAsync(named, options, surroundings, parsed.GetValue(quiet), cancellation);
            if (parsed.GetValue(write) is { } file)
            {
                CalibrationFile stored = new(DateOnly.FromDateTime(surroundings.Clock.GetUtcNow().UtcDateTime), typeof(CalibrateCommand).Assembly.GetName().Version?.ToString(3) ?? "", options.Seed, rows);
                await File.WriteAllTextAsync(file, stored.ToJson(), new UTF8Encoding(false), cancellation);
            }

            if (parsed.GetValue(curves) is { } folder)
            {
                Directory.CreateDirectory(folder);
                foreach (InstrumentCalibration row in rows)
                {
                    if (PowerCurve.Svg(row) is { } svg) await File.WriteAllTextAsync(Path.Combine(folder, CalibrationPage.CurveFile(rows, row)), svg, new UTF8Encoding(false), cancellation);
                }
            }

            if (parsed.GetValue(json)) WriteJson(rows, surroundings.Output);
            else WriteTable(rows, surroundings, withCurves: named.Length > 0);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<IReadOnlyList<InstrumentCalibration>> MeasureAsync(string[] named, CalibratorOptions options, Surroundings surroundings, bool quiet, CancellationToken cancellationToken)
    {
        string prompts = Path.Combine(Directory.CreateTempSubdirectory("plumbline-calibrate-").FullName, "prompts.jsonl");
        try
        {
            ScriptedPrompts.Write(prompts);
            Calibrator calibrator = new([.. Catalog.All.Select(e => e is UserPrompts ? new UserPrompts(prompts) : e)], options, surroundings.Clock, AnswerPools.All);
            using CalibrationDisplay display = new(surroundings, quiet);
            return await calibrator.RunAsync(named.Length == 0 ? null : named, [new ShippedPair(surroundings, options.Concurrency)], display, cancellationToken);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(prompts)!, recursive: true);
        }
    }

    private static void WriteJson(IReadOnlyList<InstrumentCalibration> rows, TextWriter output) => output.WriteLine(JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (InstrumentCalibration row in rows) CalibrationFile.Write(json, row);
        json.WriteEndArray();
    }));

    private static void WriteTable(IReadOnlyList<InstrumentCalibration> rows, Surroundings surroundings, bool withCurves)
    {
        IAnsiConsole console = Terminal.For(surroundings.Output, surroundings.OutputIsTerminal);
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("method", "phantom", "decision", "dose", "power %", "false alarms %", "coverage %", "bias", "smallest dose", "samples", "replicates", "seconds");
        foreach (InstrumentCalibration row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Method), row.Phantom, CalibrationFile.Name(row.Decision), row.Dose is { } dose ? PowerCurve.Dose(dose, row) : "–", Markup.Escape(Share(row.Power)), Markup.Escape(Share(row.FalseAlarm)), Markup.Escape(Share(row.Coverage)),
                row.Bias is { } bias ? (row.IsShare ? $"{Math.Round(100 * bias, 2) + 0.0:+0.00;-0.00} pt" : $"{Math.Round(bias, 3) + 0.0:+0.000;-0.000}") : "–", row.SmallestDose is { } smallest ? PowerCurve.Dose(smallest, row) : "–",
                row.Samples.ToString(CultureInfo.InvariantCulture), (row.Coverage ?? row.Power ?? row.FalseAlarm)?.N.ToString(CultureInfo.InvariantCulture) ?? "–", $"{row.Seconds:0.0}");
        }

        console.Write(table);
        foreach (InstrumentCalibration row in rows)
        {
            if (withCurves && row.Curve.Count > 0)
            {
                console.WriteLine($"{row.Evaluation} {row.Metric}: power by dose on {row.Phantom}");
                foreach (string line in PowerCurve.Text(row)) console.WriteLine(line);
            }

            foreach ((string figure, double value) in row.FallsShort()) console.WriteLine($"! {row.Method} falls short: {figure} {100 * value:0.0} % on {row.Phantom}");
        }

        foreach (string reason in rows.Where(r => r.Power is null && r.Reason is not null).GroupBy(r => r.Reason).Select(g => $"No power for {string.Join(", ", g.Select(r => r.Method))}: {g.Key}.")) console.WriteLine(reason);

        static string Share(MeasuredShare? share) => share is null ? "–" : $"{100 * share.Value:0.0} [{100 * share.Low:0.0}, {100 * share.High:0.0}]";
    }

    /// <summary>Progress on standard error: a live line on a terminal, a plain line now and then elsewhere, nothing when quiet.</summary>
    private sealed class CalibrationDisplay(Surroundings surroundings, bool quiet) : IProgress<CalibrationProgress>, IDisposable
    {
        private static readonly TimeSpan s_plainInterval = TimeSpan.FromSeconds(10);

        private long _last = surroundings.Clock.GetTimestamp();
        private int _width;

        public void Report(CalibrationProgress value)
        {
            if (quiet || (!surroundings.ErrorIsTerminal && surroundings.Clock.GetElapsedTime(_last) < s_plainInterval)) return;
            _last = surroundings.Clock.GetTimestamp();
            string line = $"calibrate  {100 * value.Done,3:0} %  {value.Method}: {value.Replicates} replicates  {(value.Left.TotalSeconds < 90 ? $"{value.Left.TotalSeconds:0} s" : $"{value.Left.TotalMinutes:0} min")} left";
            if (surroundings.ErrorIsTerminal)
            {
                surroundings.Error.Write($"\r{line.PadRight(_width)}");
                _width = line.Length;
            }
            else
            {
                surroundings.Error.WriteLine(line);
            }
        }

        public void Dispose()
        {
            if (_width > 0) surroundings.Error.Write($"\r{new string(' ', _width)}\r");
        }
    }
}
