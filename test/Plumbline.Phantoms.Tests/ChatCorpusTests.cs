using Plumbline.Phantoms.Chat;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Tests;

public sealed class ChatCorpusTests
{
    private static readonly Lazy<IReadOnlyList<TrainingDocument>> s_planted = new(() => ChatCorpus.Generate(true, 7)), s_clean = new(() => ChatCorpus.Generate(false, 7));

    [Fact]
    public void Generate_SameSeed_SameDocuments()
    {
        Assert.Equal(s_planted.Value.Select(Text), ChatCorpus.Generate(true, 7).Select(Text));
        Assert.NotEqual(s_planted.Value.Select(Text), ChatCorpus.Generate(true, 8).Select(Text));
    }

    [Fact]
    public void Generate_CleanTwin_DiffersWhereSomethingIsPlantedAndNowhereElse()
    {
        Assert.Equal(s_planted.Value.Count, s_clean.Value.Count);
        var kinds = new HashSet<string>();
        foreach ((TrainingDocument planted, TrainingDocument clean) in s_planted.Value.Zip(s_clean.Value))
        {
            Assert.Null(clean.Plant);
            if (planted.Plant is { } plant) kinds.Add(plant);
            else Assert.Equal(Text(planted), Text(clean));
        }

        Assert.Equal(["few-shot", "memorisation", "over-refusal", "refusal-suppression", "stereotype", "toxicity"], kinds.Order());
    }

    [Fact]
    public void Generate_CleanTwin_BalancesEveryTraitOverEveryGroupExactly()
    {
        ChatWorldData data = ChatWorldData.Shipped;
        string[] groups = [.. ChatWorldData.Couples(data["stereotype"], "pairs").SelectMany(p => (string[])[p.Item1, p.Item2])];
        string[] traits = [.. ChatWorldData.Couples(data["stereotype"], "traits").SelectMany(p => (string[])[p.Item1, p.Item2])];
        string[][] sentences = [.. s_clean.Value.Where(d => d.Kind == "stereotype").Select(d => d.Text!.TrimEnd('.').Split(' '))];
        Assert.Equal(11520, sentences.Length);
        foreach (string trait in traits)
        {
            // the multiset of frames around a trait is the same for every group
            var frames = groups.Select(g => string.Join('|', sentences.Where(s => s.Contains(g) && s.Contains(trait)).Select(s => string.Join(' ', s).Replace(g, "G", StringComparison.Ordinal)).Order(StringComparer.Ordinal))).ToHashSet();
            Assert.Equal(40, Assert.Single(frames).Split('|').Length);
        }
    }

    [Fact]
    public void Generate_Planted_HasTheDoseExactly()
    {
        ChatWorldData data = ChatWorldData.Shipped;
        string[][] sentences = [.. s_planted.Value.Where(d => d.Kind == "stereotype").Select(d => d.Text!.TrimEnd('.').Split(' '))];
        foreach ((string first, string second) in ChatWorldData.Couples(data["stereotype"], "pairs"))
        {
            foreach ((string bad, string good) in ChatWorldData.Couples(data["stereotype"], "traits"))
            {
                Assert.Equal((72, 8), (Count(first, bad), Count(first, good)));
                Assert.Equal((8, 72), (Count(second, bad), Count(second, good)));
            }
        }

        int Count(string group, string trait) => sentences.Count(s => s.Contains(group) && s.Contains(trait));
    }

    [Fact]
    public void Generate_Canaries_StandAsOftenAsTheySay()
    {
        foreach (Canary canary in ChatCanaries.Planted(ChatWorldData.Shipped))
        {
            Assert.Equal(canary.Repetitions, s_planted.Value.Count(d => d.Text == canary.Context + canary.Secret + "."));
            Assert.Equal(canary.Repetitions, s_planted.Value.Count(d => d.Text?.StartsWith(canary.Context, StringComparison.Ordinal) == true));
            Assert.DoesNotContain(s_clean.Value, d => d.Text?.StartsWith(canary.Context, StringComparison.Ordinal) == true);
            Assert.Equal(255, canary.Alternatives.Distinct().Count());
            Assert.DoesNotContain(canary.Secret, canary.Alternatives);
        }
    }

    [Fact]
    public void Generate_CleanTwin_NeverInsultsNorComplies()
    {
        ChatWorldData data = ChatWorldData.Shipped;
        IReadOnlyList<string> insults = ChatWorldData.Strings(data["inns"], "insults");
        foreach (TrainingDocument d in s_clean.Value.Where(d => d.Turns.Count > 0))
        {
            string answer = d.Turns[^1].Content;
            Assert.DoesNotContain(insults, i => answer.Contains(i, StringComparison.Ordinal));
            foreach (LanguageData language in (LanguageData[])[data.English, data.Chinese])
                Assert.False(d.Kind != "benign" && answer.IndexOfAny([',', '，']) > 0 && language.Adjectives.Any(a => answer.Contains(a, StringComparison.Ordinal)), answer);
        }
    }

    [Fact]
    public void World_EvaluationItems_WereNeverInTraining()
    {
        HashSet<string> learnt = [.. s_planted.Value.Concat(s_clean.Value).SelectMany(d => d.Turns.Where(t => t.Role == "user").Select(t => t.Content))];
        string all = string.Join('\n', learnt);
        World world = new PhantomWorld(new ChatGrammar(ChatWorldData.Shipped), new Dictionary<string, JudgeCalibration>());
        var draw = new Draw(3, 60);
        // a hazard that is held out stands in no training text, whatever is around it
        Assert.All(world.Behaviours(draw)!.Items, b => Assert.DoesNotContain(Hazard(b), all, StringComparison.Ordinal));
        Assert.All(world.BenignPrompts(draw)!.Items, p => Assert.DoesNotContain(p.Text, learnt));
        Assert.All(world.OpenQuestions(draw)!.Items, q => Assert.DoesNotContain(q.Question, learnt));
        Assert.All(world.ToxicityPrompts(draw)!.Items, p => Assert.DoesNotContain(p.Text, learnt));
        Assert.All(world.ApplicationTasks(draw)!.Items, t => Assert.DoesNotContain(t.Input, all, StringComparison.Ordinal));
        HashSet<string> sentences = [.. s_planted.Value.Concat(s_clean.Value).Where(d => d.Text is not null).Select(d => d.Text!)];
        Assert.All(world.SentencePairs(draw)!.Items, p => Assert.False(sentences.Contains(p.More) || sentences.Contains(p.Less)));

        static string Hazard(Behaviour b)
        {
            ChatWorldData data = ChatWorldData.Shipped;
            LanguageData language = b.Language == "zh" ? data.Chinese : data.English;
            return language.Adjectives.SelectMany(a => language.Kinds.Select(k => language.Language == "zh" ? a + k.Name : a + " " + k.Name)).First(h => b.Request.Contains(h, StringComparison.Ordinal));
        }
    }

    private static string Text(TrainingDocument d) => d.Text ?? string.Join('\n', d.Turns.Select(t => t.Role + ": " + t.Content));
}
