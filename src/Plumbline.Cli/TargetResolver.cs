using Plumbline.Phantoms.Scripted;

namespace Plumbline.Cli;

/// <summary>From what the user typed to a target.</summary>
internal static class TargetResolver
{
    /// <summary>Opens a target.</summary>
    /// <exception cref="UsageException">The name is of no known form.</exception>
    public static Target Open(string named, AssessRequest request, Surroundings surroundings)
    {
        return named switch
        {
            "phantom" or "phantom:scripted" => new("phantom:scripted", "scripted-planted", new ScriptedPhantom(ScriptedLaw.Planted), new ScriptedWorld()),
            "phantom:scripted-clean" => new(named, "scripted-clean", new ScriptedPhantom(ScriptedLaw.Clean), new ScriptedWorld()),
            _ => throw new UsageException($"'{named}' is no target: name phantom, a GGUF file, a Hugging Face folder, http://host:port/v1 or ollama:NAME."),
        };
    }
}
