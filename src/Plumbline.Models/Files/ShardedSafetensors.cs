using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Several .safetensors files under a model.safetensors.index.json, which says which tensor lies where. Safe for concurrent reading.</summary>
public sealed class ShardedSafetensors : ITensorSource
{
    private const int MostShards = 10_000;
    private readonly TensorTable _table;

    private ShardedSafetensors(TensorTable table, IReadOnlyList<string> files) => (_table, Files) = (table, files);

    /// <summary>The index.</summary>
    public string Path => _table.Path;

    /// <summary>The shards, in ordinal order of their names.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _table.Tensors;

    /// <summary>Maps all shards that an index names; they must lie beside it.</summary>
    /// <exception cref="ModelFileException">
    /// The index is broken, names a file outside its folder or one that is not there, or places a tensor where it is not.
    /// </exception>
    public static ShardedSafetensors Open(string indexPath)
    {
        SortedDictionary<string, List<string>> shards = ReadIndex(indexPath);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(indexPath))!;
        TensorTable table = new(indexPath);
        try
        {
            List<string> files = [];
            foreach ((string shard, List<string> names) in shards)
            {
                string path = System.IO.Path.Combine(folder, shard);
                if (!File.Exists(path)) throw new ModelFileException($"{indexPath}: shard {shard} is not there; put it beside the index.");
                files.Add(path);
                MappedFile file = MappedFile.Open(path);
                try
                {
                    // What a shard holds and the index does not name is left out, as Hugging Face does.
                    Dictionary<string, TensorInfo> held = Safetensors.ReadHeader(file).Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
                    table.Add(file, names.Select(name => held.TryGetValue(name, out TensorInfo? tensor)
                        ? tensor
                        : throw new ModelFileException($"{indexPath}: weight_map places tensor {TensorLookup.Quote(name)} in {shard}, which does not hold it.")));
                }
                catch
                {
                    file.Dispose();
                    throw;
                }
            }

            return new ShardedSafetensors(table, files);
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

    private static SortedDictionary<string, List<string>> ReadIndex(string path)
    {
        using JsonDocument document = JsonFile.Parse(path);
        if (!document.RootElement.TryGetProperty("weight_map", out JsonElement map)) throw new ModelFileException($"{path}: weight_map is missing; it says which shard holds which tensor.");
        if (map.ValueKind != JsonValueKind.Object) throw new ModelFileException($"{path}: weight_map is {JsonFile.Kind(map)}; it must be an object: tensor name to file name.");
        SortedDictionary<string, List<string>> shards = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String) throw new ModelFileException($"{path}: weight_map of {TensorLookup.Quote(entry.Name)} is {JsonFile.Kind(entry.Value)}; it must be a file name.");
            string shard = entry.Value.GetString()!;
            CheckName(path, shard);
            if (!shards.TryGetValue(shard, out List<string>? names)) shards.Add(shard, names = []);
            if (shards.Count > MostShards) throw new ModelFileException($"{path}: weight_map names more than {MostShards} files.");
            names.Add(entry.Name);
        }

        return shards;
    }

    // A shard lies beside its index: a bare file name, on any operating system.
    private static void CheckName(string path, string shard)
    {
        if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().IndexOfAny("/\\:") >= 0 || shard.Any(char.IsControl))
            throw new ModelFileException($"{path}: the index names the file '{TensorLookup.Quote(shard)}'; only bare names of files beside the index are opened.");
        if (!shard.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new ModelFileException($"{path}: the index names {TensorLookup.Quote(shard)}, which is no .safetensors file. {ForeignFile.Convert}");
    }
}
