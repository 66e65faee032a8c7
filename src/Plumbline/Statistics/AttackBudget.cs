namespace Plumbline.Statistics;

/// <summary>Attempts until the first success, where every attempt succeeds with the same probability. Thread-safe.</summary>
/// <remarks>A success probability outside (0, 1] throws <see cref="ArgumentOutOfRangeException"/>: at 0 no budget suffices.</remarks>
public static class AttackBudget
{
    /// <summary>The expected number of attempts, 1 / p.</summary>
    public static double ExpectedAttempts(double p)
    {
        Check(p);
        return 1 / p;
    }

    /// <summary>The least number of attempts that succeeds with at least the given confidence in (0, 1).</summary>
    public static double Attempts(double p, double confidence)
    {
        Check(p);
        Demand.Open01(confidence);
        if (p == 1) return 1;

        // A slack of a few roundings: 1 - (1 - 1/2)^1 reaches 50 %.
        double needed = Elementary.Log1P(-confidence) / Elementary.Log1P(-p);
        return Math.Max(1, Math.Ceiling(needed * (1 - 1e-15)));
    }

    /// <summary>The probability of a success within a number of attempts, 1 - (1 - p)^n.</summary>
    public static double SuccessWithin(double p, long attempts)
    {
        Check(p);
        Demand.AtLeast(attempts, 0);
        return attempts == 0 ? 0 : -Elementary.ExpM1(attempts * Elementary.Log1P(-p));
    }

    private static void Check(double p)
    {
        if (!(p > 0 && p <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "p must lie in (0, 1].");
    }
}
