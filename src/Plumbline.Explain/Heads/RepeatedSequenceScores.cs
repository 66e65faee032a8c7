using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>
/// Where heads look on a sequence that stands there twice: to what followed the token the last time (induction), to the same
/// token (duplicate), one back (previous), at itself (current), at the first position. All are [layer, head], means over rows
/// and positions together. Definitions differ between papers and libraries, so each has its own name.
/// </summary>
public sealed record RepeatedSequenceScores
{
    /// <summary>The whole diagonal key = query − (L − 1), queries of the first copy included (TransformerLens's demos, ARENA).</summary>
    public required double[,] InductionDiagonal { get; init; }

    /// <summary>The same diagonal for queries of the second copy only: L entries a row.</summary>
    public required double[,] InductionSecondHalf { get; init; }

    /// <summary>key = query − 1.</summary>
    public required double[,] PreviousDiagonal { get; init; }

    /// <summary>key = query.</summary>
    public required double[,] CurrentDiagonal { get; init; }

    /// <summary>The whole diagonal key = query − L.</summary>
    public required double[,] DuplicateDiagonal { get; init; }

    /// <summary>The same for queries of the second copy only.</summary>
    public required double[,] DuplicateSecondHalf { get; init; }

    /// <summary>Key 0, over all queries.</summary>
    public required double[,] FirstAll { get; init; }

    /// <summary>Key 0, over all queries but the first, which has no choice.</summary>
    public required double[,] FirstWithoutItself { get; init; }

    /// <summary>Scores all heads.</summary>
    /// <param name="model">A causal model.</param>
    /// <param name="rows">Sequences r r, each with a token in front if <paramref name="start"/>; of one length.</param>
    /// <param name="length">L, the length of r; at least 1.</param>
    /// <param name="start">Whether a start token stands in front.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">The rows are no two copies of that length.</exception>
    public static RepeatedSequenceScores Of(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, int length, bool start, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int first = start ? 1 : 0, total = (2 * length) + first;
        if (length < 1 || rows.Count == 0 || rows.Any(row => row.Count != total))
            throw new ArgumentException($"A repeat length of {length} needs rows of {total} tokens; there is no such diagonal in rows of {string.Join(", ", rows.Select(row => row.Count).Distinct())}.", nameof(length));
        HookTensor[] patterns = HeadGrid.Patterns(model, rows, cancellationToken);
        return new RepeatedSequenceScores
        {
            InductionDiagonal = Diagonal(length - 1, length - 1),
            InductionSecondHalf = Diagonal(length - 1, length + first),
            PreviousDiagonal = Diagonal(1, 1),
            CurrentDiagonal = Diagonal(0, 0),
            DuplicateDiagonal = Diagonal(length, length),
            DuplicateSecondHalf = Diagonal(length, length + first),
            FirstAll = Mean(0, _ => 0),
            FirstWithoutItself = Mean(1, _ => 0),
        };

        double[,] Diagonal(int back, int from) => Mean(from, query => query - back);

        double[,] Mean(int from, Func<int, int> key) => HeadGrid.Of(model, (layer, head) =>
        {
            double sum = 0;
            for (int row = 0; row < rows.Count; row++)
            {
                for (int query = from; query < total; query++) sum += patterns[layer][row, head, query, key(query)];
            }

            return sum / rows.Count / (total - from);
        });
    }
}
