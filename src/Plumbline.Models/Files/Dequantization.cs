using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Plumbline.Models.Files;

/// <summary>
/// The values behind each tensor type, exactly: what ggml's reference code gives for quantised blocks, IEEE 754 for halves,
/// the OCP 8-bit formats for F8. Bytes are little-endian, as all model files are. Stateless; safe for concurrent use.
/// </summary>
/// <remarks>The block layouts are those of ggml (ggml-common.h); its names for the fields are kept: d is a block's scale, m or dmin its offset.</remarks>
public static class Dequantization
{
    // The sixteen values of IQ4_NL and IQ4_XS (kvalues_iq4nl in ggml-common.h).
    private static ReadOnlySpan<sbyte> NonLinear => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Widens or dequantises whole blocks.</summary>
    /// <param name="type">How <paramref name="source"/> is held; integers are converted to the nearest float, Bool to 0 and 1.</param>
    /// <param name="source">Whole blocks.</param>
    /// <param name="destination">One value for each in the blocks.</param>
    /// <exception cref="ModelFileException">The two lengths do not fit, or a Bool is neither 0 nor 1.</exception>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        int values = type.BlockValues(), bytes = type.BlockBytes();
        if (destination.Length % values != 0 || (long)destination.Length / values * bytes != source.Length)
            throw new ModelFileException($"{source.Length} bytes of {type} do not hold {destination.Length} values: {values} values take {bytes} bytes.");
        switch (type)
        {
            case TensorType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                return;
            case TensorType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                return;
            case TensorType.BF16:
                WidenBrainFloats(MemoryMarshal.Cast<byte, ushort>(source), destination);
                return;
            case TensorType.F64:
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)ReadDoubleLittleEndian(source[(i * 8)..]);
                return;
            case TensorType.I64:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadInt64LittleEndian(source[(i * 8)..]);
                return;
            case TensorType.U64:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadUInt64LittleEndian(source[(i * 8)..]);
                return;
            case TensorType.I32:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadInt32LittleEndian(source[(i * 4)..]);
                return;
            case TensorType.U32:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadUInt32LittleEndian(source[(i * 4)..]);
                return;
            case TensorType.I16:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadInt16LittleEndian(source[(i * 2)..]);
                return;
            case TensorType.U16:
                for (int i = 0; i < destination.Length; i++) destination[i] = ReadUInt16LittleEndian(source[(i * 2)..]);
                return;
            case TensorType.I8:
                for (int i = 0; i < destination.Length; i++) destination[i] = (sbyte)source[i];
                return;
            case TensorType.U8:
                for (int i = 0; i < destination.Length; i++) destination[i] = source[i];
                return;
            case TensorType.Bool:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = source[i] <= 1 ? source[i] : throw new ModelFileException($"Byte {i} of a Bool tensor is {source[i]}; only 0 and 1 mean anything.");
                return;
            case TensorType.F8E4M3:
                for (int i = 0; i < destination.Length; i++) destination[i] = FromE4M3(source[i]);
                return;
            case TensorType.F8E5M2:
                // E5M2 is the upper byte of a half.
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)BitConverter.UInt16BitsToHalf((ushort)(source[i] << 8));
                return;
            default:
                for (int block = 0; block < destination.Length / values; block++)
                    Block(type, source.Slice(block * bytes, bytes), destination.Slice(block * values, values));
                return;
        }
    }

    private static void Block(TensorType type, ReadOnlySpan<byte> x, Span<float> y)
    {
        switch (type)
        {
            case TensorType.Q4_0: Q4_0(x, y); break;
            case TensorType.Q4_1: Q4_1(x, y); break;
            case TensorType.Q5_0: Q5_0(x, y); break;
            case TensorType.Q5_1: Q5_1(x, y); break;
            case TensorType.Q8_0: Q8_0(x, y); break;
            case TensorType.Q2_K: Q2_K(x, y); break;
            case TensorType.Q3_K: Q3_K(x, y); break;
            case TensorType.Q4_K: Q4_K(x, y); break;
            case TensorType.Q5_K: Q5_K(x, y); break;
            case TensorType.Q6_K: Q6_K(x, y); break;
            case TensorType.Q8_K: Q8_K(x, y); break;
            case TensorType.IQ4_NL: IQ4_NL(x, y); break;
            case TensorType.IQ4_XS: IQ4_XS(x, y); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a tensor type.");
        }
    }

    private static float HalfAt(ReadOnlySpan<byte> x, int offset) => (float)ReadHalfLittleEndian(x[offset..]);

    private static void WidenBrainFloats(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            Vector.AsVectorSingle(low << 16).CopyTo(destination[i..]);
            Vector.AsVectorSingle(high << 16).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++) destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    // E4M3 without infinities: S.1111.111 is NaN, bias 7, subnormals in steps of 2^-9.
    private static float FromE4M3(byte b)
    {
        int exponent = (b >> 3) & 0xF, mantissa = b & 7;
        float magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => mantissa / 512f,
            _ => float.ScaleB(1 + (mantissa / 8f), exponent - 7),
        };
        return (b & 0x80) == 0 ? magnitude : -magnitude;
    }

    private static void Q4_0(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0);
        ReadOnlySpan<byte> q = x[2..18];
        for (int j = 0; j < 16; j++)
        {
            y[j] = ((q[j] & 0xF) - 8) * d;
            y[j + 16] = ((q[j] >> 4) - 8) * d;
        }
    }

    private static void Q4_1(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0), m = HalfAt(x, 2);
        ReadOnlySpan<byte> q = x[4..20];
        for (int j = 0; j < 16; j++)
        {
            y[j] = ((q[j] & 0xF) * d) + m;
            y[j + 16] = ((q[j] >> 4) * d) + m;
        }
    }

    private static void Q5_0(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0);
        uint high = ReadUInt32LittleEndian(x[2..]);
        ReadOnlySpan<byte> q = x[6..22];
        for (int j = 0; j < 16; j++)
        {
            y[j] = ((q[j] & 0xF) + (int)(((high >> j) & 1) << 4) - 16) * d;
            y[j + 16] = ((q[j] >> 4) + (int)(((high >> (j + 16)) & 1) << 4) - 16) * d;
        }
    }

    private static void Q5_1(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0), m = HalfAt(x, 2);
        uint high = ReadUInt32LittleEndian(x[4..]);
        ReadOnlySpan<byte> q = x[8..24];
        for (int j = 0; j < 16; j++)
        {
            y[j] = (((q[j] & 0xF) + (int)(((high >> j) & 1) << 4)) * d) + m;
            y[j + 16] = (((q[j] >> 4) + (int)(((high >> (j + 16)) & 1) << 4)) * d) + m;
        }
    }

    private static void Q8_0(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0);
        ReadOnlySpan<sbyte> q = MemoryMarshal.Cast<byte, sbyte>(x[2..34]);
        for (int j = 0; j < 32; j++) y[j] = q[j] * d;
    }

    private static void Q2_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        ReadOnlySpan<byte> scales = x[..16];
        float d = HalfAt(x, 80), dmin = HalfAt(x, 82);
        for (int group = 0; group < 16; group++)
        {
            // Groups of 16: eight to each half of the block, two bits of the same 32 bytes for each pair of groups.
            ReadOnlySpan<byte> q = x.Slice(16 + (group / 8 * 32) + (group % 2 * 16), 16);
            int shift = group % 8 / 2 * 2;
            float scale = d * (scales[group] & 0xF), minimum = dmin * (scales[group] >> 4);
            for (int l = 0; l < 16; l++) y[(group * 16) + l] = (scale * ((q[l] >> shift) & 3)) - minimum;
        }
    }

    private static void Q3_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        ReadOnlySpan<byte> masks = x[..32], packed = x[96..108];
        float d = HalfAt(x, 108);
        for (int group = 0; group < 16; group++)
        {
            // Six bits a scale: the lower four in bytes 0 to 7 (nibbles), the upper two in bytes 8 to 11.
            int low = group < 8 ? packed[group] & 0xF : packed[group - 8] >> 4;
            int high = (packed[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            float scale = d * ((low | (high << 4)) - 32);
            int half = group % 2 * 16, shift = group % 8 / 2 * 2, bit = 1 << (group / 2);
            ReadOnlySpan<byte> q = x.Slice(32 + (group / 8 * 32) + half, 16), mask = masks.Slice(half, 16);
            for (int l = 0; l < 16; l++) y[(group * 16) + l] = scale * (((q[l] >> shift) & 3) - ((mask[l] & bit) == 0 ? 4 : 0));
        }
    }

    // Eight scales and eight minima of six bits in twelve bytes.
    private static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int j) => j < 4
        ? (packed[j] & 63, packed[j + 4] & 63)
        : ((packed[j + 4] & 0xF) | (packed[j - 4] >> 6 << 4), (packed[j + 4] >> 4) | (packed[j] >> 6 << 4));

    private static void Q4_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0), dmin = HalfAt(x, 2);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = ScaleAndMinimum(x[4..16], group);
            float s = d * scale, m = dmin * minimum;
            int shift = group % 2 * 4;
            ReadOnlySpan<byte> q = x.Slice(16 + (group / 2 * 32), 32);
            for (int l = 0; l < 32; l++) y[(group * 32) + l] = (s * ((q[l] >> shift) & 0xF)) - m;
        }
    }

    private static void Q5_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0), dmin = HalfAt(x, 2);
        ReadOnlySpan<byte> high = x[16..48];
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = ScaleAndMinimum(x[4..16], group);
            float s = d * scale, m = dmin * minimum;
            int shift = group % 2 * 4;
            ReadOnlySpan<byte> q = x.Slice(48 + (group / 2 * 32), 32);
            for (int l = 0; l < 32; l++) y[(group * 32) + l] = (s * (((q[l] >> shift) & 0xF) + (((high[l] >> group) & 1) << 4))) - m;
        }
    }

    private static void Q6_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 208);
        for (int group = 0; group < 8; group++)
        {
            // Groups of 32, four to each half: nibbles of 64 bytes, two more bits from 32 bytes.
            int half = group / 4, quarter = group % 4;
            ReadOnlySpan<byte> low = x.Slice((half * 64) + (quarter % 2 * 32), 32), high = x.Slice(128 + (half * 32), 32);
            int lowShift = quarter / 2 * 4, highShift = quarter * 2;
            for (int l = 0; l < 32; l++)
            {
                float scale = d * (sbyte)x[192 + (group * 2) + (l / 16)];
                y[(group * 32) + l] = scale * ((((low[l] >> lowShift) & 0xF) | (((high[l] >> highShift) & 3) << 4)) - 32);
            }
        }
    }

    private static void Q8_K(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = ReadSingleLittleEndian(x);
        ReadOnlySpan<sbyte> q = MemoryMarshal.Cast<byte, sbyte>(x[4..260]);
        for (int j = 0; j < 256; j++) y[j] = d * q[j];
    }

    private static void IQ4_NL(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0);
        for (int j = 0; j < 16; j++)
        {
            y[j] = d * NonLinear[x[2 + j] & 0xF];
            y[j + 16] = d * NonLinear[x[2 + j] >> 4];
        }
    }

    private static void IQ4_XS(ReadOnlySpan<byte> x, Span<float> y)
    {
        float d = HalfAt(x, 0);
        int high = ReadUInt16LittleEndian(x[2..]);
        for (int group = 0; group < 8; group++)
        {
            int scale = ((x[4 + (group / 2)] >> (group % 2 * 4)) & 0xF) | (((high >> (group * 2)) & 3) << 4);
            float s = d * (scale - 32);
            ReadOnlySpan<byte> q = x.Slice(8 + (group * 16), 16);
            for (int j = 0; j < 16; j++)
            {
                y[(group * 32) + j] = s * NonLinear[q[j] & 0xF];
                y[(group * 32) + j + 16] = s * NonLinear[q[j] >> 4];
            }
        }
    }
}
