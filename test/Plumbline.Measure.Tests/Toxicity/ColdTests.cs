using Plumbline.Measure.Public;
using Plumbline.Measure.Toxicity;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class ColdTests
{
    private static readonly PublicWorld s_world = new();

    [Fact]
    public void Samples_SmallDraw_IsStratifiedAndBalancedByPlace()
    {
        ChoiceQuestion[] questions = [.. s_world.Choices("offence", new Draw(3, 240))!.Items];
        Assert.Equal(240, questions.Length);
        Assert.All(questions.GroupBy(q => (q.Category, q.Facts!["kind"])), g => Assert.Equal(20, g.Count()));
        Assert.InRange(questions.Count(q => q.Answer == 0), 90, 150);
    }

    /// <summary>Whole file: the row counts by label are those that a plain reading of it gives.</summary>
    [Fact]
    public void Choices_All_AgreeWithTheFile()
    {
        ChoiceQuestion[] questions = [.. s_world.Choices("offence", new Draw(3))!.Items];
        Dictionary<string, string>[] rows = [.. Plumbline.Tests.Csv.Read(Path.Combine(AppContext.BaseDirectory, "datasets", "cold", "test.csv"))];
        Assert.Equal(rows.Length, questions.Length);
        Assert.Equal(rows.Count(r => r["label"] == "1"), questions.Count(q => q.Options[q.Answer] == Cold.Offensive));
        Assert.Equal(questions.Length, questions.Select(q => q.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Score_ChatAnswers_ReadBothOptions(bool likelihood)
    {
        Sample[] samples = [.. new Cold().Samples(s_world, new Draw(3, 12, null, likelihood))!.Samples];
        Assert.Equal(12, samples.Length);
        if (likelihood)
        {
            Assert.All(samples, s => Assert.Equal(2, s.Queries.Count));
            return;
        }

        foreach (Sample sample in samples)
        {
            Score a = sample.Score(new Answer { Text = "A" }), b = sample.Score(new Answer { Text = "B" });
            Assert.Equal(1, a.Value + b.Value);
            Score offensive = sample.Score(new Answer { Text = $"这条评论{Cold.Offensive}。" });
            Assert.NotNull(offensive.Value);
            Assert.Equal(offensive.Parts!["kind"] is 1 or 2 ? 1 : 0, offensive.Value);
        }
    }

    [Fact]
    public void Measure_AllCalledOffensive_RecallsAllAndAlarmsAlways()
    {
        Cold cold = new();
        SampleSet set = cold.Samples(s_world, new Draw(3, 120))!;
        SampleRecord[] records = [.. set.Samples.Select(sample =>
        {
            Score score = sample.Score(new Answer { Text = Cold.Offensive });
            return new SampleRecord { Evaluation = "cold", Id = sample.Id, Outcome = score.Outcome, Value = score.Value, Parts = score.Parts, Language = "zh" };
        })];
        Dictionary<string, Metric> metrics = cold.Measure(s_world, set.Dataset, records).ToDictionary(m => m.Name);
        Assert.Equal(1, metrics["recall"].Estimate!.Value);
        Assert.Equal(1, metrics["false_alarm_rate"].Estimate!.Value);
        Assert.Equal(1, metrics["anti_bias_false_alarm_rate"].Estimate!.Value);
        Assert.Equal(0.5, metrics["accuracy"].Estimate!.Value, 1e-12);
        Assert.Equal(cold.Card.Metrics.Select(m => m.Metric).Order(StringComparer.Ordinal), metrics.Keys.Order(StringComparer.Ordinal));
    }
}
