using Plumbline.Models.Hooks;

namespace Plumbline.Explain.SafetyHeads;

/// <summary>Ships (Zhou et al. 2024): how far the next-token distribution after one prompt moves when a head is taken away, KL(original ‖ ablated) in nats.</summary>
public static class Ships
{
    /// <summary>Scores every head.</summary>
    /// <param name="model">A causal model with a head.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="scaling">How a head is taken away.</param>
    /// <param name="epsilon">The factor; the paper's 1e-4.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>[layer, head], for keys [layer, key and value head].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The factor is negative.</exception>
    public static double[,] Of(HookedTransformer model, IReadOnlyList<int> ids, HeadScaling scaling = HeadScaling.Queries, double epsilon = 1e-4, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        HeadScalings.Edit(scaling, 0, 0, epsilon);
        TokenBatch prompt = TokenBatch.Of(ids);
        using HookedOutput clean = model.Run(prompt, new HookRun { Keep = ["blocks.*.hook_resid_pre"], Logits = LogitPositions.Last }, cancellationToken);
        int heads = scaling == HeadScaling.Keys ? model.Config.KeyValueHeads : model.Config.Heads;
        double[,] scores = new double[model.Config.Layers, heads];
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            for (int head = 0; head < heads; head++)
            {
                HookRun run = new() { StartAtLayer = layer, Residual = clean.Cache[$"blocks.{layer}.hook_resid_pre"], Logits = LogitPositions.Last, Edits = [HeadScalings.Edit(scaling, layer, head, epsilon)] };
                using HookedOutput scaled = model.Run(prompt, run, cancellationToken);
                scores[layer, head] = Divergence(clean.Logits!.Row(0, 0), scaled.Logits!.Row(0, 0));
            }
        }

        return scores;
    }

    /// <summary>KL(p ‖ q) in nats of two rows of logits.</summary>
    internal static double Divergence(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        (double pSum, double qSum) = (LogSum(p), LogSum(q));
        double sum = 0;
        for (int i = 0; i < p.Length; i++) sum += Math.Exp(p[i] - pSum) * (p[i] - pSum - q[i] + qSum);
        return sum;
    }

    private static double LogSum(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float x in logits) max = Math.Max(max, x);
        foreach (float x in logits) sum += Math.Exp(x - max);
        return max + Math.Log(sum);
    }
}
