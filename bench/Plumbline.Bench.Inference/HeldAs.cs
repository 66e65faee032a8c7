using Plumbline.Models.Files;

namespace Plumbline.Bench.Inference;

/// <summary>A model's matrices in another type, rounded where need be: for the speed of each type on one model.</summary>
internal sealed class HeldAs : ITensorSource
{
    private readonly ITensorSource _source;
    private readonly Dictionary<string, byte[]> _encoded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);

    public HeldAs(ITensorSource source, TensorType type)
    {
        _source = source;
        foreach (TensorInfo tensor in source.Tensors.Values)
        {
            TensorType held = tensor.Shape.Count == 2 ? type : TensorType.F32;
            _tensors[tensor.Name] = tensor with { Type = held, Length = tensor.Count / held.BlockValues() * held.BlockBytes() };
        }
    }

    public string Path => _source.Path;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public ReadOnlySpan<byte> Bytes(string name)
    {
        lock (_encoded)
        {
            if (_encoded.TryGetValue(name, out byte[]? held)) return held;
            TensorInfo tensor = _tensors[name];
            float[] values = new float[tensor.Count];
            _source.Read(name, values);
            byte[] bytes = new byte[tensor.Length];
            TensorEncoding.FromSingle(tensor.Type, values, bytes);
            // One linear layer reads of at most three tensors at a time.
            if (_encoded.Count == 3) _encoded.Clear();
            return _encoded[name] = bytes;
        }
    }

    public void Read(string name, Span<float> destination) => _source.Read(name, destination);

    public void Dispose() => _encoded.Clear();
}
