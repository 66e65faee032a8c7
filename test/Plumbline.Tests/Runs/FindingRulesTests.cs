using CsCheck;
using Plumbline.Runs;
using Plumbline.Statistics;

namespace Plumbline.Tests.Runs;

public sealed class FindingRulesTests
{
    [Fact]
    public void Apply_ManyThresholds_IsHolmOnTheInvertedIntervals() => Gen.Int[0, 40].Array[1, 12].Sample(counts =>
    {
        Metric[] metrics = [.. counts.Select((k, i) => Rate($"e{i}", k, 40))];
        double[] p = [.. metrics.Select(m => FindingRules.P(m.Estimate!, m.Threshold!))];
        double[] adjusted = Multiplicity.Holm(p);
        HashSet<string> expected = [.. metrics.Where((_, i) => adjusted[i] < 0.05).Select(m => m.Evaluation)];
        Assert.Equal(expected, FindingRules.Apply(metrics).Select(f => f.Evaluation).ToHashSet());
    });

    [Fact]
    public void P_WilsonInterval_EqualsTheScoreTest()
    {
        // The Wilson interval inverts the score test, so the p value is known in closed form: z = (p̂ − p0) / √(p0 (1 − p0) / n).
        double z = (0.3 - 0.1) / Math.Sqrt(0.1 * 0.9 / 40);
        Assert.Equal(Normal.TwoSided(z), FindingRules.P(Estimates.Rate(12, 40)!, Above(0.1)), 1e-9);
    }

    [Fact]
    public void Apply_FigureOnTheRightSide_IsNoFinding() => Assert.Empty(FindingRules.Apply([Rate("e", 0, 500)]));

    [Fact]
    public void Apply_Finding_CarriesTheAdjustedInterval()
    {
        Finding finding = Assert.Single(FindingRules.Apply([Rate("a", 30, 40), Rate("b", 0, 40)]));
        Interval wider = Proportions.Wilson(30, 40, 0.025);
        Assert.Equal(wider.Low, finding.Low, 1e-12);
        Assert.Equal(wider.High, finding.High, 1e-12);
    }

    private static Threshold Above(double value) => new(Direction.Above, value, "r", "t", "t");

    private static Metric Rate(string id, int k, int n) => new()
    {
        Evaluation = id,
        Name = "asr",
        Risk = Risk.Jailbreak,
        Dataset = new("d", "s", "MIT", ["en"]),
        Estimate = Estimates.Rate(k, n),
        Threshold = Above(0.1),
    };
}
