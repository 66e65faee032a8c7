namespace Plumbline.Phantoms.Scripted;

/// <summary>The scripted phantoms that this assembly carries, from phantoms/scripted/*.yaml.</summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class ScriptedPhantoms
{
    private const string Folder = "scripted";

    private static readonly Lazy<IReadOnlyList<ScriptedCard>> s_all = new(() =>
    [
        .. PhantomFiles.Under(Folder).Select(f => ScriptedLawFile.Parse(PhantomFiles.Text(f), Path.GetFileNameWithoutExtension(f), f)).OrderBy(c => c.Name, StringComparer.Ordinal),
    ]);

    /// <summary>All cards, by name.</summary>
    public static IReadOnlyList<ScriptedCard> All => s_all.Value;

    /// <summary>A card by its name, or of a law file ("./mine.yaml"); null where there is neither.</summary>
    /// <exception cref="InvalidDataException">The file is no law.</exception>
    public static ScriptedCard? Find(string name) =>
        All.FirstOrDefault(c => c.Name == name) ?? (Path.GetExtension(name) is ".yaml" or ".yml" or ".json" && File.Exists(name) ? ScriptedLawFile.Load(name) : null);
}
