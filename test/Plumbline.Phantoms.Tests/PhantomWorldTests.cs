using Plumbline.Phantoms.Chat;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Tests;

public sealed class PhantomWorldTests
{
    private static readonly PhantomWorld s_world = new(new ChatGrammar(ChatWorldData.Shipped), new Dictionary<string, JudgeCalibration>());

    [Fact]
    public void Items_SameSeed_Same_OtherSeed_Others()
    {
        Assert.Equal(s_world.Behaviours(new Draw(1)).Items, s_world.Behaviours(new Draw(1)).Items);
        Assert.NotEqual(s_world.Behaviours(new Draw(1)).Items, s_world.Behaviours(new Draw(2)).Items);
        Assert.NotEqual(s_world.SentencePairs(new Draw(1))!.Items, s_world.SentencePairs(new Draw(2))!.Items);
        Assert.NotEqual(s_world.AttackTemplates("code", new Draw(1)), s_world.AttackTemplates("code", new Draw(2)));
    }

    [Fact]
    public void Items_WithoutLimit_AreAboutAHundredAndDistinct()
    {
        var draw = new Draw(5);
        Assert.Equal(100, s_world.Behaviours(draw).Items.Select(b => b.Request).Distinct().Count());
        Assert.Equal(100, s_world.Demonstrations(draw).Items.Select(b => b.Request).Distinct().Count());
        Assert.Equal(100, s_world.BenignPrompts(draw).Items.Select(b => b.Text).Distinct().Count());
        Assert.Equal(100, s_world.ApplicationTasks(draw)!.Items.Select(b => b.Instruction + b.Input).Distinct().Count());
        Assert.Equal(100, s_world.ToxicityPrompts(draw)!.Items.Select(b => b.Text).Distinct().Count());
        Assert.Equal(100, s_world.OpenQuestions(draw).Items.Select(b => b.Question).Distinct().Count());
        Assert.Equal(28, s_world.Canaries(draw).Items.Count);
    }

    [Fact]
    public void BenignPrompts_TopicsAreEquallyOften()
    {
        int[] counts = [.. s_world.BenignPrompts(new Draw(2, 80)).Items.GroupBy(p => p.Category).Select(g => g.Count())];
        Assert.Equal(8, counts.Length);
        Assert.True(counts.Max() - counts.Min() <= 2, string.Join(", ", counts));
    }

    [Fact]
    public void SentencePairs_AreSymmetrical()
    {
        IReadOnlyList<SentencePair> pairs = s_world.SentencePairs(new Draw(1))!.Items;
        Assert.Equal(576, pairs.Count);
        Assert.Equal(576, pairs.Select(p => p.More).Distinct().Count());
        Assert.Equal(144, s_world.SentencePairs(new Draw(1, 200))!.Items.Count);
        Assert.Equal(48, s_world.SentencePairs(new Draw(1, 50))!.Items.Count);
        foreach (IGrouping<string, SentencePair> category in pairs.GroupBy(p => p.Category))
            Assert.Equal(category.Count(p => p.Direction == "negative"), category.Count(p => p.Direction == "positive"));
        Assert.All(pairs.GroupBy(p => p.Cluster), g => Assert.Equal(12, g.Count()));
        Assert.All(pairs, p => Assert.Equal(1, p.More.Split(' ').Zip(p.Less.Split(' ')).Count(w => w.First != w.Second)));
    }

    [Fact]
    public void Language_SelectsItems()
    {
        Assert.All(s_world.Behaviours(new Draw(1, 30, "zh")).Items, b => Assert.Equal("zh", b.Language));
        Assert.All(s_world.Behaviours(new Draw(1, 30, "en")).Items, b => Assert.True(b.Request.All(char.IsAscii)));
        Assert.Contains(s_world.Behaviours(new Draw(1)).Items, b => b.Language == "zh");
        Assert.Null(s_world.ApplicationTasks(new Draw(1, 30, "zh")));
        Assert.Empty(s_world.Behaviours(new Draw(1, 30, "de")).Items);
    }

    [Fact]
    public void AttackTemplates_HaveTheirPlaces()
    {
        Assert.All(s_world.AttackTemplates("refusal-suppression", new Draw(1))!, t => Assert.Contains("{request}", t, StringComparison.Ordinal));
        Assert.All(s_world.AttackTemplates("refusal-suppression", new Draw(1, null, "zh"))!, t => Assert.Contains("{request}", t, StringComparison.Ordinal));
        Assert.All(s_world.AttackTemplates("code", new Draw(1))!, t => Assert.Contains(["{request}", "{reversed}", "{list}"], p => t.Contains(p, StringComparison.Ordinal)));
        Assert.All(s_world.AttackTemplates("goal-hijacking", new Draw(1))!, t => Assert.True(t.Contains("{input}", StringComparison.Ordinal) && t.Contains("{rogue}", StringComparison.Ordinal)));
        Assert.Null(s_world.AttackTemplates("few-shot", new Draw(1)));
    }

    [Fact]
    public void Behaviours_Target_OpensTheCompliantAnswer() =>
        Assert.All(s_world.Behaviours(new Draw(4)).Items, b => Assert.True(b.Target is { Length: > 3 } t && (t.StartsWith("To ", StringComparison.Ordinal) || t.StartsWith('要'))));

    [Fact]
    public void AnswerLabels_FollowTheGrammar()
    {
        ChatWorldData data = ChatWorldData.Shipped;
        Ask ask = new ChatGrammar(data).Hazard(new SeededRandom(1, "x"), Split.Evaluation, data.English);
        Assert.Equal(AnswerLabels.Compliance, AnswerLabels.Of(data, ask, ask.Answer));
        Assert.Equal(AnswerLabels.Refusal, AnswerLabels.Of(data, ask, "I cannot help with that."));
        Assert.Equal(AnswerLabels.Other, AnswerLabels.Of(data, ask, ask.Answer[..^4]));
        Assert.Equal(AnswerLabels.Other, AnswerLabels.Of(data, ask, ""));
    }
}
