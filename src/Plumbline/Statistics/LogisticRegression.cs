namespace Plumbline.Statistics;

/// <summary>A fitted logistic regression, intercept first. Immutable, thread-safe.</summary>
/// <param name="Coefficients">Intercept and slopes.</param>
/// <param name="StandardErrors">From the observed information (with the penalty, where there is one).</param>
/// <param name="LogLikelihood">The log-likelihood, without penalty.</param>
public sealed record LogisticRegression(IReadOnlyList<double> Coefficients, IReadOnlyList<double> StandardErrors, double LogLikelihood)
{
    /// <summary>Wald statistics, coefficient over standard error.</summary>
    public IReadOnlyList<double> Z => [.. Coefficients.Zip(StandardErrors, static (b, se) => b / se)];

    /// <summary>Two-sided p-values of <see cref="Z"/>.</summary>
    public IReadOnlyList<double> P => [.. Z.Select(Normal.TwoSided)];

    /// <summary>Fits by maximum likelihood, or with a ridge penalty of ridge/2 times the squared slopes.</summary>
    /// <param name="rows">Features, one array an observation, all equally long.</param>
    /// <param name="labels">The outcomes, both classes present.</param>
    /// <param name="ridge">The penalty, at least 0.</param>
    /// <exception cref="ArgumentException">
    /// Lengths differ, a feature is not finite, one class is absent, features are collinear, or the classes are separable so that no maximum exists.
    /// </exception>
    public static LogisticRegression Fit(IReadOnlyList<IReadOnlyList<double>> rows, ReadOnlySpan<bool> labels, double ridge = 0)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Demand.SameLength(rows.Count, labels.Length, nameof(rows), nameof(labels));
        if (!(ridge >= 0 && double.IsFinite(ridge))) throw new ArgumentOutOfRangeException(nameof(ridge), ridge, "ridge must be finite and at least 0.");
        if (!labels.Contains(true) || !labels.Contains(false)) throw new ArgumentException("Only one class is present.", nameof(labels));
        double[] targets = new double[labels.Length];
        for (int i = 0; i < targets.Length; i++) targets[i] = labels[i] ? 1 : 0;
        return Fit(rows, targets, ridge);
    }

    /// <summary>Fits soft targets in [0, 1].</summary>
    internal static LogisticRegression Fit(IReadOnlyList<IReadOnlyList<double>> rows, double[] targets, double ridge)
    {
        int n = rows.Count, k = rows[0].Count + 1;
        double[][] x = new double[n][];
        double[] scale = new double[k], penalty = new double[k];
        scale[0] = 1;
        for (int i = 0; i < n; i++)
        {
            if (rows[i].Count != k - 1) throw new ArgumentException($"Row {i} holds {rows[i].Count} features; the first holds {k - 1}.", nameof(rows));
            x[i] = [1, .. rows[i]];
            for (int j = 1; j < k; j++)
            {
                if (!double.IsFinite(x[i][j])) throw new ArgumentException($"Feature {j - 1} of row {i} is {x[i][j]}; features must be finite.", nameof(rows));
                scale[j] = Math.Max(scale[j], Math.Abs(x[i][j]));
            }
        }

        // Features are scaled to at most 1 so that the information matrix is judged singular for collinearity only.
        for (int j = 1; j < k; j++)
        {
            if (scale[j] == 0) scale[j] = 1;
            penalty[j] = ridge / (scale[j] * scale[j]);
            for (int i = 0; i < n; i++) x[i][j] /= scale[j];
        }

        double[] b = new double[k];
        double objective = Objective(b);
        for (int iteration = 0; iteration < 200; iteration++)
        {
            (double[] gradient, double[,] information) = Derivatives(b);
            double[,]? inverse = LinearSystem.Invert(information);
            if (inverse is null) break;
            double[] step = new double[k];
            for (int i = 0; i < k; i++)
            {
                for (int j = 0; j < k; j++) step[i] += inverse[i, j] * gradient[j];
            }

            // Judged by the change of the linear predictors, which does not shrink where the classes are separable.
            double change = 0;
            for (int i = 0; i < n; i++) change = Math.Max(change, Math.Abs(Dot(step, x[i])));
            double[] next = b;
            for (double share = 1; share > 1e-10; share /= 2)
            {
                next = [.. b.Zip(step, (v, s) => v + (share * s))];
                double value = Objective(next);
                if (value >= objective - (1e-13 * Math.Abs(objective)))
                {
                    objective = value;
                    break;
                }
            }

            b = next;
            if (change >= 1e-9) continue;
            double[,]? covariance = LinearSystem.Invert(Derivatives(b).Information);
            if (covariance is null) break;
            return new LogisticRegression(
                [.. b.Select((v, j) => v / scale[j])], [.. b.Select((_, j) => Math.Sqrt(covariance[j, j]) / scale[j])], Likelihood(b));
        }

        throw new ArgumentException("There is no maximum: the features separate the classes or are collinear. Add a ridge penalty or drop a feature.", nameof(rows));

        static double Dot(double[] a, double[] b)
        {
            double sum = 0;
            for (int j = 0; j < a.Length; j++) sum += a[j] * b[j];
            return sum;
        }

        double Likelihood(double[] at)
        {
            double sum = 0;
            for (int i = 0; i < n; i++)
            {
                double eta = Dot(at, x[i]);
                sum -= (targets[i] * Elementary.Softplus(-eta)) + ((1 - targets[i]) * Elementary.Softplus(eta));
            }

            return sum;
        }

        double Objective(double[] at)
        {
            double value = Likelihood(at);
            for (int j = 1; j < k; j++) value -= penalty[j] * at[j] * at[j] / 2;
            return value;
        }

        (double[] Gradient, double[,] Information) Derivatives(double[] at)
        {
            double[] gradient = new double[k];
            double[,] information = new double[k, k];
            for (int i = 0; i < n; i++)
            {
                double eta = Dot(at, x[i]), p = Elementary.Logistic(eta), w = p * Elementary.Logistic(-eta);
                for (int j = 0; j < k; j++)
                {
                    gradient[j] += (targets[i] - p) * x[i][j];
                    for (int l = 0; l < k; l++) information[j, l] += w * x[i][j] * x[i][l];
                }
            }

            for (int j = 1; j < k; j++)
            {
                gradient[j] -= penalty[j] * at[j];
                information[j, j] += penalty[j];
            }

            return (gradient, information);
        }
    }
}
