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

    internal void Validate()
    {
        if (Threads is < 1 or > 1024) throw new ArgumentOutOfRangeException(nameof(Threads), Threads, "Threads are from 1 to 1024.");
        if (BatchTokens is < 16 or > 8192) throw new ArgumentOutOfRangeException(nameof(BatchTokens), BatchTokens, "BatchTokens are from 16 to 8192.");
        if (Concurrency is < 1 or > 1024) throw new ArgumentOutOfRangeException(nameof(Concurrency), Concurrency, "Concurrency is from 1 to 1024.");
    }
}
