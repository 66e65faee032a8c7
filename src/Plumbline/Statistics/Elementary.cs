namespace Plumbline.Statistics;

/// <summary>Elementary functions that keep their digits near the points where the textbook form cancels.</summary>
internal static class Elementary
{
    /// <summary>ln(1 + x), x &gt; -1.</summary>
    public static double Log1P(double x)
    {
        // Kahan's correction of the rounding of 1 + x.
        double u = 1 + x;
        if (u == 1) return x;
        return double.IsPositiveInfinity(u) ? u : Math.Log(u) * (x / (u - 1));
    }

    /// <summary>e^x - 1.</summary>
    public static double ExpM1(double x)
    {
        if (Math.Abs(x) < 1e-5) return x * (1 + (x / 2 * (1 + (x / 3))));
        if (Math.Abs(x) > 0.5) return Math.Exp(x) - 1;

        // 2 e^(x/2) sinh(x/2), the hyperbolic sine by its series.
        double half = x / 2, square = half * half, term = half, sum = half;
        for (int k = 3; Math.Abs(term) > Math.Abs(sum) * 1e-18; k += 2)
        {
            term *= square / (k * (k - 1));
            sum += term;
        }

        return 2 * Math.Exp(half) * sum;
    }

    /// <summary>ln(1 + e^x).</summary>
    public static double Softplus(double x) => x > 0 ? x + Log1P(Math.Exp(-x)) : Log1P(Math.Exp(x));

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Logistic(double x)
    {
        if (x >= 0) return 1 / (1 + Math.Exp(-x));
        double e = Math.Exp(x);
        return e / (1 + e);
    }

    /// <summary>The sum, with Neumaier's compensation for lost low digits.</summary>
    public static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0, lost = 0;
        foreach (double v in values)
        {
            double next = sum + v;
            lost += Math.Abs(sum) >= Math.Abs(v) ? (sum - next) + v : (v - next) + sum;
            sum = next;
        }

        return double.IsFinite(lost) ? sum + lost : sum;
    }

    /// <summary>The root of a function that changes sign between two points, by bisection to the last bit; the function may be infinite at the ends.</summary>
    public static double Bisect(Func<double, double> f, double low, double high)
    {
        bool rising = f(high) > 0;
        for (int i = 0; i < 2000; i++)
        {
            double mid = low + ((high - low) / 2);
            if (mid == low || mid == high) break;
            if (f(mid) > 0 == rising) high = mid;
            else low = mid;
        }

        return low + ((high - low) / 2);
    }
}
