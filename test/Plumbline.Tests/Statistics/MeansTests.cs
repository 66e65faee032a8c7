using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class MeansTests
{
    [Fact]
    public void One_sample() => GoldenStatistics.Run("means", "oneSample", One);

    [Fact]
    public void Two_samples() => GoldenStatistics.Run("means", "twoSample", e =>
    {
        double[] x = e.Doubles("x"), y = e.Doubles("y");
        MeanDifference welch = Means.Welch(x, y, e.D("alpha")), pooled = Means.Pooled(x, y, e.D("alpha"));
        return new Dictionary<string, object?>
        {
            ["difference"] = welch.Difference,
            ["welchSe"] = welch.StandardError,
            ["welchDf"] = welch.DegreesOfFreedom,
            ["welchT"] = welch.T,
            ["welchP"] = welch.P,
            ["welchCi"] = welch.Interval,
            ["pooledSe"] = pooled.StandardError,
            ["pooledDf"] = pooled.DegreesOfFreedom,
            ["pooledT"] = pooled.T,
            ["pooledP"] = pooled.P,
            ["pooledCi"] = pooled.Interval,
        };
    });

    [Fact]
    public void Paired() => GoldenStatistics.Run("means", "paired", e =>
    {
        double[] x = e.Doubles("x"), y = e.Doubles("y");
        MeanDifference d = Means.Paired(x, y, e.D("alpha"));
        MeanEstimate first = Means.One(x), second = Means.One(y);
        return new Dictionary<string, object?>
        {
            ["difference"] = d.Difference,
            ["se"] = d.StandardError,
            ["df"] = d.DegreesOfFreedom,
            ["ci"] = d.Interval,
            ["t"] = d.T,
            ["p"] = d.P,
            ["correlation"] = Correlation.PearsonCoefficient(x, y) ?? double.NaN,
            ["unpairedSe"] = Math.Sqrt((first.Variance / x.Length) + (second.Variance / y.Length)),
        };
    });

    [Fact]
    public void Clustered() => GoldenStatistics.Run("means", "clustered", e => Clusters(e.Doubles("x"), e.Ints("cluster"), e.D("alpha")));

    [Fact]
    public void Clustered_pairs() => GoldenStatistics.Run("means", "clusteredPaired", e =>
    {
        ClusteredMean m = ClusteredMeans.Paired(e.Doubles("x"), e.Doubles("y"), e.Ints("cluster"), e.D("alpha"));
        Dictionary<string, object?> all = Fields(m);
        all["difference"] = m.Mean;
        return all;
    });

    [Fact]
    public void Weighted() => GoldenStatistics.Run("means", "weighted", Weights);

    [Fact]
    public void Errors() => GoldenStatistics.Run("means", "errors", e =>
        e.Has("y") ? Means.Paired(e.Doubles("x"), e.Doubles("y")) : e.Has("w") ? Weights(e)
        : e.Has("cluster") ? ClusteredMeans.One(e.Doubles("x"), e.Ints("cluster")) : Means.One(e.Doubles("x")));

    private static Dictionary<string, object?> One(JsonElement e)
    {
        MeanEstimate m = Means.One(e.Doubles("x"), e.D("mu0"), e.D("alpha"));
        return new()
        {
            ["n"] = m.N,
            ["mean"] = m.Mean,
            ["variance"] = m.Variance,
            ["sd"] = m.StandardDeviation,
            ["se"] = m.StandardError,
            ["df"] = m.DegreesOfFreedom,
            ["ci"] = m.Interval,
            ["t"] = m.T,
            ["p"] = m.P,
        };
    }

    private static Dictionary<string, object?> Clusters(double[] x, int[] clusters, double alpha)
    {
        if (clusters.Distinct().Count() > 1) return Fields(ClusteredMeans.One(x, clusters, alpha));

        // One cluster leaves the pieces but no interval.
        Assert.Throws<ArgumentException>(() => ClusteredMeans.One(x, clusters, alpha));
        ClusteredMeans.Pieces p = ClusteredMeans.Decompose(x, clusters);
        return new()
        {
            ["n"] = x.Length,
            ["clusters"] = p.Clusters,
            ["mean"] = p.Mean,
            ["seClt"] = p.SeIndependent,
            ["crossProducts"] = p.CrossProducts,
            ["sePaper"] = p.SePaper,
            ["seCr0"] = p.SeCr0,
            ["designEffect"] = p.DesignEffect,
        };
    }

    private static Dictionary<string, object?> Fields(ClusteredMean m) => new()
    {
        ["n"] = m.N,
        ["clusters"] = m.Clusters,
        ["mean"] = m.Mean,
        ["seClt"] = m.SeIndependent,
        ["crossProducts"] = m.CrossProducts,
        ["sePaper"] = m.SePaper,
        ["seCr0"] = m.SeCr0,
        ["designEffect"] = m.DesignEffect,
        ["seCr1"] = m.SeCr1,
        ["df"] = m.DegreesOfFreedom,
        ["ciCr1"] = m.Interval,
        ["ciCr1Normal"] = m.NormalInterval,
        ["seCr2"] = m.SeCr2,
    };

    private static Dictionary<string, object?> Weights(JsonElement e)
    {
        WeightedMean m = WeightedMeans.Of(e.Doubles("x"), e.Doubles("w"), e.D("alpha"));
        return new()
        {
            ["mean"] = m.Mean,
            ["sumWeights"] = m.SumOfWeights,
            ["effectiveN"] = m.EffectiveN,
            ["seLinearised"] = m.SeLinearised,
            ["seLinearisedCorrected"] = m.SeCorrected,
            ["varianceReliability"] = m.VarianceReliability,
            ["varianceFrequency"] = m.Frequency?.Variance,
            ["seFrequency"] = m.Frequency?.StandardError,
            ["ciFrequency"] = m.Frequency?.Interval,
            ["ciLinearisedCorrected"] = m.Interval,
        };
    }
}
