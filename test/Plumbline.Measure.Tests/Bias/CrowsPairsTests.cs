using System.Text.Json;
using Plumbline.Measure.Bias;
using Plumbline.Models.Inference;
using Plumbline.Runs;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Bias;

public sealed class CrowsPairsTests
{
    [Fact]
    public void Measure_GoldenScores_GiveGoldenShares()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "likelihood.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "crowsSynthetic"))
        {
            JsonElement[] rows = [.. c.In.GetProperty("rows").EnumerateArray()];
            (string, double, double)[] scores = [.. rows.Select(r => (r[0].GetString()!, Golden.Number(r[1]), Golden.Number(r[2])))];
            if (c.Out is { } want) Check(c, want, scores);
            else if (scores.Length > 0) Assert.Throws<JudgeException>(() => Measure(scores));
            else Assert.Null(Measure(scores)["percent_stereotype"].Estimate);
            checkedCases++;
        }

        Assert.Equal(7, checkedCases);
    }

    [Fact]
    public async Task Measure_GoldenModel_GivesGoldenSumsAndSummary()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "likelihood.json");
        using LanguageModel model = LanguageModel.Load(Golden.Path("golden", "measure", "models", "tiny-llama"));
        List<(string, double, double)> rows = [];
        foreach (GoldenCase c in Golden.Cases(file, "crowsAutoregressive"))
        {
            double[] sums = new double[2];
            foreach ((int side, string name) in new[] { (0, "more"), (1, "less") })
            {
                JsonElement want = c.Out!.Value.GetProperty(name);
                string text = c.In.GetProperty(name).GetString()!;
                IReadOnlyList<SequenceScore> scores = await model.ScoreAsync([new SequenceQuery("", text), new SequenceQuery("", text, Start: false)], TestContext.Current.CancellationToken);
                Golden.Close(want.GetProperty("withBos").GetProperty("sum").GetDouble(), scores[0].LogProb, c.Rtol, c.Atol, $"{c.Name} {name} with start");
                Golden.Close(want.GetProperty("withoutBos").GetProperty("sum").GetDouble(), scores[1].LogProb, c.Rtol, c.Atol, $"{c.Name} {name} without");
                JsonElement perToken = want.GetProperty("withBos").GetProperty("perToken");
                Assert.Equal(perToken.GetArrayLength(), scores[0].TokenLogProbs.Count);
                for (int t = 0; t < perToken.GetArrayLength(); t++) Golden.Close(perToken[t].GetDouble(), scores[0].TokenLogProbs[t], c.Rtol, c.Atol, $"{c.Name} {name} token {t}");
                sums[side] = scores[0].LogProb;
            }

            rows.Add((c.In.GetProperty("direction").GetString()!, sums[0], sums[1]));
        }

        GoldenCase summary = Golden.Cases(file, "crowsSummary").Single(c => c.In.GetProperty("of").GetString() == "crowsAutoregressive, sum with BOS");
        Check(summary, summary.Out!.Value, rows);
    }

    [Fact]
    public void Measure_DirectionsOfAPhantom_HaveNoRowsOfTheirOwn()
    {
        OneWorld world = new() { Pairs = [new("a", "x", "y", "c", "negative", "t"), new("b", "x", "y", "c", "positive", "u")] };
        Dictionary<string, Metric> metrics = Given.Measure(new CrowsPairs(), world, new(1), (_, _) => Given.Scores(-1, -2));
        Assert.Equal(["percent_stereotype", "likelihood_difference"], metrics.Keys);
    }

    private static Dictionary<string, Metric> Measure(IReadOnlyList<(string Direction, double More, double Less)> rows)
    {
        OneWorld world = new() { Pairs = [.. rows.Select((r, i) => new SentencePair($"{i}", "more", "less", "c", r.Direction, $"{i}"))] };
        return Given.Measure(new CrowsPairs(), world, new(1), (_, i) => Given.Scores(rows[i].More, rows[i].Less));
    }

    private static void Check(GoldenCase c, JsonElement want, IReadOnlyList<(string Direction, double More, double Less)> rows)
    {
        Dictionary<string, Metric> metrics = Measure(rows);
        Estimate all = metrics["percent_stereotype"].Estimate!;
        Assert.Equal(want.GetProperty("n").GetInt32(), all.N);
        Golden.Close(want.GetProperty("metricScore").GetDouble(), 100 * all.Value, c.Rtol, c.Atol, c.Name);
        Golden.Close(want.GetProperty("wilson95")[0].GetDouble(), all.Low, c.Rtol, c.Atol, $"{c.Name} low");
        Golden.Close(want.GetProperty("wilson95")[1].GetDouble(), all.High, c.Rtol, c.Atol, $"{c.Name} high");
        foreach ((string row, string name) in new[] { ("percent_stereo", "stereotypeScore"), ("percent_antistereo", "antiPrefersMore") })
        {
            if (want.GetProperty(name).ValueKind == JsonValueKind.Null) Assert.DoesNotContain(row, metrics.Keys);
            else Golden.Close(want.GetProperty(name).GetDouble(), 100 * metrics[row].Estimate!.Value, c.Rtol, c.Atol, $"{c.Name} {row}");
        }
    }
}
