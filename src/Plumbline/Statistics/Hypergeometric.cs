namespace Plumbline.Statistics;

/// <summary>The number of marked items among draws without replacement. Thread-safe.</summary>
internal static class Hypergeometric
{
    /// <summary>P(X = k) with <paramref name="marked"/> of <paramref name="population"/> items marked and <paramref name="draws"/> drawn.</summary>
    public static double Probability(long k, long population, long marked, long draws)
    {
        Check(population, marked, draws);
        if (k < Math.Max(0, draws + marked - population) || k > Math.Min(marked, draws)) return 0;
        if (draws == 0 || draws == population) return 1;
        double p = (double)draws / population, q = (double)(population - draws) / population;
        return Binomial.Mass(k, marked, p, q) * Binomial.Mass(draws - k, population - marked, p, q) / Binomial.Mass(draws, population, p, q);
    }

    /// <summary>P(X ≤ k) and P(X &gt; k).</summary>
    public static Tails Cdf(long k, long population, long marked, long draws)
    {
        Check(population, marked, draws);
        long low = Math.Max(0, draws + marked - population), high = Math.Min(marked, draws);
        if (k < low) return new Tails(0, 1);
        if (k >= high) return new Tails(1, 0);
        double mean = (double)draws * marked / population;
        if (k < mean)
        {
            double lower = Sum(k, low, -1, population, marked, draws);
            return new Tails(lower, 1 - lower);
        }

        double upper = Sum(k + 1, high, 1, population, marked, draws);
        return new Tails(1 - upper, upper);
    }

    // The tail from k outwards, by the ratio of neighbouring masses.
    private static double Sum(long k, long end, int step, long population, long marked, long draws)
    {
        double term = Probability(k, population, marked, draws), sum = term;
        while (k != end && term > sum * 1e-18)
        {
            term *= step > 0
                ? (double)(marked - k) * (draws - k) / ((k + 1.0) * (population - marked - draws + k + 1.0))
                : (double)k * (population - marked - draws + k) / ((marked - k + 1.0) * (draws - k + 1.0));
            sum += term;
            k += step;
        }

        return Math.Min(1, sum);
    }

    private static void Check(long population, long marked, long draws)
    {
        Demand.AtLeast(population, 0);
        if (marked < 0 || marked > population) throw new ArgumentOutOfRangeException(nameof(marked), marked, $"marked must lie in [0, {population}].");
        if (draws < 0 || draws > population) throw new ArgumentOutOfRangeException(nameof(draws), draws, $"draws must lie in [0, {population}].");
    }
}
