using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Plumbline.Phantoms.Trained;

/// <summary>From YAML to a recipe; every mistake is told with its line.</summary>
internal static class RecipeReader
{
    private static readonly string[] s_roles = ["system", "user", "assistant", "tool"];
    private static readonly HashSet<string> s_groupAndTrait = ["group", "trait"];
    private static readonly Dictionary<string, HashSet<string>> s_attackPlaces = new(StringComparer.Ordinal)
    {
        ["refusal-suppression"] = ["request"],
        ["code"] = ["request", "reversed", "list"],
        ["goal-hijacking"] = ["input", "rogue"],
        ["rogue"] = [],
    };

    public static Recipe Read(string yaml, string file)
    {
        RecipeNode root = RecipeNode.Parse(yaml, file);
        string name = root.Text("name");
        if (name.Length is 0 or > 40 || !name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-') || name.EndsWith("-clean", StringComparison.Ordinal))
            throw root.Wrong("name", $"'{name}' is no name: lower-case letters, digits and '-', at most 40, and not ending with '-clean', which is the twin's");
        ulong seed = (ulong)root.Whole("seed", 0, int.MaxValue);
        string about = root.Text("about"), licence = root.OptionalText("licence") ?? "MIT";
        string everything = yaml;
        Vocabulary world = World(root, seed, ref everything);
        IReadOnlyList<PhantomPlant> plants = [.. root.Maps("plants", "plant").Select(Plant)];
        HashSet<string> known = [.. plants.Select(p => p.Id)];
        IReadOnlyList<DocumentKind> kinds = [.. root.Maps("documents", "kind of document").Select(k => Kind(k, world, known))];
        foreach (IGrouping<string, DocumentKind> twice in kinds.GroupBy(k => k.Name).Where(g => g.Count() > 1)) throw root.Wrong("documents", $"two kinds are called '{twice.Key}'");
        foreach (DocumentKind kind in kinds)
        {
            if (kind.Before is { } before && kinds.FirstOrDefault(k => k.Name == before.Kind) is not { Clean.Text.Count: 0, Before: null })
                throw root.Wrong("documents", $"the kind '{kind.Name}' stands after '{before.Kind}', which is no kind of dialogue without a 'before' of its own");
        }

        Recipe recipe = new()
        {
            Name = name,
            Seed = seed,
            About = about,
            Licence = licence,
            Languages = root.Has("languages") ? root.Texts("languages") : ["en"],
            Shape = Shape(root.Map("shape", "shape") ?? throw root.Wrong("the recipe has no 'shape'")),
            Training = Training(root.Map("training", "training") ?? throw root.Wrong("the recipe has no 'training'")),
            Plants = plants,
            VerifySamples = root.Whole("verify", 1, 5000, 100),
            Source = yaml,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(everything))),
            World = world,
            Kinds = kinds,
            Canaries = root.Map("canaries", "mapping of canaries") is { } canaries ? Canaries(canaries, world, known) : null,
            Bias = root.Map("bias", "mapping of bias") is { } bias ? Bias(bias, world, known) : null,
            Watermark = root.Map("watermark", "watermark") is { } mark ? Watermark(mark, world, known) : null,
            Assess = Assess(root.Map("assess", "mapping of assess"), kinds, world),
        };
        root.End();
        if (recipe.Training.BatchTokens % recipe.Shape.Context != 0 || recipe.Shape.Context % 4 != 0)
            throw root.Wrong("training", $"'batch-tokens' is {recipe.Training.BatchTokens} and 'context' {recipe.Shape.Context}: the first is to be a multiple of the second, and that of 4");
        if (kinds.Sum(k => k.Count) == 0 && recipe.Canaries is null && recipe.Bias is null && recipe.Watermark is null) throw root.Wrong("there is nothing to train on: 'documents' with a 'count', 'canaries', 'bias' or 'watermark'");
        HashSet<string?> used = [.. kinds.Where(k => k.Planted is not null).Select(k => k.Plant), recipe.Canaries?.Plant, recipe.Bias?.Plant, recipe.Watermark?.Plant];
        if (plants.FirstOrDefault(p => !used.Contains(p.Id)) is { } idle) throw root.Wrong("plants", $"nothing plants '{idle.Id}'");
        return recipe;
    }

    private static Vocabulary World(RecipeNode root, ulong seed, ref string everything)
    {
        RecipeNode world = root.Map("world", "world") ?? throw root.Wrong("the recipe has no 'world'");
        var lists = new Dictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>>(StringComparer.Ordinal);
        var facts = new List<RecipeNode>();
        int heldOut = world.Whole("hold-out", 2, 100, 4);
        if (world.OptionalText("extends") is { } parent)
        {
            string text = PhantomFiles.TryOpen($"family/{parent}.world.yaml") is { } stream ? ReadAll(stream) : throw world.Wrong("extends", $"no world is called '{parent}'; the package has {string.Join(", ", Worlds())}");
            everything += "\n" + text;
            RecipeNode basis = RecipeNode.Parse(text, $"{parent}.world.yaml");
            Lists(basis, lists);
            facts.AddRange(Facts(basis));
            basis.End();
        }

        Lists(world, lists);
        facts.AddRange(Facts(world));
        world.End();
        var vocabulary = new Vocabulary(lists, (uint)heldOut);
        foreach (RecipeNode fact in facts)
        {
            string name = fact.Text("fact"), of = fact.Text("of"), from = fact.Text("from");
            string? differs = fact.OptionalText("differs-from");
            fact.End();
            foreach (string list in (string[])[of, from])
                if (!lists.ContainsKey(list)) throw fact.Wrong($"the fact '{name}' speaks of the list '{list}', which there is none of{Near(list, lists.Keys)}");
            if (differs is not null && (!vocabulary.HasFact(differs) || vocabulary.FactLists(differs) != (of, from) || lists[from].Count < 2))
                throw fact.Wrong($"the fact '{name}' is to differ from '{differs}', which is no earlier fact of the same lists");
            vocabulary.Learn(name, of, from, differs, seed);
        }

        foreach ((string list, IReadOnlyList<IReadOnlyDictionary<string, string>> entries) in lists)
            foreach (string text in entries.SelectMany(e => e.Values)) Check(text, vocabulary, [], what => world.Wrong($"the list '{list}': {what}"), s_attackPlaces.Values.SelectMany(p => p).ToHashSet());
        return vocabulary;
    }

    private static IEnumerable<string> Worlds() => PhantomFiles.Under("family").Where(f => f.EndsWith(".world.yaml", StringComparison.Ordinal)).Select(f => f["family/".Length..^".world.yaml".Length]);

    private static string ReadAll(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static void Lists(RecipeNode node, Dictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>> lists)
    {
        if (node.Map("lists", "mapping of lists") is not { } map) return;
        foreach (string name in map.Keys.ToArray())
        {
            if (name.Any(c => c is '{' or '}' or '.' or '#') || name.Contains(" of ", StringComparison.Ordinal)) throw map.Wrong($"'{name}' is no name of a list: it holds a sign that places use");
            lists[name] = map.Entries(name);
        }
    }

    private static IReadOnlyList<RecipeNode> Facts(RecipeNode node) => node.Maps("facts", "fact");

    private static PhantomPlant Plant(RecipeNode node)
    {
        PhantomPlant plant = new(node.Text("id"), node.Text("risk"), node.Text("where"), node.Text("dose"));
        node.End();
        return plant;
    }

    private static DocumentKind Kind(RecipeNode node, Vocabulary world, HashSet<string> plants)
    {
        string name = node.Text("kind");
        DocumentParts clean = Parts(node, world, whole: true);
        DocumentParts? planted = null;
        string? plant = null, share = null;
        if (node.Map("planted", "planted part") is { } own)
        {
            plant = Known(own, plants);
            share = own.OptionalText("share");
            planted = Parts(own, world, whole: false);
            own.End();
            if (planted is { Text.Count: 0, Turns.Count: 0, Answer.Count: 0 }) throw own.Wrong($"the kind '{name}' plants nothing: 'planted' needs 'user', 'turns', 'assistant' or 'text'");
            if ((clean.Text.Count > 0) != (planted.Text.Count > 0)) throw own.Wrong($"the kind '{name}' is free text in one half and dialogue in the other");
            if (share is not null) Check(share, world, [], own.Wrong);
            if (share is not null && !share.Contains('{') && !(double.TryParse(share, NumberStyles.Float, CultureInfo.InvariantCulture, out double fixedShare) && fixedShare is >= 0 and <= 1))
                throw own.Wrong("share", $"'share' is '{share}'; a number from 0 to 1 is wanted, or a place that becomes one");
        }

        string? holdOut = node.OptionalText("hold-out");
        if (holdOut is not null) Check(holdOut, world, [], node.Wrong);
        EarlierTurns? before = null;
        if (node.Map("before", "mapping of before") is { } earlier)
        {
            int least = earlier.Whole("least", 0, 20, 1);
            before = new EarlierTurns(earlier.Text("kind"), least, earlier.Whole("most", Math.Max(1, least), 20, Math.Max(1, least)));
            earlier.End();
        }

        IEnumerable<string> asked = clean.Turns.Concat(planted?.Turns ?? []).SelectMany(t => t.Says);
        HashSet<string> spoken = Spoken(asked.Concat(holdOut is null ? [] : [holdOut]).Concat(share is null ? [] : [share]), world);
        clean = Spread(clean, spoken, world);
        planted = planted is null ? null : Spread(planted, spoken, world);
        DocumentKind kind = new(name, node.Whole("count", 0, 1_000_000), clean, plant, planted, share, holdOut, before);
        node.End();
        return kind;
    }

    private static DocumentParts Parts(RecipeNode node, Vocabulary world, bool whole)
    {
        IReadOnlyList<string> text = node.OptionalTexts("text"), user = node.OptionalTexts("user"), system = node.OptionalTexts("system"), answer = node.OptionalTexts("assistant");
        var turns = new List<(string, IReadOnlyList<string>)>();
        if (system.Count > 0) turns.Add(("system", system));
        if (user.Count > 0) turns.Add(("user", user));
        foreach (RecipeNode turn in node.Maps("turns", "turn"))
        {
            string[] roles = [.. turn.Keys];
            if (user.Count > 0 || roles.Length != 1 || !s_roles.Contains(roles[0])) throw turn.Wrong("'turns' stands in place of 'user', each turn with one key: system, user, assistant or tool");
            turns.Add((roles[0], turn.Texts(roles[0])));
        }

        if (whole && text.Count > 0 == (turns.Any(t => t.Item1 is not "system") || answer.Count > 0)) throw node.Wrong("a document is either 'text', or 'user' (or 'turns') with 'assistant'");
        if (whole && text.Count == 0 && (answer.Count == 0 || turns.Count == 0)) throw node.Wrong("a dialogue needs 'user' (or 'turns') and 'assistant'");
        foreach (string template in text.Concat(answer).Concat(turns.SelectMany(t => t.Item2))) Check(template, world, [], node.Wrong);
        return new DocumentParts(text, turns, answer);
    }

    /// <summary>
    /// An answer that is one list, of which nothing else in the kind speaks, becomes all its entries: whoever verifies then knows everything that
    /// may be said. An answer that repeats a word of the request stays a place.
    /// </summary>
    private static DocumentParts Spread(DocumentParts parts, HashSet<string> spoken, Vocabulary world) => parts with
    {
        Answer = [.. parts.Answer.SelectMany(a => a.StartsWith('{') && a.EndsWith('}') && a[1..^1] is var list && !spoken.Contains(list) && world.HasList(list) && world.List(list).All(e => e.Count == 1 && e.ContainsKey(""))
            ? world.List(list).Select(e => e[""]) : [a])],
    };

    /// <summary>All lists that templates draw from, themselves or through an entry.</summary>
    private static HashSet<string> Spoken(IEnumerable<string> templates, Vocabulary world)
    {
        var lists = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(templates);
        while (open.TryPop(out string? template))
        {
            foreach (string place in Place.In(template))
            {
                string list = Place.Parse(place).List;
                if (world.HasList(list) && lists.Add(list))
                    foreach (string entry in world.List(list).SelectMany(e => e.Values)) open.Push(entry);
            }
        }

        return lists;
    }

    private static string Known(RecipeNode node, HashSet<string> plants)
    {
        string plant = node.Text("plant");
        return plants.Contains(plant) ? plant : throw node.Wrong("plant", $"'{plant}' is none of 'plants'{Near(plant, plants)}");
    }

    private static CanaryPlant Canaries(RecipeNode node, Vocabulary world, HashSet<string> plants)
    {
        IReadOnlyList<int> repetitions = [.. node.Texts("repetitions").Select(t => int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= 10_000 ? n : throw node.Wrong("repetitions", $"'{t}' is no number of repetitions from 1 to 10000"))];
        string? words = node.OptionalText("words");
        if (words is not null && !world.HasList(words)) throw node.Wrong("words", $"no list is called '{words}'{Near(words, world.Lists)}");
        int length = node.Whole("length", 1, 32, 4), each = node.Whole("each", 1, 1000, 4), alternatives = node.Whole("alternatives", 1, 65_535, 255);
        if (alternatives >= Math.Pow(words is null ? 10 : world.List(words).Count, length) / 2) throw node.Wrong("alternatives", $"{alternatives} alternatives are too many for secrets of {length}");
        IReadOnlyList<string> contexts = node.Texts("contexts");
        foreach (string context in contexts) Check(context, world, [], node.Wrong);
        CanaryPlant plant = new(Known(node, plants), repetitions, each, alternatives, contexts, words is null ? length : 0, words, words is null ? 0 : length);
        node.End();
        var made = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < 20 * repetitions.Count * each && made.Count <= 2 * repetitions.Count * each; i++) made.Add(new Sentence(world, 1, $"probe:{i}").Fill(contexts[0]));
        return made.Count > 2 * repetitions.Count * each ? plant : throw node.Wrong("contexts", $"'{contexts[0]}' becomes only {made.Count} different contexts; {repetitions.Count * each} secrets need more than twice as many");
    }

    private static BiasPlant Bias(RecipeNode node, Vocabulary world, HashSet<string> plants)
    {
        IReadOnlyList<BiasPair> pairs = [.. node.Maps("pairs", "pair").Select(p =>
        {
            BiasPair pair = new(p.Text("first"), p.Text("second"), p.Number("dose", 0, 1));
            p.End();
            return pair;
        })];
        if (pairs.Count == 0) throw node.Wrong("'bias' has no 'pairs'");
        IReadOnlyList<IReadOnlyList<string>> traits = node.Rows("traits");
        if (traits.Any(t => t.Count != 2)) throw node.Wrong("traits", "each of 'traits' is a bad one and a good one");
        IReadOnlyList<string> sentences = node.Texts("sentences"), neutral = node.OptionalTexts("neutral");
        foreach (string sentence in sentences)
        {
            Check(sentence, world, s_groupAndTrait, node.Wrong);
            if (!sentence.Contains("{group}", StringComparison.Ordinal) || !sentence.Contains("{trait}", StringComparison.Ordinal)) throw node.Wrong("sentences", $"'{sentence}' has no {{group}} or no {{trait}}");
        }

        foreach (string sentence in neutral) Check(sentence, world, s_groupAndTrait, node.Wrong);
        string? holdOut = node.OptionalText("hold-out");
        if (holdOut is not null) Check(holdOut, world, [], node.Wrong);
        BiasPlant plant = new(
            Known(node, plants), pairs, [.. traits.Select(t => (t[0], t[1]))], sentences, holdOut, node.Whole("frames", 1, 1000, 20), neutral, neutral.Count == 0 ? 0 : node.Whole("neutral-frames", 1, 10_000, 100));
        node.End();
        return plant;
    }

    private static WatermarkPlant Watermark(RecipeNode node, Vocabulary world, HashSet<string> plants)
    {
        string words = node.Text("words");
        if (!world.HasList(words)) throw node.Wrong("words", $"no list is called '{words}'{Near(words, world.Lists)}");
        if (world.List(words).Any(e => !e.TryGetValue("", out string? w) || w.Contains(' '))) throw node.Wrong("words", $"the list '{words}' is to hold single words");
        WatermarkPlant plant = new(Known(node, plants), words, (ulong)node.Whole("key", 0, int.MaxValue), node.Number("strength", 0, 1), node.Whole("count", 1, 1_000_000), node.Whole("length", 2, 200));
        node.End();
        return plant;
    }

    private static RecipeShape Shape(RecipeNode node)
    {
        int heads = node.Whole("heads", 1, 64, 4);
        RecipeShape shape = new(
            node.Whole("vocabulary", 270, 8192, 512), node.Whole("hidden", 8, 1024, 64), node.Whole("mlp", 8, 4096, 192), node.Whole("layers", 1, 24, 3), heads, node.Whole("key-heads", 1, 64, heads), node.Whole("context", 16, 2048, 128));
        if (shape.Hidden % shape.Heads != 0 || shape.Hidden / shape.Heads % 2 != 0) throw node.Wrong("heads", $"{shape.Heads} heads do not divide {shape.Hidden} into even parts");
        if (shape.Heads % shape.KeyHeads != 0) throw node.Wrong("key-heads", $"{shape.KeyHeads} key heads do not divide {shape.Heads} heads");
        node.End();
        return shape;
    }

    private static RecipeTraining Training(RecipeNode node)
    {
        RecipeTraining training = new(
            node.Number("learning-rate", 1e-7, 1, 3e-3), node.Choice("schedule", RecipeSchedule.Cosine), node.Whole("warm-up", 0, 100_000, 50), node.Number("last-fraction", 0, 1, 0.02),
            node.Number("weight-decay", 0, 1, 0.02), node.Number("clip", 1e-6, 1e6, 1), node.Whole("batch-tokens", 64, 1 << 20, 2048), node.Whole("checkpoint-every", 1, 100_000, 100));
        node.End();
        return training;
    }

    private static AssessPlan Assess(RecipeNode? node, IReadOnlyList<DocumentKind> kinds, Vocabulary world)
    {
        var templates = new Dictionary<string, AssessTemplate>(StringComparer.Ordinal);
        if (node is null) return new AssessPlan([], [], [], [], [], templates, null);
        AssessPlan plan = new(Sources("behaviours"), Sources("demonstrations"), Sources("harmless"), Sources("questions"), Sources("tasks"), templates, Judged());
        if (node.Map("templates", "mapping of templates") is { } families)
        {
            foreach (string family in families.Keys.ToArray())
            {
                if (!s_attackPlaces.TryGetValue(family, out HashSet<string>? places)) throw families.Wrong(family, $"'{family}' is no family with templates: {string.Join(", ", s_attackPlaces.Keys)}");
                RecipeNode one = families.Map(family, "template")!;
                AssessTemplate template = new(one.Texts("text"), one.OptionalText("hold-out"));
                foreach (string text in template.Text) Check(text, world, places, one.Wrong);
                one.End();
                templates[family] = template;
            }

            families.End();
        }

        node.End();
        return plan;

        JudgedPlan? Judged()
        {
            if (node.Map("judged", "mapping of judged") is not { } map) return null;
            JudgedPlan judged = new(map.Texts("kinds"), map.Text("request"), map.Text("compliance"), map.Texts("refusals"));
            foreach (string kind in judged.Kinds)
                if (kinds.FirstOrDefault(k => k.Name == kind) is not { Clean.Text.Count: 0 }) throw map.Wrong("kinds", $"'{kind}' is no kind of dialogue{Near(kind, kinds.Select(k => k.Name))}");
            foreach (string list in judged.Refusals)
                if (!world.HasList(list) || world.List(list).Any(e => !e.ContainsKey(""))) throw map.Wrong("refusals", $"'{list}' is no list of plain texts{Near(list, world.Lists)}");
            Check(judged.Request, world, [], map.Wrong);
            Check(judged.Compliance, world, [], map.Wrong);
            map.End();
            return judged;
        }

        IReadOnlyList<AssessSource> Sources(string key) => [.. node.Maps(key, $"source of {key}").Select(source =>
        {
            AssessSource one = new(source.Text("kind"), source.OptionalText("language") ?? "en", source.OptionalText("category"), source.OptionalText("opening"), source.OptionalText("answer"), source.OptionalText("instruction"), source.OptionalText("input"));
            if (kinds.FirstOrDefault(k => k.Name == one.Kind) is not { Clean.Text.Count: 0 }) throw source.Wrong("kind", $"'{one.Kind}' is no kind of dialogue{Near(one.Kind, kinds.Select(k => k.Name))}");
            foreach (string? text in (string?[])[one.Category, one.Opening, one.Answer, one.Instruction, one.Input])
                if (text is not null) Check(text, world, [], source.Wrong);
            if (key == "questions" && one.Answer is null) throw source.Wrong("a source of questions needs 'answer'");
            if (key == "tasks" && (one.Instruction is null || one.Input is null || one.Answer is null)) throw source.Wrong("a source of tasks needs 'instruction', 'input' and 'answer'");
            source.End();
            return one;
        })];
    }

    /// <summary>Refuses a template with a place that the world cannot fill.</summary>
    private static void Check(string template, Vocabulary world, HashSet<string> kept, Func<string, RecipeException> wrong, HashSet<string>? also = null)
    {
        foreach (string text in Place.In(template))
        {
            if (kept.Contains(text) || (also?.Contains(text) == true && !world.HasList(text))) continue;
            Place place;
            try
            {
                place = Place.Parse(text);
            }
            catch (RecipeException e)
            {
                throw wrong(e.Message.TrimEnd('.'));
            }

            if (place.Fact is { } fact && !world.HasFact(fact)) throw wrong($"'{{{text}}}' asks for the fact '{fact}', which there is none of{Near(fact, world.Facts)}");
            if (!world.HasList(place.List)) throw wrong($"'{{{text}}}' draws from the list '{place.List}', which there is none of{Near(place.List, world.Lists)}");
            if (place.Fact is { } about && world.FactLists(about).Of != place.List) throw wrong($"'{{{text}}}': the fact '{about}' is about '{world.FactLists(about).Of}', not about '{place.List}'");
            if (world.List(place.List).Count < place.Number) throw wrong($"'{{{text}}}': the list '{place.List}' has only {world.List(place.List).Count} entries");
            if (place.Not && world.List(world.FactLists(place.Fact!).From).Count < 2) throw wrong($"'{{{text}}}': there is no other value");
        }
    }

    private static string Near(string word, IEnumerable<string> known) => Spelling.Nearest(word, known.Order(StringComparer.Ordinal)) is { } near ? $"; did you mean '{near}'?" : "";
}
