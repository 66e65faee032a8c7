using System.Numerics;
using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Circuits;

/// <summary>
/// The two circuits of a head (Elhage et al. 2021): QK = W_Q W_Kᵀ says where it looks, OV = W_V W_O what it moves. Biases, norms and
/// rotation are left out, so with rotary positions a score is that at distance 0; fold the weights first to take the norms in.
/// A query head of a grouped-query model goes with its key and value head.
/// </summary>
public sealed class HeadCircuits
{
    private readonly double[,] _embedding, _unembedding, _q, _k, _v, _o;

    /// <param name="model">The model, folded or raw.</param>
    /// <param name="layer">A layer.</param>
    /// <param name="head">A query head.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such head.</exception>
    public HeadCircuits(HookedTransformer model, int layer, int head)
    {
        ArgumentNullException.ThrowIfNull(model);
        if ((uint)layer >= (uint)model.Config.Layers) throw new ArgumentOutOfRangeException(nameof(layer), layer, $"The model has layers from 0 to {model.Config.Layers - 1}.");
        if ((uint)head >= (uint)model.Config.Heads) throw new ArgumentOutOfRangeException(nameof(head), head, $"The model has heads from 0 to {model.Config.Heads - 1}.");
        int keyHead = head / (model.Config.Heads / model.Config.KeyValueHeads);
        (Layer, Head) = (layer, head);
        (_embedding, _unembedding) = (Matrices.Of(model.Weight("embed.W_E")), Matrices.Of(model.Weight("unembed.W_U")));
        (_q, _k) = (Matrices.Of(model.Weight($"blocks.{layer}.attn.W_Q"), head), Matrices.Of(model.Weight($"blocks.{layer}.attn.W_K"), keyHead));
        (_v, _o) = (Matrices.Of(model.Weight($"blocks.{layer}.attn.W_V"), keyHead), Matrices.Of(model.Weight($"blocks.{layer}.attn.W_O"), head));
    }

    /// <summary>Its layer.</summary>
    public int Layer { get; }

    /// <summary>Its number.</summary>
    public int Head { get; }

    /// <summary>W_V W_O [d_model, d_model].</summary>
    public double[,] OV => Matrices.Product(_v, _o);

    /// <summary>W_Q W_Kᵀ [d_model, d_model].</summary>
    public double[,] QK => Matrices.Product(_q, Matrices.Transposed(_k));

    /// <summary>W_E OV W_U [token in, token out]: how attending to a token moves each logit.</summary>
    public double[,] FullOV => Matrices.Product(Matrices.Product(_embedding, _v), Matrices.Product(_o, _unembedding));

    /// <summary>W_E QK W_Eᵀ [query token, key token].</summary>
    public double[,] FullQK => Matrices.Product(Matrices.Product(_embedding, _q), Matrices.Transposed(Matrices.Product(_embedding, _k)));

    /// <summary>The d_head non-zero eigenvalues of <see cref="FullOV"/>, by falling modulus, from the small side (W_O W_U)(W_E W_V).</summary>
    public IReadOnlyList<Complex> FullOVEigenvalues => Eigenvalues.Of(Matrices.Product(Matrices.Product(_o, _unembedding), Matrices.Product(_embedding, _v)));

    /// <summary>The same of <see cref="FullQK"/>.</summary>
    public IReadOnlyList<Complex> FullQKEigenvalues => Eigenvalues.Of(Matrices.Product(Matrices.Transposed(Matrices.Product(_embedding, _k)), Matrices.Product(_embedding, _q)));

    /// <summary>The same of <see cref="OV"/>.</summary>
    public IReadOnlyList<Complex> OVEigenvalues => Eigenvalues.Of(Matrices.Product(_o, _v));

    /// <summary>The d_head singular values of <see cref="OV"/>, falling.</summary>
    public IReadOnlyList<double> OVSingularValues => FactoredSvd.Of(_v, Matrices.Transposed(_o)).S;

    /// <summary>The same of <see cref="QK"/>.</summary>
    public IReadOnlyList<double> QKSingularValues => FactoredSvd.Of(_q, _k).S;

    /// <summary>Σ λ / Σ |λ|, in [−1, 1]: 1 where a circuit raises what it reads in every direction. Of <see cref="FullOVEigenvalues"/> it is the copying score.</summary>
    /// <param name="eigenvalues">Eigenvalues of a real matrix, not all 0.</param>
    public static double PositiveShare(IReadOnlyList<Complex> eigenvalues) => eigenvalues.Sum(value => value.Real) / eigenvalues.Sum(Complex.Abs);

    /// <summary>The share of tokens whose own logit is among the largest of its row of <see cref="FullOV"/>.</summary>
    /// <param name="full">[token, token].</param>
    /// <param name="count">How many count.</param>
    public static double OwnAmongTop(double[,] full, int count)
    {
        ArgumentNullException.ThrowIfNull(full);
        int n = full.GetLength(0);
        return Enumerable.Range(0, n).Count(i => Enumerable.Range(0, n).Count(j => full[i, j] > full[i, i]) < count) / (double)n;
    }

    /// <summary>The share of tokens with a positive own logit.</summary>
    public static double PositiveDiagonal(double[,] full)
    {
        ArgumentNullException.ThrowIfNull(full);
        return Enumerable.Range(0, full.GetLength(0)).Count(i => full[i, i] > 0) / (double)full.GetLength(0);
    }
}
