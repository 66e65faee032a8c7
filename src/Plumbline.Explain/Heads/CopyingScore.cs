using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>
/// Copying: whether what a head writes raises the logit of the token it attends to. Papers give prose (Olsson et al. 2022);
/// three readings, each rescaled 2x − 1. o_k is what a head writes of source k through the unembedding, without the final
/// norm. Compare heads with each other, not with 0: a fair share of one in n is far below it.
/// </summary>
/// <param name="Attended">[layer, head]: for each query l = Σ A o at the tokens seen, minus their mean, negative ones 0; the share of Σ l that lies, weighted by attention, on the attended tokens.</param>
/// <param name="PerSource">[layer, head]: for each source l = o_k at the sequence's tokens, minus their mean, negative ones 0; the share on the source's own token.</param>
/// <param name="SoftmaxPerSource">[layer, head]: the softmax of o_k over the whole vocabulary at the source's own token.</param>
public sealed record CopyingScore(double[,] Attended, double[,] PerSource, double[,] SoftmaxPerSource)
{
    /// <summary>Scores all heads.</summary>
    /// <param name="model">A causal model with a head.</param>
    /// <param name="rows">Sequences of distinct tokens after a start token; of one length.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public static CopyingScore Of(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using HookedOutput run = model.Run(new TokenBatch(rows), new HookRun { Keep = ["blocks.*.attn.hook_pattern", "blocks.*.attn.hook_v"], Logits = LogitPositions.None }, cancellationToken);
        HookTensor unembedding = model.Weight("unembed.W_U");
        int n = rows[0].Count, vocabulary = unembedding.Shape[1], width = unembedding.Shape[0], group = model.Config.Heads / model.Config.KeyValueHeads;
        double[,] attended = new double[model.Config.Layers, model.Config.Heads], perSource = (double[,])attended.Clone(), softmax = (double[,])attended.Clone();
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            HookTensor output = model.Weight($"blocks.{layer}.attn.W_O"), v = run.Cache[$"blocks.{layer}.attn.hook_v"], pattern = run.Cache[$"blocks.{layer}.attn.hook_pattern"];
            for (int head = 0; head < model.Config.Heads; head++)
            {
                for (int row = 0; row < rows.Count; row++)
                {
                    double[][] written = [.. Enumerable.Range(0, n).Select(k => Written(v.Row(row, k, head / group), output, head))];
                    for (int query = 1; query < n; query++)
                    {
                        double[] logits = new double[query + 1];
                        for (int j = 0; j <= query; j++)
                        {
                            for (int k = 0; k <= query; k++) logits[j] += pattern[row, head, query, k] * written[k][rows[row][j]];
                        }

                        (double sum, double[] raised) = Raised(logits);
                        if (sum > 0) attended[layer, head] += raised.Select((x, k) => x * pattern[row, head, query, k]).Sum() / sum;
                    }

                    for (int k = 1; k < n; k++)
                    {
                        (double sum, double[] raised) = Raised([.. rows[row].Select(id => written[k][id])]);
                        if (sum > 0) perSource[layer, head] += raised[k] / sum;
                        double max = written[k].Max();
                        softmax[layer, head] += Math.Exp(written[k][rows[row][k]] - max) / written[k].Sum(x => Math.Exp(x - max));
                    }
                }

                double count = rows.Count * (n - 1);
                attended[layer, head] = (2 * attended[layer, head] / count) - 1;
                perSource[layer, head] = (2 * perSource[layer, head] / count) - 1;
                softmax[layer, head] = (2 * softmax[layer, head] / count) - 1;
            }
        }

        return new CopyingScore(attended, perSource, softmax);

        double[] Written(Span<float> value, HookTensor output, int head)
        {
            double[] stream = new double[width], logits = new double[vocabulary];
            for (int d = 0; d < value.Length; d++)
            {
                Span<float> weights = output.Row(head, d);
                for (int i = 0; i < width; i++) stream[i] += (double)value[d] * weights[i];
            }

            for (int i = 0; i < width; i++)
            {
                Span<float> weights = unembedding.Row(i);
                for (int id = 0; id < vocabulary; id++) logits[id] += stream[i] * weights[id];
            }

            return logits;
        }
    }

    private static (double Sum, double[] Raised) Raised(double[] logits)
    {
        double mean = logits.Average();
        double[] raised = [.. logits.Select(x => Math.Max(0, x - mean))];
        return (raised.Sum(), raised);
    }
}
