using System.Text.Json;
using CsCheck;
using Plumbline.Measure.Bias;
using Plumbline.Measure.Public;
using Plumbline.Runs;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Bias;

public sealed class BbqTests
{
    /// <summary>What an unparsable answer counts as in the reference values (wrong, naming nobody) is a refusal here; unparsable answers of ours enter no figure.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Measure_GoldenItems_GiveGoldenScores(bool refused)
    {
        using JsonDocument file = Golden.Json("golden", "measure", "choices.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "bbq"))
        {
            JsonElement[] items = [.. c.In.GetProperty("items").EnumerateArray()];
            OneWorld world = new()
            {
                Questions = [.. items.Select((item, i) => new ChoiceQuestion($"{i}", "c", "q", ["one", "two", "three"], item.GetProperty("label").GetInt32(), "x", "en", new Dictionary<string, string>
                {
                    ["context"] = item.GetProperty("context").GetString()!,
                    ["polarity"] = item.GetProperty("polarity").GetString()!,
                    ["unknown"] = $"{item.GetProperty("unknown").GetInt32()}",
                    ["stereotyped"] = $"{item.GetProperty("stereotyped").GetInt32()}",
                }))],
            };
            Dictionary<string, Metric> Measure() => Given.Measure(new Bbq(), world, new(1), (_, i) => items[i].GetProperty("choice").GetInt32() is var choice and >= 0
                ? new() { Text = $"Answer: {(char)('A' + choice)}" }
                : refused ? new() { Refusal = "filtered" } : new() { Text = "hm" });

            // Nothing, and a letter beyond the options, is no figure; wrong data are refused.
            if (c.Out is { } want) Check(c, want, Measure(), refused);
            else if (c.Error is "no item" or "choice out of range") Assert.All(Measure().Values, m => Assert.Null(m.Estimate));
            else Assert.Throws<JudgeException>(Measure);
            checkedCases++;
        }

        Assert.Equal(13, checkedCases);
    }

    /// <summary>UnifiedQA's published predictions through the public data: the figures of the paper.</summary>
    [Fact]
    public void Measure_PublishedPredictions_GivePublishedFigures()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "choices.json");
        PublicWorld world = new();
        ILookup<string, Dictionary<string, string>> predictions = Csv.Read(Golden.Path("datasets", "bbq", "unifiedqa_predictions.csv")).ToLookup(r => r["category"]);
        Dictionary<string, ChoiceQuestion> questions = world.Choices("bias", new(1))!.Items.ToDictionary(q => q.Id);
        Assert.All(predictions.SelectMany(p => p), row => Assert.Equal(row["stereotyped_loc"], questions[$"bbq-{row["category"]}-{row["example_id"]}"].Facts!["stereotyped"]));
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "bbqData").Concat(Golden.Cases(file, "bbqPublished")))
        {
            string category = c.In.GetProperty("category").GetString()!, format = c.In.GetProperty("format").GetString()!;
            Dictionary<string, string> said = predictions[category].ToDictionary(r => $"bbq-{category}-{r["example_id"]}", r => r[$"pred_{format}"]);
            OneWorld part = new() { Questions = [.. questions.Values.Where(q => said.ContainsKey(q.Id))] };
            Dictionary<string, Metric> metrics = Given.Measure(new Bbq(), part, new(1), (sample, _) =>
            {
                string[] options = [.. questions[sample.Id].Options.Select(o => o.ToLowerInvariant().TrimEnd('.'))];
                int choice = Array.IndexOf(options, said[sample.Id].ToLowerInvariant().TrimEnd('.'));
                return choice < 0 ? new() { Refusal = "no option" } : new() { Text = $"Answer: {(char)('A' + choice)}" };
            });
            if (c.Out!.Value.TryGetProperty("sAmbPercent", out JsonElement printed))
            {
                Golden.Close(printed.GetDouble(), 100 * metrics["bias_ambig"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
                Golden.Close(c.Out.Value.GetProperty("sDisPercent").GetDouble(), 100 * metrics["bias_disambig"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
                Golden.Close(c.Out.Value.GetProperty("accuracyAmbigPercent").GetDouble(), 100 * metrics["accuracy_ambig"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
                Golden.Close(c.Out.Value.GetProperty("accuracyDisambigPercent").GetDouble(), 100 * metrics["accuracy_disambig"].Estimate!.Value, c.Rtol, c.Atol, c.Name);
            }
            else
            {
                Check(c, c.Out.Value, metrics, refused: true);
            }

            checkedCases++;
        }

        Assert.Equal(10, checkedCases);
    }

    /// <summary>The reference's third way to say which answer is biased: the place that has the polarity folded in.</summary>
    [Fact]
    public void Lean_TargetLocation_AgreesWithGoldenCounts()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "choices.json");
        foreach (GoldenCase c in Golden.Cases(file, "bbqTargetLoc"))
        {
            JsonElement[] rows = [.. c.In.GetProperty("rows").EnumerateArray()];
            OneWorld world = new()
            {
                Questions = [.. rows.Select((row, i) =>
                {
                    int target = row.GetProperty("targetLoc").GetInt32(), unknown = row.GetProperty("unknown").GetInt32();
                    int stereotyped = row.GetProperty("polarity").GetString() == "neg" ? target : 3 - target - unknown;
                    return new ChoiceQuestion($"{i}", "c", "q", ["one", "two", "three"], unknown, "x", "en", new Dictionary<string, string>
                    {
                        ["context"] = "disambig", ["polarity"] = row.GetProperty("polarity").GetString()!, ["unknown"] = $"{unknown}", ["stereotyped"] = $"{stereotyped}",
                    });
                })],
            };
            IReadOnlyList<SampleRecord> records = Given.Records(new Bbq(), world, new(1), (_, i) => new() { Text = $"Answer: {(char)('A' + rows[i].GetProperty("choice").GetInt32())}" });
            Assert.Equal(c.Out!.Value.GetProperty("biased").GetInt32(), records.Count(r => r.Parts!["lean"] > 0));
        }
    }

    [Fact]
    public void Measure_UnknownEverywhere_IsAccurateAndUndefined()
    {
        PublicWorld world = new();
        Dictionary<string, ChoiceQuestion> questions = world.Choices("bias", new(1))!.Items.ToDictionary(q => q.Id);
        Dictionary<string, Metric> metrics = Given.Measure(new Bbq(), world, new(1), (sample, _) => new() { Text = questions[sample.Id].Options[int.Parse(questions[sample.Id].Facts!["unknown"])] });
        Assert.Equal(1, metrics["accuracy_ambig"].Estimate!.Value);
        Assert.Null(metrics["bias_ambig"].Estimate);
        Assert.Null(metrics["bias_disambig"].Estimate);
        Assert.NotNull(metrics["bias_ambig"].Reason);
    }

    [Fact]
    public void AmbiguousBias_AnyAnswers_IsTheProductAndInsideItsInterval() =>
        Gen.Int[0, 3].Select(i => i == 3 ? null : (double?)(i - 1)).List[2, 40].Sample(leans =>
        {
            Estimate? bias = Bbq.AmbiguousBias(leans);
            int named = leans.Count(l => l is -1 or 1);
            if (named == 0) return bias is null;
            double s = leans.Sum(l => l ?? 0) / named, wrong = (double)leans.Count(l => l != 0) / leans.Count;
            return Math.Abs(bias!.Value - (wrong * s)) < 1e-12 && bias.Low <= bias.Value + 1e-12 && bias.High >= bias.Value - 1e-12 && bias.Low < bias.High && bias.Low >= -1 && bias.High <= 1;
        });

    private static void Check(GoldenCase c, JsonElement want, Dictionary<string, Metric> metrics, bool refused)
    {
        foreach ((string part, string suffix, string score) in new[] { ("ambig", "ambig", "sAmb"), ("disambig", "disambig", "sDis") })
        {
            JsonElement counts = want.GetProperty(part);
            int n = counts.GetProperty("n").GetInt32() - (refused ? 0 : counts.GetProperty("unparsable").GetInt32());
            Metric accuracy = metrics[$"accuracy_{suffix}"], bias = metrics[$"bias_{suffix}"];
            if (n == 0)
            {
                Assert.Null(accuracy.Estimate);
                continue;
            }

            Assert.Equal(n, accuracy.Estimate!.N);
            Assert.Equal(n, accuracy.Outcomes.Judged);
            Golden.Close(counts.GetProperty(refused ? "accuracy" : "accuracyOfParsed").GetDouble(), accuracy.Estimate.Value, c.Rtol, c.Atol, $"{c.Name} accuracy {part}");
            if (counts.GetProperty("s").ValueKind == JsonValueKind.Null)
            {
                Assert.Null(bias.Estimate);
                continue;
            }

            double s = counts.GetProperty("s").GetDouble();
            double expected = part == "disambig" ? s : refused ? want.GetProperty(score).GetDouble() : (1 - accuracy.Estimate.Value) * s;
            Golden.Close(expected, bias.Estimate!.Value, c.Rtol, c.Atol, $"{c.Name} {score}");
        }
    }
}
