using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>
/// Prefix matching (Olsson et al. 2022): how much a query attends to the tokens that followed earlier occurrences of its own
/// token. Position 0, the start token, is left out. The paper draws distinct tokens and repeats them four times.
/// </summary>
/// <param name="Sum">[layer, head]: summed over the earlier occurrences, then averaged over the queries that have one.</param>
/// <param name="MeanPair">[layer, head]: averaged over all pairs of a query and an earlier occurrence.</param>
public sealed record PrefixMatchingScore(double[,] Sum, double[,] MeanPair)
{
    /// <summary>Scores all heads.</summary>
    /// <param name="model">A causal model.</param>
    /// <param name="rows">Sequences of one length.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">No token occurs twice.</exception>
    public static PrefixMatchingScore Of(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        List<(int Row, int Query, int[] Keys)> found = [];
        for (int row = 0; row < rows.Count; row++)
        {
            for (int query = 1; query < rows[row].Count; query++)
            {
                int[] keys = [.. Enumerable.Range(1, Math.Max(0, query - 1)).Where(k => rows[row][k] == rows[row][query]).Select(k => k + 1)];
                if (keys.Length > 0) found.Add((row, query, keys));
            }
        }

        if (found.Count == 0) throw new ArgumentException("No token occurs twice; there is no earlier occurrence to match.", nameof(rows));
        HookTensor[] patterns = HeadGrid.Patterns(model, rows, cancellationToken);
        int pairs = found.Sum(f => f.Keys.Length);
        double[,] sums = HeadGrid.Of(model, (layer, head) => found.Sum(f => f.Keys.Sum(key => (double)patterns[layer][f.Row, head, f.Query, key])));
        return new PrefixMatchingScore(HeadGrid.Of(model, (layer, head) => sums[layer, head] / found.Count), HeadGrid.Of(model, (layer, head) => sums[layer, head] / pairs));
    }
}
