using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class BootstrapTests
{
    [Fact]
    public void Matrices() => GoldenStatistics.Run("bootstrap", "matrices", e =>
    {
        // The group is data: what is checked is its shape.
        int[][] rows = Matrix(e.S("name"));
        Assert.Equal(e.I("replicates"), rows.Length);
        Assert.All(rows, row => Assert.Equal(e.I("size"), row.Length));
        return new Dictionary<string, object?> { ["rows"] = rows };
    });

    [Fact]
    public void One_sample() => GoldenStatistics.Run("bootstrap", "oneSample", e => Fields(Bootstrap.OneSample(e.Doubles("x"), One(e.S("statistic")), Index(e, 0))));

    [Fact]
    public void Two_samples() => GoldenStatistics.Run("bootstrap", "twoSample", e =>
        Fields(Bootstrap.TwoSample(e.Doubles("x"), e.Doubles("y"), e.S("statistic") == "auroc" ? Roc.Area : Difference, Index(e, 0), Index(e, 1))));

    [Fact]
    public void Clustered() => GoldenStatistics.Run("bootstrap", "clustered", e => Fields(Bootstrap.Clustered(e.Rows("clusters"), Bootstrap.Mean, Index(e, 0))));

    [Fact]
    public void Errors() => GoldenStatistics.Run("bootstrap", "errors", e => e.Has("y")
        ? Bootstrap.TwoSample(e.Doubles("x"), e.Doubles("y"), Roc.Area, 10, 1)
        : Bootstrap.OneSample(e.Doubles("x"), Bootstrap.Mean, e.Has("replicates") ? e.I("replicates") : 10, 1).Bca());

    [Fact]
    public void A_seed_fixes_the_replicates()
    {
        double[] x = [3, 1, 4, 1, 5, 9, 2, 6];
        Assert.Equal(Bootstrap.OneSample(x, Bootstrap.Mean, 200, 7).Replicates.ToArray(), Bootstrap.OneSample(x, Bootstrap.Mean, 200, 7).Replicates.ToArray());
        Assert.NotEqual(Bootstrap.OneSample(x, Bootstrap.Mean, 200, 7).Replicates.ToArray(), Bootstrap.OneSample(x, Bootstrap.Mean, 200, 8).Replicates.ToArray());
    }

    [Fact]
    public void The_generator_is_the_published_one()
    {
        // First outputs of SplitMix64 from the seed 1234567.
        RandomStream random = new(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821], Enumerable.Range(0, 5).Select(_ => random.Next()));
    }

    private static double Difference(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Bootstrap.Mean(x) - Bootstrap.Mean(y);

    private static SampleStatistic One(string name) => name switch
    {
        "mean" => Bootstrap.Mean,
        "median" => Quantiles.Median,
        "variance" => x => Means.Moments(x).Variance,
        _ => throw new NotSupportedException(name),
    };

    private static int[][] Index(JsonElement e, int i) => Matrix(e.GetProperty("index")[i].GetString()!);

    private static int[][] Matrix(string name)
    {
        using JsonDocument file = Golden.Json("golden", "stats", "bootstrap.json");
        return Golden.Cases(file, "matrices").Single(c => c.In.S("name") == name).Out!.Value.IntRows("rows");
    }

    private static Dictionary<string, object?> Fields(BootstrapDistribution d)
    {
        Dictionary<string, object?> all = new()
        {
            ["estimate"] = d.Estimate,
            ["replicateMean"] = d.Mean,
            ["bias"] = d.Bias,
            ["se"] = d.StandardError,
            ["less"] = d.Less,
            ["equal"] = d.Equal,
            ["z0"] = d.BiasCorrection,
            ["z0Strict"] = d.StrictBiasCorrection,
            ["acceleration"] = d.Acceleration,
            ["replicatesFirst5"] = d.Replicates[..5].ToArray(),
        };
        foreach ((string name, double alpha) in new[] { ("alpha0.05", 0.05), ("alpha0.1", 0.1), ("alpha0.2", 0.2) })
        {
            all[name] = new Dictionary<string, object?>
            {
                ["percentile"] = d.Percentile(alpha),
                ["basic"] = d.Basic(alpha),
                ["bca"] = d.Bca(alpha),
                ["bcaLevels"] = d.BcaLevels(alpha),
                ["bcaStrict"] = d.BcaStrict(alpha),
                ["bcaStrictLevels"] = d.BcaStrictLevels(alpha),
            };
        }

        return all;
    }
}
