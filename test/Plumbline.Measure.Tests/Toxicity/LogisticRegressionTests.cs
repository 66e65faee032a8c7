using Plumbline.JudgeRecipes;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class LogisticRegressionTests
{
    private static readonly int[][] s_features = [[0, 2], [1], [0, 1, 3], [2, 3], [], [3]];
    private static readonly bool[] s_labels = [true, false, true, false, true, false];
    private static readonly double[] s_factors = [1, -0.5, 2, 0.25];

    [Fact]
    public void Objective_Gradient_EqualsFiniteDifferences()
    {
        LogisticRegression regression = new(s_features, s_labels, s_factors, 0.01);
        double[] w = [0.3, -0.7, 1.1, 0.2, -0.4], gradient = new double[5], unused = new double[5];
        regression.Objective(w, gradient);
        const double h = 1e-6;
        for (int i = 0; i < w.Length; i++)
        {
            double[] up = [.. w], down = [.. w];
            up[i] += h;
            down[i] -= h;
            double numeric = (regression.Objective(up, unused) - regression.Objective(down, unused)) / (2 * h);
            Assert.Equal(numeric, gradient[i], 1e-7);
        }
    }

    [Fact]
    public void Objective_AtZero_IsLogTwo() => Assert.Equal(Math.Log(2), new LogisticRegression(s_features, s_labels, s_factors, 0.01).Objective(new double[5], new double[5]), 1e-12);

    [Fact]
    public void Fit_Result_IsStationary()
    {
        LogisticRegression regression = new(s_features, s_labels, s_factors, 0.01);
        double[] w = regression.Fit(), gradient = new double[5];
        double least = regression.Objective(w, gradient);
        Assert.True(Math.Sqrt(gradient.Sum(g => g * g)) < 1e-4);
        double[] other = [.. w];
        for (int i = 0; i < w.Length; i++)
        {
            other[i] += 0.05;
            Assert.True(regression.Objective(other, gradient) > least);
            other[i] = w[i];
        }
    }

    /// <summary>Without features only the bias fits, and its optimum is the log-odds of the labels.</summary>
    [Fact]
    public void Fit_BiasOnly_IsTheLogOdds()
    {
        double[] w = new LogisticRegression([[], [], [], []], [true, true, true, false], [1], 0.1).Fit();
        Assert.Equal(Math.Log(3), w[^1], 1e-4);
    }

    [Fact]
    public void Auc_OfRanks_EqualsBruteForce()
    {
        Random random = new(7);
        for (int round = 0; round < 50; round++)
        {
            double[] scores = [.. Enumerable.Range(0, 40).Select(_ => (double)random.Next(12))];
            bool[] labels = [.. scores.Select(_ => random.Next(3) == 0)];
            double won = 0, pairs = 0;
            for (int i = 0; i < scores.Length; i++)
            {
                for (int j = 0; j < scores.Length; j++)
                {
                    if (!labels[i] || labels[j]) continue;
                    pairs++;
                    won += scores[i] > scores[j] ? 1 : scores[i].Equals(scores[j]) ? 0.5 : 0;
                }
            }

            double? auc = ToxicityMeasurement.Auc(scores, labels);
            if (pairs == 0) Assert.Null(auc);
            else Assert.Equal(won / pairs, auc!.Value, 1e-12);
        }
    }
}
