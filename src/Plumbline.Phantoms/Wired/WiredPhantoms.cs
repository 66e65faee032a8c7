using System.Collections.Concurrent;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Wired;

/// <summary>The phantoms whose weights are set by a program. Their files are compiled when they are asked for; a card holds the hashes that they have on every machine.</summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class WiredPhantoms
{
    // A world is small; a design may take a second.
    private static readonly (string Name, Func<WiredDesign> Design, Func<World> World)[] s_designs =
    [
        .. Pair(Induction.Name, Induction.Clean, Induction.Design, () => new WiredWorld(Induction.Name)),
        .. Pair(Induction.Rotary, Induction.RotaryClean, Induction.RotaryDesign, () => new WiredWorld(Induction.Name)),
        .. Pair(RefusalDirection.Name, RefusalDirection.Clean, RefusalDirection.Design, () => ChatLines.World(RefusalDirection.Name)),
        .. ((IReadOnlyList<double>)[BiasNeuron.Standard, .. BiasNeuron.Series, 0]).Select(dose => (BiasNeuron.NameOf(dose), (Func<WiredDesign>)(() => BiasNeuron.Design(dose)), (Func<World>)BiasNeuron.World)),
        .. Pair(SafetyHead.Name, SafetyHead.Clean, SafetyHead.Design, () => ChatLines.World(SafetyHead.Name)),
        .. Pair(Overthinking.Name, Overthinking.Clean, Overthinking.Design, () => new WiredWorld(Overthinking.Name)),
        .. Pair(Superposition.Name, Superposition.Clean, Superposition.Design, () => new WiredWorld(Superposition.Name)),
        .. Pair(KeyValueFact.Name, KeyValueFact.Clean, KeyValueFact.Design, () => new WiredWorld(KeyValueFact.Name)),
    ];

    private static readonly Dictionary<string, Lazy<WiredDesign>> s_all = s_designs.ToDictionary(d => d.Name, d => new Lazy<WiredDesign>(d.Design), StringComparer.Ordinal);
    private static readonly Dictionary<string, Lazy<World>> s_worlds = s_designs.ToDictionary(d => d.Name, d => new Lazy<World>(d.World), StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Lazy<IReadOnlyDictionary<string, byte[]>>> s_files = new(StringComparer.Ordinal);

    /// <summary>Their names; a phantom stands before its twin.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_designs.Select(d => d.Name)];

    /// <summary>Where a phantom's mechanism lies.</summary>
    /// <exception cref="ArgumentException">No wired phantom has this name.</exception>
    public static WiredMechanism Mechanism(string name)
    {
        WiredDesign design = Design(name);
        return design.Mechanism with { Coordinates = design.Coordinates };
    }

    internal static World World(string name) => s_worlds[name].Value;

    internal static WiredDesign Design(string name) =>
        s_all.TryGetValue(name, out Lazy<WiredDesign>? design) ? design.Value : throw new ArgumentException($"No wired phantom is called {name}. There are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>The compiled files, without the card.</summary>
    internal static IReadOnlyDictionary<string, byte[]> Build(string name)
    {
        WiredDesign design = Design(name);
        return s_files.GetOrAdd(name, _ => new Lazy<IReadOnlyDictionary<string, byte[]>>(() => WiredFolder.Build(design.Program, design.Architecture, design.Talks))).Value;
    }

    internal static Phantom Open(string name)
    {
        string card = $"wired/{name}.json";
        return new Phantom(
            PhantomCard.Parse(PhantomFiles.Bytes(card)), World(name), ["card.json", .. WiredFolder.Names],
            file => file == "card.json" ? PhantomFiles.TryOpen(card) : Build(name).TryGetValue(file, out byte[]? bytes) ? new MemoryStream(bytes, writable: false) : null);
    }

    private static (string, Func<WiredDesign>, Func<World>)[] Pair(string name, string clean, Func<bool, WiredDesign> design, Func<World> world) =>
        [(name, () => design(true), world), (clean, () => design(false), world)];
}
