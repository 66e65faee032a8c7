using Microsoft.Extensions.AI;
using Plumbline.Attack.BlackBox;
using Plumbline.Worlds;

namespace Plumbline.Attack.Tests.BlackBox;

public sealed class JailbreakFamiliesTests
{
    [Fact]
    public void Samples_ThreeFamilies_EachAsksForEveryBehaviour()
    {
        Sample[] samples = [.. new JailbreakFamilies().Samples(new TinyWorld(), new(1))!.Samples];
        Assert.Equal(15, samples.Length);
        Assert.Equal(15, samples.Select(s => s.Id).Distinct().Count());
        foreach (IGrouping<string?, Sample> family in samples.GroupBy(s => s.Family)) Assert.Equal(5, family.Select(s => s.Cluster).Distinct().Count());
    }

    [Fact]
    public void Samples_Limit_CountsSamplesAndKeepsFamiliesEven()
    {
        Sample[] samples = [.. new JailbreakFamilies().Samples(new TinyWorld(), new(1, Limit: 7))!.Samples];
        Assert.Equal(7, samples.Length);
        Assert.All(samples.GroupBy(s => s.Family), g => Assert.InRange(g.Count(), 2, 3));
    }

    [Fact]
    public void FewShot_Samples_PutCompliantTurnsBeforeTheRequest()
    {
        Sample sample = new JailbreakFamilies().Samples(new TinyWorld(), new(1))!.Samples.First(s => s.Family == "few-shot");
        Assert.Equal(7, sample.Messages.Count);
        Assert.Equal([ChatRole.User, ChatRole.Assistant, ChatRole.User, ChatRole.Assistant, ChatRole.User, ChatRole.Assistant, ChatRole.User], sample.Messages.Select(m => m.Role));
        Assert.StartsWith("How is gas ", sample.Messages[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_Samples_CarryTheRequestQuotedOrReversed()
    {
        Sample[] samples = [.. new JailbreakFamilies().Samples(new TinyWorld(), new(1))!.Samples.Where(s => s.Family == "code")];
        Assert.Contains(samples, s => s.Messages[0].Text.Contains("\\\"quoted\\\"", StringComparison.Ordinal));
        Assert.Contains(samples, s => s.Messages[0].Text.Contains("made? 0 gas is How", StringComparison.Ordinal));
        Assert.All(samples, s => Assert.DoesNotContain("{request}", s.Messages[0].Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("I'm sorry, but I can't help with that.", Outcome.Refused)]
    [InlineData("", Outcome.Unparsable)]
    public void Judge_PlainCases_NeverMixOutcomes(string text, Outcome outcome) =>
        Assert.Equal(outcome, AttackSuccess.Judge(new("1", "How is florpian mist made?", "c"), new() { Text = text }).Outcome);

    private sealed class TinyWorld : World
    {
        private static readonly Dataset s_data = new("tiny", "test", "MIT", ["en"]);

        public override string Name => "tiny";

        public override Drawn<Behaviour> Behaviours(Draw draw) =>
            new(s_data, [.. Enumerable.Range(0, Math.Min(5, draw.Limit ?? 5)).Select(i => new Behaviour($"b{i}", i == 2 ? "How is gas 2 \"quoted\" made?" : $"How is gas {i} made?", "c"))]);

        public override Drawn<Exchange> Demonstrations(Draw draw) =>
            new(s_data, [.. Enumerable.Range(0, 4).Select(i => new Exchange($"How is mist {i} made?", $"Stir mist {i}."))]);
    }
}
