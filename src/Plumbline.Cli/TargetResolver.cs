using System.Security.Cryptography;
using System.Text;
using Plumbline.Cli.Hub;
using Plumbline.Endpoints;
using Plumbline.Measure.Public;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Phantoms;
using Plumbline.Phantoms.Scripted;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>From what the user typed to a target.</summary>
internal static class TargetResolver
{
    /// <summary>Prompts that a model on this machine decodes together.</summary>
    private const int LocalConcurrency = 32;

    private const int RemoteConcurrency = 16;

    private static readonly Lazy<World> s_public = new(() => new PublicWorld(DataCatalogue.Folder(Environment.GetEnvironmentVariable)));

    /// <summary>Whether a name stands for something beyond this process.</summary>
    public static bool IsRemote(string named) =>
        named.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || named.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || named.StartsWith("ollama:", StringComparison.Ordinal);

    /// <summary>Opens a target.</summary>
    /// <exception cref="UsageException">The name is of no known form, or an option is missing.</exception>
    /// <exception cref="ModelFileException">The file is broken or of a kind that is not supported.</exception>
    public static Target Open(string named, AssessRequest request, Surroundings surroundings, IReadOnlyList<Runs.HostContact>? contacted = null)
    {
        if (HubModelName.IsHub(named))
        {
            string folder = HubCache.Of(surroundings.Environment).Resolve(HubModelName.Parse(named));
            return OpenLocal(named, folder, Fingerprint(folder), s_public.Value, request, contacted);
        }

        if (named is "phantom" || named.StartsWith("phantom:", StringComparison.Ordinal)) return OpenPhantom(named, request);
        if (named.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || named.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return OpenEndpoint(named, Parsed(() => EndpointAddress.Parse(named)), request.Model ?? "", request, surroundings);
        }

        if (named.StartsWith("ollama:", StringComparison.Ordinal))
        {
            (EndpointAddress address, string model) = Parsed(() => OllamaAddress.Parse(named, surroundings.Environment));
            return OpenEndpoint(named, address, request.Model ?? model, request, surroundings);
        }

        return File.Exists(named) || Directory.Exists(named)
            ? OpenLocal(named, named, Fingerprint(named), s_public.Value, request)
            : throw new UsageException($"'{named}' is neither a file nor a folder here, and no other target: name phantom, a GGUF file, a Hugging Face folder, hf:ORGANISATION/NAME, http://host:port/v1 or ollama:NAME.");
    }

    /// <summary>The world of a target, without opening it: a report needs no weights and no key.</summary>
    /// <exception cref="UsageException">There is no such phantom.</exception>
    public static World WorldOf(string named)
    {
        if (named is not "phantom" && !named.StartsWith("phantom:", StringComparison.Ordinal)) return s_public.Value;
        if (Scripted(named) is { } card) return card.Answers is null ? ScriptedWorld.Of(card.Law) : AnswerPools.Of(card.Answers).World();
        try
        {
            return Phantoms.Phantoms.Open(named is "phantom" ? "chat" : named["phantom:".Length..]).World;
        }
        catch (ArgumentException)
        {
            throw new UsageException($"There is no phantom '{named}'. `plumbline phantom list` lists them.");
        }
    }

    private static Target OpenPhantom(string named, AssessRequest request)
    {
        if (Scripted(named) is { } card)
        {
            string law = $"scripted|{ScriptedLawFile.Write(card)}";
            return card.Answers is null ? new(named, law, new ScriptedPhantom(card.Law, request.Seed), ScriptedWorld.Of(card.Law)) : new(named, law, AnswerPools.Of(card.Answers).Phantom(card.Law), AnswerPools.Of(card.Answers).World());
        }

        string name = named is "phantom" ? "chat" : named["phantom:".Length..];
        Phantom phantom;
        try
        {
            phantom = Phantoms.Phantoms.Open(name);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"There is no phantom '{name}'. `plumbline phantom list` lists them.");
        }

        string folder = phantom.Unpack();
        return OpenLocal($"phantom:{name}", folder, Fingerprint(folder), phantom.World, request);
    }

    /// <summary>A scripted phantom by "phantom:NAME" or "phantom:FILE.yaml"; null where the name is no scripted phantom's.</summary>
    /// <exception cref="UsageException">The file is no law.</exception>
    public static ScriptedCard? Scripted(string named)
    {
        if (!named.StartsWith("phantom:", StringComparison.Ordinal)) return null;
        try
        {
            return ScriptedPhantoms.Find(named["phantom:".Length..]);
        }
        catch (InvalidDataException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static Target OpenLocal(string named, string path, string fingerprint, World world, AssessRequest request, IReadOnlyList<Runs.HostContact>? contacted = null)
    {
        IReadOnlyList<string> warnings;
        using (ModelFolder folder = ModelFolder.Open(path)) warnings = folder.Warnings;
        LanguageModel model = LanguageModel.Load(path, request.ToModelOptions());
        if (model.Tokenizer is null || model.Template is null)
        {
            model.Dispose();
            throw new ModelFileException($"{path} has no {(model.Tokenizer is null ? "tokenizer" : "chat template")}: an assessment needs both. Put tokenizer.json (and tokenizer_config.json with chat_template) beside the weights.");
        }

        return new(named, fingerprint, new LocalChatClient(model), world) { Concurrency = Math.Min(LocalConcurrency, model.Concurrency), Notes = () => warnings, Hosts = () => contacted ?? [] };
    }

    private static Target OpenEndpoint(string named, EndpointAddress address, string model, AssessRequest request, Surroundings surroundings)
    {
        OpenAiEndpoint endpoint = Parsed(() => new OpenAiEndpoint(new()
        {
            Address = address,
            Model = model,
            KeyVariable = request.ApiKeyVariable,
            Headers = [.. request.Headers.Select(EndpointHeader.Parse)],
            Environment = surroundings.Environment,
            Clock = surroundings.Clock,
        }));
        return new(address.ToString(), $"{address}|{model}", new EndpointChat(endpoint), s_public.Value)
        {
            IsRemote = true,
            Concurrency = RemoteConcurrency,
            Hosts = () => [.. endpoint.Ledger.Contacts.Select(c => new Runs.HostContact($"{c.Host}:{c.Port}", c.Requests))],
            Notes = () => endpoint.Notes,
        };
    }

    /// <summary>SHA-256 of a model's files: names, lengths and, of each, the whole content.</summary>
    private static string Fingerprint(string path)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        string[] files = File.Exists(path) ? [path] : [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)];
        foreach (string file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            using FileStream stream = File.OpenRead(file);
            int read;
            while ((read = stream.Read(buffer)) > 0) hash.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static T Parsed<T>(Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new UsageException(e.Message);
        }
    }
}
