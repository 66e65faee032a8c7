using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Circuits;

/// <summary>What of a later head an earlier one feeds.</summary>
public enum Composition { Query, Key, Value }

/// <summary>
/// Composition of two heads (Elhage et al. 2021): ‖A B‖ / (‖A‖ ‖B‖) in Frobenius norms, A the earlier head's OV, B the later head's QK,
/// QKᵀ or OV. Independent directions give 1/√d_model, not 0: look at what is above.
/// </summary>
public static class CompositionScores
{
    /// <summary>What independent directions give.</summary>
    public static double Baseline(HookedTransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return 1 / Math.Sqrt(model.Config.HiddenSize);
    }

    /// <summary>The score of a pair.</summary>
    /// <param name="earlier">The head that writes.</param>
    /// <param name="later">The head that reads, of a later layer.</param>
    /// <param name="through">What it feeds.</param>
    /// <exception cref="ArgumentException">The layers leave no path from one to the other.</exception>
    public static double Of(HeadCircuits earlier, HeadCircuits later, Composition through)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        ArgumentNullException.ThrowIfNull(later);
        if (earlier.Layer >= later.Layer) throw new ArgumentException($"Head {earlier.Layer}.{earlier.Head} does not come before head {later.Layer}.{later.Head}; there is no path.", nameof(later));
        double[,] a = earlier.OV, b = through switch { Composition.Query => later.QK, Composition.Key => Matrices.Transposed(later.QK), _ => later.OV };
        return Matrices.Norm(Matrices.Product(a, b)) / Matrices.Norm(a) / Matrices.Norm(b);
    }
}
