using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// How 32 rows of a type lie in a panel: block after block of so many columns, each with 32 scales, perhaps 32 minima, and then its
/// numbers. Scales that a file packs as products of two (the K types and IQ4_XS) are held in f32, which is exact; numbers of five and
/// six bits, and those that stand for others, in eight.
/// </summary>
/// <param name="Columns">Columns of a block: 1 where there are no scales, else 16 or 32.</param>
/// <param name="ScaleSize">Bytes of a scale: 0, 2 (a half) or 4.</param>
/// <param name="HasMinimum">Whether a number counts from a minimum of its block. Four-bit ones without count from -8.</param>
/// <param name="Bits">Bits of a number.</param>
internal readonly record struct PanelLayout(int Columns, int ScaleSize, bool HasMinimum, int Bits)
{
    /// <summary>Bytes of a block's scales and minima.</summary>
    public int Header => Tile.Width * ScaleSize * (HasMinimum ? 2 : 1);

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes => Header + (Columns * Tile.Width * Bits / 8);

    /// <exception cref="ArgumentOutOfRangeException">The type has no held form.</exception>
    public static PanelLayout Of(TensorType type) => type switch
    {
        TensorType.F32 => new(1, 0, false, 32),
        TensorType.F16 or TensorType.BF16 => new(1, 0, false, 16),
        TensorType.Q4_0 => new(32, 2, false, 4),
        TensorType.Q4_1 => new(32, 2, true, 4),
        TensorType.Q4_K => new(32, 4, true, 4),
        TensorType.Q8_0 => new(32, 2, false, 8),
        TensorType.Q5_0 or TensorType.IQ4_NL or TensorType.IQ4_XS or TensorType.Q8_K => new(32, 4, false, 8),
        TensorType.Q5_1 or TensorType.Q5_K => new(32, 4, true, 8),
        TensorType.Q3_K or TensorType.Q6_K => new(16, 4, false, 8),
        TensorType.Q2_K => new(16, 4, true, 8),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No held form."),
    };
}
