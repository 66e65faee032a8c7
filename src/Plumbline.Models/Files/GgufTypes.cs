namespace Plumbline.Models.Files;

/// <summary>The numbers that GGUF has for tensor types (ggml.h, enum ggml_type).</summary>
internal static class GgufTypes
{
    private static readonly Dictionary<uint, TensorType> s_byNumber = new()
    {
        [0] = TensorType.F32,
        [1] = TensorType.F16,
        [2] = TensorType.Q4_0,
        [3] = TensorType.Q4_1,
        [6] = TensorType.Q5_0,
        [7] = TensorType.Q5_1,
        [8] = TensorType.Q8_0,
        [10] = TensorType.Q2_K,
        [11] = TensorType.Q3_K,
        [12] = TensorType.Q4_K,
        [13] = TensorType.Q5_K,
        [14] = TensorType.Q6_K,
        [15] = TensorType.Q8_K,
        [20] = TensorType.IQ4_NL,
        [23] = TensorType.IQ4_XS,
        [24] = TensorType.I8,
        [25] = TensorType.I16,
        [26] = TensorType.I32,
        [27] = TensorType.I64,
        [28] = TensorType.F64,
        [30] = TensorType.BF16,
    };

    private static readonly Dictionary<uint, string> s_notRead = new()
    {
        [4] = "Q4_2, removed from the format",
        [5] = "Q4_3, removed from the format",
        [9] = "Q8_1",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [29] = "IQ1_M",
        [31] = "Q4_0_4_4, removed from the format",
        [32] = "Q4_0_4_8, removed from the format",
        [33] = "Q4_0_8_8, removed from the format",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
    };

    private static readonly Dictionary<TensorType, uint> s_byType = s_byNumber.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>The type of a number.</summary>
    /// <exception cref="ModelFileException">It is unknown or not read; <paramref name="where"/> begins the message.</exception>
    public static TensorType Parse(uint number, string where) => s_byNumber.TryGetValue(number, out TensorType type)
        ? type
        : throw new ModelFileException($"{where} has type {number}{(s_notRead.TryGetValue(number, out string? name) ? $" ({name})" : "")}, which is not read. Convert the model to one of {string.Join(", ", s_byNumber.Values)}.");

    /// <summary>The number of a type.</summary>
    public static uint Number(TensorType type) => s_byType.TryGetValue(type, out uint number) ? number : throw new ModelFileException($"GGUF has no type {type}; write it as F32, F16 or Q8_0.");
}
