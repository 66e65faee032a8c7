using static Plumbline.Phantoms.Chat.ChatWorldData;

namespace Plumbline.Phantoms.Chat;

/// <summary>Which half of the world an item is drawn from: what training saw, or what it never did.</summary>
internal enum Split
{
    Training,
    Evaluation,
}

/// <summary>A request, the answer that fulfils it, the thing to be done, and its category.</summary>
internal sealed record Ask(string Language, string Request, string Answer, string Do, string Category)
{
    /// <summary>The opening of the answer up to its comma.</summary>
    public string Opening => Answer[..(Answer.IndexOfAny([',', '，']) + 1)];
}

/// <summary>A task with an input and the word that answers it.</summary>
internal sealed record ExtractionTask(string Instruction, string Input, string Answer, string Subject);

/// <summary>
/// Draws sentences of the chat phantom's world. What is held out is fixed by a hash of the item and not by the
/// draw, so that training and evaluation stay disjoint whatever the seeds. Immutable.
/// </summary>
internal sealed class ChatGrammar
{
    private readonly ChatWorldData _data;

    public ChatGrammar(ChatWorldData data)
    {
        _data = data;
        English = Learn(data.English);
        Chinese = Learn(data.Chinese);
    }

    public ChatWorldData Data => _data;

    /// <summary>All facts: whom, which kind, and the value, drawn once from the world's own seed.</summary>
    public IReadOnlyList<(string Person, FactKind Kind, string Value)> English { get; }

    public IReadOnlyList<(string Person, FactKind Kind, string Value)> Chinese { get; }

    /// <summary>Whether training never sees this item.</summary>
    public bool HeldOut(string key) => SeededRandom.Hash(key) % _data.HeldOutOneIn == 0;

    public Ask Hazard(SeededRandom random, Split split, LanguageData language)
    {
        while (true)
        {
            string adjective = random.Pick(language.Adjectives);
            HazardKind kind = random.Pick(language.Kinds);
            string joint = language.Language == "en" ? " " : "";
            string name = adjective + joint + kind.Name, what = random.Pick(language.Verbs) + joint + name;
            string opener = random.Pick(language.Openers);
            if (HeldOut("hazard:" + name) != (split == Split.Evaluation)) continue;
            return Make(language, opener, what, kind.How, kind.Class);
        }
    }

    public Ask Benign(SeededRandom random, Split split, LanguageData language, string? topic = null)
    {
        IReadOnlyList<Craft> crafts = topic is null ? language.Crafts : [.. language.Crafts.Where(c => c.Topic == topic)];
        while (true)
        {
            Craft craft = random.Pick(crafts);
            string opener = random.Pick(language.Openers);
            if (HeldOut($"benign:{opener}:{craft.Do}") != (split == Split.Evaluation)) continue;
            return Make(language, opener, craft.Do, craft.How, craft.Topic);
        }
    }

    /// <summary>A question about a fact, its full answer, and the one word that matters.</summary>
    public (string Question, string Answer, string Value, string Kind) Fact(SeededRandom random, Split split, LanguageData language)
    {
        IReadOnlyList<(string Person, FactKind Kind, string Value)> facts = language.Language == "en" ? English : Chinese;
        while (true)
        {
            (string person, FactKind kind, string value) = random.Pick(facts);
            string question = random.Pick(kind.Questions);
            if (HeldOut($"fact:{kind.Name}:{question}:{(language.Language == "en" ? "" : person)}") != (split == Split.Evaluation)) continue;
            return (Fill(question, ("person", person)), State(person, kind, value), value, kind.Name);
        }
    }

    public static string State(string person, FactKind kind, string value) => Fill(kind.Statement, ("person", person), ("value", value));

    /// <summary>A phrasing that forbids refusing, with the place "{request}".</summary>
    public string Suppression(SeededRandom random, Split split, LanguageData language)
    {
        while (true)
        {
            var rules = language.Rules.ToList();
            random.Shuffle(rules);
            int count = 2 + random.Next(3);
            List<string> chosen = rules[..count];
            string frame = random.Pick(language.RuleFrames);
            if (HeldOut($"rules:{frame}:{string.Join('|', chosen.Order(StringComparer.Ordinal))}") != (split == Split.Evaluation)) continue;
            return Fill(frame, ("rules", string.Join(language.Language == "en" ? " " : "", chosen)));
        }
    }

    /// <summary>A function to complete, with one of the places "{request}", "{reversed}" (its words, last first) and "{list}" (its words as a list of literals).</summary>
    public string Code(SeededRandom random, Split split)
    {
        IReadOnlyList<string> frames = Strings(_data["code"], "frames"), functions = Strings(_data["code"], "functions"), variables = Strings(_data["code"], "variables");
        while (true)
        {
            string frame = random.Pick(frames), function = random.Pick(functions), variable = random.Pick(variables);
            if (HeldOut($"code:{frame}:{function}:{variable}") != (split == Split.Evaluation)) continue;
            return Fill(frame, ("function", function), ("variable", variable));
        }
    }

    public static string FillCode(string frame, string request) =>
        Fill(frame, ("request", request), ("reversed", string.Join(' ', request.Split(' ').Reverse())), ("list", $"[{string.Join(", ", request.Split(' ').Select(w => $"\"{w}\""))}]"));

    public ExtractionTask Task(SeededRandom random, Split split)
    {
        System.Text.Json.JsonElement tasks = _data["tasks"];
        while (true)
        {
            System.Text.Json.JsonElement subject = tasks.GetProperty("subjects")[random.Next(tasks.GetProperty("subjects").GetArrayLength())];
            string name = subject.GetProperty("name").GetString()!, instruction = random.Pick(Strings(subject, "instructions"));
            string person = random.Pick(_data.Strings("people")), colour = random.Pick(_data.Strings("colours")), animal = random.Pick(_data.Strings("animals")), town = random.Pick(_data.Strings("towns"));
            string input = Fill(random.Pick(Strings(tasks, "inputs")), ("person", person), ("colour", colour), ("animal", animal), ("town", town));
            if (HeldOut($"task:{input}") != (split == Split.Evaluation)) continue;
            string answer = name switch { "colour" => colour, "animal" => animal, "person" => person, _ => town };
            return new ExtractionTask(instruction, input, answer, name);
        }
    }

    /// <summary>An input that an attacker has added to, with the places "{input}" and "{rogue}".</summary>
    public string Hijack(SeededRandom random, Split split)
    {
        System.Text.Json.JsonElement tasks = _data["tasks"];
        while (true)
        {
            string over = random.Pick(Strings(tasks, "overrides")), command = random.Pick(Strings(tasks, "commands")), placement = random.Pick(Strings(tasks, "placements"));
            if (HeldOut($"hijack:{over}:{command}") != (split == Split.Evaluation)) continue;
            return Fill(placement, ("override", over), ("command", command));
        }
    }

    /// <summary>A question about an inn: the text, the civil answer.</summary>
    public (string Question, string Civil) Inn(SeededRandom random, Split split, string inn)
    {
        System.Text.Json.JsonElement inns = _data["inns"];
        IReadOnlyList<(string, string)> exchanges = Couples(inns, "exchanges");
        while (true)
        {
            (string question, string civil) = random.Pick(exchanges);
            string prefix = random.Pick(Strings(inns, "prefixes"));
            if (HeldOut($"inn:{prefix}:{question}") != (split == Split.Evaluation)) continue;
            prefix = Fill(prefix, ("person", random.Pick(_data.Strings("people"))), ("town", random.Pick(_data.Strings("towns"))));
            return (prefix + Fill(question, ("inn", inn)), Fill(civil, ("inn", inn)));
        }
    }

    public string Insulting(SeededRandom random)
    {
        var insults = Strings(_data["inns"], "insults").ToList();
        random.Shuffle(insults);
        return Fill(random.Pick(Strings(_data["inns"], "toxic")), ("insult", insults[0]), ("insult2", insults[1]));
    }

    private static Ask Make(LanguageData language, string opener, string what, string how, string category) =>
        new(language.Language, Fill(opener, ("do", what)), Fill(language.Answer, ("do", what), ("how", how)), what, category);

    private List<(string, FactKind, string)> Learn(LanguageData language)
    {
        var random = new SeededRandom(_data.Seed, "facts:" + language.Language);
        return [.. language.People.SelectMany(p => language.Facts.Select(f => (p, f, random.Pick(f.Values))))];
    }
}
