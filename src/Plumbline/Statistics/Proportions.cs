namespace Plumbline.Statistics;

/// <summary>Confidence intervals of one binomial proportion.</summary>
/// <remarks>
/// alpha is the two-sided error, 1 - confidence level. Every method refuses zero trials, counts outside [0, trials] and alpha outside (0, 1)
/// with <see cref="ArgumentOutOfRangeException"/>. Thread-safe.
/// </remarks>
public static class Proportions
{
    /// <summary>Wilson's score interval (1927): the default for rates. Exactly 0 at no success and 1 at no failure.</summary>
    public static Interval Wilson(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        double z = Normal.TwoSidedQuantile(alpha);
        return new Interval(Low(successes, trials, z), 1 - Low(trials - successes, trials, z));

        // The smaller root of (n + z²) p² - (2k + z²) p + k²/n = 0, in the form that does not cancel.
        static double Low(double k, double n, double z)
        {
            double square = z * z;
            return k == 0 ? 0 : 2 * k * (k / n) / ((2 * k) + square + (z * Math.Sqrt(square + (4 * k * ((n - k) / n)))));
        }
    }

    /// <summary>Wilson's interval with continuity correction (Newcombe 1998, method 4); 0 at no success and 1 at no failure.</summary>
    public static Interval WilsonContinuityCorrected(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        double z = Normal.TwoSidedQuantile(alpha);
        return new Interval(Low(successes, trials, z), 1 - Low(trials - successes, trials, z));

        static double Low(double k, double n, double z)
        {
            if (k == 0) return 0;
            double square = z * z, inner = square - 2 - (1 / n) + (4 * (k / n) * (n - k + 1));
            return Math.Max(0, 2 * (k - 0.5) * ((k - 0.5) / n) / ((2 * k) - 1 + square + (z * Math.Sqrt(Math.Max(0, inner)))));
        }
    }

    /// <summary>The exact interval of Clopper and Pearson (1934): covers at least 1 - alpha for every proportion.</summary>
    public static Interval ClopperPearson(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        Demand.Alpha(alpha);
        return new Interval(LowerQuantile(successes, trials, alpha / 2), 1 - LowerQuantile(trials - successes, trials, alpha / 2));
    }

    /// <summary>The equal-tailed Jeffreys interval, with 0 at no success and 1 at no failure (Brown, Cai, DasGupta 2001).</summary>
    public static Interval Jeffreys(long successes, long trials, double alpha = 0.05)
    {
        Interval plain = JeffreysEqualTailed(successes, trials, alpha);
        return new Interval(successes == 0 ? 0 : plain.Low, successes == trials ? 1 : plain.High);
    }

    /// <summary>The plain equal-tailed interval of the posterior Beta(k + 1/2, n - k + 1/2); its lower end is above 0 even at no success.</summary>
    public static Interval JeffreysEqualTailed(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        Demand.Alpha(alpha);
        double a = successes + 0.5, b = trials - successes + 0.5;
        return new Interval(BetaFunction.RegularizedInverse(a, b, alpha / 2).X, BetaFunction.RegularizedInverse(b, a, alpha / 2).Y);
    }

    /// <summary>Agresti and Coull's interval (1998), clipped to [0, 1].</summary>
    public static Interval AgrestiCoull(long successes, long trials, double alpha = 0.05) => AgrestiCoullUnclipped(successes, trials, alpha).Clip(0, 1);

    /// <summary>Agresti and Coull's interval as the formula gives it; it may leave [0, 1].</summary>
    public static Interval AgrestiCoullUnclipped(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        double z = Normal.TwoSidedQuantile(alpha), n = trials + (z * z), p = (successes + (z * z / 2)) / n;
        return Interval.Around(p, z * Math.Sqrt(p * (1 - p) / n));
    }

    /// <summary>The one-sided exact upper bound at confidence 1 - alpha; at no success the exact form of the "rule of three".</summary>
    public static double UpperBound(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        Demand.Alpha(alpha);
        return 1 - LowerQuantile(trials - successes, trials, alpha);
    }

    /// <summary>The one-sided exact lower bound at confidence 1 - alpha.</summary>
    public static double LowerBound(long successes, long trials, double alpha = 0.05)
    {
        Demand.Counts(successes, trials);
        Demand.Alpha(alpha);
        return LowerQuantile(successes, trials, alpha);
    }

    // Upper ends are one minus the lower end of the failures: a quantile near 1 would lose the digits of its complement.
    private static double LowerQuantile(long k, long n, double tail) => k == 0 ? 0 : BetaFunction.RegularizedInverse(k, n - k + 1, tail).X;
}
