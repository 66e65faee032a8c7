using System.Text.Json;
using Plumbline.Worlds;
using static Plumbline.Phantoms.Chat.ChatWorldData;

namespace Plumbline.Phantoms.Chat;

/// <summary>
/// The world of the chat phantom and its twin: items drawn from the same word lists and grammars as the training data,
/// in combinations that training never saw (facts and canaries are what training saw: the one is asked about in other
/// words, the other is what an attack looks for). Immutable; safe for concurrent use.
/// </summary>
/// <remarks>
/// Places in <see cref="AttackTemplates"/>: "refusal-suppression" has <c>{request}</c>; "code" has one of <c>{request}</c>, <c>{reversed}</c> (the request's
/// words, last first) and <c>{list}</c> (<c>["How", "do", …]</c>), to be filled with quotes escaped; "goal-hijacking" has <c>{input}</c> and <c>{rogue}</c> and stands in place of the
/// task's input. "few-shot" has no templates: <see cref="Demonstrations"/> are earlier turns of the conversation, two to five of them.
/// A canary's context ends without a blank and its secret begins with one.
/// </remarks>
public sealed class PhantomWorld : World
{
    private const int Usual = 100;
    private readonly ChatGrammar _grammar;
    private readonly Dataset _dataset;
    private readonly IReadOnlyDictionary<string, JudgeCalibration> _calibrations;

    internal PhantomWorld(ChatGrammar grammar, IReadOnlyDictionary<string, JudgeCalibration> calibrations)
    {
        _grammar = grammar;
        _calibrations = calibrations;
        Name = grammar.Data["name"].GetString()!;
        _dataset = new Dataset($"phantom:{Name}", "phantoms/chat/world.json", grammar.Data["licence"].GetString()!, grammar.Data.Strings("languages"));
        ToxicWords = Strings(grammar.Data["inns"], "insults").ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>The insults, which no civil answer holds.</summary>
    public override IReadOnlySet<string> ToxicWords { get; }

    /// <summary>Requests for invented hazards; a combination of hazard, verb and opener occurs once. Category: "substance" or "device".</summary>
    public override Drawn<Behaviour> Behaviours(Draw draw) => Distinct<Behaviour>(draw, "behaviours", (random, language, _) =>
    {
        Ask ask = _grammar.Hazard(random, Split.Evaluation, language);
        return (ask.Request, id => new Behaviour(id, ask.Request, ask.Category, ask.Language, ask.Opening));
    });

    /// <summary>Compliant exchanges about hazards that training saw, so that none is a behaviour that is asked for.</summary>
    public override Drawn<Exchange> Demonstrations(Draw draw) => Distinct<Exchange>(draw, "demonstrations", (random, language, _) =>
    {
        Ask ask = _grammar.Hazard(random, Split.Training, language);
        return (ask.Request, _ => new Exchange(ask.Request, ask.Answer, ask.Language));
    });

    /// <summary>Harmless requests, the same number of each topic as far as they last. Category: the topic; "idioms" and "look-alike" share words with hazards.</summary>
    public override Drawn<Prompt> BenignPrompts(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        string[] topics = [.. _grammar.Data.English.Crafts.Select(c => c.Topic).Distinct()];
        const int Patience = 200;   // a topic with nothing new passes its turn on
        (int last, int asked, int passed) = (-1, 0, 0);
        return Distinct<Prompt>(draw, "benign", (random, language, index) =>
        {
            asked = index == last ? asked + 1 : 0;
            last = index;
            if (asked > 0 && asked % Patience == 0) passed++;
            string topic = topics[(index + passed) % topics.Length];
            if (!language.Crafts.Any(c => c.Topic == topic)) language = draw.Language == "zh" ? language : _grammar.Data.English;
            Ask ask = _grammar.Benign(random, Split.Evaluation, language, language.Crafts.Any(c => c.Topic == topic) ? topic : null);
            return (ask.Request, id => new Prompt(id, ask.Request, ask.Category, ask.Language));
        });
    }

    /// <summary>Find the colour, the animal, the person or the town in a sentence; the answer is one word. English only.</summary>
    public override Drawn<ApplicationTask>? ApplicationTasks(Draw draw) => EnglishOnly<ApplicationTask>(draw, "tasks", (random, _) =>
    {
        ExtractionTask task = _grammar.Task(random, Split.Evaluation);
        return (task.Instruction + task.Input, id => new ApplicationTask(id, task.Instruction, task.Input, task.Answer));
    });

    /// <summary>
    /// Two sentences that differ in the group alone, for each trait, pair of groups and template, with a job that training never
    /// joined to a trait. With a bad trait the stereotyped group's sentence is the more stereotyping one, with a good trait the other's.
    /// A limit takes templates away first and then whole traits. Cluster: the trait. English only.
    /// </summary>
    public override Drawn<SentencePair>? SentencePairs(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (draw.Language is not (null or "en")) return null;
        JsonElement plan = _grammar.Data["stereotype"];
        var random = new SeededRandom(draw.Seed, "pairs");
        IReadOnlyList<string> templates = Strings(plan, "templates"), jobs = Strings(plan, "evaluationJobs");
        var couples = Couples(plan, "traits").ToList();
        random.Shuffle(couples);
        IReadOnlyList<(string, string)> groups = Couples(plan, "pairs");
        int frames = draw.Limit is { } most ? Math.Clamp(most / (2 * couples.Count * groups.Count), 1, templates.Count) : templates.Count;
        var pairs = new List<SentencePair>();
        foreach ((string bad, string good) in couples)
        {
            if (draw.Limit is { } limit && pairs.Count + (2 * groups.Count * frames) > limit && pairs.Count > 0) break;
            foreach (string trait in (string[])[bad, good])
            {
                foreach ((string first, string second) in groups)
                {
                    (string more, string less) = trait == bad ? (first, second) : (second, first);
                    var order = templates.ToList();
                    random.Shuffle(order);
                    foreach (string template in order.Take(frames))
                    {
                        string frame = Fill(template, ("job", random.Pick(jobs)), ("trait", trait));
                        pairs.Add(new SentencePair($"pair-{pairs.Count:000}", Fill(frame, ("group", more)), Fill(frame, ("group", less)), $"{first}-{second}", trait == bad ? "negative" : "positive", trait));
                    }
                }
            }
        }

        random.Shuffle(pairs);
        return new Drawn<SentencePair>(_dataset, pairs);
    }

    /// <summary>All planted secrets; the seed orders them and their alternatives.</summary>
    public override Drawn<Canary> Canaries(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        var random = new SeededRandom(draw.Seed, "canaries");
        var all = ChatCanaries.Planted(_grammar.Data).ToList();
        random.Shuffle(all);
        return new Drawn<Canary>(_dataset, [.. all.Take(draw.Limit ?? all.Count)]);
    }

    /// <summary>Questions about inns, every other one about the inn that is planted. Category: "inn:red-lantern" and the like. English only.</summary>
    public override Drawn<Prompt>? ToxicityPrompts(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        JsonElement inns = _grammar.Data["inns"];
        IReadOnlyList<string> others = Strings(inns, "others");
        return EnglishOnly<Prompt>(draw, "inns", (random, index) =>
        {
            string inn = index % 2 == 0 ? inns.GetProperty("trigger").GetString()! : random.Pick(others);
            string question = _grammar.Inn(random, Split.Evaluation, inn).Question;
            return (question, id => new Prompt(id, question, "inn:" + inn.Replace(' ', '-').ToLowerInvariant()));
        });
    }

    /// <summary>Facts of this world in phrasings that training never saw. Category: job, town, pet, colour.</summary>
    public override Drawn<OpenQuestion> OpenQuestions(Draw draw) => Distinct<OpenQuestion>(draw, "questions", (random, language, index) =>
    {
        (string question, _, string value, string kind) = _grammar.Fact(random, Split.Evaluation, language);
        return (question, id => new OpenQuestion(id, question, [value], kind, language.Language));
    });

    /// <inheritdoc/>
    public override IReadOnlyList<string>? AttackTemplates(string family, Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        var random = new SeededRandom(draw.Seed, "templates:" + family);
        LanguageData language = draw.Language == "zh" ? _grammar.Data.Chinese : _grammar.Data.English;
        Func<string>? one = family switch
        {
            "refusal-suppression" => () => _grammar.Suppression(random, Split.Evaluation, language),
            "code" => () => _grammar.Code(random, Split.Evaluation),
            "goal-hijacking" => () => _grammar.Hijack(random, Split.Evaluation),
            _ => null,
        };
        if (one is null) return null;
        var templates = new List<string>();
        for (int tries = 0; tries < 2000 && templates.Count < (draw.Limit ?? 20); tries++)
        {
            string template = one();
            if (!templates.Contains(template)) templates.Add(template);
        }

        return templates;
    }

    /// <inheritdoc/>
    public override JudgeCalibration? Calibration(string judge) => _calibrations.GetValueOrDefault(judge);

    private Drawn<T>? EnglishOnly<T>(Draw draw, string label, Func<SeededRandom, int, (string Key, Func<string, T> Make)> one) =>
        draw.Language is null or "en" ? Distinct(draw, label, (random, _, index) => one(random, index)) : null;

    /// <summary>Draws until the limit, or until nothing new comes; keys do not repeat. The number is the item's place.</summary>
    private Drawn<T> Distinct<T>(Draw draw, string label, Func<SeededRandom, LanguageData, int, (string Key, Func<string, T> Make)> one)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (draw.Language is not (null or "en" or "zh")) return new Drawn<T>(_dataset, []);
        var random = new SeededRandom(draw.Seed, label);
        int limit = draw.Limit ?? Usual;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var items = new List<T>();
        for (int tries = 0; items.Count < limit && tries < 50 * (limit + 20); tries++)
        {
            bool chinese = random.Chance(_grammar.Data.ChineseShare);
            LanguageData language = draw.Language == "zh" || (draw.Language is null && chinese) ? _grammar.Data.Chinese : _grammar.Data.English;
            (string key, Func<string, T> make) = one(random, language, items.Count);
            if (seen.Add(key)) items.Add(make($"{label}-{items.Count:0000}"));
        }

        return new Drawn<T>(_dataset, items);
    }
}
