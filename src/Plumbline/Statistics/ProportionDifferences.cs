namespace Plumbline.Statistics;

/// <summary>Confidence intervals of the difference of two independent proportions, first minus second.</summary>
/// <remarks>alpha is the two-sided error. Empty arms, counts outside their arm and alpha outside (0, 1) throw <see cref="ArgumentOutOfRangeException"/>. Thread-safe.</remarks>
public static class ProportionDifferences
{
    /// <summary>Newcombe's hybrid score interval (1998, method 10): the default for two independent rates.</summary>
    public static Interval Newcombe(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Demand.Counts(successes1, trials1);
        Demand.Counts(successes2, trials2);
        double p1 = (double)successes1 / trials1, p2 = (double)successes2 / trials2;
        Interval first = Proportions.Wilson(successes1, trials1, alpha), second = Proportions.Wilson(successes2, trials2, alpha);
        double d = p1 - p2;
        return new Interval(d - Hypotenuse(p1 - first.Low, second.High - p2), d + Hypotenuse(first.High - p1, p2 - second.Low));
    }

    /// <summary>Agresti and Caffo's interval (2000): one success and one failure added to each arm; not clipped.</summary>
    public static Interval AgrestiCaffo(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        Demand.Counts(successes1, trials1);
        Demand.Counts(successes2, trials2);
        double z = Normal.TwoSidedQuantile(alpha), n1 = trials1 + 2.0, n2 = trials2 + 2.0, p1 = (successes1 + 1) / n1, p2 = (successes2 + 1) / n2;
        return Interval.Around(p1 - p2, z * Math.Sqrt((p1 * (1 - p1) / n1) + (p2 * (1 - p2) / n2)));
    }

    /// <summary>Miettinen and Nurminen's inverted score test (1985), its variance times N/(N - 1).</summary>
    public static Interval MiettinenNurminen(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05)
    {
        double n = (double)trials1 + trials2;
        return Score(successes1, trials1, successes2, trials2, alpha, n / (n - 1));
    }

    /// <summary>Mee's inverted score test (1984): as <see cref="MiettinenNurminen"/> without the variance factor.</summary>
    public static Interval Mee(long successes1, long trials1, long successes2, long trials2, double alpha = 0.05) =>
        Score(successes1, trials1, successes2, trials2, alpha, 1);

    /// <summary>The unpooled standard error of the difference.</summary>
    public static double WaldStandardError(long successes1, long trials1, long successes2, long trials2)
    {
        Demand.Counts(successes1, trials1);
        Demand.Counts(successes2, trials2);
        double p1 = (double)successes1 / trials1, p2 = (double)successes2 / trials2;
        return Math.Sqrt((p1 * (1 - p1) / trials1) + (p2 * (1 - p2) / trials2));
    }

    private static Interval Score(long k1, long n1, long k2, long n2, double alpha, double factor)
    {
        Demand.Counts(k1, n1, "successes1", "trials1");
        Demand.Counts(k2, n2, "successes2", "trials2");
        double z = Normal.TwoSidedQuantile(alpha), d = ((double)k1 / n1) - ((double)k2 / n2);
        double low = d == -1 ? -1 : Elementary.Bisect(delta => Statistic(delta) - z, -1, d);
        double high = d == 1 ? 1 : Elementary.Bisect(delta => Statistic(delta) + z, d, 1);
        return new Interval(low, high);

        double Statistic(double delta)
        {
            if (delta == d) return 0;
            double p2 = Restricted(k1, n1, k2, n2, delta), p1 = Math.Clamp(p2 + delta, 0, 1);
            double variance = ((p1 * (1 - p1) / n1) + (p2 * (1 - p2) / n2)) * factor;
            return variance <= 0 ? Math.Sign(d - delta) * double.PositiveInfinity : (d - delta) / Math.Sqrt(variance);
        }
    }

    // The maximum-likelihood p2 given p1 - p2 = delta: a root of a cubic (Miettinen and Nurminen 1985, appendix), polished by Newton's method.
    private static double Restricted(double k1, double n1, double k2, double n2, double delta)
    {
        double low = Math.Max(0, -delta), high = Math.Min(1, 1 - delta), n = n1 + n2;
        double b = ((n1 + (2 * n2)) * delta) - n - k1 - k2, c = ((((n2 * delta) - n - (2 * k2)) * delta) + k1) + k2, e = k2 * delta * (1 - delta);
        double t = b / (3 * n), v = (t * t * t) - (b * c / (6 * n * n)) + (e / (2 * n)), u = Math.Sqrt(Math.Max(0, (t * t) - (c / (3 * n))));
        if (v <= 0) u = -u;
        double p = u == 0 ? -t : (2 * u * Math.Cos((Math.PI + Math.Acos(Math.Clamp(v / (u * u * u), -1, 1))) / 3)) - t;
        p = Math.Clamp(p, low, high);
        for (int i = 0; i < 3; i++)
        {
            double slope = (((3 * n * p) + (2 * b)) * p) + c;
            if (slope == 0) break;
            double next = p - (((((((n * p) + b) * p) + c) * p) + e) / slope);
            if (!(next >= low && next <= high)) break;
            p = next;
        }

        return p;
    }

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
}
