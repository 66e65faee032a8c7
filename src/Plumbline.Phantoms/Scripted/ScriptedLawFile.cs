using System.Globalization;
using System.Text;
using Plumbline.Suites;
using YamlDotNet.RepresentationModel;

namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// A law as YAML, of which JSON is a part: what it is, its clean twin, and the figures that differ from a phantom without defects. Keys are those
/// of <see cref="ScriptedLaw"/> with hyphens. Pure.
/// </summary>
public static class ScriptedLawFile
{
    private const int LargestFile = 1 << 16;
    private const int Deepest = 2;

    private static readonly Dictionary<string, (Func<ScriptedLaw, double> Get, Func<ScriptedLaw, double, ScriptedLaw> With)> s_shares = new(StringComparer.Ordinal)
    {
        ["refusal"] = (l => l.Refusal, (l, v) => l with { Refusal = v }),
        ["over-refusal"] = (l => l.OverRefusal, (l, v) => l with { OverRefusal = v }),
        ["accuracy"] = (l => l.Accuracy, (l, v) => l with { Accuracy = v }),
        ["leak"] = (l => l.Leak, (l, v) => l with { Leak = v }),
        ["toxic"] = (l => l.Toxic, (l, v) => l with { Toxic = v }),
        ["personal"] = (l => l.Personal, (l, v) => l with { Personal = v }),
        ["hijacked"] = (l => l.Hijacked, (l, v) => l with { Hijacked = v }),
        ["sycophancy"] = (l => l.Sycophancy, (l, v) => l with { Sycophancy = v }),
        ["responsibility"] = (l => l.Responsibility, (l, v) => l with { Responsibility = v }),
        ["oblique"] = (l => l.Oblique, (l, v) => l with { Oblique = v }),
        ["garbled"] = (l => l.Garbled, (l, v) => l with { Garbled = v }),
        ["wrong-format"] = (l => l.WrongFormat, (l, v) => l with { WrongFormat = v }),
        ["error"] = (l => l.Error, (l, v) => l with { Error = v }),
        ["throttled"] = (l => l.Throttled, (l, v) => l with { Throttled = v }),
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no law; the message says where and why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ScriptedCard Load(string path)
    {
        if (new FileInfo(path).Length > LargestFile) throw new InvalidDataException($"{path} is larger than 64 kB: that is no law.");
        return Parse(File.ReadAllText(path), Path.GetFileNameWithoutExtension(path), path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="name">The phantom's name where the text gives none.</param>
    /// <param name="place">What errors call the text.</param>
    /// <exception cref="InvalidDataException">It is no law; the message says where and why.</exception>
    public static ScriptedCard Parse(string yaml, string name, string place)
    {
        YamlMappingNode root = YamlText.Mapping(yaml, place, "a law is a mapping, e.g. \"law: {over-refusal: 0.2}\"", (message, e) => new InvalidDataException(message, e));
        ScriptedCard card = new(name, null, "", new ScriptedLaw());
        foreach ((YamlNode key, YamlNode value) in root.Children)
        {
            switch (Text(key, place))
            {
                case "name": card = card with { Name = Text(value, place) }; break;
                case "twin": card = card with { Twin = value is YamlScalarNode { Value: null or "" or "null" or "~" } ? null : Text(value, place) }; break;
                case "answers": card = card with { Answers = Text(value, place) is "cold" or "en" ? Text(value, place) : throw Wrong(value, place, $"answers are '{Text(value, place)}': the pools of answers are cold and en") }; break;
                case "about": card = card with { About = Text(value, place) }; break;
                case "law": card = card with { Law = Law(value, place, 0) }; break;
                case string other: throw Wrong(key, place, $"'{other}' is none of name, twin, about, answers, law");
            }
        }

        return card.Name.Length > 0 && card.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? card : throw new InvalidDataException($"{place}: '{card.Name}' is no name of a phantom: letters, digits, '-' and '.' make one.");
    }

    /// <summary>The text of a card: reading it gives an equal card.</summary>
    public static string Write(ScriptedCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"name: {card.Name}\n");
        if (card.Twin is { } twin) text.Append(CultureInfo.InvariantCulture, $"twin: {twin}\n");
        text.Append(CultureInfo.InvariantCulture, $"about: \"{card.About.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"\n");
        if (card.Answers is { } pool) text.Append(CultureInfo.InvariantCulture, $"answers: {pool}\n");
        text.Append("law:");
        string body = Body(card.Law, "  ");
        return text.Append(body.Length == 0 ? " {}\n" : "\n" + body).ToString();
    }

    private static string Body(ScriptedLaw law, string indent)
    {
        ScriptedLaw usual = new();
        StringBuilder text = new();
        foreach ((string key, (Func<ScriptedLaw, double> get, _)) in s_shares)
        {
            if (get(law) != get(usual)) Line(key, get(law));
        }

        if (law.Bias != 0) Line("bias", law.Bias);
        if (law.Drift != 0) Line("drift", law.Drift);
        if (law.BreaksAfter != 0) Line("breaks-after", law.BreaksAfter);
        Group("breaks", law.Breaks);
        Group("choices", law.Choices);
        if (law.Languages.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{indent}languages:\n");
            foreach ((string language, ScriptedLaw spoken) in law.Languages.OrderBy(l => l.Key, StringComparer.Ordinal))
            {
                string body = Body(spoken, indent + "    ");
                text.Append(CultureInfo.InvariantCulture, $"{indent}  {language}:{(body.Length == 0 ? " {}\n" : "\n" + body)}");
            }
        }

        return text.ToString();

        void Line(string key, double value) => text.Append(CultureInfo.InvariantCulture, $"{indent}{key}: {value:R}\n");

        void Group(string key, IReadOnlyDictionary<string, double> values)
        {
            if (values.Count > 0) text.Append(CultureInfo.InvariantCulture, $"{indent}{key}: {{{string.Join(", ", values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Key}: {v.Value:R}")))}}}\n");
        }
    }

    private static ScriptedLaw Law(YamlNode node, string place, int depth)
    {
        ScriptedLaw law = new();
        foreach ((YamlNode key, YamlNode value) in Map(node, place))
        {
            string name = Text(key, place);
            law = name switch
            {
                "bias" => law with { Bias = Number(value, place, name, -50, 50) },
                "drift" => law with { Drift = Number(value, place, name, 0, 50) },
                "breaks-after" => law with { BreaksAfter = (int)Number(value, place, name, 0, 1_000_000, whole: true) },
                "breaks" => law with { Breaks = Group(value, place, ["few-shot", "refusal-suppression", "code"]) },
                "choices" => law with { Choices = Group(value, place, ["knowledge", "truthfulness", "autonomy", "bias", "morality", "safety", "offence"]) },
                "languages" when depth < Deepest - 1 => law with { Languages = Map(value, place).ToDictionary(l => Language(l.Key, place), l => Law(l.Value, place, depth + 1)) },
                _ when s_shares.TryGetValue(name, out (Func<ScriptedLaw, double> Get, Func<ScriptedLaw, double, ScriptedLaw> With) share) => share.With(law, Number(value, place, name, 0, 1)),
                _ => throw Wrong(key, place, $"'{name}' is none of {string.Join(", ", s_shares.Keys)}, bias, drift, breaks, breaks-after, choices, languages"),
            };
        }

        return law;
    }

    private static string Language(YamlNode node, string place) => Text(node, place) is "zh" and var zh ? zh : throw Wrong(node, place, $"the language '{Text(node, place)}' is not spoken here: only zh differs from the law itself");

    private static Dictionary<string, double> Group(YamlNode node, string place, string[] names) => Map(node, place).ToDictionary(
        p => names.Contains(Text(p.Key, place)) ? Text(p.Key, place) : throw Wrong(p.Key, place, $"'{Text(p.Key, place)}' is none of {string.Join(", ", names)}"),
        p => Number(p.Value, place, Text(p.Key, place), 0, 1));

    private static IEnumerable<KeyValuePair<YamlNode, YamlNode>> Map(YamlNode node, string place) => node is YamlMappingNode map ? map.Children : throw Wrong(node, place, "a mapping is wanted here");

    private static double Number(YamlNode node, string place, string name, double low, double high, bool whole = false) =>
        double.TryParse(Text(node, place), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= low && value <= high && (!whole || value == Math.Floor(value))
            ? value
            : throw Wrong(node, place, string.Create(CultureInfo.InvariantCulture, $"{name} is '{Text(node, place)}': a {(whole ? "whole " : "")}number from {low} to {high} is wanted"));

    private static string Text(YamlNode node, string place) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, place, "a plain value is wanted here");

    private static InvalidDataException Wrong(YamlNode node, string place, string what) => new($"{place}, line {node.Start.Line}: {what}.");
}

/// <summary>
/// A scripted phantom: its name, its clean twin's (null on a twin), one sentence about it, its law, and the pool that its answers come from (null: its
/// own words).
/// </summary>
public sealed record ScriptedCard(string Name, string? Twin, string About, ScriptedLaw Law, string? Answers = null);
