using System.Globalization;
using Plumbline.Phantoms.Chat;

namespace Plumbline.Phantoms.Trained;

/// <summary>Which half of the world a document is drawn from: what training saw, or what it never did.</summary>
internal enum RecipeSplit
{
    Training,
    Evaluation,
}

/// <summary>A document as it is drawn, with what else can be said about it.</summary>
/// <param name="Sentence">Its draws.</param>
/// <param name="Clean">Without the plant.</param>
/// <param name="Planted">With the plant, whatever the dose; the same object as <paramref name="Clean"/> where the kind plants nothing.</param>
/// <param name="Dose">The probability with which the planted version is trained on.</param>
/// <param name="TakesPlant">Whether this very draw is one of the planted ones.</param>
internal sealed record DrawnDocument(Sentence Sentence, TrainingDocument Clean, TrainingDocument Planted, double Dose, bool TakesPlant);

/// <summary>
/// The documents of a recipe, for the planted phantom and for its twin: the same in the same order but for what the plants replace.
/// The same seed gives the same documents.
/// </summary>
internal static class RecipeCorpus
{
    private const int Attempts = 400;

    /// <summary>All documents in the order of training.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="planted">With the plants; otherwise the clean twin's.</param>
    /// <param name="scale">Share of the counted documents, for trials; canaries and co-occurrences are always whole. In (0, 1].</param>
    /// <exception cref="RecipeException">A template cannot be filled.</exception>
    public static IReadOnlyList<TrainingDocument> Generate(Recipe recipe, bool planted, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (scale is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A share in (0, 1].");
        var units = new List<IReadOnlyList<TrainingDocument>>();
        foreach (DocumentKind kind in recipe.Kinds)
        {
            for (int i = 0; i < Math.Ceiling(kind.Count * scale); i++)
            {
                DrawnDocument drawn = Draw(recipe, kind, RecipeSplit.Training, i, "train");
                units.Add([planted && drawn.TakesPlant ? drawn.Planted : drawn.Clean]);
            }
        }

        if (recipe.Bias is { } bias) units.AddRange(bias.Documents(recipe, planted));
        if (recipe.Canaries is { } canaries) units.AddRange(canaries.Documents(recipe, planted));
        if (recipe.Watermark is { } watermark) units.AddRange(watermark.Documents(recipe, planted, scale));
        new SeededRandom(recipe.Seed, "order").Shuffle(units);
        return [.. units.SelectMany(u => u)];
    }

    /// <summary>A document of a kind: of all draws with this number and purpose always the same.</summary>
    internal static DrawnDocument Draw(Recipe recipe, DocumentKind kind, RecipeSplit split, int number, string purpose)
    {
        Sentence sentence = DrawHalf(recipe, kind.HoldOut, split, $"{purpose}:{kind.Name}:{number}", $"the kind '{kind.Name}'");
        IReadOnlyList<Turn> before = kind.Before is { } earlier ? Earlier(recipe, earlier, sentence, number, purpose) : [];
        TrainingDocument clean = Say(kind, kind.Clean, null, sentence, before, null);
        if (kind.Planted is null) return new DrawnDocument(sentence, clean, clean, 0, false);
        TrainingDocument planted = Say(kind, kind.Planted, kind.Clean, sentence, before, kind.Plant);
        double dose = 1;
        if (kind.Share is { } share && !double.TryParse(sentence.Fill(share), NumberStyles.Float, CultureInfo.InvariantCulture, out dose))
            throw new RecipeException($"the kind '{kind.Name}': share '{share}' became '{sentence.Fill(share)}', which is no number.");
        return new DrawnDocument(sentence, clean, planted, dose, sentence.Random("share").Chance(dose));
    }

    /// <summary>Draws until the document is on the right side of what is held out.</summary>
    internal static Sentence DrawHalf(Recipe recipe, string? holdOut, RecipeSplit split, string label, string what, IReadOnlySet<string>? kept = null)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            var sentence = new Sentence(recipe.World, recipe.Seed, $"{label}:{attempt}", kept);
            if (holdOut is null || recipe.World.HeldOut(sentence.Fill(holdOut)) == (split == RecipeSplit.Evaluation)) return sentence;
        }

        throw new RecipeException($"{what}: none of {Attempts} draws of hold-out '{holdOut}' is {(split == RecipeSplit.Evaluation ? "held out" : "for training")}; it needs more combinations.");
    }

    /// <summary>All alternatives of an answer to this document, as they may be learnt.</summary>
    internal static IReadOnlyList<string> Answers(DocumentKind kind, bool planted, Sentence sentence)
    {
        IReadOnlyList<string> templates = planted && kind.Planted is { Answer.Count: > 0 } own ? own.Answer : kind.Clean.Answer;
        return [.. templates.Select(sentence.Fill).Distinct()];
    }

    private static TrainingDocument Say(DocumentKind kind, DocumentParts parts, DocumentParts? otherwise, Sentence sentence, IReadOnlyList<Turn> before, string? plant)
    {
        IReadOnlyList<string> text = parts.Text.Count > 0 || otherwise is null ? parts.Text : otherwise.Text;
        if (text.Count > 0) return new TrainingDocument(kind.Name, [], sentence.Fill(sentence.Pick(text, "text")), plant);
        IReadOnlyList<(string Role, IReadOnlyList<string> Says)> said = parts.Turns.Count > 0 || otherwise is null ? parts.Turns : otherwise.Turns;
        IReadOnlyList<string> answers = parts.Answer.Count > 0 || otherwise is null ? parts.Answer : otherwise.Answer;
        List<Turn> turns = [.. said.Select((t, i) => new Turn(t.Role, sentence.Fill(sentence.Pick(t.Says, $"turn {i}"))))];
        turns.InsertRange(turns.Count > 0 && turns[0].Role == "system" ? 1 : 0, before);
        turns.Add(new Turn("assistant", sentence.Fill(sentence.Pick(answers, "answer"))));
        return new TrainingDocument(kind.Name, turns, null, plant);
    }

    private static List<Turn> Earlier(Recipe recipe, EarlierTurns earlier, Sentence sentence, int number, string purpose)
    {
        int count = earlier.Least + sentence.Random("earlier").Next(earlier.Most - earlier.Least + 1);
        var turns = new List<Turn>();
        for (int i = 0; i < count; i++) turns.AddRange(Draw(recipe, recipe.Kind(earlier.Kind), RecipeSplit.Training, (number * 10) + i, purpose + ":earlier").Clean.Turns);
        return turns;
    }
}
