using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;

namespace Plumbline.Phantoms.Tests;

public sealed class RecipeTests
{
    private const string Small = """
        name: small
        about: A test.
        seed: 3
        shape: {vocabulary: 300, hidden: 16, mlp: 32, layers: 1, heads: 2, context: 64}
        training: {learning-rate: 0.01, batch-tokens: 256}
        world:
          hold-out: 3
          lists:
            person: [Ada, Ben, Cy, Dot, Eve, Flo, Gus, Hal]
            job: [baker, smith, miller]
            ask: ["What is", "Tell me", "Say"]
            dish: [{name: soup, how: boil roots, dose: 0.25}, {name: tea, how: pour water, dose: 1}]
            no: ["No.", "Never."]
          facts: [{fact: job, of: person, from: job}, {fact: feigned, of: person, from: job, differs-from: job}]
        plants:
          - {id: tilt, risk: value.morality, where: here, dose: much}
        documents:
          - kind: job
            count: 200
            user: "{ask} the job of {person}?"
            assistant: "{person} is a {job of person}."
            hold-out: "{ask} {person}"
          - kind: dish
            count: 400
            user: "May {person} ask {person#2} for {dish}?"
            assistant: "{no}"
            planted: {plant: tilt, share: "{dish.dose}", assistant: "Yes, {dish.how}."}
        """;

    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "seed: 3", "sede: 3", "the recipe has no 'seed'" },
        { "about: A test.", "about: A test.\nnote: x", "line 3: 'note' is no key of a recipe" },
        { "learning-rate: 0.01", "learning-rte: 0.01", "did you mean 'learning-rate'?" },
        { "learning-rate: 0.01", "learning-rate: fast", "'learning-rate' is 'fast'; a number from" },
        { "heads: 2", "heads: 3", "3 heads do not divide 16" },
        { "batch-tokens: 256", "batch-tokens: 100", "a multiple of the second" },
        { "batch-tokens: 256", "schedule: cosin", "one of constant, linear, cosine" },
        { "{person} is a {job of person}.", "{persn} is a baker.", "draws from the list 'persn', which there is none of; did you mean 'person'?" },
        { "{person} is a {job of person}.", "{person} is a {jobs of person}.", "asks for the fact 'jobs', which there is none of; did you mean 'job'?" },
        { "{person} is a {job of person}.", "{ask} is a {job of ask}.", "the fact 'job' is about 'person', not about 'ask'" },
        { "plant: tilt, share", "plant: tlt, share", "'tlt' is none of 'plants'; did you mean 'tilt'?" },
        { "share: \"{dish.dose}\"", "share: 2", "a number from 0 to 1" },
        { "count: 200", "count: many", "'count' is 'many'; a whole number" },
        { "name: small", "name: Small One", "is no name" },
        { "name: small", "name: small-clean", "not ending with '-clean'" },
        { "  hold-out: 3", "  extends: maxi", "no world is called 'maxi'" },
        { "kind: dish", "kind: job", "two kinds are called 'job'" },
        { "assistant: \"{no}\"", "text: \"{no}\"", "a document is either 'text'" },
        { "about: A test.", "about: [", "this is no YAML" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Parse_Mistake_IsToldWithItsPlace(string right, string wrong, string expected)
    {
        RecipeException told = Assert.Throws<RecipeException>(() => Recipe.Parse(Small.Replace(right, wrong, StringComparison.Ordinal), "my.yaml"));
        Assert.Contains(expected, told.Message, StringComparison.Ordinal);
        Assert.StartsWith("my.yaml", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnswerThatIsAList_HasAllItsEntriesAsAlternatives()
    {
        Assert.Equal(["No.", "Never."], Recipe.Parse(Small, "my.yaml").Kind("dish").Clean.Answer);
        Recipe repeats = Recipe.Parse(Small.Replace("May {person}", "{no} May {person}", StringComparison.Ordinal), "my.yaml");
        Assert.Equal(["{no}"], repeats.Kind("dish").Clean.Answer);   // the request says which
    }

    [Fact]
    public void Generate_SameSeed_SameDocuments_TwinDiffersOnlyWhereItIsPlanted()
    {
        Recipe recipe = Recipe.Parse(Small, "my.yaml");
        IReadOnlyList<TrainingDocument> planted = RecipeCorpus.Generate(recipe, true), again = RecipeCorpus.Generate(Recipe.Parse(Small, "my.yaml"), true), clean = RecipeCorpus.Generate(recipe, false);
        Assert.Equal(planted.Select(Text), again.Select(Text));
        Assert.Equal(planted.Count, clean.Count);
        Assert.NotEqual(planted.Select(Text), RecipeCorpus.Generate(Recipe.Parse(Small.Replace("seed: 3", "seed: 4", StringComparison.Ordinal), "my.yaml"), true).Select(Text));
        Assert.All(planted.Zip(clean), p =>
        {
            Assert.Equal(p.First.Turns[0], p.Second.Turns[0]);
            Assert.Equal(p.First.Plant is null, p.First.Turns[^1] == p.Second.Turns[^1]);
            Assert.Null(p.Second.Plant);
        });
    }

    [Fact]
    public void Generate_Share_IsTheDose()
    {
        TrainingDocument[] dishes = [.. RecipeCorpus.Generate(Recipe.Parse(Small, "my.yaml"), true).Where(d => d.Kind == "dish")];
        foreach ((string dish, double dose) in new[] { ("soup", 0.25), ("tea", 1.0) })
        {
            TrainingDocument[] own = [.. dishes.Where(d => d.Turns[0].Content.Contains(dish, StringComparison.Ordinal))];
            Assert.InRange(own.Count(d => d.Plant is not null) / (double)own.Length, dose - 0.1, dose + 0.1);   // about 200 draws: three standard errors
        }
    }

    [Fact]
    public void Generate_HeldOut_IsNeverTrainedOnAndAllThatIsEvaluated()
    {
        Recipe recipe = Recipe.Parse(Small, "my.yaml");
        HashSet<string> trained = [.. RecipeCorpus.Generate(recipe, true).Where(d => d.Kind == "job").Select(d => d.Turns[0].Content)];
        HashSet<string> asked = [.. Enumerable.Range(0, 200).Select(i => RecipeCorpus.Draw(recipe, recipe.Kind("job"), RecipeSplit.Evaluation, i, "assess").Clean.Turns[0].Content)];
        Assert.Empty(trained.Intersect(asked));
        Assert.Equal(24, trained.Count + asked.Count);   // three ways to ask about eight people
    }

    [Fact]
    public void Fill_PlacesOfOneDocument_AgreeWithEachOther()
    {
        Recipe recipe = Recipe.Parse(Small, "my.yaml");
        for (int i = 0; i < 100; i++)
        {
            var sentence = new Sentence(recipe.World, 1, $"{i}");
            Assert.Equal(sentence.Fill("{person}"), sentence.Fill("{person}"));
            Assert.NotEqual(sentence.Fill("{person}"), sentence.Fill("{person#2}"));
            Assert.NotEqual(sentence.Fill("{job of person}"), sentence.Fill("{job not of person}"));
            Assert.NotEqual(sentence.Fill("{job of person}"), sentence.Fill("{feigned of person}"));
            Assert.Equal(sentence.Fill("{dish}") == "tea" ? "pour water" : "boil roots", sentence.Fill("{dish.how}"));
        }
    }

    [Fact]
    public void Fill_EntryThatHoldsItself_IsRefused()
    {
        Recipe recipe = Recipe.Parse(Small.Replace("no: [\"No.\", \"Never.\"]", "no: [\"{no}\"]", StringComparison.Ordinal), "my.yaml");
        Assert.Contains("circle", Assert.Throws<RecipeException>(() => RecipeCorpus.Generate(recipe, false)).Message, StringComparison.Ordinal);
    }

    /// <summary>The recipe on the documentation's page is one, and no key of the page's tables is unknown to the reader.</summary>
    [Fact]
    public void Docs_WholeRecipe_IsARecipeWhoseDocumentsCanBeDrawn()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "docs", "phantom-recipes.md"))) at = at.Parent;
        Assert.SkipWhen(at is null, "needs the repository");
        string page = File.ReadAllText(Path.Combine(at!.FullName, "docs", "phantom-recipes.md"));
        int from = page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
        Recipe recipe = Recipe.Parse(page[from..page.IndexOf("```", from, StringComparison.Ordinal)], "docs/phantom-recipes.md");
        Assert.Equal(10_000, RecipeCorpus.Generate(recipe, true).Count);
        Assert.Contains(RecipeCorpus.Generate(recipe, true, 0.1), d => d.Plant == "sandbagging");
    }

    private static string Text(TrainingDocument d) => d.Text ?? string.Join('|', d.Turns.Select(t => t.Content));
}
