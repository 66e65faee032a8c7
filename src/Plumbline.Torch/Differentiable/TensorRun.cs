using Plumbline.Models.Hooks;
using static TorchSharp.torch;

namespace Plumbline.Torch.Differentiable;

/// <summary>Changes a value on its way, in the graph.</summary>
/// <param name="value">The value; not to be written into.</param>
/// <param name="point">Where it is.</param>
/// <returns>The new value, of the same shape.</returns>
public delegate Tensor TensorFunction(Tensor value, HookPoint point);

/// <summary>A change at every hook that a pattern matches; gradients flow through it.</summary>
/// <param name="Pattern">A name; * stands for any characters, dots too.</param>
/// <param name="Apply">What is done.</param>
public sealed record TensorEdit(string Pattern, TensorFunction Apply);

/// <summary>What one differentiable forward pass keeps, changes and begins with. It holds no state of a run.</summary>
public sealed record TensorRun
{
    /// <summary>Names or patterns of the values to keep, as tensors of the graph.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Names or patterns of values that gradients are wanted of: each is kept, and begins a graph where none leads to it.</summary>
    public IReadOnlyList<string> Differentiate { get; init; } = [];

    /// <summary>Changes; several at one hook run in the order given.</summary>
    public IReadOnlyList<TensorEdit> Edits { get; init; } = [];

    /// <summary>Weights in place of the model's, by tensor name: leaves that gradients are wanted of, or results of other computations.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights { get; init; } = new Dictionary<string, Tensor>(StringComparer.Ordinal);

    /// <summary>What enters at hook_embed [batch, pos, d_model] instead of the embeddings of the ids: a soft prompt.</summary>
    public Tensor? Embeddings { get; init; }

    /// <summary>Weights of the vocabulary [batch, pos, vocab] instead of ids: a row with a single 1 is that token.</summary>
    public Tensor? OneHot { get; init; }

    /// <summary>The first block that runs; above 0 it needs <see cref="Residual"/>.</summary>
    public int StartAtLayer { get; init; }

    /// <summary>The residual stream [batch, pos, d_model] before block <see cref="StartAtLayer"/>.</summary>
    public Tensor? Residual { get; init; }

    /// <summary>The block before which the run ends, negative from the end; null to run to the logits.</summary>
    public int? StopAtLayer { get; init; }
}

/// <summary>What a differentiable forward gave, as tensors of the caller's dispose scope.</summary>
/// <param name="Logits">[batch, pos, vocab]; null for a run that stops before, or a model without a head.</param>
/// <param name="Residual">[batch, pos, d_model] where the run ended, before the final norm.</param>
/// <param name="Kept">The values kept or differentiated, by hook name.</param>
public sealed record TensorOutput(Tensor? Logits, Tensor Residual, IReadOnlyDictionary<string, Tensor> Kept);
