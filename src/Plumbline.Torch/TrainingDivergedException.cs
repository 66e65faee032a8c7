using System.Globalization;

namespace Plumbline.Torch;

/// <summary>A training that produces no numbers any more. The weights of the last checkpoint are finite.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="loss">Its loss, in nats.</param>
    /// <param name="gradientNorm">The norm of all its gradients together, before clipping.</param>
    /// <param name="learningRate">Its learning rate.</param>
    public TrainingDivergedException(int step, double loss, double gradientNorm, double learningRate)
        : base(string.Create(CultureInfo.InvariantCulture, $"The training diverged at step {step}: loss {loss}, gradient norm {gradientNorm}, learning rate {learningRate:G3}. Lower the learning rate or lengthen the warm-up."))
        => (Step, Loss, GradientNorm, LearningRate) = (step, loss, gradientNorm, learningRate);

    /// <summary>The step, counted from 0.</summary>
    public int Step { get; }

    /// <summary>Its loss, in nats.</summary>
    public double Loss { get; }

    /// <summary>The norm of all its gradients together, before clipping.</summary>
    public double GradientNorm { get; }

    /// <summary>Its learning rate.</summary>
    public double LearningRate { get; }
}
