using System.Globalization;

namespace Plumbline.Models.Files;

/// <summary>
/// A GGUF model, version 2 or 3, in one file or in shards. Metadata values are string, bool, long, ulong (for uint64 only),
/// double, or arrays of these (string[], bool[], long[], ulong[], double[]; object[] for arrays of arrays). Safe for concurrent reading.
/// </summary>
public sealed class Gguf : ITensorSource
{
    private const int MostTensors = 1_000_000, MostKeys = 1_000_000, LongestName = 64, LongestKey = 65_535, MostDimensions = 4, DefaultAlignment = 32, MostShards = 9_999;
    private readonly TensorTable _table;

    private Gguf(TensorTable table, int version, IReadOnlyDictionary<string, object> metadata, IReadOnlyList<string> files) =>
        (_table, Version, Metadata, Files) = (table, version, metadata, files);

    /// <inheritdoc/>
    public string Path => _table.Path;

    /// <summary>The format's version: 2 or 3.</summary>
    public int Version { get; }

    /// <summary>The files that were opened, in the order of the shards.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Metadata by key, of the first shard.</summary>
    public IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>Tensors as they are called and lie in the file; shapes outermost first: [rows, columns].</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _table.Tensors;

    /// <summary>Whether a file begins as GGUF files do.</summary>
    internal static bool Recognises(MappedFile file) => file.Head(4).SequenceEqual("GGUF"u8);

    /// <summary>Maps a file, and its other shards if it has any, and checks the header against the length.</summary>
    /// <exception cref="ModelFileException">A file is missing or breaks a rule of the format; the message names file, key or tensor, and value.</exception>
    public static Gguf Open(string path)
    {
        TensorTable table = new(path);
        try
        {
            Part first = Load(path, table);
            int count = first.Number("split.count", 1), index = first.Number("split.no", 0);
            if (count == 1 && index == 0) return new Gguf(table, first.Version, first.Metadata, [path]);
            if (count is < 1 or > MostShards || index < 0 || index >= count) throw new ModelFileException($"{path}: split.no {index} of split.count {count} is no shard.");

            IReadOnlyList<string> files = ShardNames(path, index, count);
            Part[] parts = [.. files.Select((file, i) => i == index ? first : Load(file, table))];
            for (int i = 0; i < count; i++)
            {
                if (parts[i].Number("split.no", 0) != i || parts[i].Number("split.count", 1) != count)
                    throw new ModelFileException($"{files[i]}: split.no {parts[i].Number("split.no", 0)} of {parts[i].Number("split.count", 1)}; shard {i} of {count} is expected under this name.");
            }

            int tensors = parts[0].Number("split.tensors.count", table.Tensors.Count);
            if (tensors != table.Tensors.Count) throw new ModelFileException($"{path}: split.tensors.count {tensors}, but the {count} shards hold {table.Tensors.Count} tensors.");
            return new Gguf(table, parts[0].Version, parts[0].Metadata, files);
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => _table.Bytes(name);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long start, int length) => _table.Bytes(name, start, length);

    /// <inheritdoc/>
    public void Read(string name, Span<float> destination) => _table.Read(name, destination);

    /// <inheritdoc/>
    public void Dispose() => _table.Dispose();

    private sealed record Part(string Path, int Version, IReadOnlyDictionary<string, object> Metadata)
    {
        public int Number(string key, int otherwise) => !Metadata.TryGetValue(key, out object? value) ? otherwise
            : value is long number and >= 0 and <= int.MaxValue ? (int)number
            : throw new ModelFileException($"{Path}: metadata {key} is {value}; it must be a whole number of shards or tensors.");
    }

    private static Part Load(string path, TensorTable table)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            (int version, Dictionary<string, object> metadata, List<TensorInfo> tensors) = ReadHeader(file);
            table.Add(file, tensors);
            return new Part(path, version, metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The checked header of a mapped file.</summary>
    internal static (int Version, Dictionary<string, object> Metadata, List<TensorInfo> Tensors) ReadHeader(MappedFile file)
    {
        if (ForeignFile.Describe(file) is string foreign) throw new ModelFileException($"{file.Path}: this is no GGUF file: {foreign}");
        if (file.Length < 4)
            throw new ModelFileException($"{file.Path}: {file.Length} bytes are no GGUF file; it is empty or cut.");
        if (!Recognises(file))
            throw new ModelFileException($"{file.Path}: the magic bytes are {Convert.ToHexString(file.Head(4))}, not those of GGUF (47475546). Older formats (GGML, GGJT) must be converted with llama.cpp's tools.");
        GgufCursor cursor = new(file);
        cursor.U32("the magic");
        uint version = cursor.U32("the version");
        if (version is not (2 or 3))
        {
            string why = (version & 0xFFFF) == 0 && version != 0 ? "a big-endian file, which is not read: convert it to little endian"
                : version == 1 ? "with 32-bit counts, which is not read: convert it with llama.cpp's tools" : "which is not known; 2 and 3 are read";
            throw new ModelFileException($"{file.Path}: GGUF version {version}, {why}.");
        }

        ulong tensorCount = cursor.U64("the count of tensors"), keyCount = cursor.U64("the count of metadata");
        // A tensor takes at least 8 + 1 + 4 + 8 + 4 + 8 bytes here, a key 8 + 1 + 4 + 1.
        if (tensorCount > (ulong)Math.Min(MostTensors, cursor.Left / 33)) throw new ModelFileException($"{file.Path}: the count of tensors, {tensorCount}, is more than a file that ends after {file.Length} bytes can hold; it is cut or broken.");
        if (keyCount > (ulong)Math.Min(MostKeys, cursor.Left / 14)) throw new ModelFileException($"{file.Path}: the count of metadata keys, {keyCount}, is more than a file that ends after {file.Length} bytes can hold; it is cut or broken.");

        Dictionary<string, object> metadata = new(StringComparer.Ordinal);
        for (ulong i = 0; i < keyCount; i++)
        {
            string key = cursor.Text($"metadata key {i}", LongestKey);
            if (key.Length == 0 || key.Any(char.IsControl)) throw new ModelFileException($"{file.Path}: metadata key {i} is {(key.Length == 0 ? "empty" : $"{TensorLookup.Quote(key)}, with control characters")}.");
            object value = cursor.Value(TensorLookup.Quote(key));
            if (!metadata.TryAdd(key, value)) throw new ModelFileException($"{file.Path}: metadata {TensorLookup.Quote(key)} occurs twice; which value is meant is not known.");
        }

        long alignment = Alignment(file.Path, metadata);
        List<(string Name, TensorType Type, long[] Shape, ulong Offset)> infos = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (ulong i = 0; i < tensorCount; i++)
        {
            (string Name, TensorType Type, long[] Shape, ulong Offset) info = ReadTensor(cursor, i);
            if (!names.Add(info.Name)) throw new ModelFileException($"{file.Path}: tensor {TensorLookup.Quote(info.Name)} occurs twice.");
            infos.Add(info);
        }

        long start = (cursor.Position + alignment - 1) / alignment * alignment;
        return ((int)version, metadata, Place(file, infos, start, alignment));
    }

    private static long Alignment(string path, Dictionary<string, object> metadata)
    {
        if (!metadata.TryGetValue("general.alignment", out object? value)) return DefaultAlignment;
        return value is long alignment and >= 8 and <= 1 << 20 && long.IsPow2(alignment)
            ? alignment
            : throw new ModelFileException($"{path}: general.alignment is {Show(value)}; it must be a power of two from 8 to {1 << 20}.");
    }

    private static (string Name, TensorType Type, long[] Shape, ulong Offset) ReadTensor(GgufCursor cursor, ulong i)
    {
        string name = cursor.Text($"the name of tensor {i}", LongestName);
        string where = $"{cursor.Path}: tensor {(name.Length == 0 || name.Any(char.IsControl) ? throw new ModelFileException($"{cursor.Path}: the name of tensor {i} is empty or has control characters: '{TensorLookup.Quote(name)}'.") : name)}";
        uint dimensions = cursor.U32($"the dimensions of tensor {name}");
        if (dimensions > MostDimensions) throw new ModelFileException($"{where}: n_dims is {dimensions}; GGUF has at most {MostDimensions} dimensions.");
        long[] shape = new long[dimensions];
        for (int d = 0; d < shape.Length; d++)
        {
            ulong size = cursor.U64($"the dimensions of tensor {name}");
            if (size is 0 or > long.MaxValue) throw new ModelFileException($"{where}: dimension {d} is {size}; it must be from 1 to 2^63 - 1.");

            // The file has the fastest dimension first.
            shape[^(d + 1)] = (long)size;
        }

        TensorType type = GgufTypes.Parse(cursor.U32($"the type of tensor {name}"), where);
        return (name, type, shape, cursor.U64($"the offset of tensor {name}"));
    }

    private static List<TensorInfo> Place(MappedFile file, List<(string Name, TensorType Type, long[] Shape, ulong Offset)> infos, long start, long alignment)
    {
        long data = file.Length - start;
        List<TensorInfo> tensors = new(infos.Count);
        foreach ((string name, TensorType type, long[] shape, ulong offset) in infos)
        {
            string where = $"{file.Path}: tensor {name}";
            int values = type.BlockValues();
            long row = shape.Length == 0 ? 1 : shape[^1];
            if (row % values != 0) throw new ModelFileException($"{where}: rows of {row} values do not divide into blocks of {values}, as {type} needs.");
            long[] blocks = shape.Length == 0 ? shape : [.. shape[..^1], row / values];
            if (Safetensors.Size(type, blocks) is not long length || length > file.Length)
                throw new ModelFileException($"{where}: shape {shape.Show()} of {type} takes more bytes than the file has ({file.Length}); it is cut or broken.");
            if (offset % (ulong)alignment != 0) throw new ModelFileException($"{where}: offset {offset} is no multiple of the alignment {alignment}.");
            if (data < 0 || offset > (ulong)data || length > data - (long)offset)
                throw new ModelFileException($"{where}: offset {offset} and {length} bytes reach beyond the end of the file, which has {Math.Max(0, data)} bytes of data; it is cut or broken.");
            tensors.Add(new TensorInfo(name, type, shape, start + (long)offset, length));
        }

        // Gaps are padding, wider than need be here and there; the same bytes for two tensors are a fault.
        TensorInfo? before = null;
        foreach (TensorInfo tensor in tensors.OrderBy(t => t.Offset))
        {
            if (before is not null && tensor.Offset < before.Offset + before.Length)
                throw new ModelFileException($"{file.Path}: tensor {tensor.Name} at offset {tensor.Offset - start} overlaps {before.Name} (offset {before.Offset - start}, {before.Length} bytes).");
            before = tensor;
        }

        return tensors;
    }

    private static string[] ShardNames(string path, int index, int count)
    {
        string folder = System.IO.Path.GetDirectoryName(path) ?? "";
        GgufShard? shard = GgufShard.Parse(System.IO.Path.GetFileName(path));
        if (shard is null || shard.Number != index + 1 || shard.Count != count)
            throw new ModelFileException($"{path}: this is shard {index + 1} of {count} (split.no, split.count), so its name must be like {new GgufShard("NAME", index + 1, count).FileName} for the others to be found.");
        string[] names = [.. Enumerable.Range(1, count).Select(i => System.IO.Path.Combine(folder, (shard with { Number = i }).FileName))];
        string? missing = names.FirstOrDefault(file => !File.Exists(file));
        return missing is null ? names : throw new ModelFileException($"{path}: this is one of {count} shards, and {missing} is missing; put all of them into one folder.");
    }

    private static string Show(object value) => value is string text ? $"the string '{TensorLookup.Quote(text)}'" : string.Create(CultureInfo.InvariantCulture, $"{value}");
}
