using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Plumbline.Models.Files;

/// <summary>Floats to the types that are written: F32, F16, BF16 (to nearest, ties to even) and Q8_0. Stateless; safe for concurrent use.</summary>
public static class TensorEncoding
{
    /// <summary>Whether a type can be written.</summary>
    public static bool CanWrite(TensorType type) => type is TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.Q8_0;

    /// <summary>Encodes values.</summary>
    /// <param name="type">F32, F16, BF16 or Q8_0.</param>
    /// <param name="source">The values; a multiple of <see cref="TensorTypeLayout.BlockValues"/>.</param>
    /// <param name="destination">As many whole blocks.</param>
    /// <exception cref="ModelFileException">Another type, lengths that do not fit, or a finite value beyond the type's range.</exception>
    public static void FromSingle(TensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (!CanWrite(type)) throw new ModelFileException($"Tensors are not written as {type}; F32, F16, BF16 and Q8_0 are.");
        if (source.Length % type.BlockValues() != 0 || (long)source.Length / type.BlockValues() * type.BlockBytes() != destination.Length)
            throw new ModelFileException($"{source.Length} values do not fill {destination.Length} bytes of {type}.");
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case TensorType.F16:
                for (int i = 0; i < source.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(destination[(i * 2)..], ToHalf(source[i], type));
                break;
            case TensorType.BF16:
                for (int i = 0; i < source.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(destination[(i * 2)..], ToBrainFloat(source[i]));
                break;
            default:
                for (int i = 0; i < source.Length / 32; i++) ToQ8_0(source.Slice(i * 32, 32), destination.Slice(i * 34, 34));
                break;
        }
    }

    private static Half ToHalf(float value, TensorType type)
    {
        Half half = (Half)value;
        return Half.IsInfinity(half) && float.IsFinite(value) ? throw new ModelFileException($"The value {value} is beyond the range of {(type == TensorType.F16 ? "F16" : $"the half-precision scale of {type}")}; write F32 or BF16.") : half;
    }

    private static ushort ToBrainFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40); // A NaN whose upper bits are all that is kept must stay one.
        ushort rounded = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        return float.IsFinite(value) && (rounded & 0x7FFF) == 0x7F80 ? throw new ModelFileException($"The value {value} is beyond the range of BF16; write F32.") : rounded;
    }

    // ggml's quantize_row_q8_0_ref: the scale is the largest magnitude over 127, values are rounded half away from zero.
    private static void ToQ8_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float largest = 0;
        foreach (float value in x)
        {
            if (!float.IsFinite(value)) throw new ModelFileException($"The value {value} cannot be quantised to Q8_0; write F32.");
            largest = Math.Max(largest, Math.Abs(value));
        }

        float d = largest / 127, inverse = d == 0 ? 0 : 1 / d;
        BinaryPrimitives.WriteHalfLittleEndian(block, ToHalf(d, TensorType.Q8_0));
        for (int i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)MathF.Round(x[i] * inverse, MidpointRounding.AwayFromZero);
    }
}
