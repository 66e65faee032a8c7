using Plumbline.Models.Hooks;

namespace Plumbline.Torch.Differentiable;

/// <summary>Of what gradients are wanted, and the run they are of.</summary>
public sealed record GradientRun
{
    /// <summary>What is differentiated. Default: <see cref="LogitLosses.NextToken"/>.</summary>
    public LogitLoss Loss { get; init; } = LogitLosses.NextToken;

    /// <summary>Names or patterns of hooks.</summary>
    public IReadOnlyList<string> Hooks { get; init; } = [];

    /// <summary>Names of weights, as <see cref="DifferentiableTransformer.Parameters"/> lists them; * stands for any characters.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Changes of the run; gradients flow through them.</summary>
    public IReadOnlyList<TensorEdit> Edits { get; init; } = [];

    /// <summary>What enters at hook_embed [batch, pos, d_model] instead of the ids' embeddings. The batch still gives lengths, mask and the targets of a loss.</summary>
    public HookTensor? Embeddings { get; init; }

    /// <summary>Weights of the vocabulary [batch, pos, vocab] instead of ids.</summary>
    public HookTensor? OneHot { get; init; }

    /// <summary>Whether the gradient with respect to the one-hot rows is wanted, be they given or those of the ids.</summary>
    public bool OneHotGradient { get; init; }
}

/// <summary>A loss and its gradients.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Logits">[batch, pos, vocab] of the run.</param>
/// <param name="Hooks">d loss / d value by hook name, in forward order, shaped as the hook; zeros where the loss does not depend on it.</param>
/// <param name="Activations">The values at these hooks, after edits.</param>
/// <param name="Parameters">d loss / d weight by tensor name, shaped as the tensor.</param>
/// <param name="OneHot">d loss / d one-hot row [batch, pos, vocab]; null where not asked for.</param>
public sealed record GradientResult(
    double Loss, HookTensor Logits, IReadOnlyDictionary<string, HookTensor> Hooks, IReadOnlyDictionary<string, HookTensor> Activations, IReadOnlyDictionary<string, HookTensor> Parameters, HookTensor? OneHot);
