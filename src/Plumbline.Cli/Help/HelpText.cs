using System.CommandLine;
using System.Text.Json;

namespace Plumbline.Cli.Help;

/// <summary>
/// What `--help` shows: descriptions in English, where they are born, or in Chinese from a table; each command with its examples and
/// exit codes, the commands below it with their first lines only.
/// </summary>
internal static class HelpText
{
    private static readonly (string English, string Chinese)[] s_headings =
    [
        ("Description:", "说明："), ("Usage:", "用法："), ("Arguments:", "参数："), ("Options:", "选项："), ("Commands:", "命令："),
    ];

    private static readonly Lazy<IReadOnlyDictionary<string, string>> s_chinese = new(Load);

    /// <summary>The Chinese descriptions: "command", "command argument" and "command --option".</summary>
    public static IReadOnlyDictionary<string, string> Chinese => s_chinese.Value;

    /// <summary>Whether these arguments ask for help.</summary>
    public static bool IsAsked(IEnumerable<string> args) => args.TakeWhile(a => a != "--").Any(a => a is "--help" or "-h" or "-?");

    /// <summary>Takes `--language` out of arguments that ask for help, so that it works with every command.</summary>
    /// <exception cref="UsageException">The language is neither en nor zh.</exception>
    public static (string[] Args, string Language) TakeLanguage(string[] args)
    {
        List<string> rest = [];
        string language = "en";
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--language" && i + 1 < args.Length) language = args[++i];
            else if (args[i].StartsWith("--language=", StringComparison.Ordinal)) language = args[i]["--language=".Length..];
            else rest.Add(args[i]);
        }

        return language is "en" or "zh" ? ([.. rest], language) : throw new UsageException($"--language '{language}' is not known: en or zh.");
    }

    /// <summary>Puts the descriptions in place for the help of one command.</summary>
    public static void Prepare(RootCommand root, Command shown, string language)
    {
        foreach (Command command in All(root))
        {
            string key = KeyOf(command);
            string english = command.Description ?? "";
            string description = language == "zh" && Chinese.TryGetValue(key, out string? chinese) ? WithExamples(chinese, english) : english;
            command.Description = command == shown ? $"{Prose(description)}\n\n{ExitCodes(key, language)}" : description.Split("\n\n")[0];
            if (language != "zh") continue;
            foreach (Symbol part in Parts(command)) part.Description = Chinese.GetValueOrDefault(KeyOf(command, part), part.Description ?? "");
        }

        // The exit codes end the text, whatever stood there before.
        static string Prose(string description) => description.Split("\n\nExit codes:")[0].TrimEnd();
    }

    /// <summary>The headings in Chinese.</summary>
    public static string Translate(string help)
    {
        IEnumerable<string> lines = help.Split('\n').Select(line => s_headings.FirstOrDefault(h => line.TrimEnd() == h.English).Chinese ?? line);
        return string.Join('\n', lines).Replace("[default: ", "[默认：", StringComparison.Ordinal).Replace("(REQUIRED)", "（必填）", StringComparison.Ordinal).Replace("[options]", "[选项]", StringComparison.Ordinal).Replace("[command]", "[命令]", StringComparison.Ordinal);
    }

    /// <summary>A command and all below it.</summary>
    public static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    /// <summary>A command's arguments and options that help shows.</summary>
    public static IEnumerable<Symbol> Parts(Command command) => command.Arguments.Where(a => !a.Hidden).Concat<Symbol>(command.Options.Where(o => !o.Hidden));

    /// <summary>The key of a command or of a part of it in the table.</summary>
    public static string KeyOf(Command command, Symbol? part = null)
    {
        // Help and version are the same everywhere.
        if (part is Option { Name: "--help" or "--version" }) return $"plumbline {part.Name}";
        List<string> path = [];
        for (Command? at = command; at is not null and not RootCommand; at = at.Parents.OfType<Command>().FirstOrDefault()) path.Insert(0, at.Name);
        if (path.Count == 0) path.Add("plumbline");
        if (part is not null) path.Add(part.Name);
        return string.Join(' ', path);
    }

    private static string WithExamples(string chinese, string english)
    {
        int examples = english.IndexOf("\n\nExample", StringComparison.Ordinal);
        if (examples < 0 || chinese.Contains("示例", StringComparison.Ordinal)) return chinese;
        string block = english[(examples + 2)..];
        return $"{chinese}\n\n示例：{block[block.IndexOf('\n', StringComparison.Ordinal)..]}";
    }

    private static string ExitCodes(string key, string language) => (key, language) switch
    {
        ("plumbline" or "assess" or "resume", "zh") => "退出码：0 完成，1 错误，2 用法错误，3 门槛不成立，130 已取消（可用 plumbline resume 继续）。",
        ("plumbline" or "assess" or "resume", _) => "Exit codes: 0 done, 1 error, 2 usage, 3 a gate failed, 130 cancelled (plumbline resume goes on).",
        ("serve", "zh") => "退出码：0 由 Ctrl-C 结束，1 错误，2 用法错误。",
        ("serve", _) => "Exit codes: 0 ended by Ctrl-C, 1 error, 2 usage.",
        (_, "zh") => "退出码：0 完成，1 错误，2 用法错误，130 已取消。",
        _ => "Exit codes: 0 done, 1 error, 2 usage, 130 cancelled.",
    };

    private static Dictionary<string, string> Load()
    {
        using Stream stream = typeof(HelpText).Assembly.GetManifestResourceStream("Plumbline.Cli.Help.Chinese")!;
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal);
    }
}
