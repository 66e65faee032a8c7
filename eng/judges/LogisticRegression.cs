namespace Plumbline.JudgeRecipes;

/// <summary>
/// Logistic regression with an L2 penalty: minimises the mean of log(1 + exp(−y·(w·x + b))) + λ/2·‖w‖² by L-BFGS (Nocedal and
/// Wright 2006, algorithm 7.5) with a backtracking line search. x has the value <c>factor</c>/√n at each of a text's n features.
/// One thread and a fixed order, so that equal input gives equal weights.
/// </summary>
internal sealed class LogisticRegression(IReadOnlyList<int[]> features, IReadOnlyList<bool> labels, double[] factors, double lambda)
{
    private const int Memory = 8;
    private const int MostSteps = 120;
    private const double Enough = 1e-5;

    /// <summary>The weights, with the bias at the end.</summary>
    public double[] Fit()
    {
        int size = factors.Length + 1;
        double[] w = new double[size], gradient = new double[size], next = new double[size], nextGradient = new double[size];
        double value = Objective(w, gradient);
        LinkedList<(double[] S, double[] Y, double Rho)> history = [];
        for (int step = 0; step < MostSteps && Norm(gradient) > Enough; step++)
        {
            double[] direction = Direction(gradient, history);
            double slope = Dot(direction, gradient), length = history.Count == 0 ? Math.Min(1, 1 / Norm(gradient)) : 1, reached;
            while (true)
            {
                for (int i = 0; i < size; i++) next[i] = w[i] + (length * direction[i]);
                reached = Objective(next, nextGradient);
                if (reached <= value + (1e-4 * length * slope) || length < 1e-12) break;
                length /= 2;
            }

            double[] s = new double[size], y = new double[size];
            for (int i = 0; i < size; i++) (s[i], y[i]) = (next[i] - w[i], nextGradient[i] - gradient[i]);
            double sy = Dot(s, y);
            if (sy > 1e-14) history.AddLast((s, y, 1 / sy));
            if (history.Count > Memory) history.RemoveFirst();
            (w, next) = (next, w);
            (gradient, nextGradient) = (nextGradient, gradient);
            value = reached;
        }

        return w;
    }

    /// <summary>The objective at these weights, and its gradient.</summary>
    public double Objective(double[] w, double[] gradient)
    {
        int bias = w.Length - 1;
        Array.Clear(gradient);
        double loss = 0, penalty = 0;
        for (int i = 0; i < features.Count; i++)
        {
            double sum = 0, norm = features[i].Length == 0 ? 0 : 1 / Math.Sqrt(features[i].Length);
            foreach (int f in features[i]) sum += w[f] * factors[f];
            double margin = ((sum * norm) + w[bias]) * (labels[i] ? 1 : -1);
            loss += margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin;
            double pull = (labels[i] ? -1 : 1) / (1 + Math.Exp(margin)) / features.Count;
            foreach (int f in features[i]) gradient[f] += pull * norm * factors[f];
            gradient[bias] += pull;
        }

        for (int f = 0; f < bias; f++)
        {
            penalty += w[f] * w[f];
            gradient[f] += lambda * w[f];
        }

        return (loss / features.Count) + (lambda / 2 * penalty);
    }

    /// <summary>The two-loop recursion.</summary>
    private static double[] Direction(double[] gradient, LinkedList<(double[] S, double[] Y, double Rho)> history)
    {
        double[] q = [.. gradient];
        Stack<double> alphas = [];
        for (var node = history.Last; node is not null; node = node.Previous)
        {
            double alpha = node.Value.Rho * Dot(node.Value.S, q);
            alphas.Push(alpha);
            for (int i = 0; i < q.Length; i++) q[i] -= alpha * node.Value.Y[i];
        }

        double first = history.Last is { Value: var last } ? Dot(last.S, last.Y) / Dot(last.Y, last.Y) : 1;
        for (int i = 0; i < q.Length; i++) q[i] *= first;
        for (var node = history.First; node is not null; node = node.Next)
        {
            double change = alphas.Pop() - (node.Value.Rho * Dot(node.Value.Y, q));
            for (int i = 0; i < q.Length; i++) q[i] += change * node.Value.S[i];
        }

        for (int i = 0; i < q.Length; i++) q[i] = -q[i];
        return q;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static double Norm(double[] a) => Math.Sqrt(Dot(a, a));
}
