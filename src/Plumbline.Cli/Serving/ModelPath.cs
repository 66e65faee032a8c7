
using Plumbline.Cli.Hub;

namespace Plumbline.Cli.Serving;

/// <summary>From what the user typed to a model's files on this machine.</summary>
internal static class ModelPath
{
    public static bool IsPhantom(string named) => named is "phantom" || named.StartsWith("phantom:", StringComparison.Ordinal);

    /// <summary>A path as it is; a phantom's folder, unpacked; the folder in this machine's cache of a model on a hub.</summary>
    /// <param name="named">As the user named it.</param>
    /// <param name="environment">Says where the cache is; null: this process's.</param>
    /// <exception cref="UsageException">There is no such file, folder or phantom, it has no files, or the cache lacks it.</exception>
    public static string Resolve(string named, Func<string, string?>? environment = null)
    {
        if (HubModelName.IsHub(named)) return HubCache.Of(environment ?? Environment.GetEnvironmentVariable).Resolve(HubModelName.Parse(named));
        if (!IsPhantom(named))
        {
            return File.Exists(named) || Directory.Exists(named)
                ? named
                : throw new UsageException($"'{named}' is neither a file nor a folder here: name phantom, phantom:NAME, a GGUF file, a Hugging Face folder or hf:ORGANISATION/NAME.");
        }

        string name = named is "phantom" ? "chat" : named["phantom:".Length..];
        if (Phantoms.Scripted.ScriptedPhantoms.Find(name) is not null) throw new UsageException($"The phantom '{name}' is a law without weights or files; name phantom or phantom:chat-clean.");
        try
        {
            return Phantoms.Phantoms.Open(name).Unpack();
        }
        catch (ArgumentException)
        {
            throw new UsageException($"There is no phantom '{name}'. `plumbline phantom list` lists them.");
        }
    }
}
