namespace Plumbline.Phantoms.Wired;

/// <summary>The meaning of a program, computed without matrices, norms or a softmax: what its compiled form must equal.</summary>
internal static class WiredInterpreter
{
    private const double Equal = 1e-9;

    public static WiredRun Run(WiredProgram program, IReadOnlyList<int> ids)
    {
        double[][] state = [.. ids.Select((id, at) =>
        {
            double[] coordinates = new double[program.Width];
            coordinates[0] = 1;
            program.Tokens[id].AddTo(coordinates, 1);
            program.Positions[at].AddTo(coordinates, 1);
            return coordinates;
        })];
        List<double[][]> states = [Copy(state)];
        double[]?[][][] patterns = [.. Enumerable.Range(0, program.Layers).Select(_ => Enumerable.Range(0, program.Heads).Select(_ => new double[]?[ids.Count]).ToArray())];
        double margin = double.PositiveInfinity, gap = double.PositiveInfinity;
        for (int layer = 0; layer < program.Layers; layer++)
        {
            double[][] before = Copy(state);
            foreach (WiredHead head in program.AllHeads.Where(h => h.Layer == layer))
            {
                for (int query = 0; query < ids.Count; query++)
                {
                    double[] found = patterns[layer][head.Index][query] = Look(head, before, query, ref gap);
                    foreach ((Vector value, Vector write) in head.Moves)
                        write.AddTo(state[query], Enumerable.Range(0, query + 1).Where(key => found[key] != 0).Sum(key => found[key] * value.Of(before[key])));
                }
            }

            double[][] middle = Copy(state);
            foreach (WiredNeuron neuron in program.Neurons.Where(n => n.Layer == layer))
            {
                for (int at = 0; at < ids.Count; at++)
                {
                    double read = neuron.Read.Of(middle[at]);
                    if (Math.Abs(read) > Equal) margin = Math.Min(margin, Math.Abs(read));
                    neuron.Write.AddTo(state[at], Math.Max(0, read));
                }
            }

            states.Add(Copy(state));
        }

        return new WiredRun([.. states], patterns, [.. state.Select(s => program.Logits.Select(l => l.Of(s)).ToArray())], margin, gap);
    }

    // Equal shares for the best matches up to the query.
    private static double[] Look(WiredHead head, double[][] state, int query, ref double gap)
    {
        double[] scores = [.. state.Take(query + 1).Select((key, at) => head.Matches.Sum(m => m.Query.Of(state[query]) * m.Key.Of(key)) + (query - at == head.Distance ? 1 : 0))];
        double best = scores.Max();
        int count = scores.Count(s => best - s < Equal);
        if (count < scores.Length) gap = Math.Min(gap, best - scores.Where(s => best - s >= Equal).Max());
        return [.. scores.Select(s => best - s < Equal ? 1.0 / count : 0)];
    }

    private static double[][] Copy(double[][] state) => [.. state.Select(s => (double[])[.. s])];
}
