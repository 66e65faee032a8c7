using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch;

/// <summary>
/// Continues and scores prompts by running the whole network again at every step: slow, short, and independent of the
/// inference engine, for checking a trained network. Not safe for concurrent use.
/// </summary>
public static class LlamaSampler
{
    /// <summary>Continues each prompt until the end id, <paramref name="most"/> new ids, or the end of the context.</summary>
    /// <param name="network">The network.</param>
    /// <param name="prompts">Ids, at least one each.</param>
    /// <param name="end">The id at which a continuation ends; it is not returned.</param>
    /// <param name="most">New ids at most.</param>
    /// <param name="temperature">0: the likeliest id (the lowest among equals); otherwise sampled.</param>
    /// <param name="seed">Of the sampling.</param>
    public static IReadOnlyList<int[]> Continue(LlamaNetwork network, IReadOnlyList<int[]> prompts, int end, int most, double temperature = 0, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(prompts);
        var all = new int[prompts.Count][];
        int[] order = [.. Enumerable.Range(0, prompts.Count).OrderBy(i => prompts[i].Length)];   // batches of similar length
        using Generator generator = new();
        generator.manual_seed((long)seed);
        foreach (int[] chunk in order.Chunk(64))
        {
            List<int>[] rows = [.. chunk.Select(i => new List<int>(prompts[i]))];
            bool[] done = new bool[rows.Length];
            using var _ = no_grad();
            for (int step = 0; step < most && !done.All(d => d); step++)
            {
                int[] live = [.. Enumerable.Range(0, rows.Length).Where(r => !done[r])];
                using DisposeScope scope = NewDisposeScope();
                int longest = live.Max(r => rows[r].Count);
                var ids = new long[live.Length * longest];   // padded behind: causal attention never looks there
                for (int r = 0; r < live.Length; r++)
                    for (int t = 0; t < rows[live[r]].Count; t++) ids[(r * longest) + t] = rows[live[r]][t];
                Tensor hidden = network.Forward(tensor(ids, [live.Length, longest], device: network.Device)).view(-1, network.Shape.HiddenSize);
                Tensor last = hidden.index_select(0, tensor(live.Select((r, i) => ((long)i * longest) + rows[r].Count - 1).ToArray(), device: network.Device));
                Tensor logits = network.Logits(last).cpu();   // the generator is the processor's
                Tensor picked = temperature == 0 ? logits.argmax(1) : multinomial(nn.functional.softmax(logits / temperature, 1), 1, generator: generator).view(-1);
                long[] next = picked.data<long>().ToArray();
                for (int r = 0; r < live.Length; r++)
                {
                    List<int> row = rows[live[r]];
                    if (next[r] == end) done[live[r]] = true;
                    else row.Add((int)next[r]);
                    if (row.Count >= network.Shape.Context) done[live[r]] = true;
                }
            }

            for (int r = 0; r < chunk.Length; r++) all[chunk[r]] = [.. rows[r].Skip(prompts[chunk[r]].Length)];
        }

        return all;
    }

    /// <summary>Each text after its context: the natural log-probability of its ids, summed in f64, and whether each id was the likeliest at its place.</summary>
    public static IReadOnlyList<TextScore> Score(LlamaNetwork network, IReadOnlyList<(int[] Context, int[] Text)> queries)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(queries);
        var scores = new TextScore[queries.Count];
        using var _ = no_grad();
        int[] order = [.. Enumerable.Range(0, queries.Count).OrderBy(i => queries[i].Context.Length + queries[i].Text.Length)];
        foreach (int[] chunk in order.Chunk(64))
        {
            using DisposeScope scope = NewDisposeScope();
            int longest = chunk.Max(i => queries[i].Context.Length + queries[i].Text.Length);
            var ids = new long[chunk.Length * longest];
            var places = new List<long>();
            var targets = new List<long>();
            for (int r = 0; r < chunk.Length; r++)
            {
                (int[] context, int[] text) = queries[chunk[r]];
                for (int t = 0; t < context.Length + text.Length; t++) ids[(r * longest) + t] = t < context.Length ? context[t] : text[t - context.Length];
                for (int t = 0; t < text.Length; t++)
                {
                    places.Add(((long)r * longest) + context.Length + t - 1);
                    targets.Add(text[t]);
                }
            }

            Tensor hidden = network.Forward(tensor(ids, [chunk.Length, longest], device: network.Device)).view(-1, network.Shape.HiddenSize).index_select(0, tensor(places.ToArray(), device: network.Device));
            Tensor logs = nn.functional.log_softmax(network.Logits(hidden).cpu().to(ScalarType.Float64), -1);                                  // [place, vocabulary]
            double[] own = logs.gather(1, tensor(targets.ToArray()).unsqueeze(1)).view(-1).data<double>().ToArray();
            long[] best = logs.argmax(1).data<long>().ToArray();
            int at = 0;
            foreach (int i in chunk)
            {
                double sum = 0;
                bool greedy = true;
                for (int t = 0; t < queries[i].Text.Length; t++, at++)
                {
                    sum += own[at];
                    greedy &= best[at] == targets[at];
                }

                scores[i] = new TextScore(sum, greedy);
            }
        }

        return scores;
    }
}

/// <summary>A text's natural log-probability after its context, and whether greedy decoding would write it.</summary>
public readonly record struct TextScore(double LogProbability, bool Greedy);
