using System.Globalization;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Activation patching: a run on one prompt gets single activations of a run on another, and a metric tells which matter.
/// Each patched run begins at the layer that it changes.
/// </summary>
public sealed class ActivationPatching
{
    private readonly HookedTransformer _model;
    private readonly TokenBatch _receiver;
    private readonly HookedOutput _donorRun, _receiverRun;
    private readonly Func<HookTensor, double> _metric;

    /// <param name="model">The model.</param>
    /// <param name="receiver">The prompt that is patched.</param>
    /// <param name="donor">The prompt whose activations it gets; of the same length.</param>
    /// <param name="metric">From logits [1, pos, vocab], valid during the call, to a number.</param>
    /// <exception cref="ArgumentException">The prompts differ in length: their positions do not correspond.</exception>
    public ActivationPatching(HookedTransformer model, IReadOnlyList<int> receiver, IReadOnlyList<int> donor, Func<HookTensor, double> metric)
    {
        if (receiver.Count != donor.Count) throw new ArgumentException($"The prompts have {receiver.Count} and {donor.Count} tokens; their positions do not correspond.", nameof(donor));
        (_model, _receiver, _metric) = (model, TokenBatch.Of(receiver), metric);
        _donorRun = model.RunWithCache(TokenBatch.Of(donor));
        _receiverRun = model.RunWithCache(_receiver, "blocks.*.hook_resid_pre");
        (Donor, Receiver) = (metric(Logits(_donorRun)), metric(Logits(_receiverRun)));
    }

    /// <summary>The metric of the donor's own run.</summary>
    public double Donor { get; }

    /// <summary>The metric of the receiver's run without a patch.</summary>
    public double Receiver { get; }

    /// <summary>The metric after one patch.</summary>
    /// <param name="hook">A hook of a block, with its layer.</param>
    /// <param name="slice">Which part is patched; null for all.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public double Patch(string hook, ActivationSlice? slice = null, CancellationToken cancellationToken = default)
    {
        if (_model.Match(hook) is not [{ Layer: int layer }]) throw new ArgumentException($"{hook} is no single hook of a block.", nameof(hook));
        HookRun run = new()
        {
            StartAtLayer = layer,
            Residual = _receiverRun.Cache[$"blocks.{layer}.hook_resid_pre"],
            Edits = [Ablation.Resample(hook, _donorRun.Cache[hook], slice)],
        };
        using HookedOutput patched = _model.Run(_receiver, run, cancellationToken);
        return _metric(Logits(patched));
    }

    /// <summary>The metric after each single patch of a hook in every layer.</summary>
    /// <param name="hook">Its name with {0} for the layer: blocks.{0}.attn.hook_z.</param>
    /// <param name="slices">The parts; one column each.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>[layer, slice].</returns>
    public double[,] Sweep(string hook, IReadOnlyList<ActivationSlice> slices, CancellationToken cancellationToken = default)
    {
        double[,] metrics = new double[_model.Config.Layers, slices.Count];
        for (int layer = 0; layer < _model.Config.Layers; layer++)
        {
            for (int i = 0; i < slices.Count; i++) metrics[layer, i] = Patch(string.Format(CultureInfo.InvariantCulture, hook, layer), slices[i], cancellationToken);
        }

        return metrics;
    }

    /// <summary>How much of the way from the receiver's to the donor's metric a patch goes: 0 none, 1 all.</summary>
    /// <param name="metric">The metric after a patch.</param>
    /// <exception cref="InvalidOperationException">Both prompts have the same metric.</exception>
    public double Restored(double metric) => Donor.Equals(Receiver)
        ? throw new InvalidOperationException("Donor and receiver have the same metric; there is nothing to restore.")
        : (metric - Receiver) / (Donor - Receiver);

    /// <summary>The difference of two tokens' logits at the last position.</summary>
    /// <param name="answer">The token that counts up.</param>
    /// <param name="wrong">The token that counts down; another one.</param>
    public static Func<HookTensor, double> LogitDifference(int answer, int wrong)
    {
        if (answer == wrong) throw new ArgumentException($"Both tokens are {answer}; their difference is 0 always.", nameof(wrong));
        return logits => (double)logits[0, logits.Shape[1] - 1, answer] - logits[0, logits.Shape[1] - 1, wrong];
    }

    private HookTensor Logits(HookedOutput run) => run.Logits ?? throw new InvalidOperationException($"{_model.Path} has no vocabulary head.");
}
