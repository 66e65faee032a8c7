namespace Plumbline.Statistics;

/// <summary>Cochran's Q test: whether several treatments of the same subjects succeed equally often.</summary>
/// <param name="Q">The statistic.</param>
/// <param name="DegreesOfFreedom">Treatments less one.</param>
/// <param name="P">Its p.</param>
public sealed record CochranQ(double Q, int DegreesOfFreedom, double P)
{
    /// <summary>Tests rows of subjects by columns of treatments.</summary>
    /// <param name="rows">0 or 1, one array a subject, all equally long.</param>
    /// <exception cref="ArgumentException">An entry is neither 0 nor 1, the rows are ragged, there are fewer than two columns, or every row is constant.</exception>
    public static CochranQ Of(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        (double[] subjects, double[] treatments, double total) = ContingencyTable.Margins(rows, square: false);
        if (rows.Any(row => row.Any(v => v > 1))) throw new ArgumentException("Entries must be 0 or 1.", nameof(rows));
        int k = treatments.Length;
        if (k < 2) throw new ArgumentException("There must be at least two treatments.", nameof(rows));
        double denominator = (k * total) - subjects.Sum(v => v * v);
        if (denominator == 0) throw new ArgumentException("Every row is constant, so Q is undefined.", nameof(rows));
        double q = (k - 1) * ((k * treatments.Sum(v => v * v)) - (total * total)) / denominator;
        return new CochranQ(q, k - 1, ChiSquare.UpperTail(q, k - 1));
    }
}
