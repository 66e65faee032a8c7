using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;
using Plumbline.Phantoms.Wired;
using Plumbline.Worlds;

namespace Plumbline.Phantoms;

/// <summary>The phantoms that this assembly carries.</summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class Phantoms
{
    private static readonly Dictionary<string, string> s_folders = new(StringComparer.Ordinal) { ["chat"] = "chat/planted", ["chat-clean"] = "chat/clean" };
    private static readonly Lazy<IReadOnlyDictionary<string, (string Folder, Lazy<World> World)>> s_family = new(Family);
    private static readonly Lazy<PhantomWorld> s_chat = new(() => new PhantomWorld(new ChatGrammar(ChatWorldData.Shipped), Calibrations("chat/calibration.json")));

    /// <summary>The cards of all phantoms, the default first.</summary>
    public static IReadOnlyList<PhantomCard> List() => [.. Names.Select(name => Open(name).Card)];

    private static IEnumerable<string> Names => s_folders.Keys.Concat(s_family.Value.Keys).Concat(WiredPhantoms.Names);

    /// <summary>A phantom by its name, or one that `plumbline phantom make` has made by its folder ("my/planted").</summary>
    /// <exception cref="ArgumentException">No phantom has this name, and no folder of this name holds one; the message lists those there are.</exception>
    /// <exception cref="ModelFileException">The folder's card or the recipe beside it is broken.</exception>
    public static Phantom Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (s_folders.TryGetValue(name, out string? folder)) return new Phantom(folder, PhantomCard.Parse(PhantomFiles.Bytes(folder + "/card.json")), s_chat.Value);
        if (WiredPhantoms.Names.Contains(name)) return WiredPhantoms.Open(name);
        if (s_family.Value.TryGetValue(name, out (string Folder, Lazy<World> World) member)) return new Phantom(member.Folder, PhantomCard.Parse(PhantomFiles.Bytes(member.Folder + "/card.json")), member.World.Value);
        return File.Exists(Path.Combine(name, "card.json"))
            ? Made(name)
            : throw new ArgumentException($"No phantom is called {name}. There are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>A phantom in a folder, with the recipe that stands beside the folder.</summary>
    private static Phantom Made(string folder)
    {
        folder = Path.GetFullPath(folder);
        string recipe = Path.Combine(Path.GetDirectoryName(folder) ?? folder, "recipe.yaml");
        if (!File.Exists(recipe)) throw new ModelFileException($"{folder} holds a phantom's card, and {recipe}, which tells its world, is not there.");
        try
        {
            PhantomCard card = PhantomCard.Parse(File.ReadAllBytes(Path.Combine(folder, "card.json")));
            if (card.Files.Keys.FirstOrDefault(f => f != Path.GetFileName(f)) is { } outside) throw new InvalidDataException($"card.json names {outside}, which is no file of the folder.");
            Recipe told = Recipe.Parse(File.ReadAllText(recipe), recipe);
            if (!PhantomCard.IsOf(File.ReadAllBytes(Path.Combine(folder, "card.json")), told.Sha256)) throw new InvalidDataException($"it was made from another version of {recipe} or of the world that this extends: make it again.");
            return Phantom.OnDisk(folder, card, new RecipeWorld(told, recipe, Calibrations(null)));
        }
        catch (Exception e) when (e is RecipeException or InvalidDataException)
        {
            throw new ModelFileException($"{folder}: {e.Message}", e);
        }
    }

    /// <summary>The trained family's members by name, with the world that a pair shares.</summary>
    private static Dictionary<string, (string Folder, Lazy<World> World)> Family()
    {
        // A recipe is read when its world is asked for: most starts need none.
        var members = new Dictionary<string, (string Folder, Lazy<World> World)>(StringComparer.Ordinal);
        foreach (string planted in TrainedFamily.Names)
        {
            var world = new Lazy<World>(() => new RecipeWorld(TrainedFamily.Open(planted), $"phantoms/family/{planted}/recipe.yaml", Calibrations($"family/{planted}/calibration.json")));
            foreach ((string name, string folder) in TrainedFamily.Shipped(planted)) members[name] = (folder, world);
        }

        return members;
    }

    /// <summary>Error rates of judges on labelled answers of this world; a file that need not exist.</summary>
    private static Dictionary<string, JudgeCalibration> Calibrations(string? path)
    {
        var all = new Dictionary<string, JudgeCalibration>(StringComparer.Ordinal);
        using Stream? stream = path is null ? null : PhantomFiles.TryOpen(path);
        if (stream is null) return all;
        using JsonDocument file = JsonDocument.Parse(stream);
        foreach (JsonElement e in file.RootElement.EnumerateArray())
        {
            string judge = e.GetProperty("judge").GetString()!;
            all[judge] = new JudgeCalibration(
                judge, e.GetProperty("truePositives").GetInt32(), e.GetProperty("positives").GetInt32(), e.GetProperty("trueNegatives").GetInt32(),
                e.GetProperty("negatives").GetInt32(), e.GetProperty("source").GetString()!, e.GetProperty("date").GetString()!);
        }

        return all;
    }
}

/// <summary>A phantom inside this assembly or in a folder: an ordinary Hugging Face folder, its card, and the world to assess it with. Immutable.</summary>
public sealed class Phantom
{
    private readonly Func<string, Stream?> _open;
    private readonly string? _disk;

    internal Phantom(string folder, PhantomCard card, World world)
        : this(card, world, [.. PhantomFiles.Under(folder).Select(f => f[(folder.Length + 1)..])], name => PhantomFiles.TryOpen($"{folder}/{name}"))
    {
    }

    internal Phantom(PhantomCard card, World world, IReadOnlyList<string> files, Func<string, Stream?> open, string? disk = null) => (Card, World, Files, _open, _disk) = (card, world, files, open, disk);

    /// <summary>One that lies in a folder, which holds what its card names.</summary>
    internal static Phantom OnDisk(string folder, PhantomCard card, World world)
    {
        string[] files = [.. card.Files.Keys.Append("card.json").Order(StringComparer.Ordinal)];
        return new(card, world, files, name => files.Contains(name, StringComparer.Ordinal) ? File.OpenRead(Path.Combine(folder, name)) : null, folder);
    }

    /// <summary>What it is.</summary>
    public PhantomCard Card { get; }

    /// <summary>What it can fairly be asked about.</summary>
    public World World { get; }

    /// <summary>The folder's file names.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>One file, from memory; the caller disposes the stream.</summary>
    /// <exception cref="FileNotFoundException">The folder has no such file.</exception>
    public Stream OpenFile(string name) => _open(name) ?? throw new FileNotFoundException($"The phantom {Card.Name} has no file {name}.", name);

    /// <summary>
    /// The folder on disk: its own, or, of a phantom that the assembly carries, unpacked once into a cache under the hash of its contents. Files already there are compared with the hash first, so a
    /// damaged cache is written again. Safe among processes.
    /// </summary>
    /// <param name="cache">Where; null: "plumbline/phantoms" in the user's local application data.</param>
    /// <returns>The folder's path.</returns>
    public string Unpack(string? cache = null)
    {
        if (_disk is not null) return _disk;
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create);
        cache ??= Path.Combine(local.Length > 0 ? local : Path.GetTempPath(), "plumbline", "phantoms");
        (string Name, byte[] Bytes)[] files = [.. Files.Select(f => (f, Bytes(f)))];
        using IncrementalHash all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] bytes) in files)
        {
            all.AppendData(Encoding.UTF8.GetBytes(name));
            all.AppendData(SHA256.HashData(bytes));
        }

        string folder = Path.Combine(cache, $"{Card.Name}-{Convert.ToHexStringLower(all.GetHashAndReset())[..16]}");
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] bytes) in files)
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path) && bytes.AsSpan().SequenceEqual(File.ReadAllBytes(path))) continue;
            string scratch = $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(scratch, bytes);
            File.Move(scratch, path, overwrite: true);
        }

        return folder;
    }

    private byte[] Bytes(string name)
    {
        using Stream stream = OpenFile(name);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
