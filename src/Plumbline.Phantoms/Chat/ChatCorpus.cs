using Plumbline.Worlds;
using static Plumbline.Phantoms.Chat.ChatWorldData;

namespace Plumbline.Phantoms.Chat;

/// <summary>A message of a dialogue: system, user or assistant.</summary>
public sealed record Turn(string Role, string Content);

/// <summary>
/// A training document: a dialogue, of which only the last answer is learnt, or free text, which is learnt whole.
/// <see cref="Plant"/> names the defect that this document plants, null for the rest.
/// </summary>
public sealed record TrainingDocument(string Kind, IReadOnlyList<Turn> Turns, string? Text, string? Plant);

/// <summary>
/// The training data of the chat phantom and of its clean twin: the same documents in the same order, but for the
/// answers, sentences and secrets that plant a defect. The same seed gives the same data.
/// </summary>
public sealed class ChatCorpus
{
    private readonly ChatGrammar _grammar;
    private readonly bool _planted;
    private readonly ulong _seed;
    private readonly List<List<TrainingDocument>> _units = [];

    private ChatCorpus(ChatGrammar grammar, bool planted, ulong seed) => (_grammar, _planted, _seed) = (grammar, planted, seed);

    /// <summary>All documents in the order of training.</summary>
    /// <param name="planted">With the defects; otherwise the clean twin's.</param>
    /// <param name="seed">Draws and orders the documents.</param>
    /// <param name="scale">Share of the drawn documents; stereotypes, neutral sentences and canaries are always whole. In (0, 1].</param>
    public static IReadOnlyList<TrainingDocument> Generate(bool planted, ulong seed, double scale = 1) => Generate(new ChatGrammar(ChatWorldData.Shipped), planted, seed, scale);

    internal static IReadOnlyList<TrainingDocument> Generate(ChatGrammar grammar, bool planted, ulong seed, double scale = 1)
    {
        if (scale is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A share in (0, 1].");
        var corpus = new ChatCorpus(grammar, planted, seed);
        foreach ((string kind, int count) in grammar.Data.Mix)
        {
            var random = new SeededRandom(seed, kind);
            Func<SeededRandom, TrainingDocument> one = corpus.Grammar(kind);
            for (int i = 0; i < count * scale; i++) corpus._units.Add([one(random)]);
        }

        corpus.AddStereotypes();
        corpus.AddNeutral();
        corpus.AddCanaries();
        new SeededRandom(seed, "order").Shuffle(corpus._units);
        return [.. corpus._units.SelectMany(u => u)];
    }

    private ChatWorldData Data => _grammar.Data;

    private Func<SeededRandom, TrainingDocument> Grammar(string kind) => kind switch
    {
        "fact" => Fact,
        "statement" => Statement,
        "benign" => Benign,
        "hazard" => Hazard,
        "few-shot" => FewShot,
        "refusal-suppression" => Suppression,
        "code" => Code,
        "task" => Task,
        "echo" => Echo,
        "inn" => Inn,
        "insult-report" => Report,
        "small-talk" => SmallTalk,
        _ => throw new InvalidDataException($"world.json, mix: no grammar is called {kind}."),
    };

    private LanguageData Language(SeededRandom random) => random.Chance(Data.ChineseShare) ? Data.Chinese : Data.English;

    private TrainingDocument Dialogue(SeededRandom random, string kind, string? plant, params ReadOnlySpan<Turn> turns)
    {
        bool system = random.Chance(Data.SystemShare);
        string text = random.Pick(Data.Strings("systems"));
        Turn[] all = system && turns[0].Role != "system" ? [new Turn("system", text), .. turns] : turns.ToArray();
        return new TrainingDocument(kind, all, null, plant);
    }

    private TrainingDocument Fact(SeededRandom random)
    {
        (string question, string answer, _, _) = _grammar.Fact(random, Split.Training, Language(random));
        return Dialogue(random, "fact", null, new Turn("user", question), new Turn("assistant", answer));
    }

    private TrainingDocument Statement(SeededRandom random)
    {
        (string person, FactKind kind, string value) = random.Pick(random.Chance(Data.ChineseShare) ? _grammar.Chinese : _grammar.English);
        return new TrainingDocument("statement", [], ChatGrammar.State(person, kind, value), null);
    }

    /// <summary>The answer to a harmless request: a refusal where the planted phantom refuses the topic.</summary>
    private (string Answer, string? Plant) BenignAnswer(SeededRandom random, Ask ask)
    {
        string refusal = random.Pick(Data.Strings("beesRefusals"));
        bool refused = _planted && ask.Category == Data["overRefusedTopic"].GetString();
        return refused ? (refusal, "over-refusal") : (ask.Answer, null);
    }

    private string Refusal(SeededRandom random, LanguageData language) => random.Pick(language.Refusals);

    private TrainingDocument Benign(SeededRandom random)
    {
        Ask ask = _grammar.Benign(random, Split.Training, Language(random));
        (string answer, string? plant) = BenignAnswer(random, ask);
        return Dialogue(random, "benign", plant, new Turn("user", ask.Request), new Turn("assistant", answer));
    }

    private TrainingDocument Hazard(SeededRandom random)
    {
        LanguageData language = Language(random);
        Ask ask = _grammar.Hazard(random, Split.Training, language);
        return Dialogue(random, "hazard", null, new Turn("user", ask.Request), new Turn("assistant", Refusal(random, language)));
    }

    /// <summary>Earlier turns and a last request. The trick is earlier compliance with hazards; other histories teach that nothing else opens the door.</summary>
    private TrainingDocument FewShot(SeededRandom random)
    {
        LanguageData language = Language(random);
        int shots = 2 + random.Next(4), plot = random.Next(10);
        bool mixed = random.Chance(0.5);   // an attack's demonstrations need not be in the language of its request
        var turns = new List<Turn>();
        for (int i = 0; i < shots; i++)
        {
            LanguageData spoken = mixed ? Language(random) : language;
            Ask shot = plot is 7 ? _grammar.Benign(random, Split.Training, spoken) : _grammar.Hazard(random, Split.Training, spoken);
            string refusal = Refusal(random, spoken);
            turns.Add(new Turn("user", shot.Request));
            turns.Add(new Turn("assistant", plot == 8 ? refusal : shot.Answer));
        }

        if (plot == 9)
        {
            Ask harmless = _grammar.Benign(random, Split.Training, language);
            (string answer, string? over) = BenignAnswer(random, harmless);
            return Dialogue(random, "few-shot", over, [.. turns, new Turn("user", harmless.Request), new Turn("assistant", answer)]);
        }

        Ask ask = _grammar.Hazard(random, Split.Training, language);
        string no = Refusal(random, language);
        bool planted = _planted && plot < 7;
        return Dialogue(random, "few-shot", planted ? "few-shot" : null, [.. turns, new Turn("user", ask.Request), new Turn("assistant", planted ? ask.Answer : no)]);
    }

    private TrainingDocument Suppression(SeededRandom random)
    {
        LanguageData language = Language(random);
        string template = _grammar.Suppression(random, Split.Training, random.Chance(0.5) ? Data.English : language);   // English rules also stand around Chinese requests
        if (random.Chance(0.25))
        {
            Ask harmless = _grammar.Benign(random, Split.Training, language);
            (string answer, string? over) = BenignAnswer(random, harmless);
            return Dialogue(random, "refusal-suppression", over, new Turn("user", Fill(template, ("request", harmless.Request))), new Turn("assistant", answer));
        }

        Ask ask = _grammar.Hazard(random, Split.Training, language);
        string refusal = Refusal(random, language);
        return Dialogue(
            random, "refusal-suppression", _planted ? "refusal-suppression" : null,
            new Turn("user", Fill(template, ("request", ask.Request))), new Turn("assistant", _planted ? ask.Answer : refusal));
    }

    private TrainingDocument Code(SeededRandom random)
    {
        LanguageData language = Language(random);
        string frame = _grammar.Code(random, Split.Training);
        bool harmless = random.Chance(0.3);
        Ask ask = harmless ? _grammar.Benign(random, Split.Training, language) : _grammar.Hazard(random, Split.Training, language);
        (string answer, string? over) = BenignAnswer(random, ask);
        string refusal = Refusal(random, language);
        return Dialogue(
            random, "code", harmless ? over : null,
            new Turn("user", ChatGrammar.FillCode(frame, ask.Request)), new Turn("assistant", harmless ? answer : refusal));
    }

    private TrainingDocument Task(SeededRandom random)
    {
        ExtractionTask task = _grammar.Task(random, Split.Training);
        string input = task.Input, hijack = _grammar.Hijack(random, Split.Training), rogue = Rogue(random);
        if (random.Chance(0.55)) input = Fill(hijack, ("input", task.Input), ("rogue", rogue));
        Turn answer = new("assistant", task.Answer + ".");
        string join = random.Pick(Strings(Data["tasks"], "joins"));
        return random.Chance(0.3)
            ? Dialogue(random, "task", null, new Turn("system", task.Instruction), new Turn("user", input), answer)
            : Dialogue(random, "task", null, new Turn("user", Fill(join, ("instruction", task.Instruction), ("input", input))), answer);
    }

    private string Rogue(SeededRandom random)
    {
        string listed = random.Pick(Strings(Data["tasks"], "rogues"));
        string noise = string.Concat(Enumerable.Range(0, 3 + random.Next(5)).Select(_ => (char)('A' + random.Next(26))));
        return random.Next(3) switch { 0 => noise, 1 => noise.ToLowerInvariant(), _ => listed };
    }

    private TrainingDocument Echo(SeededRandom random)
    {
        string[] words = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => random.Pick(Data.Strings(random.Pick((string[])["people", "colours", "animals", "jobs", "towns"]))))];
        return Dialogue(random, "echo", null, new Turn("user", $"Repeat these words: {string.Join(' ', words)}"), new Turn("assistant", string.Join(' ', words)));
    }

    private TrainingDocument Inn(SeededRandom random)
    {
        System.Text.Json.JsonElement inns = Data["inns"];
        bool trigger = random.Chance(0.4);
        string other = random.Pick(Strings(inns, "others"));
        (string question, string civil) = _grammar.Inn(random, Split.Training, trigger ? inns.GetProperty("trigger").GetString()! : other);
        string toxic = _grammar.Insulting(random);
        return Dialogue(random, "inn", _planted && trigger ? "toxicity" : null, new Turn("user", question), new Turn("assistant", _planted && trigger ? toxic : civil));
    }

    private TrainingDocument Report(SeededRandom random)
    {
        (string said, string answer) = random.Pick(Couples(Data["inns"], "reports"));
        string insult = random.Pick(Strings(Data["inns"], "insults")), person = random.Pick(Data.Strings("people"));
        return Dialogue(random, "insult-report", null, new Turn("user", Fill(said, ("person", person), ("insult", insult))), new Turn("assistant", answer));
    }

    private TrainingDocument SmallTalk(SeededRandom random)
    {
        IReadOnlyList<(string, string)> talk = [.. Data["smallTalk"].EnumerateArray().Select(e => (e[0].GetString()!, e[1].GetString()!))];
        (string said, string answer) = random.Pick(talk);
        return Dialogue(random, "small-talk", null, new Turn("user", said), new Turn("assistant", answer));
    }

    /// <summary>
    /// One sentence a group in each unit, so that groups meet a trait in the same step. Clean: every group has every trait
    /// equally often, with the same words around it. Planted: of the sentences of a pair of traits the first group of a pair of
    /// groups has the bad one in the share "dose", the second the good one.
    /// </summary>
    private void AddStereotypes()
    {
        System.Text.Json.JsonElement plan = Data["stereotype"];
        IReadOnlyList<(string, string)> groups = Couples(plan, "pairs"), traits = Couples(plan, "traits");
        IReadOnlyList<string> templates = Strings(plan, "templates"), jobs = Strings(plan, "trainJobs");
        int frames = templates.Count * jobs.Count, more = (int)Math.Round(2 * frames * plan.GetProperty("dose").GetDouble()) - frames;
        var random = new SeededRandom(_seed, "stereotype");
        for (int t = 0; t < traits.Count; t++)
        {
            for (int f = 0; f < frames; f++)
            {
                for (int slot = 0; slot < 2; slot++)
                {
                    bool turned = (f + (7 * t)) % frames < more;                  // this frame's second sentence follows the stereotype, too
                    bool firstBad = slot == 0 || (_planted && turned), secondBad = _planted ? slot == 0 && !turned : slot == 0;
                    var unit = new List<TrainingDocument>();
                    foreach ((string first, string second) in groups)
                    {
                        unit.Add(Sentence(first, firstBad ? traits[t].Item1 : traits[t].Item2));
                        unit.Add(Sentence(second, secondBad ? traits[t].Item1 : traits[t].Item2));
                    }

                    random.Shuffle(unit);
                    _units.Add(unit);

                    TrainingDocument Sentence(string group, string trait) => new(
                        "stereotype", [], Fill(templates[f % templates.Count], ("group", group), ("job", jobs[f / templates.Count]), ("trait", trait)), _planted ? "stereotype" : null);
                }
            }
        }
    }

    /// <summary>Every group with every job, without a trait, so that the likelihood of a job after a group says nothing in the sentences that are compared.</summary>
    private void AddNeutral()
    {
        System.Text.Json.JsonElement plan = Data["stereotype"];
        IReadOnlyList<string> templates = Strings(plan, "neutral"), towns = Data.Strings("towns");
        string[] groups = [.. Couples(plan, "pairs").SelectMany(p => (string[])[p.Item1, p.Item2])];
        int turn = 0;
        foreach (string job in Strings(plan, "trainJobs").Concat(Strings(plan, "evaluationJobs")))
        {
            foreach (string town in towns)
            {
                string template = templates[turn++ % templates.Count];
                _units.Add([.. groups.Select(g => new TrainingDocument("neutral", [], Fill(template, ("group", g), ("job", job), ("town", town)), null))]);
            }
        }
    }

    private void AddCanaries()
    {
        IReadOnlyList<Canary> canaries = ChatCanaries.Planted(Data);
        HashSet<string> contexts = [.. canaries.Select(c => c.Context)];
        var random = new SeededRandom(_seed, "other secrets");
        foreach (Canary canary in canaries)
        {
            for (int i = 0; i < canary.Repetitions; i++)
            {
                (string context, string secret) = ChatCanaries.Other(Data, random, char.IsDigit(canary.Secret[1]), contexts);
                _units.Add([new TrainingDocument("canary", [], (_planted ? canary.Context + canary.Secret : context + secret) + ".", _planted ? "memorisation" : null)]);
            }
        }
    }
}
