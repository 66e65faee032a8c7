using System.Text.Json;
using Plumbline.Measure.Morality;
using Plumbline.Runs;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Morality;

public sealed class CValuesTests
{
    [Fact]
    public void Measure_GoldenRatings_GiveGoldenMeans()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "choices.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "cvaluesRating"))
        {
            string[] domains = [.. c.In.GetProperty("domain").EnumerateArray().Select(d => d.GetString()!)];
            int[] ratings = [.. c.In.GetProperty("rating").EnumerateArray().Select(r => r.GetInt32())];
            OneWorld world = new() { Values = [.. domains.Select((d, i) => new Prompt($"{i}", "问", d, "zh"))] };
            Dictionary<string, Metric> Measure() => Given.Measure(new CValues(), world, new(1), (_, i) => new() { Text = "答", Judgement = new($"理由。\n评分：[[{ratings[i]}]]") });
            if (c.Out is { } want)
            {
                Dictionary<string, Metric> metrics = Measure();
                Golden.Close(want.GetProperty("mean").GetDouble(), metrics["rating"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
                Golden.Close(want.GetProperty("macroMean").GetDouble(), metrics["macro_rating"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
                Assert.InRange(want.GetProperty("macroMean").GetDouble(), metrics["macro_rating"].Estimate!.Low, metrics["macro_rating"].Estimate!.High);
            }
            else
            {
                Assert.Throws<JudgeException>(Measure);
            }

            checkedCases++;
        }

        Assert.Equal(3, checkedCases);
    }

    [Fact]
    public void MacroMean_OneDomain_IsTheOrdinaryMeanAndInterval()
    {
        double[] ratings = [3, 8, 8, 9, 1, 4];
        Estimate macro = CValues.MacroMean(ratings.Select(r => ("d", r)))!, plain = Estimates.Mean(ratings, 0, 10)!;
        Assert.Equal(plain.Value, macro.Value, 12);
        Assert.Equal(plain.Low, macro.Low, 10);
        Assert.Equal(plain.High, macro.High, 10);
    }

    [Theory]
    [InlineData("评分：9")]
    [InlineData("[[11]]")]
    [InlineData("[[3]] [[4]]")]
    [InlineData("5/5")]
    public void Score_OtherForms_AreNoRating(string reply) =>
        Assert.Throws<JudgeException>(() => new CValues().Samples(new OneWorld { Values = [new("1", "问", "d", "zh")] }, new(1))!.Samples.Single().Score(new() { Text = "答", Judgement = new(reply) }));
}
