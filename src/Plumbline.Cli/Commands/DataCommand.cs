using System.CommandLine;
using Plumbline.Measure.Public;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline data`: the public data sets, those that ship and those that can be pulled.</summary>
internal static class DataCommand
{
    public static Command Build(Surroundings surroundings) => new(
        "data", "Lists and pulls public data sets; finds personal data and languages in texts.\n\nExamples:\n  plumbline data list\n  plumbline data pull harmbench\n  plumbline data pii texts.jsonl --redact")
    {
        List(surroundings),
        Pull(surroundings),
        DataTexts.BuildPii(surroundings),
        DataTexts.BuildLanguage(surroundings),
    };

    private static Command List(Surroundings surroundings)
    {
        Option<bool> json = new("--json") { Description = "A JSON list." };
        Command command = new("list", "Lists the data sets: rows, licence, source, and whether each ships, was pulled or can be.\n\nExample:\n  plumbline data list --json") { json };
        command.SetAction(parsed =>
        {
            string folder = DataCatalogue.Folder(surroundings.Environment);
            if (parsed.GetValue(json)) surroundings.Output.WriteLine(Json(folder));
            else WriteTable(surroundings, folder);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Pull(Surroundings surroundings)
    {
        Argument<string> name = new("name") { Description = "The set, as `plumbline data list` names it." };
        Option<string?> from = new("--from") { Description = "An http(s) address or a folder that holds the set's files, instead of its source repository." };
        Option<string?> output = new("--out") { Description = "The folder that gets the set's folder; by default that where evaluations look (PLUMBLINE_DATA)." };
        Command command = new("pull", "Brings a data set here and checks it against its SHA-256. Cut off, the same command goes on.\n\nExample:\n  plumbline data pull harmbench --from ./mirror") { name, from, output };
        command.SetAction((parsed, cancellationToken) => PullAsync(surroundings, parsed.GetRequiredValue(name), parsed.GetValue(from), parsed.GetValue(output), cancellationToken));
        return command;
    }

    private static async Task<int> PullAsync(Surroundings surroundings, string name, string? from, string? output, CancellationToken cancellationToken)
    {
        DataSetEntry set = Find(name);
        if (set.IsBundled)
        {
            await surroundings.Error.WriteLineAsync($"{set.Name} ships with plumbline: {DataCatalogue.Locate(set, "")}");
            return ExitCode.Done;
        }

        if (from is not null && !DataDownload.IsAddress(from, out _) && !Directory.Exists(from)) throw new UsageException($"--from: '{from}' is neither an http(s) address nor a folder here.");
        string usual = DataCatalogue.Folder(surroundings.Environment), folder = output is null ? usual : Path.GetFullPath(output);
        string source = from is null ? set.Files[0].Address.Host : DataDownload.IsAddress(from, out Uri? server) ? server.Host : from;
        await surroundings.Error.WriteLineAsync($"{set.Name}: {set.Rows} rows, {set.Licence}, {set.Citation}; from {source}");
        using SocketsHttpHandler handler = new() { MaxAutomaticRedirections = 5, AutomaticDecompression = System.Net.DecompressionMethods.None, UseCookies = false };
        using HttpClient http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("plumbline");
        Dictionary<string, long> reached = new(StringComparer.Ordinal);
        string home = await DataDownload.PullAsync(set, from, folder, http, Show, cancellationToken);
        surroundings.Output.WriteLine(home);
        if (!Path.GetFullPath(folder).Equals(usual, StringComparison.Ordinal)) await surroundings.Error.WriteLineAsync($"Evaluations look in {usual}; set PLUMBLINE_DATA={folder} so that they find it.");
        return ExitCode.Done;

        // A line for each tenth of a file, so that a log of it stays short.
        void Show(DataFile file, long bytes)
        {
            long tenth = bytes * 10 / file.Size;
            if (reached.TryGetValue(file.Path, out long before) && before >= tenth) return;
            reached[file.Path] = tenth;
            if (tenth is 10 || file.Size >= 1 << 20) surroundings.Error.WriteLine($"{file.Path}  {bytes} of {file.Size} bytes");
        }
    }

    private static DataSetEntry Find(string name)
    {
        if (DataCatalogue.All.FirstOrDefault(s => s.Name == name) is { } set) return set;
        string hint = Spelling.Nearest(name, [.. DataCatalogue.All.Select(s => s.Name)]) is { } near ? $" Did you mean '{near}'?" : "";
        throw new UsageException($"There is no data set '{name}'.{hint} `plumbline data list` lists them.");
    }

    private static void WriteTable(Surroundings surroundings, string folder)
    {
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns("name", "rows", "languages", "licence", "here", "what", "source");
        foreach (DataSetEntry set in DataCatalogue.All)
        {
            table.AddRow([.. new[] { set.Name, $"{set.Rows}", string.Join(' ', set.Languages), set.Licence, State(set, folder), set.Title, set.Source.AbsoluteUri["https://".Length..] }.Select(Markup.Escape)]);
        }

        Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
    }

    private static string Json(string folder) => JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (DataSetEntry set in DataCatalogue.All)
        {
            json.WriteStartObject();
            json.WriteString("name", set.Name);
            json.WriteString("title", set.Title);
            json.WriteNumber("rows", set.Rows);
            json.WriteStartArray("languages");
            foreach (string language in set.Languages) json.WriteStringValue(language);
            json.WriteEndArray();
            json.WriteString("licence", set.Licence);
            json.WriteString("source", set.Source.AbsoluteUri);
            json.WriteString("commit", set.Commit);
            json.WriteString("citation", set.Citation);
            json.WriteBoolean("bundled", set.IsBundled);
            json.WriteString("state", State(set, folder));
            json.WriteString("path", DataCatalogue.Locate(set, folder));
            json.WriteNumber("bytes", set.Files.Sum(f => f.Size));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static string State(DataSetEntry set, string folder) => DataCatalogue.Locate(set, folder) is null ? (set.IsBundled ? "missing" : "can be pulled") : set.IsBundled ? "ships" : "pulled";
}
