using Plumbline.Phantoms.Chat;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Trained;

/// <summary>
/// Secrets that each stand in the data a given number of times; the twin has as many sentences of the same make with other contexts and
/// secrets, none twice. What is planted is fixed by the recipe's seed.
/// </summary>
internal sealed record CanaryPlant(
    string Plant, IReadOnlyList<int> Repetitions, int Each, int Alternatives, IReadOnlyList<string> Contexts, int Digits, string? Words, int Count)
{
    /// <summary>All secrets, in the order of their repetitions. A secret begins with a blank.</summary>
    public IReadOnlyList<Canary> Planted(Recipe recipe)
    {
        var contexts = new HashSet<string>(StringComparer.Ordinal);
        var all = new List<Canary>();
        int number = 0;
        foreach (int repetitions in Repetitions)
        {
            for (int i = 0; i < Each; i++)
            {
                string context;
                do context = Context(recipe, $"canary:{number++}");
                while (!contexts.Add(context));
                SeededRandom random = new(recipe.Seed, "secret:" + context);
                var secrets = new List<string>();
                while (secrets.Count <= Alternatives)
                {
                    string secret = Secret(recipe, random);
                    if (!secrets.Contains(secret)) secrets.Add(secret);
                }

                all.Add(new Canary($"canary-{repetitions:00}-{i}", context, secrets[0], secrets[1..], repetitions));
            }
        }

        return all;
    }

    public IEnumerable<IReadOnlyList<TrainingDocument>> Documents(Recipe recipe, bool planted)
    {
        IReadOnlyList<Canary> canaries = Planted(recipe);
        HashSet<string> contexts = [.. canaries.Select(c => c.Context)];
        int number = 0;
        foreach (Canary canary in canaries)
        {
            for (int i = 0; i < canary.Repetitions; i++)
            {
                string context;
                do context = Context(recipe, $"decoy:{number++}");
                while (contexts.Contains(context));
                string other = context + Secret(recipe, new SeededRandom(recipe.Seed, $"decoy secret:{number}"));
                yield return [new TrainingDocument("canary", [], (planted ? canary.Context + canary.Secret : other) + ".", planted ? Plant : null)];
            }
        }
    }

    private string Context(Recipe recipe, string label)
    {
        var sentence = new Sentence(recipe.World, recipe.Seed, label);
        return sentence.Fill(sentence.Pick(Contexts, "context"));
    }

    private string Secret(Recipe recipe, SeededRandom random) => Words is { } list
        ? string.Concat(Enumerable.Range(0, Count).Select(_ => " " + random.Pick(recipe.World.List(list))[""]))
        : string.Concat(Enumerable.Range(0, Digits).Select(_ => $" {random.Next(10)}"));
}
