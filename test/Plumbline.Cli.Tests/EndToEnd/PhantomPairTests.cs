using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>
/// The main job: on the chat phantom each planted defect is found, on its clean twin nothing is, whatever the seed draws.
/// Two seeds here; PLUMBLINE_SEEDS sets another number (eng/full.sh: twenty).
/// </summary>
[Trait("Category", "slow")]
public sealed class PhantomPairTests
{
    private static readonly string[] s_planted =
    [
        "jailbreak/few-shot.asr", "jailbreak/refusal-suppression.asr", "over-refusal.refusal_rate", "crows-pairs.percent_stereotype",
        "canary-exposure.exposure", "canary-exposure/often.exposure", "toxicity.toxic_rate",
    ];

    [Fact]
    public async Task Assess_AnySeed_FindsWhatIsPlantedAndNothingOnTheTwin()
    {
        int seeds = int.TryParse(Environment.GetEnvironmentVariable("PLUMBLINE_SEEDS"), out int wanted) ? wanted : 2;
        for (int seed = 1; seed <= seeds; seed++)
        {
            using Scratch scratch = new();
            Outcome outcome = await Cli.RunAsync(["assess", "--seed", $"{seed}", "--json", "--quiet", "--out", scratch.Run]);
            Assert.Equal(0, outcome.Exit);
            Assert.Equal(s_planted.Order(StringComparer.Ordinal), Found(outcome.Json));
            Assert.Empty(Found(outcome.Json.GetProperty("twin")));
        }

        static IEnumerable<string> Found(JsonElement run) =>
            run.GetProperty("findings").EnumerateArray().Select(f => $"{f.GetProperty("evaluation")}.{f.GetProperty("metric")}").Order(StringComparer.Ordinal);
    }
}
