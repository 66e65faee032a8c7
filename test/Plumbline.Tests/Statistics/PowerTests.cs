using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class PowerTests
{
    [Fact]
    public void One_proportion() => Group("oneProportion");

    [Fact]
    public void One_proportion_sample_size() => Group("oneProportionSampleSize");

    [Fact]
    public void Two_proportion_sample_size() => Group("twoProportionSampleSize");

    [Fact]
    public void Two_proportion_power() => Group("twoProportionPower");

    [Fact]
    public void Mc_nemar_sample_size() => Group("mcnemarSampleSize");

    [Fact]
    public void Mc_nemar_power() => Group("mcnemarPower");

    [Fact]
    public void T_test_power() => Group("tTestPower");

    [Fact]
    public void T_test_sample_size() => Group("tTestSampleSize");

    [Fact]
    public void T_test_minimal_effect() => Group("tTestMinimalEffect");

    [Fact]
    public void Proportion_minimal_effect() => Group("proportionMinimalEffect");

    [Fact]
    public void Errors() => GoldenStatistics.Run("power", "errors", e => Compute(e.S("f"), e));

    private static void Group(string name) => GoldenStatistics.Run("power", name, e => Compute(name, e));

    private static TestSide Side(JsonElement e) => e.Has("side") ? Enum.Parse<TestSide>(e.S("side"), ignoreCase: true) : TestSide.TwoSided;

    private static TTestDesign Design(JsonElement e) => e.Has("design") ? Enum.Parse<TTestDesign>(e.S("design"), ignoreCase: true) : TTestDesign.OneSample;

    private static Dictionary<string, object?> Compute(string f, JsonElement e)
    {
        double alpha = e.D("alpha");
        switch (f)
        {
            case "oneProportion":
                BinomialPower b = ProportionPower.One(e.I("n"), e.D("p0"), e.D("p1"), alpha, Side(e));
                return new() { ["power"] = b.Power, ["size"] = b.Size, ["rejectAtMost"] = b.RejectAtMost, ["rejectAtLeast"] = b.RejectAtLeast };
            case "oneProportionSampleSize":
                BinomialSampleSize s = ProportionPower.OneSampleSize(e.D("p0"), e.D("p1"), e.D("power"), alpha, Side(e));
                return new() { ["firstN"] = s.First, ["powerAtFirst"] = s.PowerAtFirst, ["stableN"] = s.Stable, ["searchedTo"] = s.SearchedTo };
            case "twoProportionSampleSize":
                TwoProportionSampleSize t = ProportionPower.TwoSampleSize(e.D("p1"), e.D("p2"), e.D("power"), alpha, e.Has("ratio") ? e.D("ratio") : 1);
                Dictionary<string, object?> n1 = new() { ["pooled"] = t.Pooled, ["unpooled"] = t.Unpooled, ["continuityCorrected"] = t.ContinuityCorrected, ["arcsine"] = t.Arcsine };
                return new()
                {
                    ["h"] = EffectSizes.CohenH(e.D("p1"), e.D("p2")),
                    ["n1"] = n1,
                    ["n1Ceiling"] = n1.ToDictionary(p => p.Key, object? (p) => Math.Ceiling((double)p.Value!)),
                };
            case "twoProportionPower":
                TwoProportionPower p = ProportionPower.Two(e.D("p1"), e.D("p2"), e.I("n1"), e.I("n2"), alpha);
                return new() { ["pooled"] = p.Pooled, ["pooledBothTails"] = p.PooledBothTails, ["unpooled"] = p.Unpooled, ["arcsine"] = p.Arcsine, ["arcsineBothTails"] = p.ArcsineBothTails };
            case "mcnemarSampleSize":
                McNemarSampleSize m = McNemarPower.SampleSize(e.D("pb"), e.D("pc"), e.D("power"), alpha);
                return new() { ["connor"] = m.Connor, ["connorCeiling"] = Math.Ceiling(m.Connor), ["miettinen"] = m.Miettinen, ["miettinenCeiling"] = Math.Ceiling(m.Miettinen) };
            case "mcnemarPower":
                McNemarPower q = McNemarPower.Of(e.D("pb"), e.D("pc"), e.I("n"), alpha);
                return new() { ["exact"] = q.Exact, ["exactRightDirection"] = q.ExactRightDirection, ["midP"] = q.MidP, ["connor"] = q.Connor };
            case "tTestPower":
                TTestPower d = TTestPower.Of(e.D("d"), e.I("n"), alpha, Design(e));
                return new() { ["power"] = d.Power, ["powerRightDirection"] = d.RightDirection };
            case "tTestSampleSize":
                TTestSampleSize z = TTestPower.SampleSize(e.D("d"), e.D("power"), alpha, Design(e));
                return new() { ["n"] = z.N, ["nContinuous"] = z.Continuous, ["nNormal"] = z.Normal, ["nNormalCeiling"] = Math.Ceiling(z.Normal) };
            case "tTestMinimalEffect":
                return new() { ["d"] = TTestPower.MinimalEffect(e.I("n"), e.D("power"), alpha, Design(e)) };
            case "proportionMinimalEffect":
                double? p1 = ProportionPower.MinimalEffect(e.D("p0"), e.I("n1"), e.I("n2"), e.D("power"), alpha);
                return new() { ["p1"] = p1, ["difference"] = p1 - e.D("p0") };
            default:
                throw new NotSupportedException(f);
        }
    }
}
