using Plumbline.Models.Hooks;

namespace Plumbline.Torch.Differentiable;

/// <summary>
/// Attribution patching (Nanda 2023): what activation patching would give, to first order and for every activation at once:
/// (donor − receiver) · d metric / d activation at the receiver's run. Safe for concurrent use.
/// </summary>
public sealed class AttributionPatching
{
    private readonly DifferentiableTransformer _model;
    private readonly TokenBatch _receiver;
    private readonly LogitLoss _metric;
    private readonly GradientResult _at;
    private readonly IReadOnlyDictionary<string, HookTensor> _donor;

    /// <param name="model">The model.</param>
    /// <param name="receiver">The prompt that would be patched.</param>
    /// <param name="donor">The prompt whose activations it would get; of the same length.</param>
    /// <param name="metric">From logits to a number.</param>
    /// <param name="hooks">Names or patterns of what is attributed.</param>
    /// <exception cref="ArgumentException">The prompts differ in length, or a hook does not exist.</exception>
    public AttributionPatching(DifferentiableTransformer model, IReadOnlyList<int> receiver, IReadOnlyList<int> donor, LogitLoss metric, params IReadOnlyList<string> hooks)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (receiver.Count != donor.Count) throw new ArgumentException($"The prompts have {receiver.Count} and {donor.Count} tokens; their positions do not correspond.", nameof(donor));
        (_model, _receiver, _metric) = (model, TokenBatch.Of(receiver), metric);
        GradientRun run = new() { Loss = metric, Hooks = hooks };
        _at = model.Gradients(_receiver, run);
        GradientResult other = model.Gradients(TokenBatch.Of(donor), run);
        (_donor, Receiver, Donor) = (other.Activations, _at.Loss, other.Loss);
    }

    /// <summary>The metric of the donor's own run.</summary>
    public double Donor { get; }

    /// <summary>The metric of the receiver's run without a patch.</summary>
    public double Receiver { get; }

    /// <summary>(donor − receiver) · gradient of each value of a hook, shaped as the hook: sums over a unit estimate what patching the unit adds to the metric.</summary>
    /// <exception cref="KeyNotFoundException">The hook was not among those named.</exception>
    public HookTensor Estimate(string hook) => Weighted(hook, _at.Hooks[hook]);

    /// <summary>The sums of <see cref="Estimate"/> over all but one dimension: by position, by head.</summary>
    /// <param name="hook">A hook.</param>
    /// <param name="dimension">Its symbol: pos, heads, kv_heads, d_mlp.</param>
    /// <exception cref="ArgumentException">The hook has no such dimension.</exception>
    public IReadOnlyList<double> By(string hook, string dimension)
    {
        HookPoint point = Point(hook);
        int at = point.Shape.ToList().IndexOf(dimension);
        if (at < 0) throw new ArgumentException($"{hook} [{string.Join(", ", point.Shape)}] has no dimension {dimension}.", nameof(dimension));
        HookTensor estimate = Estimate(hook);
        int inner = estimate.Shape.Skip(at + 1).Aggregate(1, (product, size) => product * size), size = estimate.Shape[at];
        double[] sums = new double[size];
        for (int i = 0; i < estimate.Values.Length; i++) sums[i / inner % size] += estimate.Values[i];
        return sums;
    }

    /// <summary>The estimate with gradients averaged along the straight line from the receiver's to the donor's value of one unit, at the middles of equal steps: integrated gradients.</summary>
    /// <param name="hook">A hook.</param>
    /// <param name="slice">The unit that moves along the line; null for all of the hook.</param>
    /// <param name="steps">Steps, at least 1.</param>
    /// <returns>The sum over the unit.</returns>
    public double Integrated(string hook, ActivationSlice? slice = null, int steps = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        HookPoint point = Point(hook);
        HookTensor from = _at.Activations[hook], to = _donor[hook];
        double sum = 0;
        for (int step = 0; step < steps; step++)
        {
            float share = (step + 0.5f) / steps;
            HookTensor between = from.Clone();
            (slice ?? ActivationSlice.All).Visit(between, point, (first, length) =>
            {
                for (int i = first; i < first + length; i++) between.Values[i] += share * (to.Values[i] - from.Values[i]);
            });
            HookTensor estimate = Weighted(hook, _model.Gradients(_receiver, new GradientRun { Loss = _metric, Hooks = [hook], Edits = [new(hook, (_, _) => _model.FromHook(between))] }).Hooks[hook]);
            (slice ?? ActivationSlice.All).Visit(estimate, point, (first, length) =>
            {
                for (int i = first; i < first + length; i++) sum += (double)estimate.Values[i] / steps;
            });
        }

        return sum;
    }

    private HookPoint Point(string hook) => _model.Hooks.Concat(_model.Forks).First(point => point.Name == hook);

    private HookTensor Weighted(string hook, HookTensor gradient)
    {
        float[] from = _at.Activations[hook].Values, to = _donor[hook].Values, weighted = new float[from.Length];
        // Scores are −∞ on both sides where masked; nothing moves there.
        for (int i = 0; i < weighted.Length; i++) weighted[i] = gradient.Values[i] == 0 ? 0 : (to[i] - from[i]) * gradient.Values[i];
        return new HookTensor(gradient.Shape, weighted);
    }
}
