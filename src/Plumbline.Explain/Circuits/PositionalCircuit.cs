using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Circuits;

/// <summary>
/// Where a head would look by positions alone: W_pos QK W_posᵀ / √d_head over the whole context, and its causal softmax. Without the
/// norm's scale this is nearly flat in many models whose heads do look back; arithmetic to check, not a detector.
/// </summary>
/// <param name="Scores">[query position, key position], before mask and softmax.</param>
/// <param name="Previous">Mean probability of the position before.</param>
/// <param name="Current">Of the query's own.</param>
/// <param name="First">Of the first.</param>
public sealed record PositionalCircuit(double[,] Scores, double Previous, double Current, double First)
{
    /// <summary>Computes it for a head of a model with learned positions.</summary>
    /// <exception cref="ArgumentException">Positions rotate.</exception>
    public static PositionalCircuit Of(HookedTransformer model, int layer, int head)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Config.Positions != Models.Files.PositionKind.Learned) throw new ArgumentException($"{model.Path} has no position embeddings.", nameof(model));
        double[,] positions = Matrices.Of(model.Weight("pos_embed.W_pos")), scores = Matrices.Product(Matrices.Product(positions, new HeadCircuits(model, layer, head).QK), Matrices.Transposed(positions));
        int n = scores.GetLength(0);
        double previous = 0, current = 0, first = 0;
        for (int query = 0; query < n; query++)
        {
            for (int key = 0; key < n; key++) scores[query, key] /= Math.Sqrt(model.Config.HeadDimension);
            double max = Enumerable.Range(0, query + 1).Max(key => scores[query, key]), sum = Enumerable.Range(0, query + 1).Sum(key => Math.Exp(scores[query, key] - max));
            if (query > 0) previous += Math.Exp(scores[query, query - 1] - max) / sum;
            current += Math.Exp(scores[query, query] - max) / sum;
            first += Math.Exp(scores[query, 0] - max) / sum;
        }

        return new PositionalCircuit(scores, previous / (n - 1), current / n, first / n);
    }
}
