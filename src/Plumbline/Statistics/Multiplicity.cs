namespace Plumbline.Statistics;

/// <summary>p-values adjusted for many tests, in the order of the input; equal inputs get equal outputs.</summary>
/// <remarks>A p-value outside [0, 1] or NaN throws <see cref="ArgumentException"/>; an empty list gives an empty list. Thread-safe.</remarks>
public static class Multiplicity
{
    /// <summary>Holm's step-down method (1979): controls the family-wise error under any dependence. The default for findings.</summary>
    public static double[] Holm(ReadOnlySpan<double> p) => StepDown(p, static (value, rank, m) => (m - rank + 1) * value);

    /// <summary>Hochberg's step-up method (1988): family-wise error under independence.</summary>
    public static double[] Hochberg(ReadOnlySpan<double> p) => StepUp(p, static (value, rank, m) => (m - rank + 1) * value);

    /// <summary>Benjamini and Hochberg's method (1995): false discovery rate under independence or positive dependence.</summary>
    public static double[] BenjaminiHochberg(ReadOnlySpan<double> p) => StepUp(p, static (value, rank, m) => value * m / rank);

    /// <summary>Benjamini and Yekutieli's method (2001): false discovery rate under any dependence.</summary>
    public static double[] BenjaminiYekutieli(ReadOnlySpan<double> p)
    {
        double harmonic = 0;
        for (int i = p.Length; i >= 1; i--) harmonic += 1.0 / i;
        return StepUp(p, (value, rank, m) => value * m / rank * harmonic);
    }

    /// <summary>Bonferroni's bound, min(1, m p).</summary>
    public static double[] Bonferroni(ReadOnlySpan<double> p) => Single(p, static (value, m) => Math.Min(1, m * value));

    /// <summary>Šidák's bound for independent tests, 1 - (1 - p)^m.</summary>
    public static double[] Sidak(ReadOnlySpan<double> p) => Single(p, static (value, m) => value == 1 ? 1 : -Elementary.ExpM1(m * Elementary.Log1P(-value)));

    private static double[] Single(ReadOnlySpan<double> p, Func<double, int, double> adjust)
    {
        Check(p);
        double[] adjusted = new double[p.Length];
        for (int i = 0; i < adjusted.Length; i++) adjusted[i] = adjust(p[i], p.Length);
        return adjusted;
    }

    private static double[] StepDown(ReadOnlySpan<double> p, Func<double, int, int, double> scale)
    {
        int[] order = Order(p);
        double[] adjusted = new double[p.Length];
        double running = 0;
        for (int rank = 1; rank <= order.Length; rank++)
        {
            running = Math.Max(running, Math.Min(1, scale(p[order[rank - 1]], rank, order.Length)));
            adjusted[order[rank - 1]] = running;
        }

        return adjusted;
    }

    private static double[] StepUp(ReadOnlySpan<double> p, Func<double, int, int, double> scale)
    {
        int[] order = Order(p);
        double[] adjusted = new double[p.Length];
        double running = 1;
        for (int rank = order.Length; rank >= 1; rank--)
        {
            running = Math.Min(running, scale(p[order[rank - 1]], rank, order.Length));
            adjusted[order[rank - 1]] = running;
        }

        return adjusted;
    }

    private static int[] Order(ReadOnlySpan<double> p)
    {
        Check(p);
        double[] keys = p.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        return order;
    }

    private static void Check(ReadOnlySpan<double> p)
    {
        for (int i = 0; i < p.Length; i++)
        {
            if (!(p[i] >= 0 && p[i] <= 1)) throw new ArgumentException($"p[{i}] is {p[i]}; a p-value lies in [0, 1].", nameof(p));
        }
    }
}
