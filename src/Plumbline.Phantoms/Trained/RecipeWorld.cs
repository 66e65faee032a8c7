using Plumbline.Worlds;

namespace Plumbline.Phantoms.Trained;

/// <summary>
/// The world of a trained family member: items of the kinds that its recipe names under "assess", in combinations that training never saw.
/// What the recipe does not name is null, and evaluations of it are skipped. Immutable; safe for concurrent use.
/// </summary>
internal sealed class RecipeWorld : World
{
    private const int Usual = 100, Templates = 20;
    private readonly Recipe _recipe;
    private readonly Dataset _dataset;
    private readonly IReadOnlyDictionary<string, JudgeCalibration> _calibrations;

    internal RecipeWorld(Recipe recipe, string source, IReadOnlyDictionary<string, JudgeCalibration> calibrations)
    {
        (_recipe, _calibrations) = (recipe, calibrations);
        _dataset = new Dataset($"phantom:{recipe.Name}", source, recipe.Licence, recipe.Languages);
    }

    /// <inheritdoc/>
    public override string Name => _recipe.Name;

    /// <inheritdoc/>
    public override Drawn<Behaviour>? Behaviours(Draw draw) => From(draw, "behaviours", _recipe.Assess.Behaviours, (id, source, request, drawn) =>
        new Behaviour(id, request, Of(drawn, source.Category) ?? source.Kind, source.Language, Of(drawn, source.Opening)));

    /// <inheritdoc/>
    public override Drawn<Exchange>? Demonstrations(Draw draw) => From(draw, "demonstrations", _recipe.Assess.Demonstrations, (_, source, request, drawn) =>
        new Exchange(request, drawn.Clean.Turns[^1].Content, source.Language), RecipeSplit.Training);

    /// <inheritdoc/>
    public override Drawn<Prompt>? BenignPrompts(Draw draw) => From(draw, "harmless", _recipe.Assess.Harmless, (id, source, request, drawn) =>
        new Prompt(id, request, Of(drawn, source.Category) ?? source.Kind, source.Language));

    /// <inheritdoc/>
    public override Drawn<OpenQuestion>? OpenQuestions(Draw draw) => From(draw, "questions", _recipe.Assess.Questions, (id, source, request, drawn) =>
        new OpenQuestion(id, request, [Of(drawn, source.Answer)!], Of(drawn, source.Category) ?? source.Kind, source.Language));

    /// <inheritdoc/>
    public override Drawn<ApplicationTask>? ApplicationTasks(Draw draw) => From(draw, "tasks", _recipe.Assess.Tasks, (id, source, _, drawn) =>
        new ApplicationTask(id, Of(drawn, source.Instruction)!, Of(drawn, source.Input)!, Of(drawn, source.Answer), source.Language));

    /// <summary>Each trait, pair of groups and held-out frame; a limit takes frames away first and then whole traits. Cluster: the trait.</summary>
    public override Drawn<SentencePair>? SentencePairs(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (_recipe.Bias is not { } bias || draw.Language is not (null or "en")) return null;
        int each = 2 * bias.Traits.Count * bias.Pairs.Count, most = draw.Limit ?? int.MaxValue;
        var pairs = bias.Evaluation(_recipe, draw.Seed, Math.Clamp(most / each, 1, 4)).Select(p => p.Sentences).ToList();
        if (pairs.Count > most)
        {
            string[] traits = [.. pairs.Select(p => p.Cluster).Distinct()];
            new SeededRandom(draw.Seed, "traits").Shuffle(traits);
            HashSet<string> kept = [.. traits.Take(Math.Max(1, most / bias.Pairs.Count))];
            pairs.RemoveAll(p => !kept.Contains(p.Cluster));
        }

        new SeededRandom(draw.Seed, "pairs").Shuffle(pairs);
        return new Drawn<SentencePair>(_dataset, pairs);
    }

    /// <summary>All planted secrets; the seed orders them.</summary>
    public override Drawn<Canary>? Canaries(Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (_recipe.Canaries is not { } canaries) return null;
        var all = canaries.Planted(_recipe).ToList();
        new SeededRandom(draw.Seed, "canaries").Shuffle(all);
        return new Drawn<Canary>(_dataset, [.. all.Take(draw.Limit ?? all.Count)]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string>? AttackTemplates(string family, Draw draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (!_recipe.Assess.Templates.TryGetValue(family, out AssessTemplate? template)) return null;
        HashSet<string> kept = ["request", "reversed", "list", "input", "rogue"];
        int limit = draw.Limit ?? Templates;
        var all = new List<string>();
        for (int i = 0; i < 20 * limit && all.Count < limit; i++)
        {
            Sentence sentence = RecipeCorpus.DrawHalf(_recipe, template.HoldOut, RecipeSplit.Evaluation, $"template:{draw.Seed}:{family}:{i}", $"the templates of '{family}'", family == "rogue" ? null : kept);
            string text = sentence.Fill(sentence.Pick(template.Text, "text"));
            if (!all.Contains(text)) all.Add(text);
        }

        return all;
    }

    /// <inheritdoc/>
    public override JudgeCalibration? Calibration(string judge) => _calibrations.GetValueOrDefault(judge);

    private static string? Of(DrawnDocument drawn, string? template) => template is null ? null : drawn.Sentence.Fill(template);

    /// <summary>Draws until the limit, or until nothing new comes; requests do not repeat. Of several kinds each comes as often as training had it.</summary>
    private Drawn<T>? From<T>(Draw draw, string purpose, IReadOnlyList<AssessSource> sources, Func<string, AssessSource, string, DrawnDocument, T> make, RecipeSplit split = RecipeSplit.Evaluation)
    {
        ArgumentNullException.ThrowIfNull(draw);
        if (sources.Count == 0) return null;
        AssessSource[] spoken = [.. sources.Where(s => draw.Language is null || s.Language == draw.Language)];
        int limit = draw.Limit ?? Usual;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var items = new List<T>();
        if (spoken.Length == 0) return new Drawn<T>(_dataset, items);
        int[] shares = [.. spoken.Select(s => Math.Max(1, _recipe.Kind(s.Kind).Count))];
        var random = new SeededRandom(draw.Seed, purpose);
        for (int tries = 0; items.Count < limit && tries < 50 * (limit + 20); tries++)
        {
            int at = random.Next(shares.Sum()), which = 0;
            while (at >= shares[which]) at -= shares[which++];
            AssessSource source = spoken[which];
            DrawnDocument drawn = RecipeCorpus.Draw(_recipe, _recipe.Kind(source.Kind), split, tries, $"assess:{draw.Seed}:{purpose}");
            string request = drawn.Clean.Turns.Last(t => t.Role == "user").Content;
            if (seen.Add(request)) items.Add(make($"{purpose}-{items.Count:0000}", source, request, drawn));
        }

        return new Drawn<T>(_dataset, items);
    }
}
