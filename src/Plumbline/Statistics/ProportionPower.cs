namespace Plumbline.Statistics;

/// <summary>Which deviations from the hypothesis a test looks for.</summary>
public enum TestSide
{
    /// <summary>Both directions, alpha/2 in each.</summary>
    TwoSided,

    /// <summary>A larger proportion.</summary>
    Greater,

    /// <summary>A smaller proportion.</summary>
    Less,
}

/// <summary>The exact binomial test of one proportion.</summary>
/// <param name="Power">The probability of rejection at the alternative.</param>
/// <param name="Size">The probability of rejection at the hypothesis, at most alpha.</param>
/// <param name="RejectAtMost">Counts up to this are rejected; -1 where none are.</param>
/// <param name="RejectAtLeast">Counts from this on are rejected; n + 1 where none are.</param>
public sealed record BinomialPower(double Power, double Size, int RejectAtMost, int RejectAtLeast);

/// <summary>Sample sizes of the exact binomial test, whose power is a saw-tooth in n.</summary>
/// <param name="First">The smallest n whose power reaches the target.</param>
/// <param name="PowerAtFirst">The power there.</param>
/// <param name="Stable">The smallest n from which the power stays at the target up to <paramref name="SearchedTo"/>.</param>
/// <param name="SearchedTo">The largest n looked at.</param>
public sealed record BinomialSampleSize(int First, double PowerAtFirst, int Stable, int SearchedTo);

/// <summary>Sample sizes of the first of two arms by four formulas, before rounding up.</summary>
/// <param name="Pooled">Pooled variance under the hypothesis, as R's power.prop.test.</param>
/// <param name="Unpooled">Unpooled variance throughout.</param>
/// <param name="ContinuityCorrected">Fleiss, Tytun and Ury (1980) on the pooled size.</param>
/// <param name="Arcsine">Cohen's arcsine transformation.</param>
public sealed record TwoProportionSampleSize(double Pooled, double Unpooled, double ContinuityCorrected, double Arcsine);

/// <summary>Power of the comparison of two independent proportions by three approximations, right direction unless named otherwise.</summary>
public sealed record TwoProportionPower(double Pooled, double PooledBothTails, double Unpooled, double Arcsine, double ArcsineBothTails);

/// <summary>Power, sample size and minimal detectable effect for proportions.</summary>
/// <remarks>Probabilities, alpha and power out of range and comparisons without a difference throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class ProportionPower
{
    /// <summary>The power of the exact test of hypothesis <paramref name="p0"/> at <paramref name="p1"/> with n trials.</summary>
    public static BinomialPower One(int n, double p0, double p1, double alpha = 0.05, TestSide side = TestSide.TwoSided)
    {
        Demand.AtLeast(n, 1);
        Demand.Probability(p0);
        Demand.Probability(p1);
        Demand.Alpha(alpha);
        double level = (side == TestSide.TwoSided ? alpha / 2 : alpha) * (1 + 1e-12);
        int low = side == TestSide.Greater ? -1 : Last(n, k => Binomial.Cdf(k, n, p0).Lower <= level);
        int high = side == TestSide.Less ? n + 1 : n - Last(n, k => Binomial.Cdf(n - k - 1, n, p0).Upper <= level);
        return new BinomialPower(
            Binomial.Cdf(low, n, p1).Lower + Binomial.Cdf(high - 1, n, p1).Upper, Binomial.Cdf(low, n, p0).Lower + Binomial.Cdf(high - 1, n, p0).Upper, low, high);

        // The last of 0, 1, ..., n that fulfils a condition which holds up to some point; -1 for none.
        static int Last(int n, Func<int, bool> holds)
        {
            int yes = -1, no = n + 1;
            while (no - yes > 1)
            {
                int mid = yes + ((no - yes) / 2);
                if (holds(mid)) yes = mid;
                else no = mid;
            }

            return yes;
        }
    }

    /// <summary>The trials that the exact test needs, searched to three times the first size plus 99.</summary>
    /// <param name="p0">The hypothesis.</param>
    /// <param name="p1">The alternative, different from it.</param>
    /// <param name="power">The target in (0, 1).</param>
    /// <param name="alpha">The error.</param>
    /// <param name="side">The direction.</param>
    /// <param name="most">Sizes above this are not tried.</param>
    public static BinomialSampleSize OneSampleSize(double p0, double p1, double power, double alpha = 0.05, TestSide side = TestSide.TwoSided, int most = 100_000)
    {
        Demand.Probability(p0);
        Demand.Probability(p1);
        Demand.Open01(power);
        if (p0 == p1 || (side == TestSide.Greater && p1 < p0) || (side == TestSide.Less && p1 > p0))
            throw new ArgumentException("The alternative does not lie on the tested side of the hypothesis, so no size suffices.", nameof(p1));
        int first = 1;
        while (One(first, p0, p1, alpha, side).Power < power)
        {
            if (++first > most) throw new ArgumentOutOfRangeException(nameof(most), most, "No size up to most reaches the power.");
        }

        int end = (3 * first) + 100, bad = 0;
        for (int n = end - 1; n >= 1 && bad == 0; n--)
        {
            if (One(n, p0, p1, alpha, side).Power < power) bad = n;
        }

        return new BinomialSampleSize(first, One(first, p0, p1, alpha, side).Power, bad + 1, end - 1);
    }

    /// <summary>The size of the first arm, the second having <paramref name="ratio"/> times as many.</summary>
    public static TwoProportionSampleSize TwoSampleSize(double p1, double p2, double power, double alpha = 0.05, double ratio = 1)
    {
        Demand.Probability(p1);
        Demand.Probability(p2);
        Demand.Open01(power);
        Demand.Positive(ratio);
        if (p1 == p2) throw new ArgumentException("The proportions do not differ, so no size suffices.", nameof(p2));
        double z = Normal.TwoSidedQuantile(alpha), zb = Normal.Quantile(power), mean = (p1 + (ratio * p2)) / (1 + ratio), d = Math.Abs(p1 - p2);
        double separate = (p1 * (1 - p1)) + (p2 * (1 - p2) / ratio), root = (z * Math.Sqrt(mean * (1 - mean) * (1 + (1 / ratio)))) + (zb * Math.Sqrt(separate));
        double pooled = root * root / (d * d), corrected = 1 + Math.Sqrt(1 + (2 * (ratio + 1) / (ratio * pooled * d))), h = EffectSizes.CohenH(p1, p2);
        return new TwoProportionSampleSize(
            pooled, (z + zb) * (z + zb) * separate / (d * d), pooled / 4 * corrected * corrected, (z + zb) * (z + zb) * (1 + (1 / ratio)) / (h * h));
    }

    /// <summary>The power of a comparison of two arms.</summary>
    public static TwoProportionPower Two(double p1, double p2, int n1, int n2, double alpha = 0.05)
    {
        Demand.Probability(p1);
        Demand.Probability(p2);
        Demand.AtLeast(n1, 1);
        Demand.AtLeast(n2, 1);
        double z = Normal.TwoSidedQuantile(alpha), d = Math.Abs(p1 - p2);
        (double s0, double s1) = Spread(p1, p2, n1, n2);
        if (s1 == 0) throw new ArgumentException("Both proportions are 0 or 1, where the approximations do not exist.", nameof(p1));
        double e = Math.Abs(EffectSizes.CohenH(p1, p2)) * Math.Sqrt((double)n1 * n2 / ((double)n1 + n2)), right = Normal.Cdf((d - (z * s0)) / s1), arc = Normal.Cdf(e - z);
        return new TwoProportionPower(right, right + Normal.Cdf((-d - (z * s0)) / s1), Normal.Cdf((d / s1) - z), arc, arc + Normal.Cdf(-e - z));
    }

    /// <summary>The smallest p1 above p0 that the pooled approximation detects; null where not even 1 is.</summary>
    public static double? MinimalEffect(double p0, int n1, int n2, double power, double alpha = 0.05)
    {
        Demand.Open01(p0);
        Demand.AtLeast(n1, 1);
        Demand.AtLeast(n2, 1);
        Demand.Open01(power);
        double z = Normal.TwoSidedQuantile(alpha), zb = Normal.Quantile(power);
        return Excess(1) < 0 ? null : Elementary.Bisect(Excess, p0, 1);

        double Excess(double p1)
        {
            (double s0, double s1) = Spread(p1, p0, n1, n2);
            return ((p1 - p0 - (z * s0)) / s1) - zb;
        }
    }

    // Standard errors of the difference, pooled and separate.
    private static (double Pooled, double Separate) Spread(double p1, double p2, double n1, double n2)
    {
        double mean = ((n1 * p1) + (n2 * p2)) / (n1 + n2);
        return (Math.Sqrt(mean * (1 - mean) * ((1 / n1) + (1 / n2))), Math.Sqrt((p1 * (1 - p1) / n1) + (p2 * (1 - p2) / n2)));
    }
}
