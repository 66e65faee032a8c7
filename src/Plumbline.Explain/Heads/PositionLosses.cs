using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>
/// Next-token losses by position, in nats: in-context learning is that later tokens are predicted better (Olsson et al. 2022),
/// induction that the second copy of a sequence is.
/// </summary>
public sealed class PositionLosses
{
    private readonly double[][] _losses;

    private PositionLosses(double[][] losses) => _losses = losses;

    /// <summary>[i]: the loss of predicting the token at position i + 1, the mean over documents.</summary>
    public IReadOnlyList<double> Curve => [.. Enumerable.Range(0, _losses[0].Length).Select(i => _losses.Average(row => row[i]))];

    /// <summary>The mean over documents and positions.</summary>
    public double Mean => _losses.Average(row => row.Average());

    /// <summary>Measures documents of one length.</summary>
    /// <param name="model">A causal model with a head.</param>
    /// <param name="documents">At least one, each of at least two tokens.</param>
    /// <param name="edits">Changes of the run; null for none.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">No documents, or none with a second token.</exception>
    public static PositionLosses Of(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> documents, IReadOnlyList<HookEdit>? edits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (documents.Count == 0 || documents[0].Count < 2) throw new ArgumentException("There is no next token to predict.", nameof(documents));
        using HookedOutput run = model.Run(new TokenBatch(documents), new HookRun { Edits = edits ?? [] }, cancellationToken);
        HookTensor logits = run.Logits ?? throw new ArgumentException($"{model.Path} has no vocabulary head.", nameof(model));
        return new PositionLosses([.. documents.Select((row, r) => Enumerable.Range(0, row.Count - 1).Select(i => Loss(logits.Row(r, i), row[i + 1])).ToArray())]);
    }

    /// <summary>The in-context-learning score: loss at a late position minus that at an early one, by 0-based positions of the predicted tokens; below 0 where context helps. Papers leave the counting open, and one position off may change it by half a nat on few documents.</summary>
    /// <param name="late">The later token's position.</param>
    /// <param name="early">The earlier token's position, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A position has no prediction.</exception>
    public double Score(int late, int early) => ScoreOfEach(late, early).Average();

    /// <summary>The same for each document: what an interval is made of.</summary>
    public IReadOnlyList<double> ScoreOfEach(int late, int early)
    {
        foreach (int position in new[] { late, early })
        {
            if (position < 1 || position > _losses[0].Length) throw new ArgumentOutOfRangeException(nameof(late), position, $"Positions from 1 to {_losses[0].Length} are predicted; {position} is out of range.");
        }

        return [.. _losses.Select(row => row[late - 1] - row[early - 1])];
    }

    /// <summary>The mean loss of predicting the tokens at positions from a first to before an end, over documents.</summary>
    /// <param name="from">The first predicted token's position, at least 1.</param>
    /// <param name="end">Behind the last one.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such range.</exception>
    public double MeanOf(int from, int end)
    {
        if (from < 1 || end <= from || end > _losses[0].Length + 1) throw new ArgumentOutOfRangeException(nameof(from), from, $"Positions from 1 to {_losses[0].Length} are predicted; [{from}, {end}) is out of range.");
        return _losses.Average(row => row[(from - 1)..(end - 1)].Average());
    }

    private static double Loss(ReadOnlySpan<float> logits, int id)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float x in logits) max = Math.Max(max, x);
        foreach (float x in logits) sum += Math.Exp(x - max);
        return max + Math.Log(sum) - logits[id];
    }
}
