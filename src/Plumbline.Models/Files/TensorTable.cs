namespace Plumbline.Models.Files;

/// <summary>Tensors in one or more mapped files. Their places have been checked against the files' lengths before they come here.</summary>
internal sealed class TensorTable : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MappedFile> _files = new(StringComparer.Ordinal);
    private readonly List<MappedFile> _owned = [];

    public TensorTable(string path) => Path = path;

    public string Path { get; }

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Adds a file's tensors and takes the file over: disposing the table unmaps it.</summary>
    /// <exception cref="ModelFileException">A name occurs twice.</exception>
    public void Add(MappedFile file, IEnumerable<TensorInfo> tensors)
    {
        _owned.Add(file);
        foreach (TensorInfo tensor in tensors)
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
                throw new ModelFileException($"{file.Path}: tensor {tensor.Name} is already in {_files[tensor.Name].Path}; which one is meant is not known.");
            _files.Add(tensor.Name, file);
        }
    }

    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = this.Find(name);
        return tensor.Length <= int.MaxValue
            ? _files[name].Slice(tensor.Offset, (int)tensor.Length)
            : throw new ModelFileException($"{Path}: tensor {name} has {tensor.Length} bytes, more than one span holds; read it in parts.");
    }

    public ReadOnlySpan<byte> Bytes(string name, long start, int length)
    {
        TensorInfo tensor = this.Find(name);
        return start >= 0 && length >= 0 && start <= tensor.Length - length
            ? _files[name].Slice(tensor.Offset + start, length)
            : throw new ModelFileException($"{Path}: tensor {name} has {tensor.Length} bytes; {length} from {start} reach beyond it.");
    }

    public void Read(string name, Span<float> destination)
    {
        TensorInfo tensor = this.Find(name);
        tensor.CheckLength(Path, destination.Length);
        ((ITensorSource)this).Read(name, 0, destination);
    }

    public void Dispose()
    {
        foreach (MappedFile file in _owned) file.Dispose();
    }
}
