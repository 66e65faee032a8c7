namespace Plumbline.Models.Hooks;

/// <summary>Log-probabilities of tokens under a masked language model: each is hidden in turn and predicted from both sides (pseudo-log-likelihood).</summary>
public static class MaskedLikelihood
{
    // Copies of a text that run together.
    private const int Batch = 32;

    private static readonly HookRun s_run = new();

    /// <summary>The natural log-probability of each token at the positions asked for, with that one alone masked.</summary>
    /// <param name="model">A masked language model with a head.</param>
    /// <param name="ids">The text with its special tokens.</param>
    /// <param name="mask">The id of the mask token.</param>
    /// <param name="positions">Which tokens; all but the first and the last, the special ones, if null.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">The model is causal or has no head, or a position or an id is out of range.</exception>
    public static IReadOnlyList<double> Score(HookedTransformer model, IReadOnlyList<int> ids, int mask, IReadOnlyList<int>? positions = null, CancellationToken cancellationToken = default)
    {
        if (model.Config.Causal) throw new ArgumentException($"{model.Path} is a causal model, which sees no token after the masked one; score its text from left to right.", nameof(model));
        if (!model.Config.HasHead) throw new ArgumentException($"{model.Path} has no masked-LM head.", nameof(model));
        positions ??= [.. Enumerable.Range(1, Math.Max(0, ids.Count - 2))];
        foreach (int position in positions)
        {
            if ((uint)position >= (uint)ids.Count) throw new ArgumentException($"Position {position} is out of range; the text has positions from 0 to {ids.Count - 1}.", nameof(positions));
        }

        List<double> logProbs = new(positions.Count);
        foreach (int[] group in positions.Chunk(model.MostRows(ids.Count, Batch, s_run)))
        {
            TokenBatch batch = new([.. group.Select(position => (IReadOnlyList<int>)[.. ids.Select((id, i) => i == position ? mask : id)])]);
            using HookedOutput output = model.Run(batch, s_run, cancellationToken);
            HookTensor logits = output.Logits!;
            for (int row = 0; row < group.Length; row++) logProbs.Add(LogProb(logits.Row(row, group[row]), ids[group[row]]));
        }

        return logProbs;
    }

    private static double LogProb(ReadOnlySpan<float> logits, int id)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float x in logits) max = Math.Max(max, x);
        foreach (float x in logits) sum += Math.Exp(x - max);
        return logits[id] - max - Math.Log(sum);
    }
}
