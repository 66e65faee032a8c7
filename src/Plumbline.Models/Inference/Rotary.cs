using Plumbline.Models.Files;

namespace Plumbline.Models.Inference;

/// <summary>
/// Rotary positions: the first dimensions of each head turn by position times frequency, pair by pair. The scalings are
/// those of transformers; GGUF's rope_freqs divides each frequency by a number of its own.
/// </summary>
internal sealed class Rotary
{
    private readonly double _theta;
    private readonly RopeScaling? _scaling;

    /// <param name="config">A model with rotary positions.</param>
    /// <param name="sliding">Whether for its sliding layers, which may have an unscaled base of their own (Gemma 3).</param>
    public Rotary(ModelConfig config, bool sliding)
    {
        bool local = sliding && config.RopeLocalTheta is not null;
        Dimensions = config.RotaryDimensions;
        Adjacent = config.Positions == PositionKind.RopeAdjacent;
        _theta = local ? config.RopeLocalTheta!.Value : config.RopeTheta;
        _scaling = local ? null : config.RopeScaling;
        AttentionFactor = _scaling is null ? 1 : _scaling.AttentionFactor ?? _scaling.Kind switch
        {
            RopeScalingKind.Yarn when _scaling is { MScale: { } scale and not 0, MScaleAllDimensions: { } all and not 0 } => Magnitude(scale) / Magnitude(all),
            RopeScalingKind.Yarn => Magnitude(1),
            RopeScalingKind.LongRope when _scaling.Factor > 1 => Math.Sqrt(1 + (Math.Log(_scaling.Factor) / Math.Log(_scaling.OriginalMaxPositions))),
            _ => 1,
        };

        double Magnitude(double weight) => _scaling.Factor <= 1 ? 1 : (0.1 * weight * Math.Log(_scaling.Factor)) + 1;
    }

    /// <summary>Dimensions of a head that turn; even.</summary>
    public int Dimensions { get; }

    /// <summary>Whether neighbours turn as pairs (GPT-J); else the first half with the second.</summary>
    public bool Adjacent { get; }

    /// <summary>Multiplies cosine and sine.</summary>
    public double AttentionFactor { get; }

    /// <summary>Whether the length of a sequence changes its rotations: then beginnings cannot be shared.</summary>
    public bool DependsOnLength => _scaling?.Kind is RopeScalingKind.Dynamic or RopeScalingKind.LongRope;

    /// <summary>Angle per position of each pair, for a sequence of this length.</summary>
    public double[] Frequencies(int length)
    {
        double theta = _theta;
        if (_scaling is { Kind: RopeScalingKind.Dynamic } dynamic && length > dynamic.OriginalMaxPositions)
            theta *= Math.Pow((dynamic.Factor * length / dynamic.OriginalMaxPositions) - (dynamic.Factor - 1), Dimensions / (Dimensions - 2.0));

        double[] frequencies = new double[Dimensions / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = Scaled(Math.Pow(theta, -2.0 * i / Dimensions), i, length);
        return frequencies;
    }

    private double Scaled(double frequency, int i, int length)
    {
        switch (_scaling?.Kind)
        {
            case RopeScalingKind.Linear:
                return frequency / _scaling.Factor;
            case RopeScalingKind.Divisors:
                return frequency / _scaling.LongFactors[i];
            case RopeScalingKind.LongRope:
                return frequency / (length > _scaling.OriginalMaxPositions ? _scaling.LongFactors : _scaling.ShortFactors)[i];
            case RopeScalingKind.Llama3:
                double turns = _scaling.OriginalMaxPositions * frequency / (2 * Math.PI);
                if (turns < _scaling.LowFrequencyFactor) return frequency / _scaling.Factor;
                if (turns > _scaling.HighFrequencyFactor) return frequency;
                double smooth = (turns - _scaling.LowFrequencyFactor) / (_scaling.HighFrequencyFactor - _scaling.LowFrequencyFactor);
                return ((1 - smooth) * frequency / _scaling.Factor) + (smooth * frequency);
            case RopeScalingKind.Yarn:
                double low = Dimension(_scaling.BetaFast), high = Dimension(_scaling.BetaSlow);
                if (_scaling.Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
                (low, high) = (Math.Max(low, 0), Math.Min(high, Dimensions - 1));
                if (low == high) high += 0.001;
                double ramp = Math.Clamp((i - low) / (high - low), 0, 1);
                return (frequency / _scaling.Factor * ramp) + (frequency * (1 - ramp));
            default:
                return frequency;
        }

        // The pair that turns so many times within the trained length.
        double Dimension(double turns) => Dimensions * Math.Log(_scaling.OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(_theta));
    }
}
