namespace Plumbline.Statistics;

/// <summary>A mean with its t interval and t test.</summary>
/// <param name="N">Number of observations.</param>
/// <param name="Mean">The mean.</param>
/// <param name="Variance">The variance, divisor n - 1.</param>
/// <param name="StandardError">The standard error of the mean.</param>
/// <param name="DegreesOfFreedom">Degrees of freedom of the t distribution.</param>
/// <param name="Interval">The confidence interval; of no width where all observations are equal.</param>
/// <param name="T">The t statistic; NaN where the standard error is 0.</param>
/// <param name="P">The two-sided p-value; NaN where the standard error is 0.</param>
public sealed record MeanEstimate(int N, double Mean, double Variance, double StandardError, double DegreesOfFreedom, Interval Interval, double T, double P)
{
    /// <summary>The standard deviation, divisor n - 1.</summary>
    public double StandardDeviation => Math.Sqrt(Variance);
}

/// <summary>A difference of means with its t interval and t test.</summary>
/// <param name="Difference">First minus second.</param>
/// <param name="StandardError">Its standard error.</param>
/// <param name="DegreesOfFreedom">Degrees of freedom; NaN where both samples are constant and the method is Welch's.</param>
/// <param name="Interval">The confidence interval.</param>
/// <param name="T">The t statistic; NaN where the standard error is 0.</param>
/// <param name="P">The two-sided p-value; NaN where the standard error is 0.</param>
public sealed record MeanDifference(double Difference, double StandardError, double DegreesOfFreedom, Interval Interval, double T, double P);

/// <summary>Means and their differences with t intervals.</summary>
/// <remarks>Too few observations, values that are not finite and alpha outside (0, 1) throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class Means
{
    /// <summary>The mean of one sample of at least two observations, tested against <paramref name="hypothesis"/>.</summary>
    public static MeanEstimate One(ReadOnlySpan<double> x, double hypothesis = 0, double alpha = 0.05)
    {
        Demand.Sample(x, 2, nameof(x));
        Demand.Alpha(alpha);
        (double mean, double variance) = Moments(x);
        double se = Math.Sqrt(variance / x.Length), df = x.Length - 1, t = se > 0 ? (mean - hypothesis) / se : double.NaN;
        return new MeanEstimate(x.Length, mean, variance, se, df, Around(mean, se, df, alpha), t, StudentT.TwoSided(t, df));
    }

    /// <summary>The difference of two independent means with unequal variances (Welch 1947): the default for two samples.</summary>
    public static MeanDifference Welch(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double alpha = 0.05)
    {
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        Demand.Alpha(alpha);
        (double meanX, double varianceX) = Moments(x);
        (double meanY, double varianceY) = Moments(y);
        double a = varianceX / x.Length, b = varianceY / y.Length, total = a + b;
        double df = total > 0 ? total * total / ((a * a / (x.Length - 1)) + (b * b / (y.Length - 1))) : double.NaN;
        return Difference(meanX - meanY, Math.Sqrt(total), df, alpha);
    }

    /// <summary>The difference of two independent means with a common variance.</summary>
    public static MeanDifference Pooled(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double alpha = 0.05)
    {
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        Demand.Alpha(alpha);
        (double meanX, double varianceX) = Moments(x);
        (double meanY, double varianceY) = Moments(y);
        double df = x.Length + y.Length - 2, pooled = (((x.Length - 1) * varianceX) + ((y.Length - 1) * varianceY)) / df;
        return Difference(meanX - meanY, Math.Sqrt(pooled * ((1.0 / x.Length) + (1.0 / y.Length))), df, alpha);
    }

    /// <summary>The mean of the differences of pairs, first minus second.</summary>
    public static MeanDifference Paired(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double alpha = 0.05)
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        double[] d = Subtract(x, y);
        MeanEstimate one = One(d, 0, alpha);
        return new MeanDifference(one.Mean, one.StandardError, one.DegreesOfFreedom, one.Interval, one.T, one.P);
    }

    /// <summary>The differences of pairs.</summary>
    internal static double[] Subtract(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double[] d = new double[x.Length];
        for (int i = 0; i < d.Length; i++) d[i] = x[i] - y[i];
        return d;
    }

    /// <summary>Mean and variance (divisor n - 1), with a second pass that removes the rounding of the first.</summary>
    internal static (double Mean, double Variance) Moments(ReadOnlySpan<double> x)
    {
        double mean = Mean(x), squares = 0, rest = 0;
        foreach (double v in x)
        {
            double e = v - mean;
            squares += e * e;
            rest += e;
        }

        return (mean, x.Length > 1 ? Math.Max(0, squares - (rest * rest / x.Length)) / (x.Length - 1) : double.NaN);
    }

    /// <summary>The mean; exactly the common value where all are equal.</summary>
    internal static double Mean(ReadOnlySpan<double> x)
    {
        double first = Elementary.Sum(x) / x.Length;
        double correction = 0;
        foreach (double v in x) correction += v - first;
        return first + (correction / x.Length);
    }

    internal static Interval Around(double centre, double se, double df, double alpha) =>
        se == 0 ? new Interval(centre, centre) : Interval.Around(centre, StudentT.TwoSidedQuantile(alpha, df) * se);

    private static MeanDifference Difference(double d, double se, double df, double alpha)
    {
        double t = se > 0 ? d / se : double.NaN;
        return new MeanDifference(d, se, df, Around(d, se, df, alpha), t, double.IsNaN(t) ? t : StudentT.TwoSided(t, df));
    }
}
