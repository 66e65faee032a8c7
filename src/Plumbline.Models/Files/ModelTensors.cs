using System.Collections.Concurrent;

namespace Plumbline.Models.Files;

/// <summary>
/// A file's tensors under Hugging Face's names and in its row order, whatever the file calls them. Rotary query and key rows
/// that lie in adjacent pairs (GGUF's Llama, llama2.c) are put back into halves; rows move whole, so quantised blocks stay as they are.
/// </summary>
internal sealed class ModelTensors(ITensorSource file) : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Source, int Heads)> _origins = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _moved = new(StringComparer.Ordinal);

    public string Path => file.Path;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Shows a tensor of the file under a name.</summary>
    /// <param name="name">Hugging Face's name.</param>
    /// <param name="source">The file's name.</param>
    /// <param name="pairedHeads">The number of heads whose rows lie in adjacent pairs; 0 where rows are in place.</param>
    /// <param name="shape">Another shape for the same values; null to keep the file's.</param>
    public void Add(string name, string source, int pairedHeads = 0, IReadOnlyList<long>? shape = null)
    {
        TensorInfo tensor = file.Find(source);
        _tensors.Add(name, tensor with { Name = name, Shape = shape ?? tensor.Shape });
        _origins.Add(name, (source, pairedHeads));
    }

    /// <summary>What the file calls a tensor.</summary>
    public string SourceOf(string name) => _origins[name].Source;

    public ReadOnlySpan<byte> Bytes(string name)
    {
        this.Find(name);
        (string source, int heads) = _origins[name];
        return heads == 0 ? file.Bytes(source) : _moved.GetOrAdd(name, static (key, self) => self.MoveRows(key), this);
    }

    public ReadOnlySpan<byte> Bytes(string name, long start, int length)
    {
        TensorInfo tensor = this.Find(name);
        if (start < 0 || length < 0 || start > tensor.Length - length) throw new ModelFileException($"{Path}: tensor {name} has {tensor.Length} bytes; {length} from {start} reach beyond it.");
        return _origins[name].Heads == 0 ? file.Bytes(_origins[name].Source, start, length) : Bytes(name).Slice((int)start, length);
    }

    public void Read(string name, Span<float> destination)
    {
        TensorInfo tensor = this.Find(name);
        tensor.CheckLength(Path, destination.Length);
        (string source, int heads) = _origins[name];
        if (heads == 0)
        {
            file.Read(source, destination);
            return;
        }

        // Row by row, so that nothing is kept.
        int rows = (int)tensor.Shape[0], columns = destination.Length / rows;
        for (int row = 0; row < rows; row++)
            file.Read(source, (long)PairedRow(row, rows / heads) * columns, destination.Slice(row * columns, columns));
    }

    public void Dispose() => file.Dispose();

    /// <summary>Where the row of a head's first or second half lies among adjacent pairs.</summary>
    internal static int PairedRow(int row, int headDimension)
    {
        int within = row % headDimension, half = headDimension / 2;
        return row - within + (within % half * 2) + (within / half);
    }

    private byte[] MoveRows(string name)
    {
        (string source, int heads) = _origins[name];
        ReadOnlySpan<byte> from = file.Bytes(source);
        byte[] to = new byte[from.Length];
        int rows = (int)_tensors[name].Shape[0], length = from.Length / rows;
        for (int row = 0; row < rows; row++) from.Slice(PairedRow(row, rows / heads) * length, length).CopyTo(to.AsSpan(row * length));
        return to;
    }
}
