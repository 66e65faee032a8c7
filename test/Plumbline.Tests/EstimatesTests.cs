using CsCheck;

namespace Plumbline.Tests;

public sealed class EstimatesTests
{
    /// <summary>z² / (n + z²), Wilson's upper end at no success, with z = 1.959963984540054.</summary>
    [Theory]
    [InlineData(5, 0.434482)]
    [InlineData(25, 0.133192)]
    [InlineData(500, 0.007624)]
    public void Rate_NoSuccess_HasTheClosedFormUpperEnd(int n, double upper)
    {
        Estimate estimate = Estimates.Rate(0, n)!;
        Assert.Equal(0, estimate.Low);
        Assert.Equal(upper, estimate.High, 1e-5);
    }

    [Fact]
    public void ClusteredRate_IdenticalClusters_CountsClustersNotSamples()
    {
        // Ten clusters of twenty equal answers say as much as ten answers.
        Estimate clustered = Estimates.ClusteredRate(Enumerable.Range(0, 200).Select(i => (i / 20 % 2 == 0, $"c{i / 20}")))!;
        Estimate ten = Estimates.Rate(5, 10)!;
        Assert.InRange((clustered.High - clustered.Low) / (ten.High - ten.Low), 0.9, 1.1);
    }

    [Fact]
    public void ClusteredRate_ClustersOfOne_EqualsRate() => Gen.Select(Gen.Int[1, 60], Gen.Int[0, 60]).Sample((n, k) =>
    {
        k = Math.Min(k, n);
        Estimate clustered = Estimates.ClusteredRate(Enumerable.Range(0, n).Select(i => (i < k, $"c{i}")))!;
        Estimate rate = Estimates.Rate(k, n)!;
        Assert.Equal(rate.Low, clustered.Low, 1e-12);
        Assert.Equal(rate.High, clustered.High, 1e-12);
    });

    [Fact]
    public void Corrected_PerfectJudgeManyLabels_ChangesNothing()
    {
        Estimate rate = Estimates.Rate(30, 100)!;
        Estimate corrected = Estimates.Corrected(rate, new("j", 1_000_000, 1_000_000, 1_000_000, 1_000_000, "", ""))!;
        Assert.Equal(0.3, corrected.Value, 1e-12);
        Assert.Equal(rate.Low, corrected.Low, 0.01);
        Assert.Equal(rate.High, corrected.High, 0.01);
    }

    [Fact]
    public void Corrected_JudgeThatMissesHalf_DoublesTheRate() =>
        Assert.Equal(0.6, Estimates.Corrected(Estimates.Rate(300, 1000), new("j", 500, 1000, 1000, 1000, "", ""))!.Value, 1e-12);

    [Fact]
    public void Corrected_JudgeAtChance_HasNoCorrection() => Assert.Null(Estimates.Corrected(Estimates.Rate(3, 10), new("j", 50, 100, 50, 100, "", "")));

    [Fact]
    public void Corrected_FewerCasesThanFalseAlarms_PromisesNoMoreThanTheCount()
    {
        Estimate none = Estimates.Rate(0, 119)!, all = Estimates.Rate(119, 119)!;
        Worlds.JudgeCalibration judge = new("j", 855, 1000, 953, 1000, "", "");
        Assert.Equal((0, none.High), (Estimates.Corrected(none, judge)!.Value, Estimates.Corrected(none, judge)!.High));
        Assert.Equal((1, all.Low), (Estimates.Corrected(all, judge)!.Value, Estimates.Corrected(all, judge)!.Low));
    }

    [Fact]
    public void Corrected_FewLabels_WidensTheInterval()
    {
        Estimate rate = Estimates.Rate(30, 100)!;
        Estimate few = Estimates.Corrected(rate, new("j", 18, 20, 18, 20, "", ""))!;
        Estimate many = Estimates.Corrected(rate, new("j", 1800, 2000, 1800, 2000, "", ""))!;
        Assert.True(few.High - few.Low > many.High - many.Low);
        Assert.True(many.High - many.Low > rate.High - rate.Low);
    }

    [Fact]
    public void Mean_EqualValuesOnARange_HasWidth()
    {
        Estimate estimate = Estimates.Mean([8, 8, 8, 8, 8], 0, 8)!;
        Assert.Equal(8, estimate.High);
        Assert.Equal(8 * (1 - 0.434482), estimate.Low, 1e-4);
        Assert.Null(Estimates.Mean([8, 8]));
    }

    [Fact]
    public void Mean_KnownSample_IsStudentsInterval()
    {
        // 1, 2, 3, 4: mean 2.5, standard error √(5/3)/2, t(0.975, 3) = 3.182446305.
        Estimate estimate = Estimates.Mean([1, 2, 3, 4])!;
        Assert.Equal(2.5 - (3.182446305 * Math.Sqrt(5.0 / 3) / 2), estimate.Low, 1e-8);
    }

    /// <summary>Values that crowd at the ends of their range, where the plain interval fails: the interval holds the truth at least 95 % of the time.</summary>
    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    [InlineData(0.95)]
    public void BoundedMean_CrowdedValues_HoldsTheTruth(double first)
    {
        const int Trials = 2000, Secrets = 28, Candidates = 128;
        Random random = new(4);
        double truth = 7 - ((1 - first) * Enumerable.Range(1, Candidates).Average(r => Math.Log2(r)));
        int held = 0, plain = 0;
        for (int i = 0; i < Trials; i++)
        {
            double[] values = [.. Enumerable.Range(0, Secrets).Select(_ => 7 - (random.NextDouble() < first ? 0 : Math.Log2(random.Next(Candidates) + 1)))];
            Estimate bounded = Estimates.BoundedMean(values, 0, 7)!, student = Estimates.Mean(values, 0, 7)!;
            Assert.Equal(values.Average(), bounded.Value, 12);
            Assert.True(bounded.Low <= bounded.Value && bounded.Value <= bounded.High && bounded.At(0.01).Low <= bounded.Low);
            held += bounded.Low <= truth && truth <= bounded.High ? 1 : 0;
            plain += student.Low <= truth && truth <= student.High ? 1 : 0;
        }

        Assert.InRange(held, 0.95 * Trials, Trials);
        if (first == 0.05) Assert.True(plain < 0.945 * Trials, $"{plain}");
    }

    [Fact]
    public void BoundedMean_FewOrEqualValues_AreTheMeans()
    {
        Assert.Null(Estimates.BoundedMean([3], 0, 8));
        Assert.Equal(Estimates.Mean([8, 8, 8], 0, 8)!.Low, Estimates.BoundedMean([8, 8, 8], 0, 8)!.Low);
    }
}
