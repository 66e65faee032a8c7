using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Plumbline.Judges;

/// <summary>
/// A linear classifier of texts with weights of one byte: bias + scale · Σ w / √n over the n <see cref="TextFeatures"/> that a text
/// has, in log-odds; a case from <see cref="Threshold"/> on. Immutable; safe for concurrent use.
/// </summary>
internal sealed record LinearModel(float Bias, float Scale, float Threshold, sbyte[] Weights)
{
    /// <summary>Bytes of a model in a file.</summary>
    public const int Size = 12 + TextFeatures.Buckets;

    /// <summary>The score of a text with these features; the bias alone where it has none.</summary>
    public double Score(ReadOnlySpan<int> features)
    {
        int sum = 0;
        foreach (int feature in features) sum += Weights[feature];
        return features.IsEmpty ? Bias : Bias + (Scale * sum / Math.Sqrt(features.Length));
    }

    /// <summary>How far a text lies beyond the threshold, in log-odds; 0 and above is a case, NaN does not occur.</summary>
    public double Margin(ReadOnlySpan<char> text, bool chinese)
    {
        int[] buckets = ArrayPool<int>.Shared.Rent(TextFeatures.Room(text.Length));
        try
        {
            return Score(buckets.AsSpan(0, TextFeatures.Extract(text, chinese, buckets))) - Threshold;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(buckets);
        }
    }

    /// <summary>Reads the <see cref="Size"/> bytes that <see cref="Write"/> wrote.</summary>
    public static LinearModel Read(ReadOnlySpan<byte> part) => new(
        BinaryPrimitives.ReadSingleLittleEndian(part), BinaryPrimitives.ReadSingleLittleEndian(part[4..]), BinaryPrimitives.ReadSingleLittleEndian(part[8..]),
        MemoryMarshal.Cast<byte, sbyte>(part[12..Size]).ToArray());

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> part)
    {
        BinaryPrimitives.WriteSingleLittleEndian(part, Bias);
        BinaryPrimitives.WriteSingleLittleEndian(part[4..], Scale);
        BinaryPrimitives.WriteSingleLittleEndian(part[8..], Threshold);
        MemoryMarshal.Cast<sbyte, byte>(Weights).CopyTo(part[12..]);
    }
}
