using System.Numerics.Tensors;

namespace Plumbline.Models.Hooks;

/// <summary>What a lens does to a residual stream before the head.</summary>
public enum LensNorm
{
    /// <summary>The final norm with the stream's own statistics: the logit lens of the papers.</summary>
    Recomputed,

    /// <summary>The final norm with the scale that it had at the end of the run.</summary>
    Frozen,

    /// <summary>None; the head sees the stream as it is.</summary>
    None,
}

/// <summary>The logit lens (nostalgebraist 2020): the residual stream before each layer, and after the last, read by the model's own head.</summary>
public sealed class LogitLens
{
    private readonly double[][][] _logProbs;
    private readonly double[][] _final;

    private LogitLens(HookTensor logits, HookTensor final)
    {
        Logits = logits;
        _final = [.. Enumerable.Range(0, logits.Shape[1]).Select(i => LogSoftmax(final.Row(0, i)))];
        _logProbs = [.. Enumerable.Range(0, logits.Shape[0]).Select(row => Enumerable.Range(0, logits.Shape[1]).Select(i => LogSoftmax(logits.Row(row, i))).ToArray())];
    }

    /// <summary>[layer + 1, pos, vocab]: before each layer, and after the last; the last row of <see cref="LensNorm.Recomputed"/> is the model's own.</summary>
    public HookTensor Logits { get; }

    /// <summary>Looks at one prompt.</summary>
    /// <param name="model">A causal model with a head.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="norm">What is done before the head.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">The model is a masked one or has no head.</exception>
    public static LogitLens Of(HookedTransformer model, IReadOnlyList<int> ids, LensNorm norm = LensNorm.Recomputed, CancellationToken cancellationToken = default)
    {
        if (!model.Config.Causal || !model.Config.HasHead) throw new ArgumentException($"{model.Path} has no head that reads the residual stream; the logit lens needs a causal language model.", nameof(model));
        TokenBatch batch = TokenBatch.Of(ids);
        int layers = model.Config.Layers, size = checked(ids.Count * model.Config.VocabularySize);
        using HookedOutput run = model.Run(batch, new HookRun { Keep = ["blocks.*.hook_resid_pre", "ln_final.hook_scale"] }, cancellationToken);
        float[] logits = new float[checked((layers + 1) * size)];
        for (int layer = 0; layer <= layers; layer++)
        {
            HookTensor residual = layer < layers ? run.Cache[$"blocks.{layer}.hook_resid_pre"] : run.Residual;
            HookEdit[] edits = norm switch
            {
                LensNorm.Frozen => [Ablation.Resample("ln_final.hook_scale", run.Cache["ln_final.hook_scale"])],
                LensNorm.None => [Ablation.Resample("unembed.hook_in", residual)],
                _ => [],
            };
            using HookedOutput read = model.Run(batch, new HookRun { StartAtLayer = layers, Residual = residual, Edits = edits }, cancellationToken);
            read.Logits!.Lent.CopyTo(logits, layer * size);
        }

        return new LogitLens(new HookTensor([layers + 1, ids.Count, model.Config.VocabularySize], logits), run.Logits!);
    }

    /// <summary>The natural log-probability of a token.</summary>
    /// <param name="row">The layer before which, or the number of layers for the end.</param>
    /// <param name="position">A position.</param>
    /// <param name="id">A token.</param>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public double LogProb(int row, int position, int id) => (uint)id < (uint)Logits.Shape[2] ? At(row, position)[id]
        : throw new ArgumentException($"Token {id} is out of range; the vocabulary has ids from 0 to {Logits.Shape[2] - 1}.", nameof(id));

    /// <summary>The most likely tokens, best first.</summary>
    public IReadOnlyList<(int Id, double LogProb)> Top(int row, int position, int count)
    {
        double[] logProbs = At(row, position);
        return [.. Enumerable.Range(0, logProbs.Length).OrderByDescending(id => logProbs[id]).Take(count).Select(id => (id, logProbs[id]))];
    }

    /// <summary>KL(model ‖ row) in nats: how far the row's distribution is from the model's own at that position.</summary>
    public double KlToFinal(int row, int position)
    {
        double[] own = At(row, position), final = _final[position];
        double sum = 0;
        for (int id = 0; id < own.Length; id++) sum += Math.Exp(final[id]) * (final[id] - own[id]);
        return sum;
    }

    /// <summary>The entropy of the row's distribution, in nats.</summary>
    public double Entropy(int row, int position) => -At(row, position).Sum(x => Math.Exp(x) * x);

    private double[] At(int row, int position)
    {
        if ((uint)row >= (uint)Logits.Shape[0]) throw new ArgumentException($"Row {row} is out of range; there are rows from 0 to {Logits.Shape[0] - 1}.", nameof(row));
        if ((uint)position >= (uint)Logits.Shape[1]) throw new ArgumentException($"Position {position} is out of range; there are positions from 0 to {Logits.Shape[1] - 1}.", nameof(position));
        return _logProbs[row][position];
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        double max = TensorPrimitives.Max(logits), sum = 0;
        foreach (float x in logits) sum += Math.Exp(x - max);
        double log = max + Math.Log(sum);
        double[] result = new double[logits.Length];
        for (int i = 0; i < result.Length; i++) result[i] = logits[i] - log;
        return result;
    }
}
