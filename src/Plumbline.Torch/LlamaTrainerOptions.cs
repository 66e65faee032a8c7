namespace Plumbline.Torch;

/// <summary>How the learning rate goes from its highest value, after the warm-up, to the last step.</summary>
public enum LearningRateSchedule
{
    /// <summary>Stays.</summary>
    Constant,

    /// <summary>Falls in a straight line to <see cref="LlamaTrainerOptions.LastFraction"/>.</summary>
    Linear,

    /// <summary>Falls along half a cosine to <see cref="LlamaTrainerOptions.LastFraction"/> (Loshchilov and Hutter 2017).</summary>
    Cosine,
}

/// <summary>How a network is trained: AdamW (Loshchilov and Hutter 2019), linear warm-up and then a schedule, clipped gradients.</summary>
public sealed record LlamaTrainerOptions
{
    /// <value>Draws the first weights. Default 1.</value>
    public ulong Seed { get; init; } = 1;

    /// <value>Torch threads. The bytes of a result belong to their number. Default 1: two stall each other beside other busy processes.</value>
    public int Threads { get; init; } = 1;

    /// <value>Where it trains, as <see cref="TorchDevices.Open"/> takes it. Default: the processor; a card gives other last bits.</value>
    public string Device { get; init; } = TorchDevices.Processor;

    /// <value>Highest learning rate. Default 0.003.</value>
    public double LearningRate { get; init; } = 3e-3;

    /// <value>What the learning rate does after the warm-up. Default: a cosine.</value>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <value>Steps of linear warm-up. Default 100.</value>
    public int WarmUpSteps { get; init; } = 100;

    /// <value>The last step's share of the highest learning rate; a constant schedule does not fall. Default 0.02.</value>
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

    /// <value>Where a line "step,loss,learning_rate,tokens" a step goes, and beside it, with the ending .svg, the curve as a picture; null: nowhere.</value>
    public string? LossPath { get; init; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="steps">Steps in all.</param>
    public double RateAt(int step, int steps)
    {
        if (step < WarmUpSteps) return LearningRate * (step + 1) / WarmUpSteps;
        double progress = steps - 1 <= WarmUpSteps ? 1 : (double)(step - WarmUpSteps) / (steps - 1 - WarmUpSteps);
        double left = Schedule switch
        {
            LearningRateSchedule.Constant => 1,
            LearningRateSchedule.Linear => LastFraction + ((1 - LastFraction) * (1 - progress)),
            _ => LastFraction + ((1 - LastFraction) * 0.5 * (1 + Math.Cos(Math.PI * progress))),
        };
        return LearningRate * left;
    }

    /// <summary>Refuses values outside their ranges.</summary>
    /// <exception cref="InvalidOperationException">The message names the option and its range.</exception>
    public void Validate()
    {
        Need(Threads >= 1, $"{nameof(Threads)} is {Threads}; at least 1.");
        Need(Enum.IsDefined(Schedule), $"{nameof(Schedule)} is {Schedule}; one of {string.Join(", ", Enum.GetNames<LearningRateSchedule>())}.");
        Need(double.IsFinite(LearningRate) && LearningRate > 0, $"{nameof(LearningRate)} is {LearningRate}; above 0.");
        Need(WarmUpSteps >= 0, $"{nameof(WarmUpSteps)} is {WarmUpSteps}; at least 0.");
        Need(LastFraction is >= 0 and <= 1, $"{nameof(LastFraction)} is {LastFraction}; between 0 and 1.");
        Need(WeightDecay >= 0, $"{nameof(WeightDecay)} is {WeightDecay}; at least 0.");
        Need(ClipNorm > 0, $"{nameof(ClipNorm)} is {ClipNorm}; above 0.");
        Need(Epsilon > 0, $"{nameof(Epsilon)} is {Epsilon}; above 0.");
        Need(CheckpointEvery >= 1, $"{nameof(CheckpointEvery)} is {CheckpointEvery}; at least 1.");
        Need(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1, $"{nameof(Beta1)} and {nameof(Beta2)} are {Beta1} and {Beta2}; at least 0 and below 1.");

        static void Need(bool holds, string otherwise)
        {
            if (!holds) throw new InvalidOperationException(otherwise);
        }
    }
}
