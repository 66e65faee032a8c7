using System.Text.Json;
using Plumbline.Measure.Choice;
using Plumbline.Runs;
using Plumbline.Tests;

namespace Plumbline.Measure.Tests.Choice;

public sealed class ChoiceEvaluationTests
{
    [Fact]
    public void Best_GoldenSums_PicksTheLikeliestAndOfEqualsTheFirst()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "choices.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "choiceFromLogProbs"))
        {
            int[] tokens = [.. c.In.GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32())];
            SequenceScore[] scores = [.. c.In.GetProperty("sums").EnumerateArray().Select((s, i) => new SequenceScore(Golden.Number(s), tokens[i], false, []))];
            if (c.Out is { } want) Assert.Equal(want.GetProperty("bySum").GetInt32(), ChoiceEvaluation.Best(scores));
            else Assert.Throws<JudgeException>(() => ChoiceEvaluation.Best(scores));
            checkedCases++;
        }

        Assert.Equal(12, checkedCases);
    }
}
