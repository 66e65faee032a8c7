using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class EffectsTests
{
    [Fact]
    public void Standardised() => GoldenStatistics.Run("effects", "standardised", Standardise);

    [Fact]
    public void Eta_squared() => GoldenStatistics.Run("effects", "etaSquared", e =>
    {
        OneWayAnova a = EffectSizes.OneWay(e.Rows("groups"));
        return new Dictionary<string, object?>
        {
            ["etaSquared"] = a.EtaSquared,
            ["df1"] = a.DegreesOfFreedom1,
            ["df2"] = a.DegreesOfFreedom2,
            ["omegaSquared"] = a.OmegaSquared,
            ["epsilonSquared"] = a.EpsilonSquared,
            ["f"] = a.F,
            ["p"] = a.P,
        };
    });

    [Fact]
    public void Cohen_h() => GoldenStatistics.Run("effects", "cohenH", Angle);

    [Fact]
    public void Correlations() => GoldenStatistics.Run("effects", "correlation", Correlate);

    [Fact]
    public void Divergences() => GoldenStatistics.Run("effects", "divergence", Diverge);

    [Fact]
    public void Distances() => GoldenStatistics.Run("effects", "distance", Distance);

    [Fact]
    public void Concentrations() => GoldenStatistics.Run("effects", "concentration", Concentrate);

    [Fact]
    public void Errors() => GoldenStatistics.Run("effects", "errors", e => e.S("f") switch
    {
        "cohenH" => Angle(e),
        "divergence" => Diverge(e),
        "gini" => Concentrate(e),
        "correlation" => Correlate(e),
        "standardised" => Standardise(e),
        "distance" => Distance(e),
        string f => throw new NotSupportedException(f),
    });

    private static Dictionary<string, object?> Angle(JsonElement e) => new() { ["h"] = EffectSizes.CohenH(e.D("p1"), e.D("p2")) };

    private static Dictionary<string, object?> Standardise(JsonElement e)
    {
        StandardisedDifference s = EffectSizes.Standardised(e.Doubles("x"), e.Doubles("y"));
        return new()
        {
            ["difference"] = s.Difference,
            ["pooledSd"] = s.PooledSd,
            ["cohenD"] = s.CohenD,
            ["glassDelta"] = s.GlassDelta,
            ["cliffDelta"] = s.CliffDelta,
            ["hedgesJ"] = s.HedgesJ,
            ["hedgesG"] = s.HedgesG,
            ["hedgesGApprox"] = s.HedgesGApproximate,
            ["cohenDSe"] = s.CohenDSe,
        };
    }

    private static Dictionary<string, object?> Correlate(JsonElement e)
    {
        double[] x = e.Doubles("x"), y = e.Doubles("y");
        CorrelationEstimate pearson = Correlation.Pearson(x, y), spearman = Correlation.Spearman(x, y);
        KendallEstimate k = Correlation.Kendall(x, y);
        return new()
        {
            ["pearson"] = pearson.Coefficient,
            ["pearsonP"] = pearson.P,
            ["pearsonCi95"] = pearson.Interval,
            ["spearman"] = spearman.Coefficient,
            ["spearmanP"] = spearman.P,
            ["kendall"] = new Dictionary<string, object?>
            {
                ["tauB"] = k.TauB,
                ["s"] = k.S,
                ["concordant"] = k.Concordant,
                ["discordant"] = k.Discordant,
                ["normalP"] = k.NormalP,
                ["exactP"] = k.ExactP,
            },
        };
    }

    private static Dictionary<string, object?> Diverge(JsonElement e)
    {
        Divergence d = Divergence.Of(e.Doubles("p"), e.Doubles("q"));
        return new()
        {
            ["klPq"] = d.KullbackLeibler,
            ["klQp"] = d.Reverse,
            ["jensenShannon"] = d.JensenShannon,
            ["jensenShannonDistance"] = d.JensenShannonDistance,
            ["jensenShannonBits"] = d.JensenShannonBits,
            ["totalVariation"] = d.TotalVariation,
            ["hellinger"] = d.Hellinger,
            ["entropyP"] = d.Entropy,
            ["entropyPBits"] = d.EntropyBits,
            ["crossEntropyPq"] = d.CrossEntropy,
            ["normalisedEntropyP"] = d.NormalisedEntropy,
        };
    }

    private static Dictionary<string, object?> Distance(JsonElement e)
    {
        SampleDistance d = e.Has("xWeights")
            ? SampleDistance.Of(e.Doubles("x"), e.Doubles("xWeights"), e.Doubles("y"), e.Doubles("yWeights")) : SampleDistance.Of(e.Doubles("x"), e.Doubles("y"));
        return new() { ["wasserstein1"] = d.Wasserstein, ["energyDistance"] = d.Energy, ["energyDistanceSquared"] = d.EnergySquared };
    }

    private static Dictionary<string, object?> Concentrate(JsonElement e)
    {
        Concentration c = Concentration.Of(e.Doubles("x"));
        return new() { ["gini"] = c.Gini, ["giniUnbiased"] = c.GiniUnbiased, ["entropyOfShares"] = c.EntropyOfShares, ["simpson"] = c.Simpson, ["herfindahl"] = c.Herfindahl };
    }
}
