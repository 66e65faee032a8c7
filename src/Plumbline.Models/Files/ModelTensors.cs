using System.Collections.Concurrent;

namespace Plumbline.Models.Files;

/// <summary>
/// Tensors of a source under other names, with rows in another order or matrices transposed, so that every format shows
/// Hugging Face's layout and every writer gets its own. Rows move whole, so quantised blocks stay as they are.
/// </summary>
internal sealed class ModelTensors(ITensorSource file) : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Origin> _origins = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _moved = new(StringComparer.Ordinal);

    private sealed record Origin(string Source, Func<int, int>? Row, bool Turned)
    {
        public bool InPlace => Row is null && !Turned;
    }

    public string Path => file.Path;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Shows a tensor of the source.</summary>
    /// <param name="name">The name it is shown under.</param>
    /// <param name="source">The source's name.</param>
    /// <param name="row">Where each row lies in the source; null where rows are in place.</param>
    /// <param name="turned">Whether a matrix is shown transposed; not for quantised types.</param>
    public void Add(string name, string source, Func<int, int>? row = null, bool turned = false)
    {
        TensorInfo tensor = file.Find(source);
        if (turned && (tensor.Shape.Count != 2 || tensor.Type.IsQuantised())) throw new ModelFileException($"{Path}: tensor {source} of shape {tensor.Shape.Show()} and type {tensor.Type} cannot be transposed.");
        _tensors.Add(name, tensor with { Name = name, Shape = turned ? [tensor.Shape[1], tensor.Shape[0]] : tensor.Shape });
        _origins.Add(name, new Origin(source, row, turned));
    }

    /// <summary>What the source calls a tensor.</summary>
    public string SourceOf(string name) => _origins[name].Source;

    public ReadOnlySpan<byte> Bytes(string name)
    {
        this.Find(name);
        return _origins[name] is { InPlace: true } origin ? file.Bytes(origin.Source) : _moved.GetOrAdd(name, static (key, self) => self.Move(key), this);
    }

    public ReadOnlySpan<byte> Bytes(string name, long start, int length)
    {
        TensorInfo tensor = this.Find(name);
        if (start < 0 || length < 0 || start > tensor.Length - length) throw new ModelFileException($"{Path}: tensor {name} has {tensor.Length} bytes; {length} from {start} reach beyond it.");
        return _origins[name] is { InPlace: true } origin ? file.Bytes(origin.Source, start, length) : Bytes(name).Slice((int)start, length);
    }

    public void Read(string name, Span<float> destination)
    {
        TensorInfo tensor = this.Find(name);
        tensor.CheckLength(Path, destination.Length);
        Origin origin = _origins[name];
        if (origin.InPlace)
        {
            file.Read(origin.Source, destination);
        }
        else if (origin.Turned)
        {
            Dequantization.ToSingle(tensor.Type, Move(name), destination);
        }
        else
        {
            // Row by row, so that nothing is kept.
            int rows = (int)tensor.Shape[0], columns = destination.Length / rows;
            for (int row = 0; row < rows; row++) file.Read(origin.Source, (long)origin.Row!(row) * columns, destination.Slice(row * columns, columns));
        }
    }

    public void Dispose() => file.Dispose();

    private byte[] Move(string name)
    {
        Origin origin = _origins[name];
        TensorInfo tensor = _tensors[name];
        ReadOnlySpan<byte> from = file.Bytes(origin.Source);
        byte[] to = new byte[from.Length];
        int rows = (int)tensor.Shape[0];
        if (rows == 0) return to;
        if (origin.Turned)
        {
            int size = tensor.Type.BlockBytes(), columns = (int)tensor.Shape[1];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                    from.Slice(((column * rows) + row) * size, size).CopyTo(to.AsSpan(((row * columns) + column) * size));
            }

            return to;
        }

        int length = from.Length / rows;
        for (int row = 0; row < rows; row++) from.Slice(origin.Row!(row) * length, length).CopyTo(to.AsSpan(row * length));
        return to;
    }
}
