using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumbline.Data.Language;
using Plumbline.Data.Language.FastText;
using Plumbline.Data.Pii;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline data pii` and `plumbline data language`: a text a line in, personal data or the language out.</summary>
internal static class DataTexts
{
    public static Command BuildPii(Surroundings surroundings)
    {
        Argument<string> file = File();
        Option<bool> redact = new("--redact") { Description = "Write the texts without their personal data." };
        Option<bool> json = new("--json") { Description = "A line {\"line\",\"spans\"} for each text; with --redact also \"text\"." };
        Option<double> confidence = new("--confidence") { Description = "The least confidence that is reported, from 0 to 1; at 0.4 also dates, web addresses and local addresses.", DefaultValueFactory = _ => new PiiOptions().MinimumConfidence };
        Option<string?> types = new("--types") { Description = "Report only these kinds, with commas: EMAIL,PHONE,CN_ID." };
        Command command = new("pii", """
            Finds personal data: its kind, place (in code points), rule and confidence, never the value; --redact puts <KIND> in its place.

            Examples:
              plumbline data pii texts.txt
              plumbline data pii texts.jsonl --redact --json
            """) { file, redact, json, confidence, types };
        command.SetAction(parsed =>
        {
            PiiDetector detector = new(new() { MinimumConfidence = Share(parsed.GetValue(confidence), "--confidence"), Types = parsed.GetValue(types) is { } named ? Types(named) : null });
            bool redacts = parsed.GetValue(redact), asJson = parsed.GetValue(json);
            foreach ((int number, string text) in Texts(parsed.GetRequiredValue(file), surroundings))
            {
                IReadOnlyList<PiiSpan> spans = detector.Find(text);
                if (asJson) surroundings.Output.WriteLine(JsonOutput.Line(j => Write(j, number, text, spans, redacts)));
                else if (redacts) surroundings.Output.WriteLine(Redaction.Replace(text, spans));
                else foreach (PiiSpan span in spans) surroundings.Output.WriteLine(Line(number, text, span));
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command BuildLanguage(Surroundings surroundings)
    {
        Argument<string> file = File();
        Option<bool> json = new("--json") { Description = "A line {\"line\",\"language\",\"probability\",\"candidates\"} for each text." };
        Option<double?> probability = new("--probability") { Description = "Below this probability it is und, from 0 to 1." };
        Option<string?> model = new("--model") { Description = "Ask this fastText model (.bin or .ftz) instead, such as lid.176.ftz." };
        Command command = new("language", """
            Tells the language of each text; und where the text does not tell.

            Examples:
              plumbline data language texts.txt
              plumbline data language texts.jsonl --json --model lid.176.ftz
            """) { file, json, probability, model };
        command.SetAction(parsed =>
        {
            Func<string, LanguageGuess> identify = Identifier(parsed.GetValue(model), parsed.GetValue(probability) is { } least ? Share(least, "--probability") : null);
            bool asJson = parsed.GetValue(json);
            foreach ((int number, string text) in Texts(parsed.GetRequiredValue(file), surroundings))
            {
                LanguageGuess guess = identify(text);
                surroundings.Output.WriteLine(asJson ? JsonOutput.Line(j => Write(j, number, guess)) : string.Create(CultureInfo.InvariantCulture, $"{number}  {guess.Language}  {guess.Probability:0.00}"));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> File() => new("file") { Description = "A file with a text a line, or with a line {\"text\"} each; - reads standard input." };

    private static Func<string, LanguageGuess> Identifier(string? model, double? least)
    {
        if (model is null)
        {
            LanguageIdentifier own = least is { } p ? LanguageIdentifier.Shipped.With(p) : LanguageIdentifier.Shipped;
            return text => own.Identify(text);
        }

        if (!System.IO.File.Exists(model)) throw new UsageException($"There is no file '{model}' for --model.");
        try
        {
            FastTextIdentifier identifier = new(FastTextModel.Load(model), least ?? FastTextIdentifier.UsualProbability);
            return identifier.Identify;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(e.Message);
        }
    }

    private static double Share(double value, string option) => value is >= 0 and <= 1 ? value : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; it lies between 0 and 1."));

    private static HashSet<PiiType> Types(string named)
    {
        HashSet<PiiType> types = [];
        foreach (string name in named.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] labels = [.. Enum.GetValues<PiiType>().Select(PiiTypes.Label)];
            string hint = Spelling.Nearest(name, labels) is { } near ? $" Did you mean {near}?" : $" There are {string.Join(", ", labels)}.";
            types.Add(PiiTypes.Parse(name.ToUpperInvariant()) ?? throw new UsageException($"--types: there is no kind '{name}'.{hint}"));
        }

        return types.Count > 0 ? types : throw new UsageException("--types names no kind.");
    }

    private static string Line(int number, string text, PiiSpan span)
    {
        (int start, int end) = span.CodePoints(text);
        return string.Create(CultureInfo.InvariantCulture, $"{number}  {PiiTypes.Label(span.Type)}  {start}–{end}  {span.Rule}  {span.Confidence:0.00}{(span.Validated ? "  checked" : "")}{(span.Reserved ? "  reserved" : "")}");
    }

    private static void Write(Utf8JsonWriter json, int number, string text, IReadOnlyList<PiiSpan> spans, bool redacts)
    {
        json.WriteStartObject();
        json.WriteNumber("line", number);
        json.WriteStartArray("spans");
        foreach (PiiSpan span in spans)
        {
            (int start, int end) = span.CodePoints(text);
            json.WriteStartObject();
            json.WriteString("type", PiiTypes.Label(span.Type));
            json.WriteNumber("start", start);
            json.WriteNumber("end", end);
            json.WriteString("rule", span.Rule);
            json.WriteNumber("confidence", span.Confidence);
            json.WriteBoolean("validated", span.Validated);
            json.WriteBoolean("reserved", span.Reserved);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (redacts) json.WriteString("text", Redaction.Replace(text, spans));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, int number, LanguageGuess guess)
    {
        json.WriteStartObject();
        json.WriteNumber("line", number);
        json.WriteString("language", guess.Language);
        json.WriteNumber("probability", Math.Round(guess.Probability, 6));
        json.WriteStartArray("candidates");
        foreach ((string language, double probability) in guess.Candidates)
        {
            json.WriteStartObject();
            json.WriteString("language", language);
            json.WriteNumber("probability", Math.Round(probability, 6));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The texts of a file with the numbers of their lines; a line that begins with "{" must be an object with a text, blank lines are left out.</summary>
    private static IEnumerable<(int Number, string Text)> Texts(string file, Surroundings surroundings)
    {
        if (file != "-" && !System.IO.File.Exists(file)) throw new UsageException($"There is no file '{file}'. `-` reads standard input.");
        string place = file == "-" ? "standard input" : file;
        using StreamReader? own = file == "-" ? null : new(file, Encoding.UTF8);
        int number = 0;
        foreach (string line in Lines(own ?? surroundings.Input, place))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            yield return (number, line.StartsWith('{') ? TextOf(line, place, number) : line);
        }
    }

    private static IEnumerable<string> Lines(TextReader reader, string place)
    {
        StringBuilder line = new();
        char[] buffer = new char[1 << 14];
        int number = 1;
        while (reader.Read(buffer) is > 0 and var read)
        {
            int start = 0;
            while (buffer.AsSpan(start, read - start).IndexOf('\n') is >= 0 and var length)
            {
                line.Append(buffer, start, length);
                yield return Whole();
                start += length + 1;
                number++;
            }

            line.Append(buffer, start, read - start);
            if (line.Length > PiiDetector.Longest) throw new UsageException($"{place}:{number}: a line is longer than {PiiDetector.Longest} characters: give it in parts.");
        }

        if (line.Length > 0) yield return Whole();

        string Whole()
        {
            string text = line.ToString().TrimEnd('\r');
            line.Clear();
            return text;
        }
    }

    private static string TextOf(string line, string place, int number)
    {
        try
        {
            using JsonDocument row = JsonDocument.Parse(line);
            return row.RootElement.GetProperty("text").GetString() ?? throw new UsageException($"{place}:{number}: \"text\" is null.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new UsageException($"{place}:{number}: a line that begins with {{ is an object {{\"text\": \"…\"}} ({e.Message}).");
        }
    }
}
