// Checks that what the documentation says is so: links resolve, commands and options exist, examples run and print what
// is shown, each method has its page, checksums hold, and both READMEs name the same methods.
//
//   dotnet run eng/check-docs.cs [-- path/to/Plumbline.Cli.dll]
//
// A block ```console run holds examples: lines after "$ " are commands, run one after another in an empty folder of the
// document's own; "# exit N" at a command's end is the exit code it must have (else 0). Lines below a command must stand in
// its output in that order, where blanks do not count; "…" stands for anything.
#:property PublishAot=false
// The patterns read our own pages.
#:property NoWarn=$(NoWarn);MA0009;MA0023
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

string root = Directory.GetCurrentDirectory();
while (!File.Exists(Path.Combine(root, "Plumbline.slnx"))) root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Run this inside the repository.");
string tool = Path.GetFullPath(args.Length > 0 ? args[0] : Path.Combine(root, "artifacts", "bin", "Plumbline.Cli", "release", "Plumbline.Cli.dll"));
if (!File.Exists(tool))
{
    Console.Error.WriteLine($"{tool} does not exist: build it with `dotnet build src/Plumbline.Cli -c Release`, or name another.");
    return 2;
}

List<string> faults = [];
int links = 0, commands = 0, examples = 0, sums = 0;
string[] skipped = ["artifacts", "bin", "obj", ".git", "plumbline-runs"];
string[] documents = [.. Directory.EnumerateFiles(root, "*.md", SearchOption.AllDirectories)
    .Where(f => !Path.GetRelativePath(root, f).Split(Path.DirectorySeparatorChar).Any(skipped.Contains)).Order(StringComparer.Ordinal)];

// The recipes are a program of their own with options of their own.
bool SpeaksOfTheTool(string file) => !Path.GetRelativePath(root, file).StartsWith("phantoms", StringComparison.Ordinal);

// Many pages show the phantoms' cards, which are the same everywhere.
ConcurrentDictionary<string, Lazy<(int Exit, string Output)>> cards = new(StringComparer.Ordinal);
Dictionary<string, HashSet<string>> options = Options();
string[] methods = Methods();
HashSet<string> used = new(StringComparer.Ordinal);
foreach (string file in documents)
{
    Document document = Document.Read(file);
    Links(document);
    if (SpeaksOfTheTool(file)) Commands(document);
}

foreach (string command in options.Keys.Where(c => c.Length > 0 && !used.Any(u => u == c || u.StartsWith(c + " ", StringComparison.Ordinal)))) Fault(Path.Combine(root, "docs", "README.md"), 1, $"no page mentions `plumbline {command}`");
Pages();
Checksums();
Readmes();
Parallel.ForEach(documents.Where(SpeaksOfTheTool).Select(Document.Read), new ParallelOptions { MaxDegreeOfParallelism = 2 }, Examples);

foreach (string fault in faults.Order(StringComparer.Ordinal)) Console.Error.WriteLine(fault);
Console.WriteLine($"{documents.Length} documents: {links} links, {commands} commands, {examples} examples run, {sums} checksums, {methods.Length} methods; {faults.Count} faults");
return faults.Count == 0 ? 0 : 1;

void Fault(string file, int line, string what)
{
    lock (faults) faults.Add($"{Path.GetRelativePath(root, file)}:{line}: {what}");
}

void Links(Document document)
{
    foreach ((int number, string line) in document.Prose)
    {
        foreach (Match match in Regex.Matches(Regex.Replace(line, "`[^`]*`", "``"), @"\]\(([^)\s]+)\)"))
        {
            string target = match.Groups[1].Value;
            if (Regex.IsMatch(target, "^[a-z]+:")) continue;
            links++;
            string[] parts = target.Split('#', 2);
            string path = parts[0].Length == 0 ? document.File : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document.File)!, Uri.UnescapeDataString(parts[0])));
            if (!File.Exists(path) && !Directory.Exists(path)) Fault(document.File, number, $"the link {target} leads nowhere");
            else if (!path.StartsWith(root, StringComparison.Ordinal)) Fault(document.File, number, $"the link {target} leads out of the repository");
            else if (parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal) && !Document.Read(path).Anchors.Contains(parts[1]))
                Fault(document.File, number, $"{target}: there is no such heading");
        }
    }
}

// Commands in code, be it a block or a span: the command must exist, and so must its options; a lone option must be one of some command.
void Commands(Document document)
{
    foreach ((int number, string code) in document.Code)
    {
        string text = Regex.Replace(code, @"(^|\s)#\s.*$", "").Replace("dotnet run -c Release --project src/Plumbline.Cli -- ", "plumbline ");
        MatchCollection calls = Regex.Matches(text, @"(?:^|[|;&(]\s*|\$\s)plumbline(?<rest>( +(""[^""]*""|'[^']*'|[^\s|;&>()]+))*)");
        foreach (Match call in calls)
        {
            string[] words = [.. Regex.Matches(call.Groups["rest"].Value, @"""[^""]*""|'[^']*'|\S+").Select(m => m.Value)];
            if (words.Length == 0 || (words[0][0] != '-' && !Regex.IsMatch(words[0], "^[a-z]"))) continue;
            commands++;
            string command = words[0][0] == '-' ? "" : words.Length > 1 && options.ContainsKey($"{words[0]} {words[1]}") ? $"{words[0]} {words[1]}" : words[0];
            lock (used) used.Add(command);
            if (command.Length > 0 && !options.ContainsKey(command))
            {
                Fault(document.File, number, $"there is no command `plumbline {command}`");
                continue;
            }

            foreach (string option in words.Where(w => w.StartsWith("--", StringComparison.Ordinal)).Select(w => w.Split('=')[0]).Where(o => !options[command].Contains(o)))
                Fault(document.File, number, $"`plumbline {command}` has no option {option}");
            if (command == "assess")
            {
                for (int i = 0; i + 1 < words.Length; i++)
                {
                    if (words[i] == "--gate") Gate(document.File, number, words[i + 1].Trim('"', '\''));
                }
            }
        }

        if (calls.Count > 0 || Regex.IsMatch(text.TrimStart('$', ' '), @"^(dotnet|bash|git|run: dotnet|- run: dotnet)\b")) continue;
        foreach (Match option in Regex.Matches(text, "(?<![\\w-])--[a-z][a-z-]+"))
        {
            commands++;
            if (!options.Values.Any(o => o.Contains(option.Value))) Fault(document.File, number, $"no command has the option {option.Value}");
        }
    }
}

void Gate(string file, int line, string gate)
{
    // A deliberately wrong gate stands in an example that runs, where its message is checked.
    if (!Regex.IsMatch(gate, @"^[a-z/-]+\.[a-z_]+ ((value|lower|upper|corrected) )?(<=|<|>=|>) [0-9.]+$")) Fault(file, line, $"\"{gate}\" is no gate");
    else if (!methods.Any(m => gate.StartsWith(m + ".", StringComparison.Ordinal) || gate.StartsWith(m + "/", StringComparison.Ordinal)) && !gate.StartsWith("jailbrake", StringComparison.Ordinal))
        Fault(file, line, $"the gate \"{gate}\" names no method");
}

void Pages()
{
    string folder = Path.Combine(root, "docs", "methods");
    foreach (string method in methods.Where(m => !File.Exists(Path.Combine(folder, m + ".md")))) Fault(Path.Combine(folder, method + ".md"), 1, "the method has no page");
    string[] shared = ["refusal-detection", "choice-questions"];
    foreach (string page in Directory.EnumerateFiles(folder, "*.md").Where(p => !methods.Concat(shared).Contains(Path.GetFileNameWithoutExtension(p)))) Fault(page, 1, "`plumbline methods` has no such id");
    string index = File.ReadAllText(Path.Combine(root, "docs", "README.md"));
    foreach (string page in Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(Path.Combine(root, "docs"), p).Replace('\\', '/')))
    {
        if (page != "README.md" && !index.Contains($"({page}", StringComparison.Ordinal)) Fault(Path.Combine(root, "docs", page), 1, "docs/README.md does not lead here");
    }
}

void Checksums()
{
    foreach (string folder in Directory.EnumerateDirectories(Path.Combine(root, "datasets")).Where(d => Path.GetFileName(d) != "LICENSES").Order(StringComparer.Ordinal))
    {
        string source = Path.Combine(folder, "SOURCE.md");
        if (!File.Exists(source))
        {
            Fault(source, 1, "the data set has no SOURCE.md");
            continue;
        }

        HashSet<string> named = ["SOURCE.md", "LICENSE.txt"];
        foreach ((int number, string line) in File.ReadLines(source).Select((l, i) => (i + 1, l)))
        {
            Match row = Regex.Match(line, @"^\| `([^`]+)` \| ([\d,]+) \| `([0-9a-f]{64})` \|$");
            if (!row.Success) continue;
            sums++;
            named.Add(row.Groups[1].Value);
            string path = Path.Combine(folder, row.Groups[1].Value);
            if (!File.Exists(path)) Fault(source, number, $"{row.Groups[1].Value} is missing");
            else if (Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))) != row.Groups[3].Value) Fault(source, number, $"{row.Groups[1].Value} has another SHA-256");
        }

        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Where(f => !named.Contains(f)))
            Fault(source, 1, $"{file} is not listed");
    }
}

// The English and the Chinese table of what is covered must not drift apart, nor fall behind the tool.
void Readmes()
{
    HashSet<string>[] named = [.. new[] { "README.md", "README.zh-CN.md" }.Select(f => Document.Read(Path.Combine(root, f)).Code.Select(c => c.Text).Where(methods.Contains).ToHashSet())];
    foreach (string method in methods)
    {
        if (!named[0].Contains(method)) Fault(Path.Combine(root, "README.md"), 1, $"`{method}` is not mentioned");
        if (!named[1].Contains(method)) Fault(Path.Combine(root, "README.zh-CN.md"), 1, $"`{method}` is not mentioned");
    }
}

void Examples(Document document)
{
    if (document.Examples.Count == 0) return;
    string folder = Directory.CreateTempSubdirectory("check-docs-").FullName;
    try
    {
        foreach (Example example in document.Examples)
        {
            Interlocked.Increment(ref examples);
            Match expected = Regex.Match(example.Command, @"\s#\s*exit (\d+)\s*$");
            int wanted = expected.Success ? int.Parse(expected.Groups[1].Value) : 0;
            (int exit, string output) = example.Command.StartsWith("plumbline phantom ", StringComparison.Ordinal)
                ? cards.GetOrAdd(example.Command, command => new(() => Shell(command, folder))).Value
                : Shell(example.Command, folder);
            if (exit != wanted) Fault(document.File, example.Line, $"`{example.Command}` ends with {exit}, not {wanted}:\n    {output.Trim().ReplaceLineEndings("\n    ")}");
            string seen = Regex.Replace(output, @"\s+", " ");
            int at = 0;
            foreach (string piece in string.Join('…', example.Output).Split('…').Select(p => Regex.Replace(p, @"\s+", " ").Trim()).Where(p => p.Length > 0))
            {
                int found = seen.IndexOf(piece, at, StringComparison.Ordinal);
                if (found < 0) Fault(document.File, example.Line, $"`{example.Command}` does not print \"{piece}\"{(seen.Contains(piece, StringComparison.Ordinal) ? " there" : "")}");
                else at = found + piece.Length;
            }
        }
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

(int Exit, string Output) Shell(string command, string folder) => Run("bash", folder, "-c", $"plumbline() {{ dotnet '{tool}' \"$@\"; }}\n{command}");

Dictionary<string, HashSet<string>> Options()
{
    Dictionary<string, HashSet<string>> all = new(StringComparer.Ordinal);
    for (string[] names = [""]; names.Length > 0;)
    {
        List<string> below = [];
        foreach ((string command, string help) in names.AsParallel().WithDegreeOfParallelism(3).Select(n => (n, Run("dotnet", root, [tool, .. n.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Output)).ToArray())
        {
            string[] parts = help.Split("\nCommands:");
            all[command] = [.. Regex.Matches(parts[0].Split("\nOptions:")[^1], @"^ +(?:-\S+, )*(--[a-z-]+)", RegexOptions.Multiline).Select(m => m.Groups[1].Value), "--help"];
            if (parts.Length > 1) below.AddRange(Regex.Matches(parts[1], @"^  ([a-z]+) ", RegexOptions.Multiline).Select(m => $"{command} {m.Groups[1].Value}".Trim()));
        }

        names = [.. below];
    }

    return all.Count > 1 ? all : throw new InvalidOperationException("--help lists no commands.");
}

string[] Methods()
{
    using JsonDocument json = JsonDocument.Parse(Run("dotnet", root, tool, "methods", "--json").Output);
    return [.. json.RootElement.EnumerateArray().Select(m => m.GetProperty("id").GetString()!)];
}

static (int Exit, string Output) Run(string program, string folder, params string[] arguments)
{
    ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8 };
    start.Environment["COLUMNS"] = "400";
    using Process process = Process.Start(start)!;
    Task<string> error = process.StandardError.ReadToEndAsync();
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return (process.ExitCode, output + error.Result);
}

/// <summary>A command of an example and what is shown of its output.</summary>
internal sealed record Example(int Line, string Command, List<string> Output);

/// <summary>A Markdown file in its parts; lines are numbered from 1.</summary>
internal sealed record Document(string File, List<(int Line, string Text)> Prose, List<(int Line, string Text)> Code, List<Example> Examples, HashSet<string> Anchors)
{
    private static readonly Dictionary<string, Document> s_read = [];

    public static Document Read(string file)
    {
        lock (s_read) return s_read.TryGetValue(file, out Document? known) ? known : s_read[file] = Parse(file);
    }

    private static Document Parse(string file)
    {
        Document document = new(file, [], [], [], new(StringComparer.Ordinal));
        string? fence = null;
        bool runs = false;
        int number = 0;
        foreach (string line in System.IO.File.ReadLines(file))
        {
            number++;
            Match mark = Regex.Match(line, @"^\s*(```+)\s*(.*)$");
            if (mark.Success && (fence is null || (line.Trim() == fence)))
            {
                runs = fence is null && mark.Groups[2].Value.Trim() == "console run";
                fence = fence is null ? mark.Groups[1].Value : null;
            }
            else if (fence is not null || line.StartsWith("    ", StringComparison.Ordinal))
            {
                if (!runs) document.Code.Add((number, line.Trim()));
                else if (line.StartsWith("$ ", StringComparison.Ordinal))
                {
                    document.Code.Add((number, line));
                    document.Examples.Add(new(number, line[2..], []));
                }
                else if (document.Examples.Count > 0) document.Examples[^1].Output.Add(line);
            }
            else
            {
                document.Prose.Add((number, line));
                foreach (Match span in Regex.Matches(line, "`([^`]+)`")) document.Code.Add((number, span.Groups[1].Value));
                Match heading = Regex.Match(line, "^#+ +(.*?) *#*$");
                if (heading.Success) document.Anchors.Add(Anchor(heading.Groups[1].Value));
            }
        }

        if (fence is not null) throw new InvalidOperationException($"{file}: a code block is not closed.");
        return document;
    }

    /// <summary>A heading's anchor as code hosts make it: letters and digits, hyphens for blanks.</summary>
    private static string Anchor(string heading) =>
        string.Concat(Regex.Replace(heading, @"\[([^\]]*)\]\([^)]*\)", "$1").ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-');
}
