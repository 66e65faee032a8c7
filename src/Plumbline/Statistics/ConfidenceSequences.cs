using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A confidence sequence after some observations.</summary>
/// <param name="T">Observations so far.</param>
/// <param name="Current">The interval from these observations.</param>
/// <param name="Running">The intersection of all intervals so far; valid at any stopping time, empty (Low &gt; High) only where the model fails.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SequenceStep(int T, Interval Current, Interval Running);

/// <summary>Confidence sequences: intervals that hold at all times at once, so that a run may be watched and stopped at will.</summary>
/// <remarks>alpha is the probability that the sequence ever excludes the true mean. Arguments out of range throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class ConfidenceSequences
{
    /// <summary>The stitched boundary S(v) of Howard, Ramdas, McAuliffe and Sekhon (2021, Theorem 1), crossed with probability at most alpha.</summary>
    /// <param name="v">The intrinsic time; values below m count as m.</param>
    /// <param name="alpha">The one-sided crossing probability.</param>
    /// <param name="m">The time from which on the boundary is tight, positive.</param>
    /// <param name="eta">The ratio of epochs, above 1.</param>
    /// <param name="s">The spending exponent, above 1.</param>
    /// <param name="c">The scale of sub-gamma increments; 0 for sub-Gaussian ones.</param>
    public static double StitchedBoundary(double v, double alpha, double m = 1, double eta = 2, double s = 1.4, double c = 0)
    {
        Demand.Alpha(alpha);
        Demand.Positive(m);
        Demand.Finite(v);
        if (!(eta > 1 && double.IsFinite(eta))) throw new ArgumentOutOfRangeException(nameof(eta), eta, "eta must be greater than 1.");
        if (!(s > 1 && double.IsFinite(s))) throw new ArgumentOutOfRangeException(nameof(s), s, "s must be greater than 1.");
        if (!(c >= 0 && double.IsFinite(c))) throw new ArgumentOutOfRangeException(nameof(c), c, "c must be at least 0.");
        double time = Math.Max(v, m), logEta = Math.Log(eta);
        double l = (s * Math.Log(Math.Log(eta * time / m))) + Math.Log(GammaFunction.Zeta(s) / (alpha * Math.Pow(logEta, s)));
        double k1 = (Math.Pow(eta, 0.25) + Math.Pow(eta, -0.25)) / Math.Sqrt(2), k2 = (Math.Sqrt(eta) + 1) / 2, linear = k2 * c * l;
        return Math.Sqrt((k1 * k1 * time * l) + (linear * linear)) + linear;
    }

    /// <summary>The stitched interval of a mean of values in [0, 1]: mean ± S(max(t/4, m)) / t. Wide, but for any bounded data.</summary>
    public static SequenceStep[] Stitched(ReadOnlySpan<double> x, double alpha = 0.05, double m = 1, double eta = 2, double s = 1.4)
    {
        Check(x, alpha);
        SequenceStep[] steps = new SequenceStep[x.Length];
        Interval running = new(0, 1);
        double sum = 0;
        for (int t = 1; t <= x.Length; t++)
        {
            sum += x[t - 1];
            Interval now = Interval.Around(sum / t, StitchedBoundary(t / 4.0, alpha / 2, m, eta, s) / t).Clip(0, 1);
            steps[t - 1] = Step(t, now, ref running);
        }

        return steps;
    }

    /// <summary>The beta-binomial mixture interval of a success rate: the default for yes/no outcomes.</summary>
    public static SequenceStep[] BetaBinomial(ReadOnlySpan<bool> x, double alpha = 0.05, double a = 0.5, double b = 0.5)
    {
        SequenceStep[] steps = new SequenceStep[x.Length];
        Interval running = BetaBinomial(0, 0, alpha, a, b);
        long successes = 0;
        for (int t = 1; t <= x.Length; t++)
        {
            if (x[t - 1]) successes++;
            steps[t - 1] = Step(t, BetaBinomial(successes, t, alpha, a, b), ref running);
        }

        return steps;
    }

    /// <summary>The beta-binomial mixture interval after t trials; [0, 1] after none.</summary>
    public static Interval BetaBinomial(long successes, long trials, double alpha = 0.05, double a = 0.5, double b = 0.5)
    {
        Demand.Alpha(alpha);
        Demand.Positive(a);
        Demand.Positive(b);
        if (trials == 0 && successes == 0) return new Interval(0, 1);
        Demand.Counts(successes, trials);
        long failures = trials - successes;
        double constant = BetaFunction.Log(a + successes, b + failures) - BetaFunction.Log(a, b) + Math.Log(alpha), estimate = (double)successes / trials;
        double low = successes == 0 ? 0 : Elementary.Bisect(p => Excess(p, 1 - p), 0, estimate);

        // Solved in 1 - p, which keeps the digits of an upper end near 1.
        double high = failures == 0 ? 1 : 1 - Elementary.Bisect(q => Excess(1 - q, q), 0, (double)failures / trials);
        return new Interval(low, high);

        double Excess(double p, double q) =>
            constant - (successes == 0 ? 0 : successes * Math.Log(p)) - (failures == 0 ? 0 : failures * (q < 0.5 ? Math.Log(q) : Elementary.Log1P(-p)));
    }

    /// <summary>The natural logarithm of the beta-binomial e-value against a success rate of <paramref name="p0"/>; min(1, 1 / largest e-value) is an anytime p-value.</summary>
    public static double BetaBinomialLogE(long successes, long trials, double p0, double a = 0.5, double b = 0.5)
    {
        Demand.Open01(p0);
        Demand.Positive(a);
        Demand.Positive(b);
        if (trials == 0 && successes == 0) return 0;
        Demand.Counts(successes, trials);
        long failures = trials - successes;
        return BetaFunction.Log(a + successes, b + failures) - BetaFunction.Log(a, b) - (successes * Math.Log(p0)) - (failures * Elementary.Log1P(-p0));
    }

    /// <summary>The hedged capital interval of a mean of values in [0, 1] (Waudby-Smith and Ramdas 2024).</summary>
    /// <param name="x">Observations in order.</param>
    /// <param name="alpha">The error.</param>
    /// <param name="c">The truncation of bets, in (0, 1).</param>
    /// <param name="theta">The share of capital that bets on a larger mean, in (0, 1).</param>
    /// <remarks>Every step solves for its ends anew: time grows with the square of the number of observations.</remarks>
    public static SequenceStep[] Hedged(ReadOnlySpan<double> x, double alpha = 0.05, double c = 0.5, double theta = 0.5)
    {
        Check(x, alpha);
        Demand.Open01(c);
        Demand.Open01(theta);
        double[] data = x.ToArray(), bets = Bets(x, alpha);
        double up = -Math.Log(theta * alpha), down = -Math.Log((1 - theta) * alpha);
        SequenceStep[] steps = new SequenceStep[x.Length];
        Interval running = new(0, 1);
        const double Least = 1e-300, Most = 1 - 1.1102230246251565e-16;
        for (int t = 1; t <= x.Length; t++)
        {
            double low = Plus(Least, t) < up ? 0 : Elementary.Bisect(m => Plus(m, t) - up, Least, 1);
            double high = Minus(Most, t) < down ? 1 : Elementary.Bisect(m => Minus(m, t) - down, 0, Most);
            steps[t - 1] = Step(t, new Interval(low, high), ref running);
        }

        return steps;

        double Plus(double m, int t)
        {
            double sum = 0, cap = c / m;
            for (int i = 0; i < t; i++) sum += Elementary.Log1P(Math.Min(bets[i], cap) * (data[i] - m));
            return sum;
        }

        double Minus(double m, int t)
        {
            double sum = 0, cap = c / (1 - m);
            for (int i = 0; i < t; i++) sum += Elementary.Log1P(-Math.Min(bets[i], cap) * (data[i] - m));
            return sum;
        }
    }

    /// <summary>The predictable bets of <see cref="Hedged"/>.</summary>
    internal static double[] Bets(ReadOnlySpan<double> x, double alpha)
    {
        double[] bets = new double[x.Length];
        double sum = 0, squares = 0, variance = 0.25;
        for (int t = 1; t <= bets.Length; t++)
        {
            bets[t - 1] = Math.Sqrt(2 * Math.Log(2 / alpha) / (variance * t * Math.Log(t + 1)));
            double v = x[t - 1];
            sum += v;
            double mean = (0.5 + sum) / (t + 1);
            squares += (v - mean) * (v - mean);
            variance = (0.25 + squares) / (t + 1);
        }

        return bets;
    }

    private static SequenceStep Step(int t, Interval now, ref Interval running)
    {
        running = new Interval(Math.Max(running.Low, now.Low), Math.Min(running.High, now.High));
        return new SequenceStep(t, now, running);
    }

    private static void Check(ReadOnlySpan<double> x, double alpha)
    {
        Demand.Alpha(alpha);
        for (int i = 0; i < x.Length; i++)
        {
            if (!(x[i] >= 0 && x[i] <= 1)) throw new ArgumentException($"x[{i}] is {x[i]}; observations lie in [0, 1].", nameof(x));
        }
    }
}
