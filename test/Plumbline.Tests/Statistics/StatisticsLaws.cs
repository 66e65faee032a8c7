using CsCheck;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

/// <summary>Laws that hold for all inputs, on random ones.</summary>
public sealed class StatisticsLaws
{
    private static readonly Func<long, long, double, Interval>[] _methods =
    [
        Proportions.Wilson, Proportions.WilsonContinuityCorrected, Proportions.ClopperPearson, Proportions.Jeffreys, Proportions.AgrestiCoull,
    ];

    private static readonly Gen<(int K, int N)> _counts = Gen.Int[1, 400].SelectMany(n => Gen.Int[0, n].Select(k => (k, n)));
    private static readonly Gen<double[]> _pValues = Gen.Double[0, 1].Array[1, 30];
    private static readonly Gen<double[]> _scores = Gen.Int[0, 12].Select(v => v / 4.0).Array[1, 25];

    [Fact]
    public void Intervals_lie_in_the_unit_interval_and_have_width() => _counts.Sample(c =>
    {
        foreach (Func<long, long, double, Interval> method in _methods)
        {
            Interval i = method(c.K, c.N, 0.05);
            Assert.True(i.Low >= 0 && i.High <= 1 && i.Width > 0, $"{c} {i}");
            Assert.True(i.Low <= (double)c.K / c.N + 1e-15 && i.High >= ((double)c.K / c.N) - 1e-15, $"{c} {i}");
        }
    }, iter: 300);

    [Fact]
    public void Intervals_rise_with_successes_and_mirror_failures() => Gen.Select(_counts, Gen.Double[0.001, 0.5]).Sample((c, alpha) =>
    {
        foreach (Func<long, long, double, Interval> method in _methods)
        {
            Interval i = method(c.K, c.N, alpha), mirrored = method(c.N - c.K, c.N, alpha);
            Assert.Equal(i.Low, 1 - mirrored.High, 1e-12);
            Assert.Equal(i.High, 1 - mirrored.Low, 1e-12);
            if (c.K == c.N) continue;
            Interval next = method(c.K + 1, c.N, alpha);
            Assert.True(next.Low >= i.Low && next.High >= i.High, $"{c}: {i} then {next}");
        }
    }, iter: 200);

    [Fact]
    public void Intervals_narrow_with_alpha() => Gen.Select(_counts, Gen.Double[0.001, 0.4]).Sample((c, alpha) =>
    {
        foreach (Func<long, long, double, Interval> method in _methods)
            Assert.True(method(c.K, c.N, alpha * 1.5).Width <= method(c.K, c.N, alpha).Width);
    }, iter: 200);

    [Theory]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(30)]
    public void Clopper_pearson_covers_and_wilson_covers_on_average(int n)
    {
        Interval[] exact = [.. Enumerable.Range(0, n + 1).Select(k => Proportions.ClopperPearson(k, n))], score = [.. Enumerable.Range(0, n + 1).Select(k => Proportions.Wilson(k, n))];
        double mean = 0;
        const int Grid = 400;
        for (int g = 0; g < Grid; g++)
        {
            double p = (g + 0.5) / Grid, covered = 0;
            for (int k = 0; k <= n; k++)
            {
                double mass = Binomial.Probability(k, n, p);
                if (exact[k].Contains(p)) covered += mass;
                if (score[k].Contains(p)) mean += mass / Grid;
            }

            Assert.True(covered >= 0.95, $"n = {n}, p = {p}: {covered}");
        }

        Assert.InRange(mean, 0.94, 0.97);
    }

    [Fact]
    public void Differences_change_sign_with_the_arms() => Gen.Select(_counts, _counts).Sample((a, b) =>
    {
        foreach (Func<long, long, long, long, double, Interval> method in new Func<long, long, long, long, double, Interval>[]
        {
            ProportionDifferences.Newcombe, ProportionDifferences.AgrestiCaffo, ProportionDifferences.MiettinenNurminen, ProportionDifferences.Mee,
        })
        {
            Interval there = method(a.K, a.N, b.K, b.N, 0.05), back = method(b.K, b.N, a.K, a.N, 0.05);
            Assert.Equal(there.Low, -back.High, 1e-9);
            Assert.Equal(there.High, -back.Low, 1e-9);
            Assert.True(there.Width > 0);
        }
    }, iter: 100);

    [Fact]
    public void Paired_differences_change_sign_with_the_order() => Gen.Int[0, 40].Array[4].Where(v => v.Sum() > 0).Sample(v =>
    {
        PairedCounts there = new(v[0], v[1], v[2], v[3]), back = new(v[0], v[2], v[1], v[3]);
        Interval a = PairedProportions.Newcombe(there), b = PairedProportions.Newcombe(back);
        Assert.Equal(a.Low, -b.High, 1e-12);
        Assert.True(a.Contains(there.Difference) && a.Low >= -1 - 1e-12 && a.High <= 1 + 1e-12, $"{there} {a}");
        Assert.Equal(McNemar.Test(there), McNemar.Test(back));
    }, iter: 200);

    [Fact]
    public void Adjusted_p_values_are_ordered() => _pValues.Sample(p =>
    {
        double[] holm = Multiplicity.Holm(p), hochberg = Multiplicity.Hochberg(p), bh = Multiplicity.BenjaminiHochberg(p), bonferroni = Multiplicity.Bonferroni(p);
        for (int i = 0; i < p.Length; i++)
        {
            Assert.True(holm[i] >= p[i] && holm[i] <= bonferroni[i] && hochberg[i] <= holm[i] && bh[i] <= hochberg[i] * (1 + 1e-12) && bh[i] >= p[i] * (1 - 1e-12));
            for (int j = 0; j < p.Length; j++) Assert.True(p[i] > p[j] || holm[i] <= holm[j]);
        }
    }, iter: 200);

    [Fact]
    public void Adjustment_ignores_the_order() => _pValues.Sample(p =>
    {
        double[] reversed = [.. p.Reverse()];
        Assert.Equal(Multiplicity.Holm(p), Multiplicity.Holm(reversed).Reverse());
        Assert.Equal(Multiplicity.BenjaminiHochberg(p), Multiplicity.BenjaminiHochberg(reversed).Reverse());
    }, iter: 100);

    [Fact]
    public void Quantiles_invert_distributions() => Gen.Select(Gen.Double[-3, 4], Gen.Double[-3, 4], Gen.Double[-12, -0.001]).Sample((logA, logB, logP) =>
    {
        double a = Math.Pow(10, logA), b = Math.Pow(10, logB), p = Math.Pow(10, logP);
        BetaFunction.Split x = BetaFunction.RegularizedInverse(a, b, p);
        // Subnormal quantiles have no digits left to invert.
        Assert.True(Math.Min(x.X, x.Y) < 1e-300 || Math.Abs((BetaFunction.Regularized(a, b, x).Lower / p) - 1) < 1e-9, $"beta {a} {b} {p}: {x}");
        double y = GammaFunction.RegularizedInverse(a, p);
        Assert.True(y < 1e-300 || Math.Abs((GammaFunction.Regularized(a, y).Lower / p) - 1) < 1e-9, $"gamma {a} {p}: {y}");
        double z = Normal.Quantile(p);
        Assert.True(Math.Abs((Normal.Cdf(z) / p) - 1) < 1e-12, $"normal {p}: {z}");
        double t = StudentT.Quantile(p, a);
        Assert.True(double.IsInfinity(t) || Math.Abs(t) > 1e150 || Math.Abs((StudentT.Cdf(t, a).Lower / p) - 1) < 1e-9, $"t {a} {p}: {t}");
    }, iter: 300);

    [Fact]
    public void Binomial_tails_sum_the_masses() => Gen.Select(_counts, Gen.Double[0, 1]).Sample((c, p) =>
    {
        double sum = 0;
        for (int k = 0; k <= c.K; k++) sum += Binomial.Probability(k, c.N, p);
        Tails tails = Binomial.Cdf(c.K, c.N, p);
        Assert.Equal(sum, tails.Lower, 1e-11);
        Assert.Equal(1, tails.Lower + tails.Upper, 1e-12);
    }, iter: 100);

    [Fact]
    public void Means_follow_affine_maps() => Gen.Select(Gen.Double[-100, 100].Array[2, 30], Gen.Double[-50, 50], Gen.Double[0.1, 10]).Sample((x, shift, scale) =>
    {
        MeanEstimate before = Means.One(x), after = Means.One([.. x.Select(v => (v * scale) + shift)]);
        double size = 1e-9 * (Math.Abs(shift) + (scale * (Math.Abs(before.Interval.Low) + Math.Abs(before.Interval.High) + 100)));
        Assert.Equal((before.Interval.Low * scale) + shift, after.Interval.Low, size);
        Assert.Equal((before.Interval.High * scale) + shift, after.Interval.High, size);
    }, iter: 200);

    [Fact]
    public void Clusters_of_one_are_no_clusters() => Gen.Double[-10, 10].Array[3, 20].Where(x => x.Distinct().Count() > 1).Sample(x =>
    {
        ClusteredMean m = ClusteredMeans.One(x, [.. Enumerable.Range(0, x.Length)]);
        Assert.Equal(m.SeIndependent, m.SeCr1, 1e-9);
        Assert.Equal(1, m.DesignEffect, 1e-9);
    }, iter: 100);

    [Fact]
    public void Areas_see_order_only() => Gen.Select(_scores, _scores).Sample((positive, negative) =>
    {
        double area = Roc.Area(positive, negative);
        Assert.Equal(1 - area, Roc.Area(negative, positive), 1e-12);
        Assert.Equal(area, Roc.Area([.. positive.Select(v => Math.Exp(v))], [.. negative.Select(v => Math.Exp(v))]), 1e-12);
        Roc roc = new(positive, negative);
        Assert.Equal(area, roc.PartialArea(1), 1e-12);
        Assert.Equal((1, 1), roc.Points[^1]);
    }, iter: 200);

    [Fact]
    public void More_attempts_never_lower_success() => _counts.Where(c => c.N > 1).Sample(c =>
    {
        Assert.Equal((double)c.K / c.N, PassAtK.Unbiased(c.N, c.K, 1), 1e-14);
        double before = 0, all = 1;
        for (int k = 1; k <= c.N; k++)
        {
            double any = PassAtK.Unbiased(c.N, c.K, k), every = PassAtK.AllOf(c.N, c.K, k);
            Assert.True(any >= before - 1e-15 && every <= all + 1e-15 && any >= every - 1e-15, $"{c} {k}");
            (before, all) = (any, every);
        }
    }, iter: 50);

    [Fact]
    public void Isotonic_fits_rise_and_keep_the_mean() => Gen.Select(Gen.Int[0, 20], Gen.Double[-5, 5]).Array[1, 40].Sample(points =>
    {
        double[] x = [.. points.Select(p => (double)p.Item1)], y = [.. points.Select(p => p.Item2)], w = [.. points.Select(_ => 1.0)];
        IsotonicRegression fit = new(x, y, w);
        for (int i = 1; i < fit.Knots.Count; i++) Assert.True(fit.Knots[i].Y >= fit.Knots[i - 1].Y);
        Assert.Equal(y.Sum(), x.Sum(fit.Predict), 1e-9);
    }, iter: 200);

    [Fact]
    public void Kappa_ignores_who_is_first() => Gen.Int[1, 30].Array[9].Sample(v =>
    {
        int[][] table = [[v[0], v[1], v[2]], [v[3], v[4], v[5]], [v[6], v[7], v[8]]], transposed = [[v[0], v[3], v[6]], [v[1], v[4], v[7]], [v[2], v[5], v[8]]];
        foreach (KappaWeights weights in Enum.GetValues<KappaWeights>())
        {
            CohenKappa a = CohenKappa.Of(table, weights)!, b = CohenKappa.Of(transposed, weights)!;
            Assert.Equal(a.Kappa, b.Kappa, 1e-12);
            Assert.Equal(a.StandardError, b.StandardError, 1e-12);
            Assert.True(a.Kappa <= 1);
        }
    }, iter: 100);

    [Fact]
    public void Divergences_are_bounded() => Gen.Select(Gen.Double[0, 1].Array[6], Gen.Double[0, 1].Array[6]).Where((p, q) => p.Sum() > 0 && q.Sum() > 0).Sample((p, q) =>
    {
        Divergence there = Divergence.Of(p, q), back = Divergence.Of(q, p);
        Assert.True(there.KullbackLeibler >= -1e-15 && there.JensenShannon <= Math.Log(2) + 1e-12 && there.TotalVariation <= 1 + 1e-12 && there.NormalisedEntropy <= 1 + 1e-12);
        Assert.Equal(there.JensenShannon, back.JensenShannon, 1e-12);
        Assert.Equal(there.KullbackLeibler, back.Reverse, 1e-12);
    }, iter: 200);

    [Fact]
    public void Sampled_permutations_approach_the_exact_test() => Gen.Select(Gen.Double[-1, 2].Array[8], Gen.Double[-1, 1].Array[8], Gen.ULong).Sample((x, y, seed) =>
    {
        Assert.InRange(PermutationTests.PairedSampled(x, y, 4000, seed).TwoSided - PermutationTests.Paired(x, y).TwoSided, -0.05, 0.05);
        Assert.InRange(PermutationTests.TwoSampleSampled(x, y, 4000, seed).TwoSided - PermutationTests.TwoSample(x, y).TwoSided, -0.05, 0.05);
    }, iter: 20);

    [Fact]
    public void Posteriors_are_intervals_in_the_unit_interval() => Gen.Select(Gen.Int[1, 300].SelectMany(n => Gen.Int[0, n].Select(k => (k, n))), Gen.Int[1, 60].Array[4]).Sample((c, v) =>
    {
        JudgeCalibration judge = new(v[0], v[1], v[2], v[3]);
        PrevalencePosterior posterior = Prevalence.Posterior(c.k, c.n, judge);
        Interval i = posterior.Interval();
        Assert.True(i.Low >= 0 && i.High <= 1 && i.Width > 0 && posterior.Mean is > 0 and < 1, $"{c} {judge} {i}");
        Assert.True(posterior.Quantile(0.5) > i.Low && posterior.Quantile(0.5) < i.High);
        RoganGladenEstimate? plain = Prevalence.RoganGladen(c.k, c.n, judge);
        Assert.Equal(judge.Informative, plain is not null);
        Assert.True(plain is null || plain.Value is >= 0 and <= 1);
    }, iter: 15);

    [Fact]
    public void A_perfect_judge_changes_nothing() => _counts.Sample(c =>
    {
        RoganGladenEstimate estimate = Prevalence.RoganGladen(c.K, c.N, new JudgeCalibration(1_000_000, 0, 1_000_000, 0))!;
        Assert.Equal((double)c.K / c.N, estimate.Value, 1e-12);
        Assert.Equal(estimate.KnownErrorRatesSe, estimate.StandardError, 1e-12);
    }, iter: 100);

    [Fact]
    public void Sequences_shrink_and_contain_the_mean() => Gen.Bool.Array[1, 80].Sample(x =>
    {
        int successes = 0;
        Interval before = new(0, 1);
        foreach (SequenceStep step in ConfidenceSequences.BetaBinomial(x))
        {
            if (x[step.T - 1]) successes++;
            Assert.True(step.Current.Contains((double)successes / step.T));
            Assert.True(step.Running.Low >= before.Low && step.Running.High <= before.High);
            before = step.Running;
        }
    }, iter: 50);

    [Fact]
    public void Brier_decomposes() => Gen.Select(Gen.Int[0, 20].Select(v => v / 20.0), Gen.Bool).Array[1, 60].Sample(points =>
    {
        Calibration c = Calibration.Of([.. points.Select(p => p.Item1)], [.. points.Select(p => p.Item2)], 7);
        foreach (CalibrationSummary s in new[] { c.EqualWidth, c.EqualMass, c.ByUniqueScore })
        {
            Assert.Equal(c.Brier, s.Reliability - s.Resolution + s.Uncertainty + s.WithinBin, 1e-12);
            Assert.Equal(points.Length, s.Bins.Sum(b => b.Count));
        }

        Assert.Equal(0, c.ByUniqueScore.WithinBin, 1e-12);
    }, iter: 200);
}
