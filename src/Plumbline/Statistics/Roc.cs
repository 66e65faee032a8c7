using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>An operating point of a detector.</summary>
/// <param name="Step">The best true-positive rate among thresholds whose false-positive rate stays within the bound.</param>
/// <param name="Threshold">The highest such threshold, flagging scores at or above it; infinite where nothing may be flagged.</param>
/// <param name="Interpolated">The true-positive rate on the polygon of the curve.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct OperatingPoint(double Step, double Threshold, double Interpolated);

/// <summary>The uncertainty of an area under the curve (DeLong, DeLong, Clarke-Pearson 1988).</summary>
/// <param name="Variance">The variance with divisors m - 1 and n - 1.</param>
/// <param name="Unclipped">The normal interval.</param>
/// <param name="Logit">The interval on the logit scale; null where the variance is 0 or the area 0 or 1.</param>
public sealed record DeLongEstimate(double Variance, Interval Unclipped, Interval? Logit)
{
    /// <summary>The standard error.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>The normal interval in [0, 1].</summary>
    public Interval Interval => Unclipped.Clip(0, 1);
}

/// <summary>The areas of two scores on the same cases.</summary>
/// <param name="AreaA">Area of the first.</param>
/// <param name="AreaB">Area of the second.</param>
/// <param name="VarianceA">Variance of the first.</param>
/// <param name="VarianceB">Variance of the second.</param>
/// <param name="Covariance">Their covariance.</param>
/// <param name="StandardError">Standard error of the difference; 0 where the scores order the cases alike.</param>
/// <param name="Z">The normal statistic; null where the standard error is 0.</param>
/// <param name="P">Its two-sided p; null where the standard error is 0.</param>
/// <param name="Interval">The normal interval of the difference.</param>
public sealed record AreaComparison(
    double AreaA, double AreaB, double VarianceA, double VarianceB, double Covariance, double StandardError, double? Z, double? P, Interval Interval)
{
    /// <summary>First minus second area.</summary>
    public double Difference => AreaA - AreaB;
}

/// <summary>The ROC curve of scores of which higher means positive. Scores equal as decimals tie. Immutable, thread-safe.</summary>
public sealed class Roc
{
    private readonly double[] _thresholds;
    private readonly (double FalsePositiveRate, double TruePositiveRate)[] _points;
    private readonly double[] _positivePlacements;
    private readonly double[] _negativePlacements;

    /// <summary>The curve of the scores of two classes.</summary>
    /// <exception cref="ArgumentException">A class is empty or a score is not finite.</exception>
    public Roc(ReadOnlySpan<double> positive, ReadOnlySpan<double> negative)
    {
        (_positivePlacements, _negativePlacements, AreaUnderCurve) = Place(positive, negative);
        double[] pool = [.. positive, .. negative];
        double slack = Ranks.Slack(pool);
        int m = positive.Length, n = negative.Length;
        int[] isPositive = new int[pool.Length];
        for (int i = 0; i < m; i++) isPositive[i] = 1;
        Array.Sort(pool, isPositive);
        List<double> thresholds = [];
        List<(double, double)> points = [(0, 0)];
        int tp = 0, fp = 0;
        double precision = 0;
        for (int i = pool.Length - 1; i >= 0;)
        {
            int before = tp;
            int j = i;
            while (true)
            {
                if (isPositive[j] == 1) tp++;
                else fp++;
                if (j == 0 || pool[j] - pool[j - 1] > slack) break;
                j--;
            }

            thresholds.Add(pool[j]);
            points.Add(((double)fp / n, (double)tp / m));
            precision += (double)(tp - before) / m * ((double)tp / (tp + fp));
            i = j - 1;
        }

        _thresholds = [.. thresholds];
        _points = [.. points];
        AveragePrecision = precision;
    }

    /// <summary>P(positive &gt; negative) + P(equal) / 2.</summary>
    public double AreaUnderCurve { get; }

    /// <summary>The sum of precision times the step of recall over distinct thresholds.</summary>
    public double AveragePrecision { get; }

    /// <summary>(False-positive rate, true-positive rate) from (0, 0) on, one point a distinct threshold, highest first.</summary>
    public IReadOnlyList<(double FalsePositiveRate, double TruePositiveRate)> Points => _points;

    /// <summary>The standard error of Hanley and McNeil (1982).</summary>
    public double HanleyMcNeilStandardError
    {
        get
        {
            double a = AreaUnderCurve, m = _positivePlacements.Length, n = _negativePlacements.Length, q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
            return Math.Sqrt(Math.Max(0, (a * (1 - a)) + ((m - 1) * (q1 - (a * a))) + ((n - 1) * (q2 - (a * a)))) / (m * n));
        }
    }

    /// <summary>The area under the curve, see <see cref="AreaUnderCurve"/>.</summary>
    /// <exception cref="ArgumentException">A class is empty or a score is not finite.</exception>
    public static double Area(ReadOnlySpan<double> positive, ReadOnlySpan<double> negative) => Place(positive, negative).Area;

    /// <summary>DeLong's variance and intervals; null with fewer than two positives or negatives.</summary>
    public DeLongEstimate? DeLong(double alpha = 0.05)
    {
        double z = Normal.TwoSidedQuantile(alpha), m = _positivePlacements.Length, n = _negativePlacements.Length, a = AreaUnderCurve;
        if (m < 2 || n < 2) return null;
        double variance = (Means.Moments(_positivePlacements).Variance / m) + (Means.Moments(_negativePlacements).Variance / n), se = Math.Sqrt(variance);
        Interval? logit = null;
        if (variance > 0 && a is > 0 and < 1)
        {
            double at = Math.Log(a / (1 - a)), half = z * se / (a * (1 - a));
            logit = new Interval(Elementary.Logistic(at - half), Elementary.Logistic(at + half));
        }

        return new DeLongEstimate(variance, Interval.Around(a, z * se), logit);
    }

    /// <summary>The best operating point whose false-positive rate is at most the bound.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound lies outside [0, 1].</exception>
    public OperatingPoint At(double falsePositiveRate)
    {
        Demand.Probability(falsePositiveRate);
        double bound = falsePositiveRate + 1e-12;
        int last = 0;
        while (last + 1 < _points.Length && _points[last + 1].FalsePositiveRate <= bound) last++;
        double step = _points[last].TruePositiveRate, interpolated = step;
        int best = last;
        while (best > 0 && _points[best - 1].TruePositiveRate == step) best--;
        if (last + 1 < _points.Length)
        {
            (double x0, double y0) = _points[last];
            (double x1, double y1) = _points[last + 1];
            interpolated = y0 + (Math.Max(0, falsePositiveRate - x0) * (y1 - y0) / (x1 - x0));
        }

        return new OperatingPoint(step, best == 0 ? double.PositiveInfinity : _thresholds[best - 1], interpolated);
    }

    /// <summary>The area under the polygon for false-positive rates up to the bound, not normalised.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound lies outside [0, 1].</exception>
    public double PartialArea(double falsePositiveRate)
    {
        Demand.Probability(falsePositiveRate);
        double area = 0;
        for (int i = 1; i < _points.Length; i++)
        {
            (double x0, double y0) = _points[i - 1];
            (double x1, double y1) = _points[i];
            if (x0 >= falsePositiveRate || x1 == x0) continue;
            double end = Math.Min(x1, falsePositiveRate), y = y0 + ((y1 - y0) * (end - x0) / (x1 - x0));
            area += (end - x0) * (y0 + y) / 2;
        }

        return area;
    }

    /// <summary>Compares the areas of two scores A and B of the same cases, given in the same order.</summary>
    /// <exception cref="ArgumentException">A class holds fewer than two cases, lengths differ, or a score is not finite.</exception>
    public static AreaComparison Compare(
        ReadOnlySpan<double> positiveA, ReadOnlySpan<double> negativeA, ReadOnlySpan<double> positiveB, ReadOnlySpan<double> negativeB, double alpha = 0.05)
    {
        double zAlpha = Normal.TwoSidedQuantile(alpha);
        Demand.SameLength(positiveA.Length, positiveB.Length, nameof(positiveA), nameof(positiveB));
        Demand.SameLength(negativeA.Length, negativeB.Length, nameof(negativeA), nameof(negativeB));
        Demand.Sample(positiveA, 2, nameof(positiveA));
        Demand.Sample(negativeA, 2, nameof(negativeA));
        (double[] pa, double[] na, double areaA) = Place(positiveA, negativeA);
        (double[] pb, double[] nb, double areaB) = Place(positiveB, negativeB);
        double m = pa.Length, n = na.Length;
        double varianceA = (Covariance(pa, pa) / m) + (Covariance(na, na) / n), varianceB = (Covariance(pb, pb) / m) + (Covariance(nb, nb) / n);
        double covariance = (Covariance(pa, pb) / m) + (Covariance(na, nb) / n), variance = varianceA + varianceB - (2 * covariance), d = areaA - areaB;
        if (!(variance > 1e-14 * (varianceA + varianceB))) return new AreaComparison(areaA, areaB, varianceA, varianceB, covariance, 0, null, null, new Interval(d, d));
        double se = Math.Sqrt(variance), z = d / se;
        return new AreaComparison(areaA, areaB, varianceA, varianceB, covariance, se, z, Normal.TwoSided(z), Interval.Around(d, zAlpha * se));
    }

    private static double Covariance(double[] a, double[] b)
    {
        double ma = Means.Mean(a), mb = Means.Mean(b), sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (a[i] - ma) * (b[i] - mb);
        return sum / (a.Length - 1);
    }

    // Each case's share of the other class on the right side of it, from the difference of pooled and own mid-ranks.
    private static (double[] Positive, double[] Negative, double Area) Place(ReadOnlySpan<double> positive, ReadOnlySpan<double> negative)
    {
        Demand.Sample(positive, 1, nameof(positive));
        Demand.Sample(negative, 1, nameof(negative));
        double[] pool = [.. positive, .. negative];
        double slack = Ranks.Slack(pool);
        int m = positive.Length, n = negative.Length;
        int[] pooled = Ranks.Mid(pool, slack).Doubled, own = Ranks.Mid(positive, slack).Doubled, other = Ranks.Mid(negative, slack).Doubled;
        double[] p = new double[m], q = new double[n];
        long sum = 0;
        for (int i = 0; i < m; i++)
        {
            p[i] = (pooled[i] - own[i]) / (2.0 * n);
            sum += pooled[i] - own[i];
        }

        for (int j = 0; j < n; j++) q[j] = 1 - ((pooled[m + j] - other[j]) / (2.0 * m));
        return (p, q, sum / (2.0 * m * n));
    }
}
