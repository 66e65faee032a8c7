using Plumbline.Models.Hooks;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Differentiable;

/// <summary>
/// Edge attribution patching (Syed et al. 2023): for every edge of the residual graph what <see cref="PathPatching.Direct"/> would
/// add to the metric, to first order and from two runs: (writer's donor − receiver) · d metric / d reader's own copy of the stream.
/// Where a norm stands behind attention, what a head's exchange changes is computed through it, exactly.
/// </summary>
public static class EdgeAttribution
{
    /// <summary>Estimates every edge.</summary>
    /// <param name="model">A causal model without norms on the stream itself.</param>
    /// <param name="receiver">The prompt that would be patched.</param>
    /// <param name="donor">The prompt whose contributions it would get; of the same length.</param>
    /// <param name="metric">From logits to a number.</param>
    /// <param name="writers">Rows, as <see cref="ResidualNode.Writers"/> lists all.</param>
    /// <param name="readers">Columns, as <see cref="ResidualNode.Readers"/> lists all.</param>
    /// <returns>[writer, reader]; null where there is no edge.</returns>
    /// <exception cref="ArgumentException">The prompts differ in length, the model norms its residual stream, or an index is out of range.</exception>
    public static double?[,] Estimate(DifferentiableTransformer model, IReadOnlyList<int> receiver, IReadOnlyList<int> donor, LogitLoss metric, IReadOnlyList<ResidualNode> writers, IReadOnlyList<ResidualNode> readers)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (receiver.Count != donor.Count) throw new ArgumentException($"The prompts have {receiver.Count} and {donor.Count} tokens; their positions do not correspond.", nameof(donor));
        PathPatching.RefuseNormedStream(model.Description, model.Config.Architecture);
        bool normed = model.Description.AfterAttentionNorm is not null;
        foreach (ResidualNode node in writers.Concat(readers)) node.Check(model.Config);
        string last = $"blocks.{model.Config.Layers - 1}.hook_resid_post";
        string[] written = ["blocks.0.hook_resid_pre", "blocks.*.attn.hook_result", "blocks.*.hook_mlp_out", .. normed ? ["blocks.*.hook_resid_pre", "blocks.*.hook_attn_out"] : Array.Empty<string>()];
        string[] read = [last, .. readers.Where(reader => reader.Kind != ResidualNodeKind.Logits).Select(reader => reader.Hook).Distinct(StringComparer.Ordinal)];
        GradientResult at = model.Gradients(TokenBatch.Of(receiver), new GradientRun { Loss = metric, Hooks = [.. written, .. read] });
        GradientResult other = model.Gradients(TokenBatch.Of(donor), new GradientRun { Loss = metric, Hooks = written });
        double?[,] estimates = new double?[writers.Count, readers.Count];
        for (int w = 0; w < writers.Count; w++)
        {
            HookTensor? exchanged = normed && writers[w].Kind == ResidualNodeKind.Head ? Exchanged(writers[w]) : null;
            for (int r = 0; r < readers.Count; r++)
            {
                if (!writers[w].Reaches(readers[r], model.Config)) continue;
                double sum = 0;
                for (int i = 0; i < receiver.Count; i++)
                {
                    Span<float> before = exchanged is null ? Written(at, writers[w], i) : at.Activations[$"blocks.{writers[w].Layer}.hook_attn_out"].Row(0, i), after = exchanged is null ? Written(other, writers[w], i) : exchanged.Row(0, i), gradient = Gradient(readers[r], i);
                    for (int d = 0; d < gradient.Length; d++) sum += ((double)after[d] - before[d]) * gradient[d];
                }

                estimates[w, r] = sum;
            }
        }

        return estimates;

        // What attention adds on the receiver's prompt when one head is the donor's.
        HookTensor Exchanged(ResidualNode head)
        {
            using var _ = no_grad();
            using DisposeScope scope = NewDisposeScope();
            string result = $"blocks.{head.Layer}.attn.hook_result", added = $"blocks.{head.Layer}.hook_attn_out";
            Tensor donors = model.FromHook(other.Activations[result]).narrow(2, head.Index, 1);
            return model.Run(TokenBatch.Of(receiver), new TensorRun
            {
                StartAtLayer = head.Layer,
                StopAtLayer = head.Layer + 1,
                Residual = model.FromHook(at.Activations[$"blocks.{head.Layer}.hook_resid_pre"]),
                Keep = [added],
                Edits = [new(result, (value, _) => cat([value.narrow(2, 0, head.Index), donors, value.narrow(2, head.Index + 1, value.shape[2] - head.Index - 1)], 2))],
            }).Kept[added].ToHookTensor();
        }

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
