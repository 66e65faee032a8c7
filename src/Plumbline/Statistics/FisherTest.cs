namespace Plumbline.Statistics;

/// <summary>Fisher's exact test of a 2 × 2 table.</summary>
/// <param name="TwoSided">The probability of all tables no more probable than the observed one.</param>
/// <param name="Greater">p of the alternative of an odds ratio above 1.</param>
/// <param name="Less">p of the alternative of an odds ratio below 1.</param>
/// <param name="OddsRatio">The conditional maximum-likelihood odds ratio; NaN where only one table is possible.</param>
/// <param name="OddsRatioInterval">The central exact interval; [0, ∞] where only one table is possible.</param>
public sealed record FisherTest(double TwoSided, double Greater, double Less, double OddsRatio, Interval OddsRatioInterval)
{
    /// <summary>Tests the table [[a, b], [c, d]].</summary>
    /// <exception cref="ArgumentException">A count is negative, all are zero, a margin exceeds ten million, or alpha lies outside (0, 1).</exception>
    public static FisherTest Of(long a, long b, long c, long d, double alpha = 0.05)
    {
        Demand.AtLeast(a, 0);
        Demand.AtLeast(b, 0);
        Demand.AtLeast(c, 0);
        Demand.AtLeast(d, 0);
        Demand.Alpha(alpha);
        long row = a + b, column = a + c, n = row + c + d, low = Math.Max(0, row + column - n), high = Math.Min(row, column);
        if (n == 0) throw new ArgumentException("The table is empty.", nameof(a));
        if (high - low > 10_000_000) throw new ArgumentException("The table has more than ten million rearrangements.", nameof(a));
        if (low == high) return new FisherTest(1, 1, 1, double.NaN, new Interval(0, double.PositiveInfinity));

        // Log weights of the tables, from the ratios of neighbours.
        double[] logs = new double[high - low + 1];
        for (long i = low; i < high; i++)
            logs[i - low + 1] = logs[i - low] + Math.Log((double)(row - i) * (column - i) / ((i + 1.0) * (n - row - column + i + 1.0)));
        int observed = (int)(a - low);
        double top = logs.Max(), sum = 0, both = 0, greater = 0, less = 0, cut = Math.Exp(logs[observed] - top) * (1 + 1e-7);
        for (int i = 0; i < logs.Length; i++)
        {
            double w = Math.Exp(logs[i] - top);
            sum += w;
            if (w <= cut) both += w;
            if (i >= observed) greater += w;
            if (i <= observed) less += w;
        }

        double ratio = a == low ? 0 : a == high ? double.PositiveInfinity : Solve(t => Mean(t) - a);
        double from = a == low ? 0 : Solve(t => Tail(t, upper: true) - (alpha / 2));
        double to = a == high ? double.PositiveInfinity : Solve(t => Tail(t, upper: false) - (alpha / 2));
        return new FisherTest(both / sum, greater / sum, less / sum, ratio, new Interval(from, to));

        static double Solve(Func<double, double> f) => Math.Exp(Elementary.Bisect(f, -100, 100));

        double Mean(double t)
        {
            (double weights, double moments) = (0, 0);
            double peak = Peak(t);
            for (int i = 0; i < logs.Length; i++)
            {
                double w = Math.Exp(logs[i] + (i * t) - peak);
                weights += w;
                moments += w * (low + i);
            }

            return moments / weights;
        }

        double Tail(double t, bool upper)
        {
            (double weights, double tail) = (0, 0);
            double peak = Peak(t);
            for (int i = 0; i < logs.Length; i++)
            {
                double w = Math.Exp(logs[i] + (i * t) - peak);
                weights += w;
                if (upper ? i >= observed : i <= observed) tail += w;
            }

            return tail / weights;
        }

        double Peak(double t)
        {
            double peak = double.NegativeInfinity;
            for (int i = 0; i < logs.Length; i++) peak = Math.Max(peak, logs[i] + (i * t));
            return peak;
        }
    }
}
