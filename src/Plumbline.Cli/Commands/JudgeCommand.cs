using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumbline.Data;
using Plumbline.Instruments;
using Plumbline.Judges;
using Plumbline.Measure.Public;
using Plumbline.Measure.Toxicity;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Worlds;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline judge`: judges and detectors with their measured errors, and a check of the user's own judge model.</summary>
internal static class JudgeCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Command command = new("judge", """
            Judges and detectors, and how often they err.

            Examples:
              plumbline judge list
              plumbline judge check
              plumbline judge check --instrument pii-detector/zh
              plumbline judge check --judge https://judge/v1 --judge-model JUDGE --judge-api-key-env KEY --write judge.json
            """);
        command.Subcommands.Add(BuildList(surroundings));
        command.Subcommands.Add(BuildCheck(surroundings));
        return command;
    }

    private static Command BuildList(Surroundings surroundings)
    {
        Option<bool> json = new("--json") { Description = "A JSON list." };
        Command list = new("list", "Lists the product's own judges and detectors with their confusion matrices, the labelled sets, dates and 95 % intervals.\n\nExample:\n  plumbline judge list --json") { json };
        list.SetAction(parsed =>
        {
            (string World, JudgeCalibration Judge)[] rows = [.. Known()];
            if (parsed.GetValue(json)) WriteJson(rows, surroundings.Output);
            else WriteTable(rows, surroundings);
            return ExitCode.Done;
        });
        return list;
    }

    private static Command BuildCheck(Surroundings surroundings)
    {
        Option<string?> judge = new("--judge") { Description = "The judge model: an address, ollama:NAME or a model file. Without one the product's refusal detector is checked." };
        Option<string?> instrument = new("--instrument") { Description = "Replay the labelled set that ships with this built-in judge or detector, named as in `judge list`." };
        Option<string?> model = new("--judge-model") { Description = "The judge's name at its endpoint." };
        Option<string?> key = new("--judge-api-key-env") { Description = "The environment variable that holds the judge's key." };
        Option<string?> set = new("--set") { Description = "A labelled set of your own: a line {\"request\", \"answer\", \"label\"} each; the label is compliance, refusal or other." };
        Option<string?> stored = new("--judge-calibration") { Description = "A file of an earlier check: exit code 3 where sensitivity or specificity lies outside its interval." };
        Option<string?> write = new("--write") { Description = "Write the measured errors into this file, for `assess --judge-calibration` and later checks." };
        Option<int?> threads = new("--threads") { Description = "Threads for a judge on this machine." };
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<bool> json = new("--json") { Description = "A JSON object." };
        Option<bool> quiet = new("--quiet") { Description = "No progress." };
        Command check = new("check", """
            Puts a frozen labelled set before a judge and compares what it says with the labels: its confusion matrix with intervals. Refuses
            (exit code 3) when the judge has drifted from an earlier check, or tells compliance from refusal no better than chance.

            Examples:
              plumbline judge check
              plumbline judge check --judge https://judge/v1 --judge-model JUDGE --write judge.json
              plumbline judge check --judge https://judge/v1 --judge-model JUDGE --judge-calibration judge.json
              plumbline judge check --instrument language-identifier/en
            """) { instrument, judge, model, key, set, stored, write, threads, memory, context, json, quiet };
        check.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(judge) is null && (parsed.GetValue(model) ?? parsed.GetValue(key)) is not null) throw new UsageException("--judge-model and --judge-api-key-env go with --judge ADDRESS.");
            if (parsed.GetValue(instrument) is { } name && name != RefusalDetector.Id)
            {
                if ((parsed.GetValue(judge) ?? parsed.GetValue(set) ?? parsed.GetValue(stored)) is not null) throw new UsageException("--instrument replays a built-in instrument on its own set: --judge, --set and --judge-calibration do not go with it.");
                return Replay(name, parsed.GetValue(json), surroundings);
            }

            LabelledSet labelled = parsed.GetValue(set) is { } file ? LabelledSet.Load(file) : LabelledSet.Shipped;
            JudgeErrors? earlier = parsed.GetValue(stored) is { } path ? Load(path) : null;
            JudgeErrors now = parsed.GetValue(judge) is { } named
                ? await AskAsync(named, new() { Judge = named, JudgeModel = parsed.GetValue(model), JudgeApiKeyVariable = parsed.GetValue(key), Threads = parsed.GetValue(threads), Memory = parsed.GetValue(memory), Context = parsed.GetValue(context) }, labelled, surroundings, parsed.GetValue(quiet), cancellation)
                : Detect(labelled, surroundings);
            if (earlier is null && parsed.GetValue(judge) is null && parsed.GetValue(set) is null && Phantoms.Phantoms.Open("chat").World.Calibration(RefusalDetector.Id) is { } shipped)
            {
                earlier = new(RefusalDetector.Id, now.Model, now.Set, now.SetSha256, DateOnly.ParseExact(shipped.Date, "yyyy-MM-dd", CultureInfo.InvariantCulture), JudgeMatrix.Of(shipped), 0);
            }

            string[] faults = [.. Faults(now, earlier)];
            if (faults.Length == 0 && parsed.GetValue(write) is { } target) await File.WriteAllTextAsync(target, now.ToJson(), new UTF8Encoding(false), cancellation);
            if (parsed.GetValue(json)) WriteJson(now, earlier, faults, surroundings.Output);
            else WriteMatrix(now, earlier, faults, parsed.GetValue(write), surroundings);
            return now.Failed > now.Matrix.Positives + now.Matrix.Negatives ? ExitCode.Error : faults.Length > 0 ? ExitCode.GateFailed : ExitCode.Done;
        });
        return check;
    }

    private static int Replay(string name, bool json, Surroundings surroundings)
    {
        if (Detectors.Replay(name) is not { } replay)
        {
            string[] replayed = [.. Detectors.All.Where(d => d.SetSha256 is not null).Select(d => d.Calibration.Judge).Append(RefusalDetector.Id)];
            if (Known().Any(k => k.Judge.Judge == name)) throw new UsageException($"The labelled set of '{name}' does not ship: `plumbline judge list` names it, and eng/judges measures on it. With a set of their own ship {RefusalDetector.Id}, {Detectors.Pii}/… and {Detectors.Languages}/….");
            string hint = Spelling.Nearest(name, replayed) is { } near ? $" Did you mean '{near}'?" : "";
            throw new UsageException($"There is no instrument '{name}'.{hint} `plumbline judge list` lists them.");
        }

        JudgeCalibration then = replay.Stored.Calibration;
        JudgeErrors now = new(name, name, replay.Set, replay.SetSha256, Today(surroundings), replay.Now, 0);
        JudgeErrors earlier = new(name, name, then.Source, replay.Stored.SetSha256!, DateOnly.ParseExact(then.Date, "yyyy-MM-dd", CultureInfo.InvariantCulture), JudgeMatrix.Of(then), 0);
        string[] faults = [.. Faults(now, earlier)];
        if (json) WriteJson(now, earlier, faults, surroundings.Output);
        else WriteMatrix(now, earlier, faults, null, surroundings);
        return faults.Length > 0 ? ExitCode.GateFailed : ExitCode.Done;
    }

    /// <summary>A calibration file that the user named.</summary>
    /// <exception cref="UsageException">It is missing or none.</exception>
    public static JudgeErrors Load(string path)
    {
        try
        {
            return JudgeErrors.Load(path);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>The name by which a judge is remembered.</summary>
    public static string NameOf(AssessRequest request) => request.JudgeModel ?? KeptAddress.Of(request.Judge!);

    private static IEnumerable<string> Faults(JudgeErrors now, JudgeErrors? earlier)
    {
        if (now.Failed > now.Matrix.Positives + now.Matrix.Negatives)
        {
            yield return $"most judgements failed ({now.Failed} of {now.Failed + now.Matrix.Positives + now.Matrix.Negatives}): nothing can be said";
            yield break;
        }

        if (!now.Matrix.Informative) yield return "it tells compliance from refusal no better than chance, within its interval: its figures mean nothing";
        if (earlier is null) yield break;
        if (earlier.SetSha256 != now.SetSha256)
        {
            yield return $"the earlier check was made on another labelled set ({earlier.Set}): the two cannot be compared";
            yield break;
        }

        if (earlier.Judge != now.Judge || earlier.Model != now.Model) yield return $"the earlier check was of another judge ({earlier.Judge}, {earlier.Model})";
        foreach (string drift in now.Matrix.DriftFrom(earlier.Matrix)) yield return drift;
    }

    private static JudgeErrors Detect(LabelledSet set, Surroundings surroundings)
    {
        JudgeMatrix matrix = new(0, 0, 0, 0);
        foreach (LabelledAnswer answer in set.Answers)
        {
            // As in the stored calibration: what the detector calls neither enters no rate.
            AnswerKind kind = RefusalDetector.Classify(answer.Request, answer.Answer);
            if (kind != AnswerKind.Other) matrix = matrix.With(answer.Complies, kind == AnswerKind.Compliance);
        }

        return new(RefusalDetector.Id, RefusalDetector.Id, set.Name, set.Sha256, Today(surroundings), matrix, 0);
    }

    private static async Task<JudgeErrors> AskAsync(string named, AssessRequest request, LabelledSet set, Surroundings surroundings, bool quiet, CancellationToken cancellationToken)
    {
        if (named is "phantom" || named.StartsWith("phantom:", StringComparison.Ordinal)) throw new UsageException("A phantom cannot judge: name an endpoint, ollama:NAME or a model file with --judge.");
        await using Target judge = TargetResolver.Open(named, request.ForJudge(), surroundings);
        JudgedSet evaluation = new(set);
        await using MemoryRunStore store = new(new RunHeader
        {
            Id = "judge-check",
            Started = surroundings.Clock.GetUtcNow(),
            Target = judge.Name,
            Fingerprint = judge.Fingerprint,
            World = set.Name,
            Suite = "judge-check",
            SuiteText = "",
            Seed = 1,
        });
        using ProgressDisplay display = ProgressDisplay.For(surroundings, quiet);
        PlannedEvaluation planned = new(evaluation, evaluation.Samples(judge.World, new Draw(1))!, set.Answers.Count);
        await new RunEngine(judge, store, new RunOptions(), surroundings.Clock).RunAsync([planned], display.For(judge.Name), cancellationToken);
        JudgeMatrix matrix = new(0, 0, 0, 0);
        int failed = 0;
        string? problem = null;
        foreach (SampleRecord record in store.Read(evaluation.Card.Id))
        {
            if (record is { Outcome: Outcome.Scored, Value: { } complied }) matrix = matrix.With(record.Category == "complies", complied == 1);
            else (failed, problem) = (failed + 1, problem ?? record.Reason);
        }

        if (failed > 0 && !quiet) await surroundings.Error.WriteLineAsync($"{failed} judgements failed, e.g.: {problem}");
        return new(StrongReject.Id, NameOf(request), set.Name, set.Sha256, Today(surroundings), matrix, failed);
    }

    private static DateOnly Today(Surroundings surroundings) => DateOnly.FromDateTime(surroundings.Clock.GetUtcNow().UtcDateTime);

    private static IEnumerable<(string World, JudgeCalibration Judge)> Known()
    {
        string[] judges = [RefusalDetector.Id, ToxicityErrors.Judge("en"), ToxicityErrors.Judge("zh"), StrongReject.Id];
        IEnumerable<World> worlds = new World[] { new PublicWorld() }.Concat(Phantoms.Phantoms.List().Select(c => Phantoms.Phantoms.Open(c.Name).World)).Append(new ScriptedWorld()).DistinctBy(w => w.Name);
        return worlds.SelectMany(w => judges.Select(j => (w.Name, Judge: w.Calibration(j)!)).Where(j => j.Judge is not null)).Concat(Detectors.All.Where(IsListed).Select(d => ("any", d.Calibration)));

        // Sixty languages with ten texts each, and kinds with fewer than five, would hide the rest; `judge check` replays them all the same.
        static bool IsListed(MeasuredDetector d) => d.Calibration.Positives > (d.Calibration.Judge.StartsWith(Detectors.Languages, StringComparison.Ordinal) ? 10 : 4);
    }

    private static void WriteTable((string World, JudgeCalibration Judge)[] rows, Surroundings surroundings)
    {
        IAnsiConsole console = Terminal.For(surroundings.Output, surroundings.OutputIsTerminal);
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("judge", "targets", "cases found", "others cleared", "sensitivity %", "specificity %", "labelled set", "date");
        foreach ((string world, JudgeCalibration judge) in rows)
        {
            JudgeMatrix matrix = JudgeMatrix.Of(judge);
            table.AddRow(judge.Judge, world, $"{judge.TruePositives}/{judge.Positives}", $"{judge.TrueNegatives}/{judge.Negatives}", Markup.Escape(Share(matrix.Sensitivity)), Markup.Escape(Share(matrix.Specificity)), Markup.Escape(judge.Source), judge.Date);
        }

        console.Write(table);
        console.WriteLine("A judge model of your own has no errors here: measure it with `plumbline judge check --judge …`.");
    }

    private static void WriteJson((string World, JudgeCalibration Judge)[] rows, TextWriter output) => output.WriteLine(JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach ((string world, JudgeCalibration judge) in rows)
        {
            json.WriteStartObject();
            json.WriteString("judge", judge.Judge);
            json.WriteString("world", world);
            Matrix(json, JudgeMatrix.Of(judge));
            json.WriteString("set", judge.Source);
            json.WriteString("date", judge.Date);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }));

    private static void WriteJson(JudgeErrors now, JudgeErrors? earlier, string[] faults, TextWriter output) => output.WriteLine(JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("judge", now.Judge);
        json.WriteString("model", now.Model);
        json.WriteString("set", now.Set);
        json.WriteString("setSha256", now.SetSha256);
        Matrix(json, now.Matrix);
        json.WriteNumber("failed", now.Failed);
        if (earlier is null)
        {
            json.WriteNull("earlier");
        }
        else
        {
            json.WriteStartObject("earlier");
            json.WriteString("date", earlier.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            Matrix(json, earlier.Matrix);
            json.WriteEndObject();
        }

        json.WriteBoolean("holds", faults.Length == 0);
        json.WriteStartArray("faults");
        foreach (string fault in faults) json.WriteStringValue(fault);
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static void Matrix(Utf8JsonWriter json, JudgeMatrix matrix)
    {
        json.WriteNumber("truePositives", matrix.TruePositives);
        json.WriteNumber("positives", matrix.Positives);
        json.WriteNumber("trueNegatives", matrix.TrueNegatives);
        json.WriteNumber("negatives", matrix.Negatives);
        One("sensitivity", matrix.Sensitivity);
        One("specificity", matrix.Specificity);

        void One(string name, MeasuredShare? share)
        {
            if (share is null)
            {
                json.WriteNull(name);
                return;
            }

            json.WriteStartObject(name);
            json.WriteNumber("value", share.Value);
            json.WriteNumber("low", share.Low);
            json.WriteNumber("high", share.High);
            json.WriteNumber("n", share.N);
            json.WriteEndObject();
        }
    }

    private static void WriteMatrix(JudgeErrors now, JudgeErrors? earlier, string[] faults, string? written, Surroundings surroundings)
    {
        TextWriter output = surroundings.Output;
        JudgeMatrix m = now.Matrix;
        output.WriteLine($"{now.Judge} ({now.Model}) on {now.Set}: {m.Positives + m.Negatives} judged, {now.Failed} failed");
        // A detector's cases are what it looks for; a judge's are answers that comply.
        bool detector = Detectors.Of(now.Judge) is not null;
        output.WriteLine($"{"",16}{(detector ? "found" : "says complied"),16}{(detector ? "not found" : "says refused"),16}");
        output.WriteLine($"{(detector ? "cases" : "complied"),16}{m.TruePositives,16}{m.Positives - m.TruePositives,16}   sensitivity {Share(m.Sensitivity)} %");
        output.WriteLine($"{(detector ? "others" : "did not"),16}{m.Negatives - m.TrueNegatives,16}{m.TrueNegatives,16}   specificity {Share(m.Specificity)} %");
        if (earlier is not null) output.WriteLine($"stored on {earlier.Date:yyyy-MM-dd}: sensitivity {Share(earlier.Matrix.Sensitivity)} %, specificity {Share(earlier.Matrix.Specificity)} %");
        foreach (string fault in faults) output.WriteLine($"✗ {fault}.");
        if (faults.Length > 0) output.WriteLine("Do not report this judge's figures. Measure it anew (--write FILE), or use another.");
        else if (earlier is not null) output.WriteLine("✓ within its stored interval.");
        else if (written is not null) output.WriteLine($"Written: {written}. Use it: plumbline assess TARGET --judge … --judge-calibration {written}");
        else output.WriteLine("Nothing stored to compare with: --write FILE keeps these errors, --judge-calibration FILE compares with them.");
    }

    private static string Share(MeasuredShare? share) => share is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:0.0} [{100 * share.Low:0.0}, {100 * share.High:0.0}]");

    /// <summary>The judge as the target: each labelled answer is put before it in the rubric that an assessment uses.</summary>
    private sealed class JudgedSet(LabelledSet set) : Evaluation
    {
        public override EvaluationCard Card { get; } = new()
        {
            Id = "judge-check",
            Title = "A judge against labels",
            TitleZh = "评判模型与标签对照",
            Risk = Risk.EvaluationPractice,
            Survey = [],
            Source = set.Name,
            Licence = "",
            Meaning = "",
            MeaningZh = "",
            Metrics = [],
        };

        public override SampleSet Samples(World world, Draw draw) => new(new(set.Name, set.Name, "", []), set.Answers.Select((answer, i) =>
        {
            JudgeRequest request = StrongReject.Ask(answer.Request, answer.Answer);
            return new Sample
            {
                Id = i.ToString("00000", CultureInfo.InvariantCulture),
                Category = answer.Complies ? "complies" : "other",
                Messages = request.Messages,
                MaxTokens = request.MaxTokens,
                Score = reply => StrongReject.Read(reply.Text) is { } rating
                    ? Score.Of(rating.Refused ? 0 : 1)
                    : throw new JudgeException($"the judge's reply cannot be read: {(reply.Text.Length > 200 ? reply.Text[..200] : reply.Text)}"),
            };
        }));

        public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records) => [];
    }
}
