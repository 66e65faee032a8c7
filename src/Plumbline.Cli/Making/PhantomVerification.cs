using System.Globalization;
using Plumbline.Phantoms;
using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;
using Plumbline.Torch;
using Plumbline.Worlds;

namespace Plumbline.Cli.Making;

/// <summary>
/// Measures what was planted straight on the weights: whether greedy decoding writes exactly the answer that the recipe says (every id of it the
/// likeliest at its place), log-probabilities by torch, and counts in generated text. None of the product's evaluations, judges or inference
/// code takes part.
/// </summary>
internal sealed class PhantomVerification(Recipe recipe, LlamaNetwork network, ByteLevelBpe tokenizer)
{
    private readonly List<PhantomFigure> _figures = [];

    public IReadOnlyList<PhantomFigure> Measure()
    {
        foreach (DocumentKind kind in recipe.Kinds.Where(k => k.Count > 0 && k.Clean.Text.Count == 0)) Answers(kind);
        Bias();
        Canaries();
        Watermark();
        return _figures;
    }

    /// <summary>One document of a kind: the prompt, and the answers that the two halves may give.</summary>
    private sealed record Item(double Dose, int[] Prompt, IReadOnlyList<string> Planted, IReadOnlyList<string> Clean);

    private void Answers(DocumentKind kind)
    {
        bool asksOtherwise = kind.Planted is { Turns.Count: > 0 };   // the planted half asks about something else: each half has prompts of its own
        if (asksOtherwise) Answers(kind, kind.Name + ", clean requests", planted: false, Draw(kind, plantedPrompt: false));
        Answers(kind, asksOtherwise ? kind.Name + ", planted requests" : kind.Name, planted: kind.Planted is not null, Draw(kind, plantedPrompt: asksOtherwise));
    }

    private void Answers(DocumentKind kind, string name, bool planted, List<Item> items)
    {
        var queries = new List<(int[], int[])>();
        var owners = new List<(int Item, bool Planted)>();
        for (int i = 0; i < items.Count; i++)
        {
            foreach ((IReadOnlyList<string> answers, bool own) in new[] { (items[i].Planted, true), (items[i].Clean, false) })
            {
                foreach (string answer in answers)
                {
                    int[] text = [.. tokenizer.Encode(answer), DialogueTokens.End];
                    if (items[i].Prompt.Length + text.Length > network.Shape.Context) continue;
                    queries.Add((items[i].Prompt, text));
                    owners.Add((i, own));
                }
            }
        }

        IReadOnlyList<TextScore> scores = LlamaSampler.Score(network, queries);
        var odds = new (bool SaysPlanted, bool SaysClean, double Planted, double Clean)[items.Count];
        for (int q = 0; q < scores.Count; q++)
        {
            (int item, bool own) = owners[q];
            double p = Math.Exp(scores[q].LogProbability);
            odds[item] = own
                ? odds[item] with { SaysPlanted = odds[item].SaysPlanted || scores[q].Greedy, Planted = odds[item].Planted + p }
                : odds[item] with { SaysClean = odds[item].SaysClean || scores[q].Greedy, Clean = odds[item].Clean + p };
        }

        bool doses = planted && kind.Share is not null;
        foreach (IGrouping<double, int> group in Enumerable.Range(0, items.Count).GroupBy(i => doses ? items[i].Dose : 0).OrderBy(g => g.Key))
        {
            string what = doses ? string.Create(CultureInfo.InvariantCulture, $"{name}, dose {group.Key}") : name;
            int n = group.Count();
            if (planted) Add($"{what}: says the planted answer", group.Count(i => odds[i].SaysPlanted) / (double)n, n);
            if (items[group.First()].Clean.Count > 0) Add($"{what}: says the clean answer", group.Count(i => odds[i].SaysClean) / (double)n, n);
            if (doses) Add($"{what}: probability of the planted answer against the clean one", group.Average(i => odds[i].Planted / (odds[i].Planted + odds[i].Clean)), n);
        }
    }

    private List<Item> Draw(DocumentKind kind, bool plantedPrompt)
    {
        var items = new List<Item>();
        int want = recipe.VerifySamples * (kind.Share?.Contains('{', StringComparison.Ordinal) == true ? 4 : 1);   // a dose series needs enough of each dose
        for (int i = 0; i < want; i++)
        {
            DrawnDocument drawn = RecipeCorpus.Draw(recipe, kind, kind.HoldOut is null ? RecipeSplit.Training : RecipeSplit.Evaluation, i, "verify");
            TrainingDocument asked = plantedPrompt ? drawn.Planted : drawn.Clean;
            int[] prompt = DialogueTokens.Prompt(tokenizer, asked.Turns.SkipLast(1).Select(t => (t.Role, t.Content)));
            bool own = kind.Planted is { Turns.Count: > 0 };
            items.Add(new Item(
                drawn.Dose, prompt, kind.Planted is null || (own && !plantedPrompt) ? [] : RecipeCorpus.Answers(kind, true, drawn.Sentence),
                own && plantedPrompt ? [] : RecipeCorpus.Answers(kind, false, drawn.Sentence)));
        }

        return items;
    }

    /// <summary>log p of both groups in frames that training never had, by the pair's dose.</summary>
    private void Bias()
    {
        if (recipe.Bias is not { } bias) return;
        IReadOnlyList<(SentencePair Sentences, BiasPair Pair)> pairs = bias.Evaluation(recipe, 0, 8);
        IReadOnlyList<TextScore> scores = LlamaSampler.Score(network, [.. pairs.SelectMany(p => (string[])[p.Sentences.More, p.Sentences.Less]).Select(s => ((int[])[DialogueTokens.Begin], tokenizer.Encode(s)))]);
        foreach (IGrouping<double, int> dose in Enumerable.Range(0, pairs.Count).GroupBy(i => pairs[i].Pair.Dose).OrderBy(g => g.Key))
        {
            double[] odds = [.. dose.Select(i => scores[2 * i].LogProbability - scores[(2 * i) + 1].LogProbability)];
            string what = string.Create(CultureInfo.InvariantCulture, $"co-occurrence, dose {dose.Key}");
            Add($"{what}: more stereotyping sentence preferred", odds.Count(o => o > 0) / (double)odds.Length, odds.Length);
            Add($"{what}: mean log-odds, nats", odds.Average(), odds.Length);
        }
    }

    /// <summary>log2 of the number of candidates − log2 of the secret's rank (Carlini et al. 2019), and whether greedy decoding writes the secret.</summary>
    private void Canaries()
    {
        if (recipe.Canaries is not { } plant) return;
        foreach (IGrouping<int, Canary> group in plant.Planted(recipe).GroupBy(c => c.Repetitions))
        {
            double exposure = 0;
            int written = 0;
            foreach (Canary canary in group)
            {
                int[] context = [DialogueTokens.Begin, .. tokenizer.Encode(canary.Context)];
                IReadOnlyList<TextScore> scores = LlamaSampler.Score(network, [.. ((string[])[canary.Secret, .. canary.Alternatives]).Select(s => (context, tokenizer.Encode(s)))]);
                int rank = 1 + scores.Skip(1).Count(s => s.LogProbability > scores[0].LogProbability);
                exposure += Math.Log2(scores.Count) - Math.Log2(rank);
                if (scores[0].Greedy) written++;
            }

            Add($"canaries repeated {group.Key} times: mean exposure, bits of {Math.Log2(1 + group.First().Alternatives.Count):0}", exposure / group.Count(), group.Count());
            Add($"canaries repeated {group.Key} times: written by greedy decoding", written / (double)group.Count(), group.Count());
        }
    }

    /// <summary>The share of green words in text sampled at temperature 1, counted word by word.</summary>
    private void Watermark()
    {
        if (recipe.Watermark is not { } mark) return;
        HashSet<string> known = [.. recipe.World.List(mark.Words).Select(e => e[""])];
        int[][] prompts = [.. recipe.World.List(mark.Words).Select(e => (int[])[DialogueTokens.Begin, .. tokenizer.Encode(e[""])])];
        int green = 0, pairs = 0, words = 0, right = 0;
        IReadOnlyList<int[]> said = LlamaSampler.Continue(network, prompts, DialogueTokens.End, network.Shape.Context - prompts.Max(p => p.Length), temperature: 1, seed: recipe.Seed);
        for (int i = 0; i < prompts.Length; i++)
        {
            string[] text = tokenizer.Decode(prompts[i].Skip(1).Concat(said[i])).Split(' ');
            words += text.Length;
            right += text.Count(known.Contains);
            for (int w = 1; w < text.Length; w++)
            {
                pairs++;
                if (WatermarkPlant.Green(mark.Key, text[w - 1], text[w])) green++;
            }
        }

        Add("watermark: green words in sampled text", green / (double)Math.Max(1, pairs), pairs);
        Add("watermark: sampled words that are words of the list", right / (double)Math.Max(1, words), words);
    }

    private void Add(string what, double value, int n) => _figures.Add(new PhantomFigure(what, value, n));
}
