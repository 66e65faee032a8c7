using Plumbline.Models.Hooks;

namespace Plumbline.Explain.SafetyHeads;

/// <summary>
/// Sahara (Zhou et al. 2024): how far the space of a data set's last-token states turns when heads are taken away: the sum of the
/// principal angles between the first left singular vectors before and after, in radians. Angles come from sine and cosine,
/// since the arc cosine of a number near 1 loses half of its digits.
/// </summary>
public sealed class Sahara
{
    private readonly HookedTransformer _model;
    private readonly TokenBatch _rows;
    private readonly double _epsilon;
    private readonly CancellationToken _cancellation;
    private readonly double[,] _left;

    /// <param name="model">A causal model.</param>
    /// <param name="rows">The data set's prompts.</param>
    /// <param name="epsilon">The factor of a head's queries; the paper's 1e-5.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public Sahara(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, double epsilon = 1e-5, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        HeadScalings.Edit(HeadScaling.Queries, 0, 0, epsilon);
        (_model, _rows, _epsilon, _cancellation) = (model, TokenBatch.Padded(rows), epsilon, cancellationToken);
        States = After([]);
        FactoredSvd svd = Decomposed(States);
        (_left, SingularValues) = (svd.U, svd.S);
    }

    /// <summary>[row, d_model]: last-token states after the final norm with its weight and bias.</summary>
    public double[,] States { get; }

    /// <summary>Of the states, falling.</summary>
    public IReadOnlyList<double> SingularValues { get; }

    /// <summary>The sum of the principal angles when heads are taken away together.</summary>
    /// <param name="heads">The heads.</param>
    /// <param name="rank">How many singular vectors count, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no subspace of that rank.</exception>
    public double Score(IReadOnlyList<(int Layer, int Head)> heads, int rank = 1) => Angles(_left, Decomposed(After(heads)).U, rank).Sum(angle => angle.Angle);

    /// <summary>The cosines of the principal angles, falling.</summary>
    /// <param name="heads">The heads.</param>
    /// <param name="rank">How many singular vectors count.</param>
    public IReadOnlyList<double> Cosines(IReadOnlyList<(int Layer, int Head)> heads, int rank) => [.. Angles(_left, Decomposed(After(heads)).U, rank).Select(angle => angle.Cosine)];

    /// <summary>Heads chosen one by one, each the one that turns the space most given those before; ties go to the earlier head.</summary>
    /// <param name="count">How many.</param>
    /// <param name="rank">How many singular vectors count.</param>
    public IReadOnlyList<((int Layer, int Head) Head, double Score)> Greedy(int count, int rank = 1)
    {
        List<((int Layer, int Head) Head, double Score)> chosen = [];
        for (int step = 0; step < count; step++)
        {
            ((int Layer, int Head) Head, double Score) best = ((0, 0), double.NegativeInfinity);
            for (int layer = 0; layer < _model.Config.Layers; layer++)
            {
                for (int head = 0; head < _model.Config.Heads; head++)
                {
                    if (chosen.Any(c => c.Head == (layer, head))) continue;
                    double score = Score([.. chosen.Select(c => c.Head), (layer, head)], rank);
                    if (score > best.Score) best = ((layer, head), score);
                }
            }

            chosen.Add(best);
        }

        return chosen;
    }

    /// <summary>Principal angles between the first left singular vectors of two sets of states of the same rows, in radians, smallest first.</summary>
    /// <param name="before">[row, d].</param>
    /// <param name="after">[row, d].</param>
    /// <param name="rank">How many vectors count.</param>
    /// <exception cref="ArgumentException">The rows do not correspond.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no subspace of that rank.</exception>
    public static IReadOnlyList<double> PrincipalAngles(double[,] before, double[,] after, int rank)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        if (before.GetLength(0) != after.GetLength(0)) throw new ArgumentException($"There are {before.GetLength(0)} and {after.GetLength(0)} rows; the states do not correspond.", nameof(after));
        return [.. Angles(Decomposed(before).U, Decomposed(after).U, rank).Select(angle => angle.Angle)];
    }

    private static (double Cosine, double Angle)[] Angles(double[,] before, double[,] after, int rank)
    {
        int rows = before.GetLength(0), most = Math.Min(before.GetLength(1), after.GetLength(1));
        if (rank < 1 || rank > most) throw new ArgumentOutOfRangeException(nameof(rank), rank, $"There is no subspace of rank {rank}; the states have rank {most} at most.");
        double[,] inner = new double[rank, rank], outside = new double[rows, rank];
        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                for (int row = 0; row < rows; row++) inner[i, j] += before[row, i] * after[row, j];
            }
        }

        for (int row = 0; row < rows; row++)
        {
            for (int j = 0; j < rank; j++)
            {
                outside[row, j] = after[row, j];
                for (int i = 0; i < rank; i++) outside[row, j] -= before[row, i] * inner[i, j];
            }
        }

        double[] cosines = Decomposed(inner).S, sines = [.. Decomposed(outside).S.Reverse()];
        return [.. cosines.Zip(sines, (cosine, sine) => (Math.Min(cosine, 1), Math.Atan2(sine, Math.Min(cosine, 1))))];
    }

    private static FactoredSvd Decomposed(double[,] states)
    {
        int rows = states.GetLength(0), columns = states.GetLength(1);
        return rows <= columns ? FactoredSvd.Of(Identity(rows), Matrices.Transposed(states)) : FactoredSvd.Of(states, Identity(columns));

        static double[,] Identity(int n)
        {
            double[,] identity = new double[n, n];
            for (int i = 0; i < n; i++) identity[i, i] = 1;
            return identity;
        }
    }

    private double[,] After(IReadOnlyList<(int Layer, int Head)> heads)
    {
        using HookedOutput run = _model.Run(_rows, new HookRun { Keep = ["unembed.hook_in"], Logits = LogitPositions.None, Edits = [.. heads.Select(h => HeadScalings.Edit(HeadScaling.Queries, h.Layer, h.Head, _epsilon))] }, _cancellation);
        HookTensor states = run.Cache["unembed.hook_in"];
        int width = states.Shape[2];
        double[,] last = new double[_rows.Ids.Count, width];
        for (int row = 0; row < _rows.Ids.Count; row++)
        {
            Span<float> state = states.Row(row, _rows.RealRange(row).End - 1);
            for (int d = 0; d < width; d++) last[row, d] = state[d];
        }

        return last;
    }
}
