namespace Plumbline.Torch;

/// <summary>How a network is trained: AdamW (Loshchilov and Hutter 2019), linear warm-up and a cosine to a last fraction, clipped gradients.</summary>
public sealed record LlamaTrainerOptions
{
    /// <value>Draws the first weights. Default 1.</value>
    public ulong Seed { get; init; } = 1;

    /// <value>Torch threads. The bytes of a result belong to their number. Default 1: two stall each other beside other busy processes.</value>
    public int Threads { get; init; } = 1;

    /// <value>Highest learning rate. Default 0.003.</value>
    public double LearningRate { get; init; } = 3e-3;

    /// <value>Steps of linear warm-up. Default 100.</value>
    public int WarmUpSteps { get; init; } = 100;

    /// <value>The last step's share of the highest learning rate. Default 0.02.</value>
    public double LastFraction { get; init; } = 0.02;

    /// <value>Decay of the gradient's mean. Default 0.9.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <value>Decay of the gradient's mean square. Default 0.98.</value>
    public double Beta2 { get; init; } = 0.98;

    /// <value>Added to the root of the mean square. Default 1e-8.</value>
    public double Epsilon { get; init; } = 1e-8;

    /// <value>Decoupled decay of matrices; norms have none. Default 0.02.</value>
    public double WeightDecay { get; init; } = 0.02;

    /// <value>Largest norm of all gradients together. Default 1.</value>
    public double ClipNorm { get; init; } = 1;

    /// <value>Where the state is kept for a resume after a kill; null: nowhere.</value>
    public string? CheckpointPath { get; init; }

    /// <value>Steps between checkpoints. Default 200.</value>
    public int CheckpointEvery { get; init; } = 200;

    /// <value>Where a line "step,loss,learning_rate,tokens" a step goes; null: nowhere.</value>
    public string? LossPath { get; init; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="steps">Steps in all.</param>
    public double RateAt(int step, int steps)
    {
        if (step < WarmUpSteps) return LearningRate * (step + 1) / WarmUpSteps;
        double progress = steps - 1 <= WarmUpSteps ? 1 : (double)(step - WarmUpSteps) / (steps - 1 - WarmUpSteps);
        return LearningRate * (LastFraction + ((1 - LastFraction) * 0.5 * (1 + Math.Cos(Math.PI * progress))));
    }

    /// <exception cref="ArgumentOutOfRangeException">A value outside its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LearningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmUpSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(LastFraction);
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ClipNorm);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(CheckpointEvery, 1);
        if (Beta1 is < 0 or >= 1 || Beta2 is < 0 or >= 1) throw new ArgumentOutOfRangeException(nameof(Beta1), "Betas lie in [0, 1).");
    }
}
