using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A bin of a reliability diagram; mean score and rate are null where it is empty.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CalibrationBin(int Count, double? MeanScore, double? PositiveRate);

/// <summary>How scores fit the rates within bins.</summary>
/// <param name="Ece">Expected calibration error: the mean gap, weighted by counts.</param>
/// <param name="Mce">The largest gap.</param>
/// <param name="Reliability">Murphy's reliability term of the Brier score; lower is better.</param>
/// <param name="Resolution">Murphy's resolution term; higher is better.</param>
/// <param name="Uncertainty">The variance of the labels.</param>
/// <param name="WithinBin">What spread within bins adds, so that the Brier score is reliability - resolution + uncertainty + this (Stephenson et al. 2008).</param>
/// <param name="Bins">The bins.</param>
public sealed record CalibrationSummary(
    double Ece, double Mce, double Reliability, double Resolution, double Uncertainty, double WithinBin, IReadOnlyList<CalibrationBin> Bins);

/// <summary>The calibration of probability scores of a binary label. Immutable, thread-safe.</summary>
/// <param name="Brier">The mean squared difference of score and label.</param>
/// <param name="LogLoss">The mean negative log-likelihood in nats, probabilities of the label at least 1e-15.</param>
/// <param name="EqualWidth">Bins (low, high] of equal width, 0 in the first (Guo et al. 2017).</param>
/// <param name="EqualMass">Bins of equal counts by rising score, the first ones one larger.</param>
/// <param name="ByUniqueScore">One bin a distinct score.</param>
public sealed record Calibration(double Brier, double LogLoss, CalibrationSummary EqualWidth, CalibrationSummary EqualMass, CalibrationSummary ByUniqueScore)
{
    /// <summary>Measures scores in [0, 1] against labels.</summary>
    /// <exception cref="ArgumentException">There is no data, lengths differ, a score lies outside [0, 1], or there is no bin.</exception>
    public static Calibration Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, int bins = 10)
    {
        Demand.SameLength(scores.Length, labels.Length, nameof(scores), nameof(labels));
        Demand.Sample(scores, 1, nameof(scores));
        Demand.AtLeast(bins, 1);
        if (bins > 1_000_000) throw new ArgumentOutOfRangeException(nameof(bins), bins, "bins must be at most 1000000.");
        int n = scores.Length;
        double[] p = scores.ToArray(), y = new double[n];
        double brier = 0, loss = 0;
        for (int i = 0; i < n; i++)
        {
            if (p[i] is < 0 or > 1) throw new ArgumentException($"scores[{i}] is {p[i]}; a score lies in [0, 1].", nameof(scores));
            y[i] = labels[i] ? 1 : 0;
            brier += (p[i] - y[i]) * (p[i] - y[i]);
            loss -= Math.Log(Math.Max(labels[i] ? p[i] : 1 - p[i], 1e-15));
        }

        List<int>[] width = NewBins(bins), mass = NewBins(bins);
        for (int i = 0; i < n; i++) width[Math.Clamp((int)Math.Ceiling((p[i] * bins) - 1e-9) - 1, 0, bins - 1)].Add(i);
        int[] order = [.. Enumerable.Range(0, n).OrderBy(i => p[i])];
        for (int b = 0, start = 0; b < bins; b++)
        {
            int size = (n / bins) + (b < n % bins ? 1 : 0);
            mass[b].AddRange(order.AsSpan(start, size));
            start += size;
        }

        List<List<int>> unique = [];
        for (int i = 0; i < n; i++)
        {
            if (i == 0 || p[order[i]] != p[order[i - 1]]) unique.Add([]);
            unique[^1].Add(order[i]);
        }

        return new Calibration(brier / n, loss / n, Summary(width, p, y), Summary(mass, p, y), Summary(unique, p, y));

        static List<int>[] NewBins(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<int>())];
    }

    private static CalibrationSummary Summary(IReadOnlyList<List<int>> groups, double[] p, double[] y)
    {
        double n = p.Length, rate = y.Sum() / n, ece = 0, mce = 0, reliability = 0, resolution = 0, within = 0;
        CalibrationBin[] bins = new CalibrationBin[groups.Count];
        for (int b = 0; b < bins.Length; b++)
        {
            List<int> group = groups[b];
            if (group.Count == 0) continue;
            double score = Means.Mean([.. group.Select(i => p[i])]), positive = group.Sum(i => y[i]) / group.Count, gap = score - positive;
            ece += Math.Abs(gap) * group.Count / n;
            mce = Math.Max(mce, Math.Abs(gap));
            reliability += gap * gap * group.Count / n;
            resolution += (positive - rate) * (positive - rate) * group.Count / n;
            foreach (int i in group) within += (p[i] - score) * (p[i] - score - (2 * (y[i] - positive))) / n;
            bins[b] = new CalibrationBin(group.Count, score, positive);
        }

        return new CalibrationSummary(ece, mce, reliability, resolution, rate * (1 - rate), within, bins);
    }
}
