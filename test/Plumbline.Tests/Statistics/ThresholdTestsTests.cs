using CsCheck;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class ThresholdTestsTests
{
    private static ThresholdClaim Claim(int k, int n, double threshold, bool above) => new(alpha => Proportions.ClopperPearson(k, n, alpha), threshold, above);

    [Fact]
    public void One_claim_is_its_own_interval()
    {
        ThresholdVerdict verdict = ThresholdTests.Holm([Claim(30, 100, 0.15, above: true)]).Single();
        Assert.Equal(0.05, verdict.Level);
        Assert.Equal(Proportions.ClopperPearson(30, 100), verdict.Interval);
        Assert.True(verdict.Beyond);

        // The two-sided error whose lower end is the threshold is twice the exact upper tail there.
        Assert.Equal(2 * Binomial.Cdf(29, 100, 0.15).Upper, verdict.P, 1e-9);
    }

    [Fact]
    public void Others_widen_the_interval()
    {
        ThresholdVerdict alone = ThresholdTests.Holm([Claim(24, 100, 0.15, above: true)]).Single();
        ThresholdVerdict[] among = ThresholdTests.Holm([Claim(24, 100, 0.15, above: true), Claim(5, 100, 0.1, above: true), Claim(8, 100, 0.1, above: true)]);
        Assert.True(alone.Beyond);
        Assert.False(among[0].Beyond);
        Assert.True(among[0].Interval.Low < alone.Interval.Low);
    }

    [Fact]
    public void No_claims_give_no_verdicts() => Assert.Empty(ThresholdTests.Holm([]));

    [Fact]
    public void Verdicts_agree_with_adjusted_p() => Gen.Select(Gen.Int[0, 60], Gen.Double[0.05, 0.95], Gen.Bool).Array[1, 8].Sample(claims =>
    {
        ThresholdVerdict[] verdicts = ThresholdTests.Holm([.. claims.Select(c => Claim(c.Item1, 60, c.Item2, c.Item3))]);
        for (int i = 0; i < verdicts.Length; i++)
        {
            (int k, double threshold, bool above) = claims[i];
            if (Math.Abs(verdicts[i].AdjustedP - 0.05) < 1e-9) continue;
            Assert.Equal(verdicts[i].AdjustedP <= 0.05, verdicts[i].Beyond);
            Assert.Equal(above ? verdicts[i].Interval.Low > threshold : verdicts[i].Interval.High < threshold, verdicts[i].Beyond);
            Assert.True(verdicts[i].Level <= 0.05 && verdicts[i].Interval.Contains(k / 60.0));
        }
    }, iter: 100);
}
