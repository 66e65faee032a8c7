namespace Plumbline.Models.Files;

/// <summary>How many values make a block of a type, and how many bytes it takes; plain types have blocks of one value.</summary>
public static class TensorTypeLayout
{
    /// <summary>Values in a block: 1, 32 or 256.</summary>
    public static int BlockValues(this TensorType type) => type switch
    {
        TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0 or TensorType.IQ4_NL => 32,
        TensorType.Q2_K or TensorType.Q3_K or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K or TensorType.Q8_K or TensorType.IQ4_XS => 256,
        _ => 1,
    };

    /// <summary>Bytes in a block.</summary>
    public static int BlockBytes(this TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 or TensorType.U64 => 8,
        TensorType.F32 or TensorType.I32 or TensorType.U32 => 4,
        TensorType.F16 or TensorType.BF16 or TensorType.I16 or TensorType.U16 => 2,
        TensorType.I8 or TensorType.U8 or TensorType.Bool or TensorType.F8E4M3 or TensorType.F8E5M2 => 1,
        TensorType.Q4_0 or TensorType.IQ4_NL => 18,
        TensorType.Q4_1 => 20,
        TensorType.Q5_0 => 22,
        TensorType.Q5_1 => 24,
        TensorType.Q8_0 => 34,
        TensorType.Q2_K => 84,
        TensorType.Q3_K => 110,
        TensorType.Q4_K => 144,
        TensorType.Q5_K => 176,
        TensorType.Q6_K => 210,
        TensorType.Q8_K => 292,
        TensorType.IQ4_XS => 136,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a tensor type."),
    };

    /// <summary>Whether values are held in blocks with common scales.</summary>
    public static bool IsQuantised(this TensorType type) => type.BlockValues() > 1;

    /// <summary>
    /// Whether the type can hold a model's weights by itself. Integers and 8-bit floats cannot: what they mean depends on
    /// scales that are kept elsewhere.
    /// </summary>
    public static bool HoldsWeights(this TensorType type) =>
        type is TensorType.F64 or TensorType.F32 or TensorType.F16 or TensorType.BF16 || type.IsQuantised();
}
