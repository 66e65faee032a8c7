using Plumbline.Models.Hooks;
using Prompts = Plumbline.Models.Hooks.TokenBatch;

namespace Plumbline.Torch.Differentiable;

/// <summary>
/// Edge attribution patching (Syed et al. 2023): for every edge of the residual graph what <see cref="PathPatching.Direct"/> would
/// add to the metric, to first order and from two runs: (writer's donor − receiver) · d metric / d reader's own copy of the stream.
/// </summary>
public static class EdgeAttribution
{
    /// <summary>Estimates every edge.</summary>
    /// <param name="model">A causal model whose heads and MLPs add to the residual stream as they are.</param>
    /// <param name="receiver">The prompt that would be patched.</param>
    /// <param name="donor">The prompt whose contributions it would get; of the same length.</param>
    /// <param name="metric">From logits to a number.</param>
    /// <param name="writers">Rows, as <see cref="ResidualNode.Writers"/> lists all.</param>
    /// <param name="readers">Columns, as <see cref="ResidualNode.Readers"/> lists all.</param>
    /// <returns>[writer, reader]; null where there is no edge.</returns>
    /// <exception cref="ArgumentException">The prompts differ in length, the model has norms behind attention and MLP, or an index is out of range.</exception>
    public static double?[,] Estimate(DifferentiableTransformer model, IReadOnlyList<int> receiver, IReadOnlyList<int> donor, LogitLoss metric, IReadOnlyList<ResidualNode> writers, IReadOnlyList<ResidualNode> readers)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (receiver.Count != donor.Count) throw new ArgumentException($"The prompts have {receiver.Count} and {donor.Count} tokens; their positions do not correspond.", nameof(donor));
        PathPatching.RefuseNormsBehind(model.Description, model.Config.Architecture);
        foreach (ResidualNode node in writers.Concat(readers)) node.Check(model.Config);
        string last = $"blocks.{model.Config.Layers - 1}.hook_resid_post";
        string[] written = ["blocks.0.hook_resid_pre", "blocks.*.attn.hook_result", "blocks.*.hook_mlp_out"];
        string[] read = [last, .. readers.Where(reader => reader.Kind != ResidualNodeKind.Logits).Select(reader => reader.Hook).Distinct(StringComparer.Ordinal)];
        GradientResult at = model.Gradients(Prompts.Of(receiver), new GradientRun { Loss = metric, Hooks = [.. written, .. read] });
        GradientResult other = model.Gradients(Prompts.Of(donor), new GradientRun { Loss = metric, Hooks = written });
        double?[,] estimates = new double?[writers.Count, readers.Count];
        for (int w = 0; w < writers.Count; w++)
        {
            for (int r = 0; r < readers.Count; r++)
            {
                if (!writers[w].Reaches(readers[r], model.Config)) continue;
                double sum = 0;
                for (int i = 0; i < receiver.Count; i++)
                {
                    Span<float> before = Written(at, writers[w], i), after = Written(other, writers[w], i), gradient = Gradient(readers[r], i);
                    for (int d = 0; d < gradient.Length; d++) sum += ((double)after[d] - before[d]) * gradient[d];
                }

                estimates[w, r] = sum;
            }
        }

        return estimates;

        static Span<float> Written(GradientResult run, ResidualNode writer, int position) => writer.Kind switch
        {
            ResidualNodeKind.Embeddings => run.Activations["blocks.0.hook_resid_pre"].Row(0, position),
            ResidualNodeKind.Head => run.Activations[$"blocks.{writer.Layer}.attn.hook_result"].Row(0, position, writer.Index),
            _ => run.Activations[$"blocks.{writer.Layer}.hook_mlp_out"].Row(0, position),
        };

        Span<float> Gradient(ResidualNode reader, int position) => reader.Kind switch
        {
            ResidualNodeKind.Logits => at.Hooks[last].Row(0, position),
            ResidualNodeKind.Mlp => at.Hooks[reader.Hook].Row(0, position),
            _ => at.Hooks[reader.Hook].Row(0, position, reader.Index),
        };
    }
}
