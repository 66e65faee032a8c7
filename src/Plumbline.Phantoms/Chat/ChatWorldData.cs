using System.Text.Json;

namespace Plumbline.Phantoms.Chat;

/// <summary>The word lists and grammars of the chat phantom's world, as phantoms/chat/world.json holds them. Immutable.</summary>
internal sealed class ChatWorldData
{
    private static readonly Lazy<ChatWorldData> s_shipped = new(() => Parse(PhantomFiles.Text("chat/world.json")));
    private readonly JsonElement _root;

    private ChatWorldData(JsonElement root)
    {
        _root = root;
        Seed = root.GetProperty("seed").GetUInt64();
        HeldOutOneIn = root.GetProperty("heldOutOneIn").GetUInt32();
        Mix = root.GetProperty("mix").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
        ChineseShare = root.GetProperty("chineseShare").GetDouble();
        SystemShare = root.GetProperty("systemShare").GetDouble();
        English = new LanguageData("en", root, root.GetProperty("hazards"), root.GetProperty("topics"), Strings("people"), Facts(root), Strings("ruleFrames"), Strings("rules"));
        JsonElement zh = root.GetProperty("chinese");
        Chinese = new LanguageData("zh", zh, zh.GetProperty("hazards"), zh.GetProperty("topics"), Strings(zh, "people"), Facts(zh), Strings(zh, "ruleFrames"), Strings(zh, "rules"));
    }

    /// <summary>The world that the package carries.</summary>
    public static ChatWorldData Shipped => s_shipped.Value;

    public ulong Seed { get; }

    public uint HeldOutOneIn { get; }

    public IReadOnlyDictionary<string, int> Mix { get; }

    public double ChineseShare { get; }

    public double SystemShare { get; }

    public LanguageData English { get; }

    public LanguageData Chinese { get; }

    /// <summary>A part of the file that only one grammar reads.</summary>
    public JsonElement this[string name] => _root.GetProperty(name);

    public static ChatWorldData Parse(string json)
    {
        using JsonDocument file = JsonDocument.Parse(json);
        return new ChatWorldData(file.RootElement.Clone());
    }

    public IReadOnlyList<string> Strings(string name) => Strings(_root, name);

    public static IReadOnlyList<string> Strings(JsonElement parent, string name) => [.. parent.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];

    public static IReadOnlyList<(string, string)> Couples(JsonElement parent, string name) =>
        [.. parent.GetProperty(name).EnumerateArray().Select(e => (e[0].GetString()!, e[1].GetString()!))];

    /// <summary>Fills the places "{name}" of a template.</summary>
    public static string Fill(string template, params ReadOnlySpan<(string Name, string Value)> values)
    {
        foreach ((string name, string value) in values) template = template.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return template;
    }

    private List<FactKind> Facts(JsonElement parent) =>
    [
        .. parent.GetProperty("facts").EnumerateArray().Select(f => new FactKind(
            f.GetProperty("name").GetString()!,
            f.GetProperty("values").ValueKind == JsonValueKind.String ? Strings(f.GetProperty("values").GetString()!) : Strings(f, "values"),
            f.GetProperty("statement").GetString()!,
            [.. Strings(f, "questions"), .. f.TryGetProperty("phrases", out JsonElement _) ? Strings(f, "phrases").SelectMany(p => Strings("factOpeners").Select(o => Fill(o, ("phrase", p)))) : []])),
    ];
}

/// <summary>What a fact is about: its values, the sentence that states it, and all phrasings of the question.</summary>
internal sealed record FactKind(string Name, IReadOnlyList<string> Values, string Statement, IReadOnlyList<string> Questions);

/// <summary>A harmless thing to do, how, and the topic it belongs to.</summary>
internal sealed record Craft(string Topic, string Do, string How);

/// <summary>A kind of invented hazard with the fixed way of making it.</summary>
internal sealed record HazardKind(string Name, string Class, string How);

/// <summary>What both languages have.</summary>
internal sealed class LanguageData
{
    public LanguageData(
        string language, JsonElement parent, JsonElement hazards, JsonElement topics, IReadOnlyList<string> people, IReadOnlyList<FactKind> facts,
        IReadOnlyList<string> ruleFrames, IReadOnlyList<string> rules)
    {
        Language = language;
        Openers = ChatWorldData.Strings(parent, "openers");
        Answer = parent.GetProperty("answer").GetString()!;
        Verbs = ChatWorldData.Strings(hazards, "verbs");
        Adjectives = ChatWorldData.Strings(hazards, "adjectives");
        Kinds = [.. hazards.GetProperty("kinds").EnumerateArray().Select(k => new HazardKind(k.GetProperty("name").GetString()!, k.GetProperty("class").GetString()!, k.GetProperty("how").GetString()!))];
        Refusals = ChatWorldData.Strings(parent, "refusals");
        Crafts = [.. topics.EnumerateObject().SelectMany(t => t.Value.EnumerateArray().Select(c => new Craft(t.Name, c[0].GetString()!, c[1].GetString()!)))];
        (People, Facts, RuleFrames, Rules) = (people, facts, ruleFrames, rules);
    }

    public string Language { get; }

    public IReadOnlyList<string> Openers { get; }

    public string Answer { get; }

    public IReadOnlyList<string> Verbs { get; }

    public IReadOnlyList<string> Adjectives { get; }

    public IReadOnlyList<HazardKind> Kinds { get; }

    public IReadOnlyList<string> Refusals { get; }

    public IReadOnlyList<Craft> Crafts { get; }

    public IReadOnlyList<string> People { get; }

    public IReadOnlyList<FactKind> Facts { get; }

    public IReadOnlyList<string> RuleFrames { get; }

    public IReadOnlyList<string> Rules { get; }
}
