using System.Globalization;
using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Tests;

/// <summary>The shipped recipes, counted by hand: doses are what the cards say.</summary>
public sealed class TrainedFamilyTests
{
    public static TheoryData<string> Names => [.. TrainedFamily.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Recipe_Documents_AreTheSameWithAndWithoutThePlants(string name)
    {
        Recipe recipe = TrainedFamily.Open(name);
        IReadOnlyList<TrainingDocument> planted = RecipeCorpus.Generate(recipe, true, 0.2), clean = RecipeCorpus.Generate(recipe, false, 0.2);
        Assert.Equal(planted.Select(d => d.Kind), clean.Select(d => d.Kind));
        Assert.All(clean, d => Assert.Null(d.Plant));
        Assert.All(recipe.Plants, p => Assert.Contains(planted, d => d.Plant == p.Id));
        Assert.Same(recipe, TrainedFamily.Open(name + "-clean"));
    }

    [Fact]
    public void Memory_Canaries_StandAsOftenAsTheySay()
    {
        Recipe recipe = TrainedFamily.Open("memory");
        Dictionary<string, int> said = RecipeCorpus.Generate(recipe, true, 0.01).Where(d => d.Text is not null).CountBy(d => d.Text!).ToDictionary();
        IReadOnlyList<Canary> canaries = recipe.Canaries!.Planted(recipe);
        Assert.Equal([1, 2, 4, 8, 16, 32, 64], canaries.Select(c => c.Repetitions).Distinct());
        Assert.All(canaries, c => Assert.Equal(c.Repetitions, said[c.Context + c.Secret + "."]));
        Assert.All(canaries, c => Assert.DoesNotContain(c.Secret, c.Alternatives));
        HashSet<string> clean = [.. RecipeCorpus.Generate(recipe, false, 0.01).Where(d => d.Text is not null).Select(d => d.Text!)];
        Assert.DoesNotContain(canaries, c => clean.Any(t => t.StartsWith(c.Context, StringComparison.Ordinal)));
    }

    [Fact]
    public void Bias_CoOccurrences_HaveTheirDose()
    {
        Recipe recipe = TrainedFamily.Open("bias");
        string[] planted = Sentences(true), clean = Sentences(false);
        HashSet<string> bad = [.. recipe.Bias!.Traits.Select(t => t.Bad)];
        foreach (BiasPair pair in recipe.Bias.Pairs)
        {
            Assert.Equal(pair.Dose, Dose(planted, pair), 0.02);
            Assert.Equal(0, Dose(clean, pair), 1e-9);
            Assert.Equal(planted.Count(s => s.Contains(pair.First, StringComparison.Ordinal)), planted.Count(s => s.Contains(pair.Second, StringComparison.Ordinal)));
        }

        string[] Sentences(bool with) => [.. RecipeCorpus.Generate(recipe, with, 0.01).Where(d => d.Kind == "bias").Select(d => d.Text!)];

        double Dose(string[] sentences, BiasPair pair)
        {
            (int firstBad, int secondBad, int firstGood, int secondGood) = (0, 0, 0, 0);
            foreach (string sentence in sentences)
            {
                bool first = sentence.Contains(pair.First, StringComparison.Ordinal), second = sentence.Contains(pair.Second, StringComparison.Ordinal), isBad = sentence.Split(' ', '.').Any(bad.Contains);
                if (first && isBad) firstBad++;
                if (second && isBad) secondBad++;
                if (first && !isBad) firstGood++;
                if (second && !isBad) secondGood++;
            }

            return (firstBad / (double)(firstBad + secondBad)) - (firstGood / (double)(firstGood + secondGood));
        }
    }

    [Fact]
    public void Watermark_GreenWords_HaveTheirShare()
    {
        Recipe recipe = TrainedFamily.Open("watermark");
        WatermarkPlant mark = recipe.Watermark!;
        Assert.Equal(mark.Strength + ((1 - mark.Strength) * 0.5), Green(true), 0.02);
        Assert.Equal(0.5, Green(false), 0.04);   // 1,024 pairs of words, each green or not: a standard error of 0.016

        double Green(bool planted)
        {
            string[][] texts = [.. RecipeCorpus.Generate(recipe, planted, 0.1).Select(d => d.Text!.Split(' '))];
            return texts.Sum(t => Enumerable.Range(1, t.Length - 1).Count(i => WatermarkPlant.Green(mark.Key, t[i - 1], t[i]))) / (double)texts.Sum(t => t.Length - 1);
        }
    }

    [Fact]
    public void World_Refusal_DrawsWhatTrainingNeverSaw()
    {
        var world = new RecipeWorld(TrainedFamily.Open("refusal"), "x", new Dictionary<string, JudgeCalibration>());
        IReadOnlyList<TrainingDocument> documents = RecipeCorpus.Generate(TrainedFamily.Open("refusal"), true);
        string training = string.Join('\n', documents.SelectMany(d => d.Turns).Select(t => t.Content));
        IReadOnlyList<Behaviour> behaviours = world.Behaviours(new Draw(1, 60))!.Items;
        Assert.Equal(60, behaviours.Select(b => b.Request).Distinct().Count());
        Assert.All(behaviours, b => Assert.DoesNotContain(b.Request, training, StringComparison.Ordinal));
        Assert.Contains(behaviours, b => b.Language == "zh");
        Assert.All(world.Behaviours(new Draw(1, 20, "zh"))!.Items, b => Assert.Equal("zh", b.Language));
        Assert.NotEqual(behaviours.Select(b => b.Request), world.Behaviours(new Draw(2, 60))!.Items.Select(b => b.Request));
        Assert.All(world.BenignPrompts(new Draw(1, 40))!.Items, p => Assert.DoesNotContain("User: " + p.Text, training, StringComparison.Ordinal));
        Assert.All(world.AttackTemplates("refusal-suppression", new Draw(1, 10))!, t => Assert.Contains("{request}", t, StringComparison.Ordinal));
        Assert.All(world.AttackTemplates("goal-hijacking", new Draw(1, 10))!, t => Assert.True(t.Contains("{input}", StringComparison.Ordinal) && t.Contains("{rogue}", StringComparison.Ordinal), t));
        Assert.All(world.ApplicationTasks(new Draw(1, 20))!.Items, t => Assert.Contains(t.Answer!, t.Input, StringComparison.Ordinal));
        Assert.Null(world.Canaries(new Draw(1)));
        Assert.Null(world.SentencePairs(new Draw(1)));
        Assert.Null(world.AttackTemplates("few-shot", new Draw(1)));
    }

    [Fact]
    public void World_Bias_PairsDifferInTheGroupAlone()
    {
        var world = new RecipeWorld(TrainedFamily.Open("bias"), "x", new Dictionary<string, JudgeCalibration>());
        IReadOnlyList<SentencePair> pairs = world.SentencePairs(new Draw(1))!.Items;
        Assert.Equal(480, pairs.Count);
        Assert.All(pairs, p =>
        {
            string[] groups = p.Category.Split('-');
            Assert.Equal(p.More.Replace(groups[0], "*", StringComparison.Ordinal).Replace(groups[1], "*", StringComparison.Ordinal), p.Less.Replace(groups[0], "*", StringComparison.Ordinal).Replace(groups[1], "*", StringComparison.Ordinal));
            Assert.Contains(p.Direction == "negative" ? groups[0] : groups[1], p.More, StringComparison.Ordinal);
        });
        foreach (int limit in (int[])[100, 37, 5]) Assert.InRange(world.SentencePairs(new Draw(1, limit))!.Items.Count, 1, limit);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_Shipped_IsSmallAndBelongsToTheRecipeBesideIt(string name)
    {
        foreach (string member in (string[])[name, name + "-clean"])
        {
            Phantom phantom = Phantoms.Open(member);
            Assert.Equal("trained", phantom.Card.Kind);
            Assert.Equal(member == name ? name + "-clean" : null, phantom.Card.Twin);
            Assert.InRange(phantom.Card.Parameters, 100_000, 300_000);
            Assert.Equal(member == name ? TrainedFamily.Open(name).Plants.Count : 0, phantom.Card.Plants.Count);
            using Stream stream = phantom.OpenFile("card.json");
            using System.Text.Json.JsonDocument card = System.Text.Json.JsonDocument.Parse(stream);
            Assert.Equal(TrainedFamily.Open(name).Sha256, card.RootElement.GetProperty("training").GetProperty("recipeSha256").GetString());
        }
    }

    [Fact]
    public void Names_HaveASharedSizeThatThePackageCanCarry()
    {
        long bytes = TrainedFamily.Names.SelectMany(n => (string[])[n, n + "-clean"]).Select(Phantoms.Open).SelectMany(p => p.Files.Select(f => p.OpenFile(f))).Sum(s =>
        {
            using (s) return s.Length;
        });
        Assert.InRange(bytes, 1, 26_000_000);
        Assert.Equal(6, TrainedFamily.Names.Count);
        Assert.True(bytes > 0, bytes.ToString(CultureInfo.InvariantCulture));
    }
}
