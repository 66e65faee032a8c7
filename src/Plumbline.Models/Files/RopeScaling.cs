namespace Plumbline.Models.Files;

/// <summary>How RoPE is stretched beyond the trained length. Which members count depends on <see cref="Kind"/>. Immutable.</summary>
public sealed record RopeScaling
{
    /// <summary>The method.</summary>
    public required RopeScalingKind Kind { get; init; }

    /// <summary>The stretch; above 0. For longrope max / original unless given.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>The trained length (dynamic, yarn, longrope, llama3).</summary>
    public int OriginalMaxPositions { get; init; }

    /// <summary>Multiplies cos and sin (yarn, longrope); null to compute it from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn: rotations at the trained length above which a frequency is kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>yarn: rotations at the trained length below which a frequency is divided.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>yarn: whether the correction range is rounded outwards to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>yarn: DeepSeek's two weights of the attention factor; null where not given.</summary>
    public double? MScale { get; init; }

    /// <inheritdoc cref="MScale"/>
    public double? MScaleAllDimensions { get; init; }

    /// <summary>llama3: the wavelength below original / HighFrequencyFactor is kept.</summary>
    public double HighFrequencyFactor { get; init; }

    /// <summary>llama3: the wavelength above original / LowFrequencyFactor is divided.</summary>
    public double LowFrequencyFactor { get; init; }

    /// <summary>longrope: divisors of the frequencies up to the trained length; rotary dimensions / 2 of them.</summary>
    public IReadOnlyList<double> ShortFactors { get; init; } = [];

    /// <summary>longrope: divisors beyond it. Divisors: those of all lengths.</summary>
    public IReadOnlyList<double> LongFactors { get; init; } = [];
}

/// <summary>Methods of stretching RoPE; Divisors are a list of divisors for the frequencies, as GGUF writes llama3 (rope_freqs.weight).</summary>
public enum RopeScalingKind { Linear, Dynamic, Yarn, LongRope, Llama3, Divisors }
