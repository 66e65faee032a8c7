using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Plumbline.Models.Files;

/// <summary>
/// The values behind each tensor type, exactly: what ggml's reference code gives for quantised blocks, IEEE 754 for halves,
/// the OCP 8-bit formats for F8. Bytes are little-endian, as all model files are. Stateless; safe for concurrent use.
/// </summary>
public static class Dequantization
{
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
        Span<sbyte> numbers = stackalloc sbyte[256];
        Span<float> scales = stackalloc float[16], minima = stackalloc float[16];
        int group = QuantisedBlock.Split(type, x, numbers, scales, minima);
        for (int i = 0; i < y.Length; i++) y[i] = (scales[i / group] * numbers[i]) + minima[i / group];
    }

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
}
