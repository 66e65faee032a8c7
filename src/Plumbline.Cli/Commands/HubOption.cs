using System.CommandLine;
using Plumbline.Cli.Hub;
using Plumbline.Runs;

namespace Plumbline.Cli.Commands;

/// <summary>`--download` of the commands that take a model: without it a model on a hub comes from this machine's cache or not at all.</summary>
internal static class HubOption
{
    public static Option<bool> Build() => new("--download") { Description = "Fetch what the cache lacks of hf:ORGANISATION/NAME from the hub (HF_ENDPOINT, HF_TOKEN); only safetensors." };

    /// <summary>Fetches a model, if it is one of a hub and the user asked for it.</summary>
    /// <returns>The hosts contacted.</returns>
    /// <exception cref="UsageException">The option was given for a target that is on no hub.</exception>
    public static async Task<IReadOnlyList<HostContact>> FetchAsync(string? named, bool download, Surroundings surroundings, bool quiet, CancellationToken cancellationToken)
    {
        if (!download) return [];
        if (!HubModelName.IsHub(named)) throw new UsageException("--download is for a model on a hub: name hf:ORGANISATION/NAME as the target.");
        using HubDownload hub = new(surroundings.Environment, line =>
        {
            if (!quiet) surroundings.Error.WriteLine(line);
        });
        await hub.FetchAsync(HubModelName.Parse(named!), cancellationToken);
        return hub.Hosts;
    }
}
