using System.Numerics.Tensors;

namespace Plumbline.Models.Inference;

/// <summary>Changes to logits before a token is drawn, as the logits processors of transformers define them.</summary>
internal static class LogitProcessors
{
    public static void Temperature(Span<float> logits, double temperature)
    {
        if (!(temperature > 0) || !double.IsFinite(temperature)) throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "A temperature is above 0; greedy decoding is a mode of its own.");
        TensorPrimitives.Divide(logits, (float)temperature, logits);
    }

    /// <summary>Once for each distinct id: positive logits divided, negative ones multiplied.</summary>
    public static void RepetitionPenalty(Span<float> logits, IEnumerable<int> ids, double penalty)
    {
        if (!(penalty > 0) || !double.IsFinite(penalty)) throw new ArgumentOutOfRangeException(nameof(penalty), penalty, "A repetition penalty is above 0.");
        foreach (int id in ids.Distinct()) logits[id] = logits[id] < 0 ? logits[id] * (float)penalty : logits[id] / (float)penalty;
    }

    /// <summary>logit - frequency · count - presence · (count > 0), over the generated ids.</summary>
    public static void PresenceFrequency(Span<float> logits, IEnumerable<int> generated, double presence, double frequency)
    {
        foreach ((int id, int count) in generated.CountBy(id => id)) logits[id] -= (float)((frequency * count) + presence);
    }

    /// <summary>Keeps the k largest and all that equal the k-th.</summary>
    public static void TopK(Span<float> logits, int k)
    {
        if (k < 1) throw new ArgumentOutOfRangeException(nameof(k), k, "Top-k keeps at least 1.");
        if (k >= logits.Length) return;
        // A heap of the k largest so far; its least is the bound.
        PriorityQueue<float, float> largest = new(k);
        foreach (float value in logits)
        {
            if (largest.Count < k) largest.Enqueue(value, value);
            else if (value > largest.Peek()) largest.DequeueEnqueue(value, value);
        }

        float bound = largest.Peek();
        foreach (ref float value in logits)
        {
            if (value < bound) value = float.NegativeInfinity;
        }
    }

    /// <summary>Drops the least likely while their probabilities together are at most 1 - p; at least one stays.</summary>
    public static void TopP(Span<float> logits, double p)
    {
        if (!(p >= 0 && p <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "Top-p is from 0 to 1.");
        if (p == 1) return;
        double[] probabilities = Probabilities(logits);
        // All below (1 - p) / n together stay below 1 - p: they go without being sorted.
        double certain = (1 - p) / logits.Length, dropped = 0;
        List<int> candidates = [];
        for (int i = 0; i < logits.Length; i++)
        {
            if (probabilities[i] >= certain) candidates.Add(i);
            else dropped += probabilities[i];
        }

        candidates.Sort((a, b) => probabilities[a] != probabilities[b] ? probabilities[a].CompareTo(probabilities[b]) : a.CompareTo(b));
        int keepFrom = 0;
        while (keepFrom < candidates.Count - 1 && dropped + probabilities[candidates[keepFrom]] <= 1 - p) dropped += probabilities[candidates[keepFrom++]];
        HashSet<int> kept = [.. candidates[keepFrom..]];
        for (int i = 0; i < logits.Length; i++)
        {
            if (!kept.Contains(i)) logits[i] = float.NegativeInfinity;
        }
    }

    /// <summary>Drops those below a share of the largest probability.</summary>
    public static void MinP(Span<float> logits, double share)
    {
        if (!(share >= 0 && share <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "Min-p is from 0 to 1.");
        double[] probabilities = Probabilities(logits);
        double bound = share * TensorPrimitives.Max<double>(probabilities);
        for (int i = 0; i < logits.Length; i++)
        {
            if (probabilities[i] < bound) logits[i] = float.NegativeInfinity;
        }
    }

    /// <summary>Softmax in f64; a logit of -∞ has probability 0.</summary>
    public static double[] Probabilities(ReadOnlySpan<float> logits)
    {
        double[] probabilities = new double[logits.Length];
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (float.IsNegativeInfinity(logits[i])) continue;
            probabilities[i] = Math.Exp((double)logits[i] - max);
            sum += probabilities[i];
        }

        for (int i = 0; i < probabilities.Length; i++) probabilities[i] /= sum;
        return probabilities;
    }

    /// <summary>The first id, in the order of ids, whose cumulative probability exceeds u; never one of probability 0.</summary>
    public static int Draw(ReadOnlySpan<float> logits, double u)
    {
        double[] probabilities = Probabilities(logits);
        double cumulative = 0;
        int last = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] == 0) continue;
            last = i;
            cumulative += probabilities[i];
            if (cumulative > u) return i;
        }

        return last;
    }
}
