using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Neurons;

/// <summary>What makes a neuron fire, and what it does then. Top examples alone mislead about neurons that mean several things; look at quantiles too.</summary>
public sealed record NeuronStatistics
{
    /// <summary>The largest activations over distinct prefixes; a prefix that occurs in several rows counts once, at its first.</summary>
    public required IReadOnlyList<(double Value, int Row, int Position)> Top { get; init; }

    /// <summary>Mean activation.</summary>
    public required double Mean { get; init; }

    /// <summary>Standard deviation, by n.</summary>
    public required double StandardDeviation { get; init; }

    /// <summary>Third central moment over the standard deviation cubed.</summary>
    public required double Skewness { get; init; }

    /// <summary>Least activation.</summary>
    public required double Least { get; init; }

    /// <summary>Share of positions above 0.</summary>
    public required double Density { get; init; }

    /// <summary>All activations, rising.</summary>
    public required IReadOnlyList<double> Sorted { get; init; }

    /// <summary>The tokens whose logits its output raises most, W_out W_U without the final norm.</summary>
    public required IReadOnlyList<(int Id, double By)> Promotes { get; init; }

    /// <summary>A quantile, linear between order statistics (Hyndman and Fan's type 7).</summary>
    /// <param name="share">From 0 to 1.</param>
    public double Quantile(double share) => Quantiles.Linear(Sorted, share);

    /// <summary>Runs a neuron over prompts; each prompt's first position (the start token) is left out.</summary>
    /// <param name="model">A model with a head.</param>
    /// <param name="rows">Prompts of one length, at least two tokens each.</param>
    /// <param name="layer">A layer.</param>
    /// <param name="neuron">A neuron of its MLP.</param>
    /// <param name="top">How many examples and tokens are told.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">There is no such neuron, or no position behind the first.</exception>
    public static NeuronStatistics Of(HookedTransformer model, IReadOnlyList<IReadOnlyList<int>> rows, int layer, int neuron, int top = 5, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if ((uint)neuron >= (uint)model.Config.IntermediateSize) throw new ArgumentException($"Neuron {neuron} is out of range; there are neurons from 0 to {model.Config.IntermediateSize - 1}.", nameof(neuron));
        if (rows.Count == 0 || rows[0].Count < 2) throw new ArgumentException("There is no position behind the first.", nameof(rows));
        string hook = $"blocks.{layer}.mlp.hook_post";
        using HookedOutput run = model.Run(new TokenBatch(rows), new HookRun { Keep = [hook], StopAtLayer = layer + 1 }, cancellationToken);
        HookTensor post = run.Cache[hook];
        List<double> values = [];
        Dictionary<string, (double, int, int)> prefixes = new(StringComparer.Ordinal);
        for (int row = 0; row < rows.Count; row++)
        {
            for (int i = 1; i < rows[row].Count; i++)
            {
                values.Add(post[row, i, neuron]);
                prefixes.TryAdd(string.Join(',', rows[row].Take(i + 1)), (post[row, i, neuron], row, i));
            }
        }

        double mean = values.Average(), deviation = Math.Sqrt(values.Average(x => (x - mean) * (x - mean)));
        HookTensor output = model.Weight($"blocks.{layer}.mlp.W_out"), unembedding = model.Weight("unembed.W_U");
        double[] promoted = new double[model.Config.VocabularySize];
        for (int d = 0; d < model.Config.HiddenSize; d++)
        {
            Span<float> weights = unembedding.Row(d);
            for (int id = 0; id < promoted.Length; id++) promoted[id] += (double)output[neuron, d] * weights[id];
        }

        return new NeuronStatistics
        {
            Top = [.. prefixes.Values.OrderByDescending(example => example.Item1).Take(top)],
            Mean = mean,
            StandardDeviation = deviation,
            Skewness = values.Average(x => Math.Pow(x - mean, 3)) / Math.Pow(deviation, 3),
            Least = values.Min(),
            Density = values.Count(x => x > 0) / (double)values.Count,
            Sorted = [.. values.Order()],
            Promotes = [.. Enumerable.Range(0, promoted.Length).OrderByDescending(id => promoted[id]).Take(top).Select(id => (id, promoted[id]))],
        };
    }
}
