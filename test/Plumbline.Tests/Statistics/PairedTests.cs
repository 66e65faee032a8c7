using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class PairedTests
{
    [Fact]
    public void Mc_nemar() => Group("mcnemar");

    [Fact]
    public void Sign() => Group("signTest");

    [Fact]
    public void Wilcoxon() => Group("wilcoxon");

    [Fact]
    public void Mann_whitney() => Group("mannWhitney");

    [Fact]
    public void Permutation_of_pairs() => Group("permutationPaired");

    [Fact]
    public void Permutation_of_two_samples() => Group("permutationTwoSample");

    [Fact]
    public void Fisher() => Group("fisher");

    [Fact]
    public void Chi_square() => Group("chiSquare");

    [Fact]
    public void Kolmogorov_smirnov() => Group("ks");

    [Fact]
    public void Cochran() => Group("cochranQ");

    [Fact]
    public void Marginal_homogeneity() => Group("marginalHomogeneity");

    [Fact]
    public void Errors() => GoldenStatistics.Run("paired", "errors", e => Compute(e.S("test"), e));

    private static void Group(string name) => GoldenStatistics.Run("paired", name, e => Compute(name, e));

    private static Dictionary<string, object?> Compute(string test, JsonElement e)
    {
        switch (test)
        {
            case "mcnemar":
                McNemarTest m = McNemar.Test(e.I("b"), e.I("c"));
                return new() { ["exact"] = m.Exact, ["midP"] = m.MidP, ["chi2"] = m.ChiSquare, ["chi2P"] = m.ChiSquareP, ["chi2Corrected"] = m.Corrected, ["chi2CorrectedP"] = m.CorrectedP };
            case "signTest":
                SignTest s = SignTest.Of(e.Doubles("d"));
                return new() { ["positive"] = s.Positive, ["negative"] = s.Negative, ["zero"] = s.Zero, ["twoSided"] = s.TwoSided, ["greater"] = s.Greater, ["less"] = s.Less };
            case "wilcoxon":
                WilcoxonTest w = RankTests.Wilcoxon(e.Doubles("x"), e.Doubles("y"));
                return new()
                {
                    ["n"] = w.N,
                    ["zeros"] = w.Zeros,
                    ["ties"] = w.Ties,
                    ["wPlus"] = w.WPlus,
                    ["wMinus"] = w.WMinus,
                    ["exactTwoSided"] = w.Exact?.TwoSided,
                    ["exactGreater"] = w.Exact?.Greater,
                    ["exactLess"] = w.Exact?.Less,
                    ["normalZ"] = w.NormalZ,
                    ["normalP"] = w.NormalP,
                    ["normalCorrectedP"] = w.NormalCorrectedP,
                };
            case "mannWhitney":
                MannWhitneyTest u = RankTests.MannWhitney(e.Doubles("x"), e.Doubles("y"));
                return new()
                {
                    ["u1"] = u.U1,
                    ["u2"] = u.U2,
                    ["ties"] = u.Ties,
                    ["exactTwoSided"] = u.Exact?.TwoSided,
                    ["exactGreater"] = u.Exact?.Greater,
                    ["exactLess"] = u.Exact?.Less,
                    ["normalZ"] = u.NormalZ,
                    ["normalP"] = u.NormalP,
                    ["normalCorrectedP"] = u.NormalCorrectedP,
                    ["probabilityOfSuperiority"] = u.ProbabilityOfSuperiority,
                };
            case "permutationPaired":
                return Permutation(PermutationTests.Paired(e.Doubles("x"), e.Doubles("y")));
            case "permutationTwoSample":
                return Permutation(PermutationTests.TwoSample(e.Doubles("x"), e.Doubles("y")));
            case "fisher":
                FisherTest f = FisherTest.Of(e.I("a"), e.I("b"), e.I("c"), e.I("d"));
                return new() { ["twoSided"] = f.TwoSided, ["greater"] = f.Greater, ["less"] = f.Less, ["conditionalOddsRatio"] = f.OddsRatio, ["oddsRatioCi95"] = f.OddsRatioInterval };
            case "chiSquare":
                ChiSquareTest c = ChiSquareTest.Of(e.IntRows("table"));
                return new()
                {
                    ["df"] = c.DegreesOfFreedom,
                    ["chi2"] = c.ChiSquare,
                    ["chi2P"] = c.P,
                    ["g"] = c.G,
                    ["gP"] = c.GP,
                    ["minExpected"] = c.MinExpected,
                    ["cramersV"] = c.CramersV,
                    ["chi2Yates"] = c.Yates,
                    ["chi2YatesP"] = c.YatesP,
                };
            case "ks":
                KolmogorovSmirnov k = KolmogorovSmirnov.Of(e.Doubles("x"), e.Doubles("y"));
                return new()
                {
                    ["d"] = k.D,
                    ["ties"] = k.Ties,
                    ["exact"] = k.Exact,
                    ["exactIgnoringTies"] = k.ExactIgnoringTies,
                    ["asymptotic"] = k.Asymptotic,
                    ["asymptoticKstwo"] = k.AsymptoticOneSample,
                };
            case "cochranQ":
                CochranQ q = CochranQ.Of(e.IntRows("rows"));
                return new() { ["q"] = q.Q, ["df"] = q.DegreesOfFreedom, ["p"] = q.P };
            case "marginalHomogeneity":
                MarginalHomogeneity h = MarginalHomogeneity.Of(e.IntRows("table"));
                return new()
                {
                    ["df"] = h.DegreesOfFreedom,
                    ["stuartMaxwell"] = h.StuartMaxwell,
                    ["stuartMaxwellP"] = h.StuartMaxwellP,
                    ["bhapkar"] = h.Bhapkar,
                    ["bhapkarP"] = h.BhapkarP,
                    ["bowker"] = h.Bowker,
                    ["bowkerDf"] = h.BowkerDegreesOfFreedom,
                    ["bowkerP"] = h.BowkerP,
                };
            default:
                throw new NotSupportedException(test);
        }
    }

    private static Dictionary<string, object?> Permutation(PermutationTest t) => new()
    {
        ["statistic"] = t.Statistic,
        ["assignments"] = t.Assignments,
        ["twoSided"] = t.TwoSided,
        ["twoSidedDoubled"] = t.TwoSidedDoubled,
        ["greater"] = t.Greater,
        ["less"] = t.Less,
    };
}
