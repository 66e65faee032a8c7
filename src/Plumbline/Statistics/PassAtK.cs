namespace Plumbline.Statistics;

/// <summary>Success within k attempts, estimated from n attempts with c successes. Thread-safe.</summary>
/// <remarks>No attempts, c outside [0, n] and k outside its range throw <see cref="ArgumentOutOfRangeException"/>: pass@k for k &gt; n is not estimable, not 1.</remarks>
public static class PassAtK
{
    /// <summary>pass@k, the probability that at least one of k attempts drawn without replacement succeeds (Chen et al. 2021): unbiased.</summary>
    public static double Unbiased(long attempts, long successes, long k)
    {
        Check(attempts, successes, k, attempts);
        if (attempts - successes < k) return 1;
        double log = 0;
        (long terms, double part) = successes < k ? (successes, (double)k) : (k, successes);
        for (long i = 0; i < terms; i++) log += Elementary.Log1P(-part / (attempts - i));
        return -Elementary.ExpM1(log);
    }

    /// <summary>pass^k, the probability that all of k attempts drawn without replacement succeed: unbiased.</summary>
    public static double AllOf(long attempts, long successes, long k)
    {
        Check(attempts, successes, k, attempts);
        if (k > successes) return 0;
        long failures = attempts - successes;
        double product = 1;
        (long terms, double part) = failures < k ? (failures, (double)k) : (k, failures);
        for (long i = 0; i < terms; i++) product *= (attempts - i - part) / (attempts - i);
        return product;
    }

    /// <summary>1 - (1 - c/n)^k: biased, for comparison; k may exceed n.</summary>
    public static double PlugIn(long attempts, long successes, long k)
    {
        Check(attempts, successes, k, long.MaxValue);
        return -Elementary.ExpM1(k * Elementary.Log1P(-(double)successes / attempts));
    }

    /// <summary>(c/n)^k: biased, for comparison; k may exceed n.</summary>
    public static double PlugInAllOf(long attempts, long successes, long k)
    {
        Check(attempts, successes, k, long.MaxValue);
        double rate = (double)successes / attempts;

        // Near 1 the logarithm of the failures keeps the digits, near 0 the power does.
        return rate < 0.5 ? Math.Pow(rate, k) : Math.Exp(k * Elementary.Log1P(-(double)(attempts - successes) / attempts));
    }

    private static void Check(long attempts, long successes, long k, long most)
    {
        Demand.Counts(successes, attempts, nameof(successes), nameof(attempts));
        if (k < 1 || k > most) throw new ArgumentOutOfRangeException(nameof(k), k, $"k must lie in [1, {most}]: with {attempts} attempts more draws without replacement say nothing.");
    }
}
