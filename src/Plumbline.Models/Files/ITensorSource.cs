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
    /// <exception cref="ModelFileException">No tensor of this name, or more than 2 GB: read it in parts.</exception>
    ReadOnlySpan<byte> Bytes(string name);

    /// <summary>A part of a tensor's bytes; valid until disposed.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="start">Bytes before the part.</param>
    /// <param name="length">Bytes of the part.</param>
    /// <exception cref="ModelFileException">No tensor of this name, or a part that reaches beyond it.</exception>
    ReadOnlySpan<byte> Bytes(string name, long start, int length) =>
        start >= 0 && length >= 0 && start + length <= Bytes(name).Length
            ? Bytes(name).Slice((int)start, length)
            : throw new ModelFileException($"{Path}: tensor {name} has {Bytes(name).Length} bytes; {length} from {start} reach beyond it.");

    /// <summary>Writes the tensor's values, dequantised to f32, in row-major order.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="destination">As many values as the tensor's shape has.</param>
    /// <exception cref="ModelFileException">No such tensor, a type that holds no weights, or a destination of another length.</exception>
    void Read(string name, Span<float> destination);

    /// <summary>Writes some of the tensor's values, as f32: rows of an embedding, for example.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="first">Values before the part, counted in row-major order; a multiple of <see cref="TensorTypeLayout.BlockValues"/>.</param>
    /// <param name="destination">As many values as are wanted; a multiple of <see cref="TensorTypeLayout.BlockValues"/> too.</param>
    /// <exception cref="ModelFileException">As above, or a part that begins or ends inside a block.</exception>
    void Read(string name, long first, Span<float> destination)
    {
        if (!Tensors.TryGetValue(name, out TensorInfo? tensor)) throw new ModelFileException($"{Path}: there is no tensor {name}.");
        int values = tensor.Type.BlockValues(), bytes = tensor.Type.BlockBytes();
        if (first < 0 || first % values != 0 || destination.Length % values != 0 || first > tensor.Count - destination.Length)
            throw new ModelFileException($"{Path}: tensor {name} has {tensor.Count} values in blocks of {values}; {destination.Length} from {first} are no whole blocks of it.");
        const int Part = 1 << 24; // Of values, a multiple of all blocks: keeps each part's bytes below the 2 GB of a span.
        for (int done = 0; done < destination.Length; done += Part)
        {
            Span<float> part = destination.Slice(done, Math.Min(Part, destination.Length - done));
            try
            {
                Dequantization.ToSingle(tensor.Type, Bytes(name, (first + done) / values * bytes, part.Length / values * bytes), part);
            }
            catch (ModelFileException e)
            {
                throw new ModelFileException($"{Path}: tensor {name}: {e.Message}", e);
            }
        }
    }
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
    U64, U32, U16,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K, IQ4_NL, IQ4_XS,
}

/// <summary>A model file is broken, hostile or of a kind that is not supported; the message says what, where and what to do.</summary>
public sealed class ModelFileException : Exception
{
    public ModelFileException(string message) : base(message) { }

    public ModelFileException(string message, Exception inner) : base(message, inner) { }

    public ModelFileException() { }
}
