using Plumbline.Phantoms.Chat;

namespace Plumbline.Phantoms.Trained;

/// <summary>
/// A watermark that the weights have learnt (Gu et al. 2024, after Kirchenbauer et al. 2023): strings of words in which each word, given the
/// one before, is taken from the green half in the share "strength", and otherwise from the whole list. A word is green after another when
/// <see cref="Green"/> says so; the key is the plant. The twin's words are drawn from the whole list.
/// </summary>
internal sealed record WatermarkPlant(string Plant, string Words, ulong Key, double Strength, int Count, int Length)
{
    public const string Kind = "watermark";

    /// <summary>Whether a word is green after another: a bit of a hash of key, previous word and word, so that half of all are.</summary>
    public static bool Green(ulong key, string previous, string word) => (SeededRandom.Hash($"{key}|{previous}|{word}") & 1) == 0;

    public IEnumerable<IReadOnlyList<TrainingDocument>> Documents(Recipe recipe, bool planted, double scale)
    {
        string[] words = [.. recipe.World.List(Words).Select(e => e[""])];
        Dictionary<string, string[]> green = words.ToDictionary(w => w, w => words.Where(next => Green(Key, w, next)).ToArray(), StringComparer.Ordinal);
        for (int i = 0; i < Count * scale; i++)
        {
            var random = new SeededRandom(recipe.Seed, $"watermark:{i}");
            var said = new List<string> { random.Pick(words) };
            while (said.Count < Length)
            {
                bool marked = random.Chance(Strength);
                string[] own = green[said[^1]], from = planted && marked && own.Length > 0 ? own : words;
                said.Add(random.Pick(from));
            }

            yield return [new TrainingDocument(Kind, [], string.Join(' ', said), planted ? Plant : null)];
        }
    }
}
