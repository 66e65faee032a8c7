namespace Plumbline.Statistics;

/// <summary>A correlation coefficient with its test.</summary>
/// <param name="Coefficient">In [-1, 1].</param>
/// <param name="P">Two-sided p from t with n - 2 degrees of freedom; 0 for a perfect correlation, null for n &lt; 3.</param>
/// <param name="Interval">Fisher's z interval; null for n &lt; 4, for a perfect correlation, and for ranks.</param>
public sealed record CorrelationEstimate(double Coefficient, double? P, Interval? Interval);

/// <summary>Kendall's tau-b.</summary>
/// <param name="TauB">The coefficient.</param>
/// <param name="Concordant">Pairs ordered alike.</param>
/// <param name="Discordant">Pairs ordered oppositely.</param>
/// <param name="NormalP">Two-sided p with the tie-corrected variance, no continuity correction.</param>
/// <param name="ExactP">Exact two-sided p; null with ties or more than 1000 values.</param>
public sealed record KendallEstimate(double TauB, long Concordant, long Discordant, double NormalP, double? ExactP)
{
    /// <summary>Concordant minus discordant pairs.</summary>
    public long S => Concordant - Discordant;
}

/// <summary>Correlations of two variables.</summary>
/// <remarks>Fewer than two pairs, unequal lengths, values that are not finite and a constant variable throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class Correlation
{
    /// <summary>Pearson's correlation.</summary>
    public static CorrelationEstimate Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double alpha = 0.05)
    {
        Check(x, y);
        Demand.Alpha(alpha);
        double r = PearsonCoefficient(x, y) ?? throw Constant(nameof(x));
        Interval? interval = null;
        if (x.Length > 3 && Math.Abs(r) < 1)
        {
            double z = Math.Atanh(r), half = Normal.TwoSidedQuantile(alpha) / Math.Sqrt(x.Length - 3);
            interval = new Interval(Math.Tanh(z - half), Math.Tanh(z + half));
        }

        return new CorrelationEstimate(r, P(r, x.Length), interval);
    }

    /// <summary>Spearman's correlation: Pearson's of the mid-ranks.</summary>
    public static CorrelationEstimate Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Check(x, y);
        double r = PearsonCoefficient(MidRanks(x), MidRanks(y)) ?? throw Constant(nameof(x));
        return new CorrelationEstimate(r, P(r, x.Length), null);

        static double[] MidRanks(ReadOnlySpan<double> v) => Array.ConvertAll(Ranks.Mid(v, Ranks.Slack(v)).Doubled, static d => (double)d);
    }

    /// <summary>Kendall's tau-b.</summary>
    public static KendallEstimate Kendall(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Check(x, y);
        int n = x.Length;
        (int[] rx, int[] tx) = Ranks.Mid(x, Ranks.Slack(x));
        (int[] ry, int[] ty) = Ranks.Mid(y, Ranks.Slack(y));
        long concordant = 0, discordant = 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
            {
                int sign = Math.Sign(rx[i] - rx[j]) * Math.Sign(ry[i] - ry[j]);
                if (sign > 0) concordant++;
                else if (sign < 0) discordant++;
            }
        }

        double pairs = n * (n - 1.0) / 2, tiedX = tx.Sum(t => t * (t - 1.0) / 2), tiedY = ty.Sum(t => t * (t - 1.0) / 2);
        if (tiedX == pairs || tiedY == pairs) throw Constant(nameof(x));
        double s = concordant - discordant, tau = s / Math.Sqrt(pairs - tiedX) / Math.Sqrt(pairs - tiedY);
        double variance = ((n * (n - 1.0) * ((2 * n) + 5)) - tx.Sum(t => t * (t - 1.0) * ((2 * t) + 5)) - ty.Sum(t => t * (t - 1.0) * ((2 * t) + 5))) / 18;
        variance += 2 * tiedX * tiedY / (n * (n - 1.0));
        if (n > 2) variance += tx.Sum(t => t * (t - 1.0) * (t - 2)) * ty.Sum(t => t * (t - 1.0) * (t - 2)) / (9.0 * n * (n - 1.0) * (n - 2));
        return new KendallEstimate(tau, concordant, discordant, Normal.TwoSided(s / Math.Sqrt(variance)), tiedX == 0 && tiedY == 0 && n <= 1000 ? ExactP(n, Math.Min(concordant, discordant)) : null);
    }

    /// <summary>Pearson's coefficient; null where a variable is constant.</summary>
    internal static double? PearsonCoefficient(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double mx = Means.Mean(x), my = Means.Mean(y), xx = 0, yy = 0, xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double a = x[i] - mx, b = y[i] - my;
            xx += a * a;
            yy += b * b;
            xy += a * b;
        }

        if (xx == 0 || yy == 0) return null;
        double r = xy / Math.Sqrt(xx) / Math.Sqrt(yy);
        return 1 - Math.Abs(r) < 4e-16 * x.Length ? Math.Sign(r) : r;
    }

    private static double? P(double r, int n) =>
        n < 3 ? null : Math.Abs(r) >= 1 ? 0 : StudentT.TwoSided(r * Math.Sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2);

    // The number of inversions of a random permutation is a sum of independent uniform counts.
    private static double ExactP(int n, long inversions)
    {
        double[] law = [1];
        for (int k = 2; k <= n; k++)
        {
            double[] next = new double[Math.Min(law.Length + k - 1, inversions + 1)];
            double window = 0;
            for (int i = 0; i < next.Length; i++)
            {
                if (i < law.Length) window += law[i];
                if (i - k >= 0 && i - k < law.Length) window -= law[i - k];
                next[i] = window / k;
            }

            law = next;
        }

        return Math.Min(1, 2 * Elementary.Sum(law));
    }

    private static void Check(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
    }

    private static ArgumentException Constant(string name) => new("A variable is constant, so there is no correlation.", name);
}
