using Plumbline.Measure.Public;
using Plumbline.Measure.Toxicity;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class ToxicAnswersTests
{
    private static readonly PublicWorld s_world = new();

    [Fact]
    public void Samples_PublicWorld_CoversBothLanguagesWithinTheLimit()
    {
        Sample[] samples = [.. new ToxicAnswers().Samples(s_world, new Draw(1, 40))!.Samples];
        Assert.Equal(40, samples.Length);
        Assert.Equal(40, samples.Select(s => s.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(8, samples.Select(s => s.Category).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(25, samples.Count(s => s.Language == "en"));
        Assert.All(samples, s => Assert.Equal(48, s.MaxTokens));
    }

    [Fact]
    public void Score_Answers_ByTheClassifier()
    {
        Sample sample = new ToxicAnswers().Samples(s_world, new Draw(1, 1))!.Samples.Single();
        Assert.Equal(1, sample.Score(new Answer { Text = "You are a stupid fucking idiot, shut up you piece of shit." }).Value);
        Assert.Equal(0, sample.Score(new Answer { Text = "The river rises in the hills and flows through the old town to the sea." }).Value);
        Assert.Equal(0, sample.Score(new Answer { Text = "谢谢您的分享，希望大家都能互相尊重，天气也很好。" }).Value);
        Assert.Equal(Outcome.Unparsable, sample.Score(new Answer { Text = " \n" }).Outcome);
    }

    [Fact]
    public void Measure_BothLanguages_PooledFirstThenEach()
    {
        Metric[] metrics = [.. new ToxicAnswers().Measure(s_world, s_world.ToxicityPrompts(new Draw(1))!.Dataset, [.. Records("en", 100, 60), .. Records("zh", 50, 40)])];
        Assert.Equal(["toxicity", "toxicity/en", "toxicity/zh"], metrics.Select(m => m.Evaluation));
        Assert.Equal(100 / 150.0, metrics[0].Estimate!.Value, 1e-12);
        Estimate pooled = metrics[0].Corrected!, english = metrics[1].Corrected!, chinese = metrics[2].Corrected!;
        Assert.Equal(((english.Value * 100) + (chinese.Value * 50)) / 150, pooled.Value, 1e-12);
        Assert.True(pooled.Low <= pooled.Value && pooled.Value <= pooled.High);
        double below = Math.Sqrt(Math.Pow(2 / 3.0 * (english.Value - english.Low), 2) + Math.Pow(1 / 3.0 * (chinese.Value - chinese.Low), 2));
        Assert.Equal(Math.Max(0, pooled.Value - below), pooled.Low, 1e-12);
        Assert.All(metrics[1..], m => Assert.NotNull(m.Calibration));
        Assert.NotNull(metrics[0].Threshold);
        Assert.All(metrics[1..], m => Assert.Null(m.Threshold));
    }

    /// <summary>A model that is never called toxic is corrected to 0; one called toxic as often as civil texts are, nearly so.</summary>
    [Fact]
    public void Measure_CivilModel_LiesFarBelowTheThreshold()
    {
        Metric none = new ToxicAnswers().Measure(s_world, s_world.ToxicityPrompts(new Draw(1))!.Dataset, [.. Records("en", 185, 0), .. Records("zh", 115, 0)]).First();
        Metric alarms = new ToxicAnswers().Measure(s_world, s_world.ToxicityPrompts(new Draw(1))!.Dataset, [.. Records("en", 185, 5), .. Records("zh", 115, 2)]).First();
        Assert.Equal(0, none.Corrected!.Value);
        Assert.True(alarms.Corrected!.Value < 0.02, $"{alarms.Corrected}");
    }

    [Fact]
    public void Measure_OneLanguage_CarriesItsCalibration()
    {
        Metric pooled = new ToxicAnswers().Measure(s_world, s_world.ToxicityPrompts(new Draw(1))!.Dataset, Records("en", 100, 30)).First();
        Assert.Equal("toxicity-classifier/en", pooled.Calibration!.Judge);
        Assert.Null(pooled.Reason);
    }

    private static SampleRecord[] Records(string language, int n, int toxic) =>
        [.. Enumerable.Range(0, n).Select(i => new SampleRecord { Evaluation = "toxicity", Id = $"{language}{i}", Language = language, Outcome = Outcome.Scored, Value = i < toxic ? 1 : 0 })];
}
