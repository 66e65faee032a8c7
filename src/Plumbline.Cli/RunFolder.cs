namespace Plumbline.Cli;

/// <summary>Where runs lie.</summary>
internal static class RunFolder
{
    public const string Root = "plumbline-runs";

    /// <summary>The folder of a run that a user named by path or by id.</summary>
    /// <exception cref="UsageException">There is no such run.</exception>
    public static string Find(string named)
    {
        foreach (string folder in new[] { named, Path.Combine(Root, named), Path.GetDirectoryName(named) ?? "" })
        {
            if (folder.Length > 0 && Holds(folder)) return folder;
        }

        string[] known = Directory.Exists(Root) ? [.. Directory.EnumerateDirectories(Root).Select(f => Path.GetFileName(f)!)] : [];
        string hint = Spelling.Nearest(named, known) is { } near ? $" Did you mean '{near}'?" : "";
        throw new UsageException($"There is no run '{named}'.{hint} `plumbline runs` lists what is there.");
    }

    /// <summary>Whether there is a run in a folder.</summary>
    public static bool Holds(string folder) => File.Exists(Path.Combine(folder, "run.db"));

    /// <summary>The run's own copy of the user's prompts, which may have changed or gone where they lay.</summary>
    public static string Prompts(string folder) => Path.Combine(folder, "prompts.jsonl");

    /// <summary>The folder of the clean twin's run inside that of a pair.</summary>
    public static string Twin(string folder) => Path.Combine(folder, "twin");
}
