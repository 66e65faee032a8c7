using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A table of pairs of yes/no outcomes, such as the same prompts with and without a defence.</summary>
/// <param name="Both">Pairs in which both succeed.</param>
/// <param name="FirstOnly">Pairs in which only the first succeeds.</param>
/// <param name="SecondOnly">Pairs in which only the second succeeds.</param>
/// <param name="Neither">Pairs in which neither succeeds.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PairedCounts(long Both, long FirstOnly, long SecondOnly, long Neither)
{
    /// <summary>The number of pairs.</summary>
    public long Pairs => Both + FirstOnly + SecondOnly + Neither;

    /// <summary>The difference of the two rates, first minus second; NaN without pairs.</summary>
    public double Difference => (double)(FirstOnly - SecondOnly) / Pairs;

    /// <summary>Counts the pairs of two equally long series of outcomes.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static PairedCounts Of(ReadOnlySpan<bool> first, ReadOnlySpan<bool> second)
    {
        Demand.SameLength(first.Length, second.Length, nameof(first), nameof(second));
        long both = 0, firstOnly = 0, secondOnly = 0, neither = 0;
        for (int i = 0; i < first.Length; i++)
        {
            if (first[i]) _ = second[i] ? both++ : firstOnly++;
            else _ = second[i] ? secondOnly++ : neither++;
        }

        return new PairedCounts(both, firstOnly, secondOnly, neither);
    }
}

/// <summary>Intervals of the difference of two paired proportions, first minus second.</summary>
/// <remarks>No pairs, negative counts and alpha outside (0, 1) throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class PairedProportions
{
    /// <summary>Newcombe's paired score interval with continuity-corrected phi (1998, method 10): the default for paired rates.</summary>
    public static Interval Newcombe(PairedCounts counts, double alpha = 0.05) => SquareAndAdd(counts, PhiCorrected(counts), alpha);

    /// <summary>Newcombe's paired score interval with uncorrected phi (1998, method 8).</summary>
    public static Interval NewcombeUncorrected(PairedCounts counts, double alpha = 0.05) => SquareAndAdd(counts, Phi(counts), alpha);

    /// <summary>Bonett and Price's adjusted Wald interval (2012); it can leave [-1, 1].</summary>
    public static Interval BonettPrice(PairedCounts counts, double alpha = 0.05)
    {
        Check(counts);
        double n = counts.Pairs + 2.0, b = (counts.FirstOnly + 1) / n, c = (counts.SecondOnly + 1) / n;
        return Interval.Around(b - c, Normal.TwoSidedQuantile(alpha) * Math.Sqrt((b + c - ((b - c) * (b - c))) / n));
    }

    /// <summary>The Wald standard error of the difference.</summary>
    public static double WaldStandardError(PairedCounts counts)
    {
        Check(counts);
        double b = counts.FirstOnly, c = counts.SecondOnly, n = counts.Pairs;
        return Math.Sqrt(b + c - ((b - c) * (b - c) / n)) / n;
    }

    /// <summary>The phi correlation of the pairs; 0 where a margin is empty.</summary>
    public static double Phi(PairedCounts counts)
    {
        Check(counts);
        return Numerator(counts) / Scale(counts);
    }

    /// <summary>Phi with n/2 taken off a positive numerator, at least 0.</summary>
    internal static double PhiCorrected(PairedCounts counts)
    {
        Check(counts);
        double e = Numerator(counts);
        return (e > 0 ? Math.Max(0, e - (counts.Pairs / 2.0)) : e) / Scale(counts);
    }

    private static double Numerator(PairedCounts t) => ((double)t.Both * t.Neither) - ((double)t.FirstOnly * t.SecondOnly);

    // The root of the product of the margins; an empty margin makes it infinite, so that phi is 0.
    private static double Scale(PairedCounts t)
    {
        double product = Math.Sqrt((double)(t.Both + t.FirstOnly) * (t.SecondOnly + t.Neither)) * Math.Sqrt((double)(t.Both + t.SecondOnly) * (t.FirstOnly + t.Neither));
        return product == 0 ? double.PositiveInfinity : product;
    }

    private static Interval SquareAndAdd(PairedCounts t, double phi, double alpha)
    {
        long k1 = t.Both + t.FirstOnly, k2 = t.Both + t.SecondOnly, n = t.Pairs;
        double p1 = (double)k1 / n, p2 = (double)k2 / n, d = t.Difference;
        Interval first = Proportions.Wilson(k1, n, alpha), second = Proportions.Wilson(k2, n, alpha);
        return new Interval(d - Length(p1 - first.Low, second.High - p2, phi), d + Length(first.High - p1, p2 - second.Low, phi));

        static double Length(double a, double b, double phi) => Math.Sqrt(Math.Max(0, ((a - b) * (a - b)) + (2 * (1 - phi) * a * b)));
    }

    private static void Check(PairedCounts counts)
    {
        if (counts.Both < 0 || counts.FirstOnly < 0 || counts.SecondOnly < 0 || counts.Neither < 0)
            throw new ArgumentOutOfRangeException(nameof(counts), counts, "counts must not be negative.");
        if (counts.Pairs == 0) throw new ArgumentException("There are no pairs, so there is no difference.", nameof(counts));
    }
}
