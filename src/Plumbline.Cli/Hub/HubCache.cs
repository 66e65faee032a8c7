using System.Text.Json;

namespace Plumbline.Cli.Hub;

/// <summary>
/// The Hugging Face cache of this machine: models--org--name/refs/REVISION holds a commit, snapshots/COMMIT the files of that
/// commit (links into blobs/). Reads only; contacts nobody.
/// </summary>
internal sealed class HubCache(string root)
{
    private const int LongestIndex = 64 << 20;

    /// <summary>The cache's folder.</summary>
    public string Root { get; } = root;

    /// <summary>Where the environment says it is: HF_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, or below the user's folder.</summary>
    public static HubCache Of(Func<string, string?> environment)
    {
        if (Given("HF_HUB_CACHE") is { } cache) return new(cache);
        if (Given("HF_HOME") is { } home) return new(Path.Combine(home, "hub"));
        if (Given("XDG_CACHE_HOME") is { } local) return new(Path.Combine(local, "huggingface", "hub"));
        return new(Path.Combine(Given("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface", "hub"));

        string? Given(string variable) => environment(variable)?.Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>The folder with all that a model needs.</summary>
    /// <exception cref="UsageException">It is not there, or parts of it are missing; says which, and how to get them.</exception>
    public string Resolve(HubModelName name) => Find(name, out string missing) ?? throw new UsageException(
        $"{name} is not in the cache {Root}: {missing}. Nothing was contacted. `plumbline assess` and `plumbline serve` fetch it with --download (HF_ENDPOINT names another hub than the public one), or set HF_HUB_CACHE or HF_HOME to where it is.");

    /// <summary>The same; null, with what is missing, where it is not complete.</summary>
    public string? Find(HubModelName name, out string missing)
    {
        string folder = Path.Combine(Root, name.Folder);
        string? commit = name.Revision;
        if (!name.IsCommit)
        {
            string reference = Path.Combine([folder, "refs", .. name.Revision.Split('/')]);
            commit = File.Exists(reference) && new FileInfo(reference).Length < 256 ? File.ReadAllText(reference).Trim() : null;
            if (commit is null || !HubModelName.IsCommitHash(commit))
            {
                missing = commit is null ? $"there is no {Path.GetRelativePath(Root, reference)}" : $"{Path.GetRelativePath(Root, reference)} holds no commit";
                return null;
            }
        }

        string snapshot = Path.Combine(folder, "snapshots", commit);
        missing = Missing(snapshot) is { } file ? $"{Path.Combine(name.Folder, "snapshots", commit)} lacks {file}" : "";
        return missing.Length == 0 ? snapshot : null;
    }

    /// <summary>The first file that a model cannot do without; null where all are there.</summary>
    private static string? Missing(string snapshot)
    {
        if (!File.Exists(Path.Combine(snapshot, "config.json"))) return "config.json";
        string index = Path.Combine(snapshot, "model.safetensors.index.json");
        if (File.Exists(Path.Combine(snapshot, "model.safetensors"))) return null;
        if (!File.Exists(index)) return "model.safetensors";
        using FileStream stream = File.OpenRead(index);
        if (stream.Length > LongestIndex) return "a model.safetensors.index.json of a sensible size";
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        try
        {
            return HubIndex.Shards(content).FirstOrDefault(shard => !File.Exists(Path.Combine(snapshot, shard)));
        }
        catch (JsonException)
        {
            return "a readable model.safetensors.index.json";
        }
    }
}
