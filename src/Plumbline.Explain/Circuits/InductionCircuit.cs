using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Circuits;

/// <summary>
/// The induction circuit (Olsson et al. 2022): W_E QK OVᵀ W_Eᵀ [query token, token whose successor is attended], the later head's key made
/// of what the previous-token head moved. A diagonal that stands out makes an induction head.
/// </summary>
/// <param name="Matrix">[query token, token before the key].</param>
/// <param name="Top1">Share of rows whose largest entry is the diagonal.</param>
/// <param name="DiagonalExcess">Mean of the diagonal minus the mean of all.</param>
public sealed record InductionCircuit(double[,] Matrix, double Top1, double DiagonalExcess)
{
    /// <summary>Computes it for a pair of heads.</summary>
    /// <param name="model">The model.</param>
    /// <param name="previous">The previous-token head (layer, head).</param>
    /// <param name="induction">The induction head, of a later layer.</param>
    /// <exception cref="ArgumentException">The layers leave no path from one to the other.</exception>
    public static InductionCircuit Of(HookedTransformer model, (int Layer, int Head) previous, (int Layer, int Head) induction)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (previous.Layer >= induction.Layer) throw new ArgumentException($"Head {previous.Layer}.{previous.Head} does not come before head {induction.Layer}.{induction.Head}; there is no path.", nameof(induction));
        double[,] embedding = Matrices.Of(model.Weight("embed.W_E"));
        double[,] left = Matrices.Product(embedding, new HeadCircuits(model, induction.Layer, induction.Head).QK), right = Matrices.Product(embedding, new HeadCircuits(model, previous.Layer, previous.Head).OV);
        double[,] matrix = Matrices.Product(left, Matrices.Transposed(right));
        double all = 0, diagonal = 0;
        int n = matrix.GetLength(0);
        for (int i = 0; i < n; i++)
        {
            diagonal += matrix[i, i] / n;
            for (int j = 0; j < n; j++) all += matrix[i, j] / n / n;
        }

        return new InductionCircuit(matrix, HeadCircuits.OwnAmongTop(matrix, 1), diagonal - all);
    }
}
