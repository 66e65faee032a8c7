using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class ProportionsTests
{
    [Fact]
    public void Intervals() => GoldenStatistics.Run("proportions", "intervals", All);

    [Fact]
    public void Extreme() => GoldenStatistics.Run("proportions", "extreme", All);

    [Fact]
    public void Published() => GoldenStatistics.Run("proportions", "published", All);

    [Fact]
    public void Errors() => GoldenStatistics.Run("proportions", "errors", All);

    private static Dictionary<string, object?> All(JsonElement e)
    {
        int k = e.I("k"), n = e.I("n");
        double alpha = e.D("alpha");
        return new()
        {
            ["estimate"] = (double)k / n,
            ["wilson"] = Proportions.Wilson(k, n, alpha),
            ["wilsonCc"] = Proportions.WilsonContinuityCorrected(k, n, alpha),
            ["clopperPearson"] = Proportions.ClopperPearson(k, n, alpha),
            ["jeffreys"] = Proportions.JeffreysEqualTailed(k, n, alpha),
            ["jeffreysBcd"] = Proportions.Jeffreys(k, n, alpha),
            ["agrestiCoull"] = Proportions.AgrestiCoull(k, n, alpha),
            ["agrestiCoullUnclipped"] = Proportions.AgrestiCoullUnclipped(k, n, alpha),
            ["upperOneSided"] = Proportions.UpperBound(k, n, alpha),
            ["lowerOneSided"] = Proportions.LowerBound(k, n, alpha),
        };
    }

    // Every single method must refuse, not just the first.
    [Theory]
    [InlineData(0, 0, 0.05)]
    [InlineData(-1, 10, 0.05)]
    [InlineData(11, 10, 0.05)]
    [InlineData(3, 10, 0.0)]
    [InlineData(3, 10, double.NaN)]
    public void Every_method_refuses(int k, int n, double alpha)
    {
        Func<object>[] methods =
        [
            () => Proportions.Wilson(k, n, alpha), () => Proportions.WilsonContinuityCorrected(k, n, alpha), () => Proportions.ClopperPearson(k, n, alpha),
            () => Proportions.Jeffreys(k, n, alpha), () => Proportions.AgrestiCoull(k, n, alpha), () => Proportions.UpperBound(k, n, alpha), () => Proportions.LowerBound(k, n, alpha),
        ];
        foreach (Func<object> method in methods) Assert.Throws<ArgumentOutOfRangeException>(method);
    }
}
