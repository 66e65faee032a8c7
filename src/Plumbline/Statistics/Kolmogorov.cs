namespace Plumbline.Statistics;

/// <summary>The law of the Kolmogorov–Smirnov statistic: its limit, and the exact one of one sample. Thread-safe.</summary>
internal static class Kolmogorov
{
    /// <summary>The upper tail of the limit law, 2 Σ (-1)^(j-1) exp(-2 j² x²).</summary>
    public static double UpperTail(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x <= 0) return 1;
        if (x < 0.8)
        {
            // Jacobi's transformation of the alternating series, which converges slowly here.
            double sum = 0;
            for (int j = 1; j < 20; j++)
            {
                double odd = (2 * j) - 1;
                sum += Math.Exp(-odd * odd * Math.PI * Math.PI / (8 * x * x));
            }

            return 1 - (Math.Sqrt(2 * Math.PI) / x * sum);
        }

        double total = 0;
        for (int j = 20; j >= 1; j--) total = Math.Exp(-2.0 * j * j * x * x) - total;
        return Math.Clamp(2 * total, 0, 1);
    }
}
