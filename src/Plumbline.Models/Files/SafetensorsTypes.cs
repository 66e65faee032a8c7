namespace Plumbline.Models.Files;

/// <summary>The names that safetensors has for types.</summary>
internal static class SafetensorsTypes
{
    private static readonly Dictionary<string, TensorType> s_byName = new(StringComparer.Ordinal)
    {
        ["F64"] = TensorType.F64,
        ["F32"] = TensorType.F32,
        ["F16"] = TensorType.F16,
        ["BF16"] = TensorType.BF16,
        ["F8_E4M3"] = TensorType.F8E4M3,
        ["F8_E5M2"] = TensorType.F8E5M2,
        ["I64"] = TensorType.I64,
        ["I32"] = TensorType.I32,
        ["I16"] = TensorType.I16,
        ["I8"] = TensorType.I8,
        ["U64"] = TensorType.U64,
        ["U32"] = TensorType.U32,
        ["U16"] = TensorType.U16,
        ["U8"] = TensorType.U8,
        ["BOOL"] = TensorType.Bool,
    };

    private static readonly Dictionary<TensorType, string> s_byType = s_byName.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>All names, for messages.</summary>
    public static string All { get; } = string.Join(", ", s_byName.Keys);

    /// <summary>The type of a name; null for an unknown one.</summary>
    public static TensorType? Parse(string name) => s_byName.TryGetValue(name, out TensorType type) ? type : null;

    /// <summary>The name of a type that safetensors has.</summary>
    public static string Name(TensorType type) => s_byType.TryGetValue(type, out string? name) ? name : throw new ModelFileException($"safetensors has no type {type}; write it as F32, F16 or BF16.");
}
