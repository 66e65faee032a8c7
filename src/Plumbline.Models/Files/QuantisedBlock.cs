using System.Runtime.InteropServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Plumbline.Models.Files;

/// <summary>
/// The parts of a quantised block: whole numbers, and for each group of 16 or 32 of them a scale and a minimum, so that a value is
/// scale · number + minimum. Scale and minimum are exact in f32, and so is their product with a number where a minimum follows.
/// </summary>
/// <remarks>The block layouts are those of ggml (ggml-common.h); its names for the fields are kept: d is a block's scale, m or dmin its offset.</remarks>
internal static class QuantisedBlock
{
    // The sixteen values of IQ4_NL and IQ4_XS (kvalues_iq4nl in ggml-common.h).
    private static ReadOnlySpan<sbyte> NonLinear => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Takes one block apart.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="x">The bytes of the block.</param>
    /// <param name="q">Its 32 or 256 numbers.</param>
    /// <param name="scales">A scale for each group; room for 16.</param>
    /// <param name="minima">A minimum for each group, 0 where the type has none; room for 16.</param>
    /// <returns>Numbers of a group: 16 or 32.</returns>
    public static int Split(TensorType type, ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales, Span<float> minima)
    {
        minima.Clear();
        switch (type)
        {
            case TensorType.Q4_0: scales[0] = HalfAt(x, 0); Nibbles(x[2..18], q, -8); return 32;
            case TensorType.Q4_1: (scales[0], minima[0]) = (HalfAt(x, 0), HalfAt(x, 2)); Nibbles(x[4..20], q, 0); return 32;
            case TensorType.Q5_0: scales[0] = HalfAt(x, 0); FiveBits(x[2..22], q, -16); return 32;
            case TensorType.Q5_1: (scales[0], minima[0]) = (HalfAt(x, 0), HalfAt(x, 2)); FiveBits(x[4..24], q, 0); return 32;
            case TensorType.Q8_0: scales[0] = HalfAt(x, 0); MemoryMarshal.Cast<byte, sbyte>(x[2..34]).CopyTo(q); return 32;
            case TensorType.Q2_K: Q2_K(x, q, scales, minima); return 16;
            case TensorType.Q3_K: Q3_K(x, q, scales); return 16;
            case TensorType.Q4_K: Q4_K(x, q, scales, minima); return 32;
            case TensorType.Q5_K: Q5_K(x, q, scales, minima); return 32;
            case TensorType.Q6_K: Q6_K(x, q, scales); return 16;
            case TensorType.Q8_K: scales[..8].Fill(ReadSingleLittleEndian(x)); MemoryMarshal.Cast<byte, sbyte>(x[4..260]).CopyTo(q); return 32;
            case TensorType.IQ4_NL: scales[0] = HalfAt(x, 0); NonLinears(x[2..18], q); return 32;
            case TensorType.IQ4_XS: IQ4_XS(x, q, scales); return 32;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a quantised type.");
        }
    }

    private static float HalfAt(ReadOnlySpan<byte> x, int offset) => (float)ReadHalfLittleEndian(x[offset..]);

    // Sixteen low nibbles, then the high ones.
    private static void Nibbles(ReadOnlySpan<byte> x, Span<sbyte> q, int from)
    {
        for (int j = 0; j < 16; j++)
        {
            q[j] = (sbyte)((x[j] & 0xF) + from);
            q[j + 16] = (sbyte)((x[j] >> 4) + from);
        }
    }

    // Nibbles behind 32 fifth bits.
    private static void FiveBits(ReadOnlySpan<byte> x, Span<sbyte> q, int from)
    {
        uint high = ReadUInt32LittleEndian(x);
        Nibbles(x[4..], q, from);
        for (int j = 0; j < 32; j++) q[j] += (sbyte)(((high >> j) & 1) << 4);
    }

    private static void NonLinears(ReadOnlySpan<byte> x, Span<sbyte> q)
    {
        Nibbles(x, q, 0);
        for (int j = 0; j < 32; j++) q[j] = NonLinear[q[j]];
    }

    private static void Q2_K(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales, Span<float> minima)
    {
        float d = HalfAt(x, 80), dmin = HalfAt(x, 82);
        for (int group = 0; group < 16; group++)
        {
            // Groups of 16: eight to each half of the block, two bits of the same 32 bytes for each pair of groups.
            ReadOnlySpan<byte> bytes = x.Slice(16 + (group / 8 * 32) + (group % 2 * 16), 16);
            int shift = group % 8 / 2 * 2;
            (scales[group], minima[group]) = (d * (x[group] & 0xF), -dmin * (x[group] >> 4));
            for (int l = 0; l < 16; l++) q[(group * 16) + l] = (sbyte)((bytes[l] >> shift) & 3);
        }
    }

    private static void Q3_K(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales)
    {
        ReadOnlySpan<byte> masks = x[..32], packed = x[96..108];
        float d = HalfAt(x, 108);
        for (int group = 0; group < 16; group++)
        {
            // Six bits a scale: the lower four in bytes 0 to 7 (nibbles), the upper two in bytes 8 to 11.
            int low = group < 8 ? packed[group] & 0xF : packed[group - 8] >> 4;
            int high = (packed[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            scales[group] = d * ((low | (high << 4)) - 32);
            int half = group % 2 * 16, shift = group % 8 / 2 * 2, bit = 1 << (group / 2);
            ReadOnlySpan<byte> bytes = x.Slice(32 + (group / 8 * 32) + half, 16), mask = masks.Slice(half, 16);
            for (int l = 0; l < 16; l++) q[(group * 16) + l] = (sbyte)(((bytes[l] >> shift) & 3) - ((mask[l] & bit) == 0 ? 4 : 0));
        }
    }

    // Eight scales and eight minima of six bits in twelve bytes.
    private static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int j) => j < 4
        ? (packed[j] & 63, packed[j + 4] & 63)
        : ((packed[j + 4] & 0xF) | (packed[j - 4] >> 6 << 4), (packed[j + 4] >> 4) | (packed[j] >> 6 << 4));

    private static void Q4_K(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales, Span<float> minima)
    {
        float d = HalfAt(x, 0), dmin = HalfAt(x, 2);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = ScaleAndMinimum(x[4..16], group);
            (scales[group], minima[group]) = (d * scale, -dmin * minimum);
            int shift = group % 2 * 4;
            ReadOnlySpan<byte> bytes = x.Slice(16 + (group / 2 * 32), 32);
            for (int l = 0; l < 32; l++) q[(group * 32) + l] = (sbyte)((bytes[l] >> shift) & 0xF);
        }
    }

    private static void Q5_K(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales, Span<float> minima)
    {
        float d = HalfAt(x, 0), dmin = HalfAt(x, 2);
        ReadOnlySpan<byte> high = x[16..48];
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = ScaleAndMinimum(x[4..16], group);
            (scales[group], minima[group]) = (d * scale, -dmin * minimum);
            int shift = group % 2 * 4;
            ReadOnlySpan<byte> bytes = x.Slice(48 + (group / 2 * 32), 32);
            for (int l = 0; l < 32; l++) q[(group * 32) + l] = (sbyte)(((bytes[l] >> shift) & 0xF) + (((high[l] >> group) & 1) << 4));
        }
    }

    private static void Q6_K(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales)
    {
        float d = HalfAt(x, 208);
        for (int group = 0; group < 16; group++) scales[group] = d * (sbyte)x[192 + group];
        for (int part = 0; part < 8; part++)
        {
            // Parts of 32, four to each half: nibbles of 64 bytes, two more bits from 32 bytes.
            int half = part / 4, quarter = part % 4;
            ReadOnlySpan<byte> low = x.Slice((half * 64) + (quarter % 2 * 32), 32), high = x.Slice(128 + (half * 32), 32);
            int lowShift = quarter / 2 * 4, highShift = quarter * 2;
            for (int l = 0; l < 32; l++) q[(part * 32) + l] = (sbyte)((((low[l] >> lowShift) & 0xF) | (((high[l] >> highShift) & 3) << 4)) - 32);
        }
    }

    private static void IQ4_XS(ReadOnlySpan<byte> x, Span<sbyte> q, Span<float> scales)
    {
        float d = HalfAt(x, 0);
        int high = ReadUInt16LittleEndian(x[2..]);
        for (int group = 0; group < 8; group++)
        {
            int scale = ((x[4 + (group / 2)] >> (group % 2 * 4)) & 0xF) | (((high >> (group * 2)) & 3) << 4);
            scales[group] = d * (scale - 32);
            NonLinears(x.Slice(8 + (group * 16), 16), q[(group * 32)..]);
        }
    }
}
