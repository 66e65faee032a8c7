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

    /// <summary>P(D_n ≥ d) for one sample of n observations.</summary>
    /// <remarks>
    /// Marsaglia, Tsang and Wang (2003) by a matrix power; far in the tail twice Smirnov's one-sided law, from which the two-sided one
    /// differs by less than 1e-10 relative there.
    /// </remarks>
    public static double OneSampleUpperTail(int n, double d)
    {
        if (d <= 0) return 1;
        if (d >= 1) return 0;
        if (n * d * d > 4) return Math.Min(1, 2 * Smirnov(n, d));
        int k = (int)(n * d) + 1, m = (2 * k) - 1;
        double h = k - (n * d);
        double[,] step = new double[m, m];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < m; j++) step[i, j] = i - j + 1 < 0 ? 0 : 1;
        }

        for (int i = 0; i < m; i++)
        {
            step[i, 0] -= Math.Pow(h, i + 1);
            step[m - 1, i] -= Math.Pow(h, m - i);
        }

        step[m - 1, 0] += 2 * h > 1 ? Math.Pow((2 * h) - 1, m) : 0;
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < m; j++)
            {
                for (int g = 2; g <= i - j + 1; g++) step[i, j] /= g;
            }
        }

        // n! / n^n times the middle entry of the n-th power; a factor i / n is taken in at every step, so that nothing overflows.
        double[] row = new double[m];
        row[k - 1] = 1;
        for (int i = 1; i <= n; i++)
        {
            double[] next = new double[m];
            for (int a = 0; a < m; a++)
            {
                if (row[a] == 0) continue;
                for (int b = 0; b < m; b++) next[b] += row[a] * step[a, b];
            }

            for (int b = 0; b < m; b++) next[b] *= (double)i / n;
            row = next;
        }

        return Math.Clamp(1 - row[k - 1], 0, 1);
    }

    // d Σ_j C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j)
    private static double Smirnov(int n, double d)
    {
        double sum = 0;
        for (int j = 0; j <= (int)(n * (1 - d)); j++)
        {
            double p = d + ((double)j / n), q = 1 - p;
            if (q < 0) break;
            sum += Binomial.Mass(j, n, p, q) * d / p;
        }

        return sum;
    }
}
