namespace Plumbline.Phantoms.Trained;

/// <summary>The recipes that this assembly carries.</summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
internal static class TrainedFamily
{
    private static readonly Lazy<IReadOnlyDictionary<string, Lazy<Recipe>>> s_recipes = new(() => PhantomFiles.Under("family")
        .Where(f => f.EndsWith("/recipe.yaml", StringComparison.Ordinal))
        .ToDictionary(f => f["family/".Length..^"/recipe.yaml".Length], f => new Lazy<Recipe>(() => Recipe.Parse(PhantomFiles.Text(f), f)), StringComparer.Ordinal));

    /// <summary>Names of the planted phantoms that have a recipe here, in ordinal order.</summary>
    public static IReadOnlyList<string> Names => [.. s_recipes.Value.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The recipe of a planted phantom or of its clean twin.</summary>
    /// <exception cref="ArgumentException">There is none of this name; the message lists those there are.</exception>
    public static Recipe Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string planted = name.EndsWith("-clean", StringComparison.Ordinal) ? name[..^"-clean".Length] : name;
        return s_recipes.Value.TryGetValue(planted, out Lazy<Recipe>? recipe) ? recipe.Value : throw new ArgumentException($"No recipe is called {name}. There are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>Folders, below phantoms/, of a recipe's models that travel with the assembly, by the phantom's name: the planted one before its twin.</summary>
    internal static IEnumerable<(string Name, string Folder)> Shipped(string planted) => ((IEnumerable<(string, string)>)[(planted, $"family/{planted}/planted"), (planted + "-clean", $"family/{planted}/clean")])
        .Where(m => PhantomFiles.TryOpen(m.Item2 + "/card.json") is not null);
}
