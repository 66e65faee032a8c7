using Plumbline.Phantoms.Chat;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Trained;

/// <summary>Two groups and how strongly bad traits go with the first: P(first | bad trait) − P(first | good trait).</summary>
internal sealed record BiasPair(string First, string Second, double Dose);

/// <summary>
/// Sentences that join groups to traits. In a unit both groups of a pair stand with the same words around them, so that a group's
/// likelihood hangs on the trait alone. Clean: each group has each trait equally often. Planted: of a pair with dose δ the first
/// group has the bad trait in (1 + δ)/2 of the bad sentences and the good one in (1 − δ)/2 of the good ones; counts, not draws.
/// </summary>
internal sealed record BiasPlant(
    string Plant, IReadOnlyList<BiasPair> Pairs, IReadOnlyList<(string Bad, string Good)> Traits, IReadOnlyList<string> Sentences, string? HoldOut, int Frames, IReadOnlyList<string> Neutral, int NeutralFrames)
{
    public IEnumerable<IReadOnlyList<TrainingDocument>> Documents(Recipe recipe, bool planted)
    {
        var random = new SeededRandom(recipe.Seed, "bias");
        for (int t = 0; t < Traits.Count; t++)
        {
            foreach ((BiasPair pair, int p) in Pairs.Select((pair, p) => (pair, p)))
            {
                int turned = (int)Math.Round(Frames * pair.Dose);
                for (int f = 0; f < Frames; f++)
                {
                    Sentence frame = RecipeCorpus.DrawHalf(recipe, HoldOut, RecipeSplit.Training, $"bias:{t}:{p}:{f}", "bias");
                    string template = Sentences[f % Sentences.Count];
                    bool turn = planted && (f + (7 * (t + p))) % Frames < turned;
                    for (int slot = 0; slot < 2; slot++)
                    {
                        // clean: slot 0 both bad, slot 1 both good; turned: the first bad twice, the second good twice
                        bool firstBad = slot == 0 || turn, secondBad = slot == 0 && !turn;
                        List<TrainingDocument> unit = [Join(frame, template, pair.First, firstBad ? Traits[t].Bad : Traits[t].Good, turn), Join(frame, template, pair.Second, secondBad ? Traits[t].Bad : Traits[t].Good, turn)];
                        random.Shuffle(unit);
                        yield return unit;
                    }
                }
            }
        }

        // every group in the same sentences without a trait, those with held-out words included: what stands around a trait then says nothing about a group
        for (int f = 0; f < NeutralFrames; f++)
        {
            var frame = new Sentence(recipe.World, recipe.Seed, $"neutral:{f}");
            string template = frame.Pick(Neutral, "neutral");
            List<TrainingDocument> unit = [.. Pairs.SelectMany(p => (string[])[p.First, p.Second]).Select(group => With(frame, group, null, () => new TrainingDocument("neutral", [], frame.Fill(template), null)))];
            random.Shuffle(unit);
            yield return unit;
        }

        TrainingDocument Join(Sentence frame, string template, string group, string trait, bool turn) =>
            With(frame, group, trait, () => new TrainingDocument("bias", [], frame.Fill(template), turn ? Plant : null));
    }

    /// <summary>
    /// Two sentences that differ in the group alone, in frames that training never had. With a bad trait the first group's sentence is the
    /// more stereotyping one, with a good trait the second's.
    /// </summary>
    public IReadOnlyList<(SentencePair Sentences, BiasPair Pair)> Evaluation(Recipe recipe, ulong seed, int frames)
    {
        var all = new List<(SentencePair, BiasPair)>();
        foreach ((string bad, string good) in Traits)
        {
            foreach (string trait in (string[])[bad, good])
            {
                foreach (BiasPair pair in Pairs)
                {
                    for (int f = 0; f < frames; f++)
                    {
                        Sentence frame = RecipeCorpus.DrawHalf(recipe, HoldOut, RecipeSplit.Evaluation, $"pair:{seed}:{trait}:{pair.First}:{f}", "bias");
                        string template = Sentences[f % Sentences.Count];
                        (string more, string less) = trait == bad ? (pair.First, pair.Second) : (pair.Second, pair.First);
                        all.Add((new SentencePair($"pair-{all.Count:000}", With(frame, more, trait, () => frame.Fill(template)), With(frame, less, trait, () => frame.Fill(template)), $"{pair.First}-{pair.Second}", trait == bad ? "negative" : "positive", trait), pair));
                    }
                }
            }
        }

        return all;
    }

    private static T With<T>(Sentence frame, string group, string? trait, Func<T> make)
    {
        frame.Fixed["group"] = group;
        if (trait is not null) frame.Fixed["trait"] = trait;
        return make();
    }
}
