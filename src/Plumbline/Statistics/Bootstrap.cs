namespace Plumbline.Statistics;

/// <summary>A statistic of a sample, such as its mean or median.</summary>
public delegate double SampleStatistic(ReadOnlySpan<double> x);

/// <summary>A statistic of two samples, such as the difference of their means.</summary>
public delegate double TwoSampleStatistic(ReadOnlySpan<double> x, ReadOnlySpan<double> y);

/// <summary>Nonparametric bootstraps from a seed or from given index matrices.</summary>
/// <remarks>
/// Too few observations or clusters, no replicates, indices out of range and values or statistics that are not finite throw
/// <see cref="ArgumentException"/>. The same seed gives the same replicates on every machine. Thread-safe where the statistic is.
/// </remarks>
public static class Bootstrap
{
    /// <summary>Resamples at least two observations.</summary>
    public static BootstrapDistribution OneSample(ReadOnlySpan<double> x, SampleStatistic statistic, int replicates, ulong seed)
    {
        Demand.AtLeast(replicates, 1);
        Resampler rows = new(x.Length, new RandomStream(seed));
        return OneSample(x, statistic, replicates, _ => rows.Next());
    }

    /// <summary>Resamples at least two observations by given 0-based indices, one row a replicate.</summary>
    public static BootstrapDistribution OneSample(ReadOnlySpan<double> x, SampleStatistic statistic, IReadOnlyList<int[]> indices)
    {
        Check(indices, x.Length, nameof(indices));
        return OneSample(x, statistic, indices.Count, b => indices[b]);
    }

    private static BootstrapDistribution OneSample(ReadOnlySpan<double> x, SampleStatistic statistic, int count, Func<int, int[]> row)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        Demand.Sample(x, 2, nameof(x));
        double[] data = x.ToArray(), buffer = new double[x.Length], replicates = new double[count];
        for (int b = 0; b < count; b++) replicates[b] = statistic(Take(data, row(b), buffer));
        double[] jackknife = new double[data.Length];
        for (int i = 0; i < data.Length; i++) jackknife[i] = statistic(Without(data, i, buffer));
        return new BootstrapDistribution(statistic(data), replicates, Acceleration(jackknife));
    }

    /// <summary>Resamples two independent samples, each of at least two observations.</summary>
    public static BootstrapDistribution TwoSample(ReadOnlySpan<double> x, ReadOnlySpan<double> y, TwoSampleStatistic statistic, int replicates, ulong seed)
    {
        Demand.AtLeast(replicates, 1);
        RandomStream random = new(seed);
        Resampler first = new(x.Length, random), second = new(y.Length, random);
        return TwoSample(x, y, statistic, replicates, _ => first.Next(), _ => second.Next());
    }

    /// <summary>Resamples two independent samples by given 0-based indices.</summary>
    public static BootstrapDistribution TwoSample(
        ReadOnlySpan<double> x, ReadOnlySpan<double> y, TwoSampleStatistic statistic, IReadOnlyList<int[]> indicesX, IReadOnlyList<int[]> indicesY)
    {
        Check(indicesX, x.Length, nameof(indicesX));
        Check(indicesY, y.Length, nameof(indicesY));
        Demand.SameLength(indicesX.Count, indicesY.Count, nameof(indicesX), nameof(indicesY));
        return TwoSample(x, y, statistic, indicesX.Count, b => indicesX[b], b => indicesY[b]);
    }

    private static BootstrapDistribution TwoSample(
        ReadOnlySpan<double> x, ReadOnlySpan<double> y, TwoSampleStatistic statistic, int count, Func<int, int[]> rowX, Func<int, int[]> rowY)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        double[] first = x.ToArray(), second = y.ToArray(), bufferX = new double[x.Length], bufferY = new double[y.Length], replicates = new double[count];
        for (int b = 0; b < count; b++) replicates[b] = statistic(Take(first, rowX(b), bufferX), Take(second, rowY(b), bufferY));
        double[] jackknifeX = new double[first.Length], jackknifeY = new double[second.Length];
        for (int i = 0; i < first.Length; i++) jackknifeX[i] = statistic(Without(first, i, bufferX), second);
        for (int i = 0; i < second.Length; i++) jackknifeY[i] = statistic(first, Without(second, i, bufferY));
        return new BootstrapDistribution(statistic(first, second), replicates, Acceleration(jackknifeX, jackknifeY));
    }

    /// <summary>Draws whole clusters, at least two; the statistic sees all observations of the drawn clusters together.</summary>
    public static BootstrapDistribution Clustered(IReadOnlyList<double[]> clusters, SampleStatistic statistic, int replicates, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        Demand.AtLeast(replicates, 1);
        Resampler rows = new(clusters.Count, new RandomStream(seed));
        return Clustered(clusters, statistic, replicates, _ => rows.Next());
    }

    /// <summary>Draws whole clusters by given 0-based indices.</summary>
    public static BootstrapDistribution Clustered(IReadOnlyList<double[]> clusters, SampleStatistic statistic, IReadOnlyList<int[]> indices)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        Check(indices, clusters.Count, nameof(indices));
        return Clustered(clusters, statistic, indices.Count, b => indices[b]);
    }

    private static BootstrapDistribution Clustered(IReadOnlyList<double[]> clusters, SampleStatistic statistic, int count, Func<int, int[]> row)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        if (clusters.Count < 2) throw new ArgumentException($"There are {clusters.Count} clusters; at least 2 are needed.", nameof(clusters));
        foreach (double[] cluster in clusters) Demand.Sample(cluster, 1, nameof(clusters));
        double[] buffer = new double[clusters.Sum(c => c.Length)], replicates = new double[count];
        for (int b = 0; b < count; b++) replicates[b] = statistic(Join(row(b)));
        int[] all = [.. Enumerable.Range(0, clusters.Count)];
        double[] jackknife = new double[clusters.Count];
        for (int i = 0; i < jackknife.Length; i++) jackknife[i] = statistic(Join([.. all.Where(c => c != i)]));
        return new BootstrapDistribution(statistic(Join(all)), replicates, Acceleration(jackknife));

        ReadOnlySpan<double> Join(int[] drawn)
        {
            int length = drawn.Sum(c => clusters[c].Length);
            if (length > buffer.Length) buffer = new double[Math.Max(length, 2 * buffer.Length)];
            length = 0;
            foreach (int c in drawn)
            {
                clusters[c].CopyTo(buffer, length);
                length += clusters[c].Length;
            }

            return buffer.AsSpan(0, length);
        }
    }

    /// <summary>The mean of a sample, as a statistic.</summary>
    public static double Mean(ReadOnlySpan<double> x) => Means.Mean(x);

    private static ReadOnlySpan<double> Take(double[] data, int[] indices, double[] buffer)
    {
        for (int i = 0; i < indices.Length; i++) buffer[i] = data[indices[i]];
        return buffer;
    }

    private static ReadOnlySpan<double> Without(double[] data, int left, double[] buffer)
    {
        data.AsSpan(0, left).CopyTo(buffer);
        data.AsSpan(left + 1).CopyTo(buffer.AsSpan(left));
        return buffer.AsSpan(0, data.Length - 1);
    }

    // Σ U³/n³ / (6 (Σ U²/n²)^1.5) over the samples, U the jackknife influences.
    private static double Acceleration(params ReadOnlySpan<double[]> jackknives)
    {
        double cubes = 0, squares = 0;
        foreach (double[] values in jackknives)
        {
            double mean = Means.Mean(values), n = values.Length, slack = 1e-12 * values.Max(Math.Abs);
            foreach (double v in values)
            {
                double u = Math.Abs(mean - v) <= slack ? 0 : (n - 1) * (mean - v) / n;
                cubes += u * u * u;
                squares += u * u;
            }
        }

        return squares == 0 ? 0 : cubes / (6 * Math.Pow(squares, 1.5));
    }

    private static void Check(IReadOnlyList<int[]> indices, int size, string name)
    {
        ArgumentNullException.ThrowIfNull(indices, name);
        if (indices.Count == 0) throw new ArgumentException("There are no replicates.", name);
        foreach (int[] row in indices)
        {
            if (row.Length != size) throw new ArgumentException($"A row holds {row.Length} indices; there are {size} observations.", name);
            foreach (int i in row)
            {
                if ((uint)i >= (uint)size) throw new ArgumentException($"Index {i} lies outside [0, {size}).", name);
            }
        }
    }

    // One buffer for all replicates: the whole matrix of a large data set would not fit.
    private sealed class Resampler(int size, RandomStream random)
    {
        private readonly int[] _row = new int[size];

        public int[] Next()
        {
            for (int i = 0; i < _row.Length; i++) _row[i] = random.Below(_row.Length);
            return _row;
        }
    }
}
