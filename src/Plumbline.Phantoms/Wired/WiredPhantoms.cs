using System.Collections.Concurrent;

namespace Plumbline.Phantoms.Wired;

/// <summary>The phantoms whose weights are set by a program. Their files are compiled when they are asked for; a card holds the hashes that they have on every machine.</summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class WiredPhantoms
{
    private static readonly (string Name, Func<WiredDesign> Design)[] s_designs =
    [
        (Induction.Name, () => Induction.Design(true)), (Induction.Clean, () => Induction.Design(false)),
        (RefusalDirection.Name, () => RefusalDirection.Design(true)), (RefusalDirection.Clean, () => RefusalDirection.Design(false)),
        (BiasNeuron.Name, () => BiasNeuron.Design(BiasNeuron.Standard)),
        .. BiasNeuron.Series.Select(dose => (BiasNeuron.NameOf(dose), (Func<WiredDesign>)(() => BiasNeuron.Design(dose)))),
        (BiasNeuron.Clean, () => BiasNeuron.Design(0)),
        (SafetyHead.Name, () => SafetyHead.Design(true)), (SafetyHead.Clean, () => SafetyHead.Design(false)),
        (Overthinking.Name, () => Overthinking.Design(true)), (Overthinking.Clean, () => Overthinking.Design(false)),
        (Superposition.Name, () => Superposition.Design(true)), (Superposition.Clean, () => Superposition.Design(false)),
        (KeyValueFact.Name, () => KeyValueFact.Design(true)), (KeyValueFact.Clean, () => KeyValueFact.Design(false)),
    ];

    private static readonly Dictionary<string, Lazy<WiredDesign>> s_all = s_designs.ToDictionary(d => d.Name, d => new Lazy<WiredDesign>(d.Design), StringComparer.Ordinal);
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
            PhantomCard.Parse(PhantomFiles.Bytes(card)), Design(name).World, ["card.json", .. WiredFolder.Names],
            file => file == "card.json" ? PhantomFiles.TryOpen(card) : Build(name).TryGetValue(file, out byte[]? bytes) ? new MemoryStream(bytes, writable: false) : null);
    }
}
