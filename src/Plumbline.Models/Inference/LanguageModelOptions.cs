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

    /// <value>How weights are held in memory. Default: as the file holds them.</value>
    public HeldWeights Weights { get; init; }

    /// <value>
    /// Bytes that the process should stay within. <see cref="BatchTokens"/> and <see cref="Concurrency"/> are lowered until
    /// weights, activations and one text of 2048 tokens (or <see cref="Context"/>, or the model's positions, if fewer) fit beside
    /// the runtime's share of 160 MB; loading fails where even that does not fit. Keys and values of all texts together stay
    /// within what is left: texts wait for each other, and one that does not fit by itself gets a
    /// <see cref="MemoryLimitException"/> before anything of it is computed. Figures do not change. Null for no limit.
    /// </value>
    public long? MemoryLimit { get; init; }

    /// <value>Most tokens of a text together with its answer; a longer prompt is refused, and an answer ends there. Null for the model's positions.</value>
    public int? Context { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (MemoryLimit < 1) throw new ArgumentOutOfRangeException(nameof(MemoryLimit), MemoryLimit, "MemoryLimit must be above 0.");
        if (Context < 1) throw new ArgumentOutOfRangeException(nameof(Context), Context, "Context must be above 0.");
        Check(nameof(Threads), Threads ?? 1, 1, 1024);
        Check(nameof(BatchTokens), BatchTokens, 16, 8192);
        Check(nameof(Concurrency), Concurrency, 1, 1024);

        static void Check(string name, int value, int least, int most)
        {
            if (value < least || value > most) throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
        }
    }
}

/// <summary>How weights are held in memory.</summary>
public enum HeldWeights
{
    /// <summary>In the file's type where the kernels read it (F32, F16, BF16, Q8_0, Q4_0, Q4_1), else in F32. Exact.</summary>
    AsFile,

    /// <summary>What would be held in F32 is rounded to BF16: half the memory, and about three significant digits of each weight.</summary>
    BF16,
}
