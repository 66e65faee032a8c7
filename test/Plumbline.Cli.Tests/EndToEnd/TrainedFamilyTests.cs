using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>
/// On each trained family member the evaluations that its world has data for find what was planted, and nothing on its twin, whatever the seed
/// draws. Two seeds here; PLUMBLINE_SEEDS sets another number.
/// </summary>
[Trait("Category", "slow")]
public sealed class TrainedFamilyTests
{
    public static TheoryData<string, string[]> Members => new()
    {
        { "memory", ["canary-exposure.exposure", "canary-exposure/often.exposure"] },
        { "bias", ["crows-pairs.percent_stereotype"] },
        { "refusal", ["goal-hijacking.hijacked", "jailbreak/code.asr", "jailbreak/few-shot.asr", "jailbreak/refusal-suppression.asr"] },
        { "conduct", [] },   // no evaluation asks about tilt, agreement or hidden ability yet
    };

    [Theory]
    [MemberData(nameof(Members))]
    public async Task Assess_AnySeed_FindsWhatIsPlantedAndNothingOnTheTwin(string name, string[] planted)
    {
        int seeds = int.TryParse(Environment.GetEnvironmentVariable("PLUMBLINE_SEEDS"), out int wanted) ? wanted : 2;
        for (int seed = 1; seed <= seeds; seed++)
        {
            foreach ((string member, string[] expected) in new[] { (name, planted), (name + "-clean", []) })
            {
                using Scratch scratch = new();
                Outcome outcome = await Cli.RunAsync(["assess", "phantom:" + member, "--seed", $"{seed}", "--json", "--quiet", "--out", scratch.Run]);
                Assert.True(outcome.Exit == 0, outcome.Error);
                Assert.Equal(expected, outcome.Json.GetProperty("findings").EnumerateArray().Select(f => $"{f.GetProperty("evaluation")}.{f.GetProperty("metric")}").Order(StringComparer.Ordinal));
                JsonElement questions = outcome.Row("open-questions");
                Assert.Equal($"phantom:{name}", questions.GetProperty("dataset").GetString());
                Assert.True(questions.GetProperty("value").GetDouble() > (member == "conduct" ? 0.4 : 0.95), $"{member}: {questions}");
                JsonElement skipped = outcome.Row("mmlu");
                Assert.Equal(0, skipped.GetProperty("n").GetInt32());
                Assert.Contains("has no data", skipped.GetProperty("reason").GetString()!, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task List_Family_HasKindParametersAndTwin()
    {
        JsonElement[] rows = [.. (await Cli.RunAsync(["phantom", "list", "--json"])).Json.EnumerateArray()];
        Assert.Equal("chat", rows[0].GetProperty("name").GetString());
        foreach (string name in (string[])["agent", "bias", "conduct", "memory", "refusal", "watermark"])
        {
            JsonElement row = rows.Single(r => r.GetProperty("name").GetString() == name), twin = rows.Single(r => r.GetProperty("name").GetString() == name + "-clean");
            Assert.Equal("trained", row.GetProperty("kind").GetString());
            Assert.InRange(row.GetProperty("parameters").GetInt64(), 100_000, 300_000);
            Assert.Equal(name + "-clean", row.GetProperty("twin").GetString());
            Assert.Equal(JsonValueKind.Null, twin.GetProperty("twin").ValueKind);
        }
    }
}
