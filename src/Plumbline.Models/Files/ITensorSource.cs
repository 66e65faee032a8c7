namespace Plumbline.Models.Files;

/// <summary>
/// The tensors of a model on disk, memory-mapped and validated: a header that contradicts the file's length, or
/// itself, has been refused before this exists. Reading is safe from several threads; disposing unmaps.
/// </summary>
public interface ITensorSource : IDisposable
{
    /// <summary>What was opened, for messages.</summary>
    string Path { get; }

    /// <summary>All tensors by name.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The bytes of a tensor as they lie in the file (blocks for quantised types); valid until disposed.</summary>
    /// <exception cref="ModelFileException">No tensor of this name.</exception>
    ReadOnlySpan<byte> Bytes(string name);

    /// <summary>Writes the tensor's values, dequantised to f32, in row-major order.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="destination">As many values as the tensor's shape has.</param>
    /// <exception cref="ModelFileException">No such tensor, a type that holds no weights, or a destination of another length.</exception>
    void Read(string name, Span<float> destination);
}

/// <summary>A tensor's name, type and shape (outermost first, as Hugging Face writes it) and where its bytes lie.</summary>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>The number of values.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, size) => checked(product * size));
}

/// <summary>How a tensor's values are held.</summary>
public enum TensorType
{
    F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool, F8E4M3, F8E5M2,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K, IQ4_NL, IQ4_XS,
}

/// <summary>A model file is broken, hostile or of a kind that is not supported; the message says what, where and what to do.</summary>
public sealed class ModelFileException : Exception
{
    public ModelFileException(string message) : base(message) { }

    public ModelFileException(string message, Exception inner) : base(message, inner) { }

    public ModelFileException() { }
}
