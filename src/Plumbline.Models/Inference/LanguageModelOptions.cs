namespace Plumbline.Models.Inference;

/// <summary>How a model is run.</summary>
public sealed record LanguageModelOptions
{
    /// <value>Threads of the kernels; null for the processor's count.</value>
    public int? Threads { get; init; }

    /// <value>Tokens that run through the model at once, 16 to 8192: larger batches use the weights better and take more memory. Default 512.</value>
    public int BatchTokens { get; init; } = 512;

    /// <value>Texts that are generated side by side; further requests wait. Default 32.</value>
    public int Concurrency { get; init; } = 32;

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        Check(nameof(Threads), Threads ?? 1, 1, 1024);
        Check(nameof(BatchTokens), BatchTokens, 16, 8192);
        Check(nameof(Concurrency), Concurrency, 1, 1024);

        static void Check(string name, int value, int least, int most)
        {
            if (value < least || value > most) throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
        }
    }
}
