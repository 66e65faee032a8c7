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
        Demand.Sample(x, 2, nameof(x));
        return OneSample(x, statistic, Draw(x.Length, replicates, new RandomStream(seed)));
    }

    /// <summary>Resamples at least two observations by given 0-based indices, one row a replicate.</summary>
    public static BootstrapDistribution OneSample(ReadOnlySpan<double> x, SampleStatistic statistic, IReadOnlyList<int[]> indices)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        Demand.Sample(x, 2, nameof(x));
        Check(indices, x.Length, nameof(indices));
        double[] data = x.ToArray(), buffer = new double[x.Length], replicates = new double[indices.Count];
        for (int b = 0; b < replicates.Length; b++) replicates[b] = statistic(Take(data, indices[b], buffer));
        double[] jackknife = new double[data.Length];
        for (int i = 0; i < data.Length; i++) jackknife[i] = statistic(Without(data, i, buffer));
        return new BootstrapDistribution(statistic(data), replicates, Acceleration(jackknife));
    }

    /// <summary>Resamples two independent samples, each of at least two observations.</summary>
    public static BootstrapDistribution TwoSample(ReadOnlySpan<double> x, ReadOnlySpan<double> y, TwoSampleStatistic statistic, int replicates, ulong seed)
    {
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        RandomStream random = new(seed);
        return TwoSample(x, y, statistic, Draw(x.Length, replicates, random), Draw(y.Length, replicates, random));
    }

    /// <summary>Resamples two independent samples by given 0-based indices.</summary>
    public static BootstrapDistribution TwoSample(
        ReadOnlySpan<double> x, ReadOnlySpan<double> y, TwoSampleStatistic statistic, IReadOnlyList<int[]> indicesX, IReadOnlyList<int[]> indicesY)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        Demand.Sample(x, 2, nameof(x));
        Demand.Sample(y, 2, nameof(y));
        Check(indicesX, x.Length, nameof(indicesX));
        Check(indicesY, y.Length, nameof(indicesY));
        Demand.SameLength(indicesX.Count, indicesY.Count, nameof(indicesX), nameof(indicesY));
        double[] first = x.ToArray(), second = y.ToArray(), bufferX = new double[x.Length], bufferY = new double[y.Length], replicates = new double[indicesX.Count];
        for (int b = 0; b < replicates.Length; b++) replicates[b] = statistic(Take(first, indicesX[b], bufferX), Take(second, indicesY[b], bufferY));
        double[] jackknifeX = new double[first.Length], jackknifeY = new double[second.Length];
        for (int i = 0; i < first.Length; i++) jackknifeX[i] = statistic(Without(first, i, bufferX), second);
        for (int i = 0; i < second.Length; i++) jackknifeY[i] = statistic(first, Without(second, i, bufferY));
        return new BootstrapDistribution(statistic(first, second), replicates, Acceleration(jackknifeX, jackknifeY));
    }

    /// <summary>Draws whole clusters, at least two; the statistic sees all observations of the drawn clusters together.</summary>
    public static BootstrapDistribution Clustered(IReadOnlyList<double[]> clusters, SampleStatistic statistic, int replicates, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        if (clusters.Count < 2) throw new ArgumentException($"There are {clusters.Count} clusters; at least 2 are needed.", nameof(clusters));
        return Clustered(clusters, statistic, Draw(clusters.Count, replicates, new RandomStream(seed)));
    }

    /// <summary>Draws whole clusters by given 0-based indices.</summary>
    public static BootstrapDistribution Clustered(IReadOnlyList<double[]> clusters, SampleStatistic statistic, IReadOnlyList<int[]> indices)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        ArgumentNullException.ThrowIfNull(statistic);
        if (clusters.Count < 2) throw new ArgumentException($"There are {clusters.Count} clusters; at least 2 are needed.", nameof(clusters));
        foreach (double[] cluster in clusters) Demand.Sample(cluster, 1, nameof(clusters));
        Check(indices, clusters.Count, nameof(indices));
        double[] buffer = new double[checked(clusters.Max(c => c.Length) * clusters.Count)], replicates = new double[indices.Count];
        for (int b = 0; b < replicates.Length; b++) replicates[b] = statistic(Join(indices[b]));
        int[] all = [.. Enumerable.Range(0, clusters.Count)];
        double[] jackknife = new double[clusters.Count];
        for (int i = 0; i < jackknife.Length; i++) jackknife[i] = statistic(Join([.. all.Where(c => c != i)]));
        return new BootstrapDistribution(statistic(Join(all)), replicates, Acceleration(jackknife));

        ReadOnlySpan<double> Join(int[] drawn)
        {
            int length = 0;
            foreach (int c in drawn)
            {
                clusters[c].CopyTo(buffer, length);
                length += clusters[c].Length;
            }

            return buffer.AsSpan(0, length);
        }
    }

    /// <summary>A matrix of resample indices, one row a replicate.</summary>
    /// <param name="size">Number of observations or clusters, at least 1.</param>
    /// <param name="replicates">Number of rows, at least 1.</param>
    /// <param name="random">The source of randomness.</param>
    public static int[][] Draw(int size, int replicates, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Demand.AtLeast(size, 1);
        Demand.AtLeast(replicates, 1);
        int[][] rows = new int[replicates][];
        for (int b = 0; b < replicates; b++)
        {
            rows[b] = new int[size];
            for (int i = 0; i < size; i++) rows[b][i] = random.Below(size);
        }

        return rows;
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
}
