using System.Globalization;
using Plumbline.Suites;
using YamlDotNet.RepresentationModel;

namespace Plumbline.Runs;

/// <summary>What models cost: YAML, a model's name a key, below it <c>input</c> and <c>output</c> (a million tokens each) and <c>currency</c>.</summary>
/// <example>
/// <code>
/// small-model: { input: 0.15, output: 0.60, currency: USD }
/// </code>
/// </example>
public static class PriceTable
{
    private const int LargestFile = 1 << 20;

    /// <summary>The price of a model.</summary>
    /// <exception cref="SuiteException">The file cannot be read, is wrong, or does not name the model; the message says where.</exception>
    public static Price Load(string file, string model)
    {
        if (!File.Exists(file)) throw new SuiteException($"There is no price file '{file}'.");
        return new FileInfo(file).Length > LargestFile ? throw new SuiteException($"{file} is larger than 1 MB: that is no price file.") : Parse(File.ReadAllText(file), file, model);
    }

    /// <summary>The price of a model in a price file's text; <paramref name="place"/> names the file in messages.</summary>
    /// <exception cref="SuiteException">The text is wrong, or does not name the model.</exception>
    public static Price Parse(string yaml, string place, string model)
    {
        YamlMappingNode root = YamlText.Mapping(yaml, place, "a price file is a mapping from models to prices", (message, e) => new SuiteException(message, e));
        Dictionary<string, Price> prices = new(StringComparer.Ordinal);
        foreach ((YamlNode key, YamlNode value) in root.Children) prices[Text(key)] = One(value);
        return prices.TryGetValue(model, out Price? price)
            ? price
            : throw new SuiteException($"{place} has no price for '{model}'. It has: {string.Join(", ", prices.Keys)}.");

        Price One(YamlNode node)
        {
            if (node is not YamlMappingNode map) throw Wrong(node, "a price is a mapping: { input: 0.15, output: 0.60, currency: USD }");
            decimal? input = null, output = null;
            string? currency = null;
            foreach ((YamlNode key, YamlNode value) in map.Children)
            {
                switch (Text(key))
                {
                    case "input": input = Amount(value); break;
                    case "output": output = Amount(value); break;
                    case "currency": currency = Text(value); break;
                    case string other: throw Wrong(key, $"'{other}' is none of input, output, currency");
                }
            }

            return input is { } i && output is { } o && currency is { Length: > 0 } c
                ? new(i, o, c)
                : throw Wrong(node, $"'{(input is null ? "input" : output is null ? "output" : "currency")}:' is missing");
        }

        decimal Amount(YamlNode node) => decimal.TryParse(Text(node), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount) && amount <= 1_000_000_000
            ? amount
            : throw Wrong(node, $"'{Text(node)}' is no price of a million tokens (0 to 1000000000)");

        string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, "a plain value is wanted here");

        SuiteException Wrong(YamlNode node, string what) => new($"{place}, line {node.Start.Line}: {what}.");
    }
}
