using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Overthinking;

/// <summary>The logit lens on a few labels ("Overthinking the Truth", Halawi et al. 2023): at each layer, how probability is shared among them at the last position.</summary>
/// <param name="Shares">[row][label]: before each layer, and after the last; sums to 1.</param>
/// <param name="Mass">[row]: the probability of all labels together.</param>
public sealed record LabelLens(IReadOnlyList<IReadOnlyList<double>> Shares, IReadOnlyList<double> Mass)
{
    /// <summary>Looks at a prompt.</summary>
    /// <param name="model">A causal model with a head.</param>
    /// <param name="ids">The prompt up to the label.</param>
    /// <param name="labels">The labels' first tokens; at least two different ones.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">A label is out of range, or there are fewer than two.</exception>
    public static LabelLens Of(HookedTransformer model, IReadOnlyList<int> ids, IReadOnlyList<int> labels, CancellationToken cancellationToken = default)
    {
        if (labels.Distinct().Count() < 2) throw new ArgumentException("With fewer than two labels there is nothing to decide.", nameof(labels));
        LogitLens lens = LogitLens.Of(model, ids, LensNorm.Recomputed, cancellationToken);
        double[][] probabilities = [.. Enumerable.Range(0, lens.Logits.Shape[0]).Select(row => labels.Select(label => Math.Exp(lens.LogProb(row, ids.Count - 1, label))).ToArray())];
        double[] mass = [.. probabilities.Select(row => row.Sum())];
        return new LabelLens([.. probabilities.Select((row, i) => (IReadOnlyList<double>)[.. row.Select(p => p / mass[i])])], mass);
    }
}
