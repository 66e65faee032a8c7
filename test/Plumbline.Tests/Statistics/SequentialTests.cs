using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class SequentialTests
{
    private static readonly int[] _shown = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300];

    [Fact]
    public void Data() => GoldenStatistics.Run("sequential", "data", e =>
    {
        // The group is data: what is checked is that it consists of zeros and ones.
        string x = Series(e.S("name"));
        Assert.All(x, c => Assert.True(c is '0' or '1'));
        return new Dictionary<string, object?> { ["x"] = x };
    });

    [Fact]
    public void Stitched_boundary() => GoldenStatistics.Run("sequential", "stitchedBoundary", e => new Dictionary<string, object?>
    {
        ["boundary"] = ConfidenceSequences.StitchedBoundary(e.D("v"), e.D("alpha"), e.D("m"), e.D("eta"), e.D("s"), e.D("c")),
    });

    [Fact]
    public void Stitched_sequence() => GoldenStatistics.Run("sequential", "stitchedCs", e =>
        Show(ConfidenceSequences.Stitched(Numbers(e), e.D("alpha"), e.D("m"), e.D("eta"), e.D("s"))));

    [Fact]
    public void Beta_binomial_sequence() => GoldenStatistics.Run("sequential", "betaBinomialCs", e =>
        Show(ConfidenceSequences.BetaBinomial(Bits(Series(e.S("data"))), e.D("alpha"), e.D("a"), e.D("b"))));

    [Fact]
    public void Beta_binomial_e_value() => GoldenStatistics.Run("sequential", "betaBinomialE", e => new Dictionary<string, object?>
    {
        ["logE"] = ConfidenceSequences.BetaBinomialLogE(e.I("k"), e.I("n"), e.D("p0"), e.D("a"), e.D("b")),
    });

    [Fact]
    public void Hedged_sequence() => GoldenStatistics.Run("sequential", "hedgedCs", e =>
    {
        double[] x = Numbers(e);
        Dictionary<string, object?> all = Show(ConfidenceSequences.Hedged(x, e.D("alpha"), e.D("c"), e.D("theta")));
        all["firstBets"] = ConfidenceSequences.Bets(x, e.D("alpha"))[..5];
        return all;
    });

    [Fact]
    public void Sequential_ratio_test() => GoldenStatistics.Run("sequential", "sprt", e =>
    {
        SequentialRatioTest test = new(e.D("p0"), e.D("p1"), e.D("alpha"), e.D("beta"));
        SequentialOutcome outcome = test.Run([.. e.Ints("x").Select(v => v == 1)]);
        return new Dictionary<string, object?>
        {
            ["logA"] = test.UpperBound,
            ["logB"] = test.LowerBound,
            ["incrementSuccess"] = test.Success,
            ["incrementFailure"] = test.Failure,
            ["decision"] = outcome.Decision switch { SequentialDecision.AcceptH0 => "acceptH0", SequentialDecision.AcceptH1 => "acceptH1", _ => "continue" },
            ["decidedAt"] = outcome.DecidedAt,
            ["logRatioAtEnd"] = outcome.LogRatioAtEnd,
            ["expectedN0"] = test.ExpectedUnderH0,
            ["expectedN1"] = test.ExpectedUnderH1,
        };
    });

    [Fact]
    public void Errors() => GoldenStatistics.Run("sequential", "errors", e =>
    {
        switch (e.S("f"))
        {
            case "betaBinomialCs":
                string x = e.S("x");
                Interval i = ConfidenceSequences.BetaBinomial(x.Count(c => c == '1'), x.Length, e.D("alpha"), e.Has("a") ? e.D("a") : 0.5, e.Has("b") ? e.D("b") : 0.5);
                return new Dictionary<string, object?> { ["lower"] = i.Low, ["upper"] = i.High };
            case "hedgedCs":
                return ConfidenceSequences.Hedged(e.Doubles("x"), e.D("alpha"));
            case "stitched":
                return ConfidenceSequences.StitchedBoundary(e.D("v"), e.D("alpha"), e.D("m"), e.D("eta"), e.D("s"));
            case "sprt":
                return new SequentialRatioTest(e.D("p0"), e.D("p1"), e.D("alpha"), e.D("beta"));
            default:
                throw new NotSupportedException(e.S("f"));
        }
    });

    private static string Series(string name)
    {
        using JsonDocument file = Golden.Json("golden", "stats", "sequential.json");
        return Golden.Cases(file, "data").Single(c => c.In.S("name") == name).Out!.Value.S("x");
    }

    private static bool[] Bits(string x) => [.. x.Select(c => c == '1')];

    private static double[] Numbers(JsonElement e) => [.. Series(e.S("data")).Select(c => c == '1' ? 1.0 : 0.0)];

    private static Dictionary<string, object?> Show(SequenceStep[] steps)
    {
        SequenceStep[] shown = [.. _shown.Where(t => t <= steps.Length).Select(t => steps[t - 1])];
        return new()
        {
            ["t"] = shown.Select(s => s.T).ToArray(),
            ["lower"] = shown.Select(s => s.Current.Low).ToArray(),
            ["upper"] = shown.Select(s => s.Current.High).ToArray(),
            ["runningLower"] = shown.Select(s => s.Running.Low).ToArray(),
            ["runningUpper"] = shown.Select(s => s.Running.High).ToArray(),
        };
    }
}
