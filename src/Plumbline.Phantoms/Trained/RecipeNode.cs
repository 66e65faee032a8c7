using System.Globalization;
using Plumbline.Suites;
using YamlDotNet.RepresentationModel;

namespace Plumbline.Phantoms.Trained;

/// <summary>
/// A mapping of a recipe's YAML, read key by key: what was not asked for is a mistake, and the message names the line and the
/// nearest key that there is.
/// </summary>
internal sealed class RecipeNode
{
    private readonly YamlMappingNode _map;
    private readonly string _what;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private RecipeNode(string file, string what, YamlMappingNode map) => (File, _what, _map) = (file, what, map);

    public string File { get; }

    public static RecipeNode Parse(string yaml, string file) =>
        new(file, "recipe", YamlText.Mapping(yaml, file, "a recipe is one mapping, beginning with 'name:'", (message, _) => new RecipeException(message)));

    /// <summary>All keys, in the order of the file; the mapping is free to have any.</summary>
    public IEnumerable<string> Keys
    {
        get
        {
            foreach (YamlNode key in _map.Children.Keys)
            {
                string name = Scalar(key, "a key");
                _known.Add(name);
                yield return name;
            }
        }
    }

    public bool Has(string key) => Find(key) is not null;

    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    public string? OptionalText(string key) => Find(key) is { } node ? Scalar(node, $"'{key}'") : null;

    public int Whole(string key, int least, int most, int? otherwise = null)
    {
        if (Find(key) is not { } node) return otherwise ?? throw Missing(key);
        return int.TryParse(Scalar(node, $"'{key}'"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value : throw Wrong(node, $"'{key}' is '{node}'; a whole number from {least} to {most} is wanted");
    }

    public double Number(string key, double least, double most, double? otherwise = null)
    {
        if (Find(key) is not { } node) return otherwise ?? throw Missing(key);
        return double.TryParse(Scalar(node, $"'{key}'"), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value : throw Wrong(node, $"'{key}' is '{node}'; a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)} is wanted");
    }

    public T Choice<T>(string key, T otherwise) where T : struct, Enum
    {
        if (Find(key) is not { } node) return otherwise;
        string[] names = [.. Enum.GetNames<T>().Select(n => n.ToLowerInvariant())];
        int found = Array.IndexOf(names, Scalar(node, $"'{key}'"));
        return found >= 0 ? Enum.GetValues<T>()[found] : throw Wrong(node, $"'{key}' is '{node}'; one of {string.Join(", ", names)} is wanted");
    }

    /// <summary>A value, or a list of values.</summary>
    public IReadOnlyList<string> Texts(string key) => Find(key) is { } node ? Texts(node, key) : throw Missing(key);

    public IReadOnlyList<string> OptionalTexts(string key) => Find(key) is { } node ? Texts(node, key) : [];

    /// <summary>A list of lists of values.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows(string key) =>
        [.. Sequence(Find(key) ?? throw Missing(key), key).Select(n => (IReadOnlyList<string>)[.. Sequence(n, key).Select(v => Scalar(v, $"a value of '{key}'"))])];

    public RecipeNode? Map(string key, string what) => Find(key) switch
    {
        null => null,
        YamlMappingNode map => new RecipeNode(File, what, map),
        { } other => throw Wrong(other, $"'{key}' is to be a mapping"),
    };

    /// <summary>A list of mappings; none where the key is absent.</summary>
    public IReadOnlyList<RecipeNode> Maps(string key, string what) => Find(key) is { } node
        ? [.. Sequence(node, key).Select(n => n is YamlMappingNode map ? new RecipeNode(File, what, map) : throw Wrong(n, $"each of '{key}' is to be a mapping"))]
        : [];

    /// <summary>A list whose entries are plain values or mappings with plain values; a plain value is the field "".</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Entries(string key) =>
    [
        .. Sequence(Find(key) ?? throw Missing(key), key).Select(n => n switch
        {
            YamlScalarNode scalar => (IReadOnlyDictionary<string, string>)new Dictionary<string, string>(StringComparer.Ordinal) { [""] = scalar.Value ?? "" },
            YamlMappingNode map => map.Children.ToDictionary(c => Scalar(c.Key, "a key"), c => Scalar(c.Value, $"a field of '{key}'"), StringComparer.Ordinal),
            _ => throw Wrong(n, $"an entry of '{key}' is a plain value or a mapping of plain values"),
        }),
    ];

    /// <summary>Refuses keys that nobody asked for.</summary>
    public void End()
    {
        foreach (YamlNode key in _map.Children.Keys)
        {
            string name = Scalar(key, "a key");
            if (_known.Contains(name)) continue;
            throw Wrong(key, $"'{name}' is no key of a {_what}{(Spelling.Nearest(name, _known.Order(StringComparer.Ordinal)) is { } near ? $"; did you mean '{near}'?" : "")} It has {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
        }
    }

    public RecipeException Wrong(string what) => Wrong(_map, what);

    public RecipeException Wrong(string key, string what) => Wrong(Find(key) ?? _map, what);

    private RecipeException Wrong(YamlNode node, string what) => new($"{File}, line {node.Start.Line}: {what}.");

    private RecipeException Missing(string key) => Wrong(_map, $"the {_what} has no '{key}'");

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return _map.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? node) ? node : null;
    }

    private IReadOnlyList<string> Texts(YamlNode node, string key) => node is YamlSequenceNode list
        ? list.Children.Count > 0 ? [.. list.Children.Select(n => Scalar(n, $"a value of '{key}'"))] : throw Wrong(node, $"'{key}' is empty")
        : [Scalar(node, $"'{key}'")];

    private IList<YamlNode> Sequence(YamlNode node, string key) => node is YamlSequenceNode { Children.Count: > 0 } list ? list.Children : throw Wrong(node, $"'{key}' is to be a list with something in it");

    private string Scalar(YamlNode node, string what) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, $"{what} is to be a plain value");
}
