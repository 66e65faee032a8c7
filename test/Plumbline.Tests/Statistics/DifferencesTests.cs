using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class DifferencesTests
{
    [Fact]
    public void Independent() => GoldenStatistics.Run("differences", "independent", TwoArms);

    [Fact]
    public void Ratios() => GoldenStatistics.Run("differences", "ratios", RatiosOf);

    [Fact]
    public void Paired() => GoldenStatistics.Run("differences", "paired", Pairs);

    [Fact]
    public void Published() => GoldenStatistics.Run("differences", "published", e => e.Has("a") ? Pairs(e) : TwoArms(e));

    [Fact]
    public void Errors() => GoldenStatistics.Run("differences", "errors", e => e.Has("a") ? Pairs(e) : TwoArms(e));

    private static Dictionary<string, object?> TwoArms(JsonElement e)
    {
        int k1 = e.I("k1"), n1 = e.I("n1"), k2 = e.I("k2"), n2 = e.I("n2");
        double alpha = e.D("alpha");
        return new()
        {
            ["miettinenNurminen"] = ProportionDifferences.MiettinenNurminen(k1, n1, k2, n2, alpha),
            ["mee"] = ProportionDifferences.Mee(k1, n1, k2, n2, alpha),
            ["newcombe"] = ProportionDifferences.Newcombe(k1, n1, k2, n2, alpha),
            ["agrestiCaffo"] = ProportionDifferences.AgrestiCaffo(k1, n1, k2, n2, alpha),
            ["difference"] = ((double)k1 / n1) - ((double)k2 / n2),
            ["waldSe"] = ProportionDifferences.WaldStandardError(k1, n1, k2, n2),
        };
    }

    private static Dictionary<string, object?> RatiosOf(JsonElement e)
    {
        int k1 = e.I("k1"), n1 = e.I("n1"), k2 = e.I("k2"), n2 = e.I("n2");
        double alpha = e.D("alpha");
        RatioEstimate risk = ProportionRatios.RiskRatio(k1, n1, k2, n2, alpha), odds = ProportionRatios.OddsRatio(k1, n1, k2, n2, alpha);
        RatioEstimate riskHalf = ProportionRatios.RiskRatioHalf(k1, n1, k2, n2, alpha), oddsHalf = ProportionRatios.OddsRatioHalf(k1, n1, k2, n2, alpha);
        return new()
        {
            ["riskRatio"] = risk.Value,
            ["katzSe"] = risk.LogStandardError,
            ["katz"] = risk.Interval,
            ["riskRatioHalf"] = riskHalf.Value,
            ["katzHalf"] = riskHalf.Interval,
            ["oddsRatio"] = odds.Value,
            ["woolfSe"] = odds.LogStandardError,
            ["woolf"] = odds.Interval,
            ["oddsRatioHalf"] = oddsHalf.Value,
            ["woolfHalf"] = oddsHalf.Interval,
        };
    }

    private static Dictionary<string, object?> Pairs(JsonElement e)
    {
        PairedCounts counts = new(e.I("a"), e.I("b"), e.I("c"), e.I("d"));
        double alpha = e.D("alpha");
        return new()
        {
            ["newcombe10"] = PairedProportions.Newcombe(counts, alpha),
            ["newcombe8"] = PairedProportions.NewcombeUncorrected(counts, alpha),
            ["bonettPrice"] = PairedProportions.BonettPrice(counts, alpha),
            ["bonettPriceClipped"] = PairedProportions.BonettPrice(counts, alpha).Clip(-1, 1),
            ["difference"] = counts.Difference,
            ["waldSe"] = PairedProportions.WaldStandardError(counts),
            ["phi"] = PairedProportions.Phi(counts),
            ["phiCorrected"] = PairedProportions.PhiCorrected(counts),
        };
    }
}
