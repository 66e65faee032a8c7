using System.Runtime.InteropServices;

namespace Plumbline.Models.Files;

/// <summary>Tensors held in memory: what a writer takes and what text formats are read into. Filling it is not safe for concurrent use, reading is.</summary>
public sealed class TensorSet(string path) : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _bytes = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Adds a tensor of bytes as they would lie in a file; the array is kept, not copied.</summary>
    /// <exception cref="ModelFileException">The name is taken, or shape and bytes do not fit.</exception>
    public void Add(string name, TensorType type, IReadOnlyList<long> shape, byte[] bytes)
    {
        long row = shape.Count == 0 ? 1 : shape[^1];
        if (shape.Any(size => size < 0) || row % type.BlockValues() != 0 || Safetensors.Size(type, shape.Count == 0 ? shape : [.. shape.Take(shape.Count - 1), row / type.BlockValues()]) != bytes.Length)
            throw new ModelFileException($"{Path}: tensor {name} of shape {shape.Show()} and type {type} does not fit {bytes.Length} bytes.");
        if (!_tensors.TryAdd(name, new TensorInfo(name, type, shape, 0, bytes.Length))) throw new ModelFileException($"{Path}: tensor {name} occurs twice.");
        _bytes.Add(name, bytes);
    }

    /// <summary>Adds a tensor of floats, as F32; the values are copied.</summary>
    /// <exception cref="ModelFileException">The name is taken, or the shape has another number of values.</exception>
    public void Add(string name, IReadOnlyList<long> shape, ReadOnlySpan<float> values) =>
        Add(name, TensorType.F32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        this.Find(name);
        return _bytes[name];
    }

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination)
    {
        this.Find(name).CheckLength(Path, destination.Length);
        ((ITensorSource)this).Read(name, 0, destination);
    }

    /// <summary>Nothing is held that needs freeing.</summary>
    public void Dispose()
    {
    }
}
