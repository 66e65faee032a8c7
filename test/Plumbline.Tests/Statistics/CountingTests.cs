using System.Numerics;
using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class CountingTests
{
    [Fact]
    public void Pass_at_k() => GoldenStatistics.Run("counting", "passAtK", Attempts);

    [Fact]
    public void Expected_max() => GoldenStatistics.Run("counting", "expectedMax", Extremes);

    [Fact]
    public void Attack_curve() => GoldenStatistics.Run("counting", "attackCurve", e =>
    {
        int[] successes = e.Ints("successes"), attempts = e.Ints("attempts");
        Dictionary<string, object?> all = [];
        foreach (int k in e.Ints("ks"))
        {
            AttackRate rate = AttackCurve.At(successes, attempts, k, e.D("alpha"));
            all[$"k{k}"] = new Dictionary<string, object?> { ["asr"] = rate.Rate, ["se"] = rate.StandardError, ["ci"] = rate.Unclipped, ["ciClipped"] = rate.Interval };
        }

        return all;
    });

    [Fact]
    public void Coupon() => GoldenStatistics.Run("counting", "coupon", Budget);

    [Fact]
    public void Errors() => GoldenStatistics.Run("counting", "errors", e => e.Has("c") ? Attempts(e) : e.Has("x") ? Extremes(e) : Budget(e));

    private static Dictionary<string, object?> Attempts(JsonElement e)
    {
        int n = e.I("n"), c = e.I("c"), k = e.I("k");
        double any = PassAtK.Unbiased(n, c, k), all = PassAtK.AllOf(n, c, k);
        Dictionary<string, object?> fields = new()
        {
            ["passAtK"] = any,
            ["passHatK"] = all,
            ["passAtKPlugIn"] = PassAtK.PlugIn(n, c, k),
            ["passHatKPlugIn"] = PassAtK.PlugInAllOf(n, c, k),
        };

        // The exact fraction is made here; the library's double must be its neighbour.
        if (n > 60) return fields;
        BigInteger total = Choose(n, k);
        fields["passAtKExact"] = Reduced(total - Choose(n - c, k), total, any);
        fields["passHatKExact"] = Reduced(Choose(c, k), total, all);
        return fields;
    }

    private static string Reduced(BigInteger a, BigInteger b, double value)
    {
        Assert.True(Math.Abs(((double)a / (double)b) - value) <= 1e-14, $"{a}/{b} against {value:R}");
        BigInteger divisor = BigInteger.GreatestCommonDivisor(a, b);
        return $"{a / divisor}/{b / divisor}";
    }

    private static BigInteger Choose(int n, int k)
    {
        if (k > n) return 0;
        BigInteger result = 1;
        for (int i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }

    private static Dictionary<string, object?> Extremes(JsonElement e)
    {
        double[] x = e.Doubles("x");
        int k = e.I("k");
        if (x.Length > 0 && k > x.Length)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedExtremes.Max(x, k));
            Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedExtremes.Min(x, k));
            return new() { ["expectedMax"] = null, ["expectedMin"] = null, ["expectedMaxWithReplacement"] = ExpectedExtremes.MaxWithReplacement(x, k) };
        }

        return new()
        {
            ["expectedMax"] = ExpectedExtremes.Max(x, k),
            ["expectedMin"] = ExpectedExtremes.Min(x, k),
            ["expectedMaxWithReplacement"] = ExpectedExtremes.MaxWithReplacement(x, k),
        };
    }

    private static Dictionary<string, object?> Budget(JsonElement e)
    {
        double p = e.D("p");
        return new()
        {
            ["expectedAttempts"] = AttackBudget.ExpectedAttempts(p),
            ["budget50"] = AttackBudget.Attempts(p, 0.5),
            ["budget95"] = AttackBudget.Attempts(p, 0.95),
            ["budget99"] = AttackBudget.Attempts(p, 0.99),
            ["successWithin10"] = AttackBudget.SuccessWithin(p, 10),
            ["successWithin100"] = AttackBudget.SuccessWithin(p, 100),
        };
    }
}
