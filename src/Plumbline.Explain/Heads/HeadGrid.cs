using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>A number for each head.</summary>
internal static class HeadGrid
{
    /// <summary>[layer, head].</summary>
    public static double[,] Of(HookedTransformer model, Func<int, int, double> score)
    {
        double[,] grid = new double[model.Config.Layers, model.Config.Heads];
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            for (int head = 0; head < model.Config.Heads; head++) grid[layer, head] = score(layer, head);
        }

        return grid;
    }

    /// <summary>The patterns [row, head, query, key] of each layer.</summary>
    public static HookTensor[] Patterns(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, CancellationToken cancellationToken)
    {
        using HookedOutput run = model.Run(new TokenBatch(rows), new HookRun { Keep = ["blocks.*.attn.hook_pattern"], Logits = LogitPositions.None }, cancellationToken);
        return [.. Enumerable.Range(0, model.Config.Layers).Select(layer => run.Cache[$"blocks.{layer}.attn.hook_pattern"].Detach())];
    }
}
