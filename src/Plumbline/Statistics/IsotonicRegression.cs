namespace Plumbline.Statistics;

/// <summary>Non-decreasing weighted least squares by pooling adjacent violators. Immutable, thread-safe.</summary>
public sealed class IsotonicRegression
{
    private readonly double[] _x;
    private readonly double[] _y;

    /// <summary>Fits y on x with positive weights; equal x are pooled first.</summary>
    /// <exception cref="ArgumentException">There is no data, lengths differ, a value is not finite or a weight not positive.</exception>
    public IsotonicRegression(ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> weights)
    {
        Demand.SameLength(x.Length, y.Length, nameof(x), nameof(y));
        Demand.SameLength(x.Length, weights.Length, nameof(x), nameof(weights));
        Demand.Sample(x, 1, nameof(x));
        Demand.Sample(y, 1, nameof(y));
        Demand.Sample(weights, 1, nameof(weights));
        foreach (double w in weights) Demand.Positive(w, nameof(weights));
        double[] keys = x.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        List<double> knots = [];
        List<(double Mean, double Weight, int Knots)> blocks = [];
        for (int start = 0; start < keys.Length;)
        {
            double weight = 0, sum = 0;
            int end = start;
            for (; end < keys.Length && keys[end] == keys[start]; end++)
            {
                weight += weights[order[end]];
                sum += weights[order[end]] * y[order[end]];
            }

            knots.Add(keys[start]);
            blocks.Add((sum / weight, weight, 1));
            while (blocks.Count > 1 && blocks[^2].Mean > blocks[^1].Mean)
            {
                (double meanB, double weightB, int knotsB) = blocks[^1];
                (double meanA, double weightA, int knotsA) = blocks[^2];
                blocks.RemoveRange(blocks.Count - 2, 2);
                blocks.Add((((meanA * weightA) + (meanB * weightB)) / (weightA + weightB), weightA + weightB, knotsA + knotsB));
            }

            start = end;
        }

        _x = [.. knots];
        _y = [.. blocks.SelectMany(b => Enumerable.Repeat(b.Mean, b.Knots))];
    }

    /// <summary>The distinct x in rising order with their fitted values.</summary>
    public IReadOnlyList<(double X, double Y)> Knots => [.. _x.Zip(_y)];

    /// <summary>The fitted value at x, interpolated between knots and constant outside them.</summary>
    public double Predict(double x)
    {
        Demand.Finite(x);
        int at = Array.BinarySearch(_x, x);
        if (at >= 0) return _y[at];
        int above = ~at;
        if (above == 0) return _y[0];
        if (above == _x.Length) return _y[^1];
        double share = (x - _x[above - 1]) / (_x[above] - _x[above - 1]);
        return _y[above - 1] + (share * (_y[above] - _y[above - 1]));
    }
}
