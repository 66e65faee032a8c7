using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Plumbline.Suites;

/// <summary>A list of evaluations with options, and gates where a team adds them.</summary>
public sealed record Suite(string Name, IReadOnlyList<SuiteEntry> Entries, IReadOnlyList<Gate> Gates, string Text)
{
    private const int LargestFile = 1 << 20;

    /// <summary>The suites that ship: quick, standard, full.</summary>
    public static IReadOnlyList<string> Shipped { get; } = ["quick", "standard", "full"];

    /// <summary>Reads a shipped suite by name or a file by path.</summary>
    /// <exception cref="SuiteException">Neither exists, or the YAML is wrong; the message says where.</exception>
    public static Suite Load(string nameOrPath)
    {
        if (Shipped.Contains(nameOrPath))
        {
            using Stream stream = typeof(Suite).Assembly.GetManifestResourceStream($"Plumbline.Suites.{nameOrPath}.yaml")!;
            using StreamReader reader = new(stream);
            return Parse(reader.ReadToEnd(), nameOrPath);
        }

        if (!File.Exists(nameOrPath))
        {
            throw new SuiteException($"There is no suite '{nameOrPath}': name a YAML file, or one of {string.Join(", ", Shipped)}.");
        }

        return new FileInfo(nameOrPath).Length > LargestFile
            ? throw new SuiteException($"{nameOrPath} is larger than 1 MB: that is no suite.")
            : Parse(File.ReadAllText(nameOrPath), Path.GetFileNameWithoutExtension(nameOrPath), nameOrPath);
    }

    /// <summary>Reads a suite's YAML.</summary>
    /// <exception cref="SuiteException">It is wrong; the message says where.</exception>
    public static Suite Parse(string yaml, string name, string? file = null)
    {
        string place = file ?? $"suite '{name}'";
        YamlMappingNode root = YamlText.Mapping(yaml, place, "a suite is a mapping with 'evaluations:'", (message, e) => new SuiteException(message, e));
        List<SuiteEntry> entries = [];
        List<Gate> gates = [];
        foreach ((YamlNode key, YamlNode value) in root.Children)
        {
            switch (Text(key))
            {
                case "name": name = Text(value); break;
                case "description": break;
                case "evaluations": entries.AddRange(List(value).Select(Entry)); break;
                case "gates": gates.AddRange(List(value).Select(node => GateOf(node))); break;
                case string other: throw Wrong(key, $"'{other}' is none of name, description, evaluations, gates");
            }
        }

        return entries.Count == 0 ? throw Wrong(root, "'evaluations:' is missing or empty") : new(name, entries, gates, yaml);

        SuiteEntry Entry(YamlNode node)
        {
            if (node is YamlScalarNode scalar) return new(scalar.Value ?? "");
            if (node is not YamlMappingNode map) throw Wrong(node, "an evaluation is an id, or a mapping with 'id:'");
            SuiteEntry entry = new("");
            foreach ((YamlNode key, YamlNode value) in map.Children)
            {
                switch (Text(key))
                {
                    case "id": entry = entry with { Id = Text(value) }; break;
                    case "limit": entry = entry with { Limit = Positive(value) }; break;
                    case "max_tokens": entry = entry with { MaxTokens = Positive(value) }; break;
                    case "gate": gates.Add(GateOf(value)); break;
                    case string other: throw Wrong(key, $"'{other}' is none of id, limit, max_tokens, gate");
                }
            }

            return entry.Id.Length > 0 ? entry : throw Wrong(node, "the evaluation has no 'id:'");
        }

        Gate GateOf(YamlNode node)
        {
            try
            {
                return Gate.Parse(Text(node));
            }
            catch (FormatException e)
            {
                throw Wrong(node, e.Message);
            }
        }

        int Positive(YamlNode node) => int.TryParse(Text(node), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw Wrong(node, $"'{Text(node)}' is no whole number above 0");

        IEnumerable<YamlNode> List(YamlNode node) => node is YamlSequenceNode list ? list.Children : throw Wrong(node, "a list is wanted here");

        string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, "a plain value is wanted here");

        SuiteException Wrong(YamlNode node, string what) => new($"{place}, line {node.Start.Line}: {what}.");
    }
}

/// <summary>An evaluation in a suite, with at most so many samples and so many tokens an answer (null: its own defaults).</summary>
public sealed record SuiteEntry(string Id, int? Limit = null, int? MaxTokens = null);

/// <summary>A suite cannot be read: a usage error.</summary>
public sealed class SuiteException : Exception
{
    public SuiteException(string message) : base(message) { }

    public SuiteException(string message, Exception? inner) : base(message, inner) { }

    public SuiteException() { }
}
