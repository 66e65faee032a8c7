using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A mean of observations that come in clusters, such as several questions about one text, with cluster-robust standard errors.</summary>
/// <param name="N">Number of observations.</param>
/// <param name="Clusters">Number of clusters, at least 2.</param>
/// <param name="Mean">The mean (or mean difference).</param>
/// <param name="SeIndependent">The standard error that ignores the clusters.</param>
/// <param name="CrossProducts">The sum of e_i e_j over ordered pairs within clusters, i ≠ j.</param>
/// <param name="SePaper">Eq. 4 of Miller 2024, "Adding Error Bars to Evals"; NaN where its square is negative.</param>
/// <param name="SeCr0">The sandwich without a small-sample factor.</param>
/// <param name="SeCr1">CR0 times √(G / (G - 1)).</param>
/// <param name="SeCr2">The bias-reduced form of Bell and McCaffrey (2002): to prefer for few clusters. NaN where all observations are equal.</param>
/// <param name="DesignEffect">The variance relative to that without clusters; NaN where all observations are equal.</param>
/// <param name="DegreesOfFreedom">G - 1.</param>
/// <param name="Interval">The t interval of CR1 with G - 1 degrees of freedom.</param>
/// <param name="NormalInterval">The normal interval of CR1, which is too narrow for few clusters.</param>
public sealed record ClusteredMean(
    int N, int Clusters, double Mean, double SeIndependent, double CrossProducts, double SePaper, double SeCr0, double SeCr1, double SeCr2,
    double DesignEffect, int DegreesOfFreedom, Interval Interval, Interval NormalInterval)
{
    /// <summary>The t interval of CR2 with G - 1 degrees of freedom; of no width where all observations are equal.</summary>
    public Interval IntervalCr2(double alpha = 0.05) => Means.Around(Mean, double.IsNaN(SeCr2) ? 0 : SeCr2, DegreesOfFreedom, alpha);
}

/// <summary>Means of clustered observations.</summary>
/// <remarks>Unequal lengths, fewer than two observations or clusters, and values that are not finite throw <see cref="ArgumentException"/>. Thread-safe.</remarks>
public static class ClusteredMeans
{
    /// <summary>The mean of observations with a cluster label each.</summary>
    public static ClusteredMean One<TCluster>(ReadOnlySpan<double> x, IReadOnlyList<TCluster> clusters, double alpha = 0.05)
        where TCluster : notnull
    {
        ArgumentNullException.ThrowIfNull(clusters);
        Demand.SameLength(x.Length, clusters.Count, nameof(x), nameof(clusters));
        Demand.Sample(x, 2, nameof(x));
        Demand.Alpha(alpha);
        Pieces pieces = Decompose(x, clusters);
        if (pieces.Clusters < 2) throw new ArgumentException("There is one cluster only; a clustered interval needs at least two.", nameof(clusters));
        int n = x.Length, g = pieces.Clusters;
        double cr1 = Math.Sqrt(Math.Max(0, pieces.Cr0Squared * g / (g - 1)));
        return new ClusteredMean(
            n, g, pieces.Mean, pieces.SeIndependent, pieces.CrossProducts, pieces.SePaper, pieces.SeCr0, cr1, pieces.SeCr2, pieces.DesignEffect, g - 1,
            Means.Around(pieces.Mean, cr1, g - 1, alpha), Interval.Around(pieces.Mean, Normal.TwoSidedQuantile(alpha) * cr1));
    }

    /// <summary>The mean of the differences x - y of pairs with a cluster label each.</summary>
    public static ClusteredMean Paired<TCluster>(ReadOnlySpan<double> x, ReadOnlySpan<double> y, IReadOnlyList<TCluster> clusters, double alpha = 0.05)
        where TCluster : notnull
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        return One(Means.Subtract(x, y), clusters, alpha);
    }

    /// <summary>What exists even for a single cluster.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Pieces(
        int Clusters, double Mean, double SeIndependent, double CrossProducts, double SePaper, double Cr0Squared, double SeCr2, double DesignEffect)
    {
        public double SeCr0 => Math.Sqrt(Math.Max(0, Cr0Squared));
    }

    /// <summary>The sums over clusters.</summary>
    internal static Pieces Decompose<TCluster>(ReadOnlySpan<double> x, IReadOnlyList<TCluster> clusters)
        where TCluster : notnull
    {
        int n = x.Length;
        double mean = Means.Mean(x), diagonal = 0;
        Dictionary<TCluster, (double Sum, double Squares, int Count)> sums = [];
        for (int i = 0; i < n; i++)
        {
            double e = x[i] - mean;
            diagonal += e * e;
            (double sum, double squares, int count) = sums.GetValueOrDefault(clusters[i]);
            sums[clusters[i]] = (sum + e, squares + (e * e), count + 1);
        }

        double cross = 0, total = 0, reduced = 0;
        foreach ((double sum, double squares, int count) in sums.Values)
        {
            cross += (sum * sum) - squares;
            total += sum * sum;
            reduced += sum * sum / (1 - ((double)count / n));
        }

        double square = (double)n * n, independent = diagonal / (n - 1) / n, paper = independent + (cross / square);
        bool varies = diagonal > 0;
        return new Pieces(
            sums.Count, mean, Math.Sqrt(independent), cross, paper >= 0 ? Math.Sqrt(paper) : double.NaN, total / square,
            varies && sums.Count > 1 ? Math.Sqrt(reduced) / n : double.NaN, varies ? total / diagonal : double.NaN);
    }
}
