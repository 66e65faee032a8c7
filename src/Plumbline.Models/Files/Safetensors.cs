using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>
/// One .safetensors file: eight bytes of header length, a JSON header, data without gaps. Safe for concurrent reading.
/// </summary>
/// <remarks>Stricter than the reference implementation, as the format's own text is: the header begins with '{', no name occurs twice.</remarks>
public sealed class Safetensors : ITensorSource
{
    /// <summary>The format's own bound.</summary>
    internal const int LongestHeader = 100_000_000;

    private const int MostTensors = 1_000_000, LongestName = 65_536;
    private readonly TensorTable _table;

    private Safetensors(TensorTable table, IReadOnlyDictionary<string, string> metadata) => (_table, Metadata) = (table, metadata);

    /// <inheritdoc/>
    public string Path => _table.Path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _table.Tensors;

    /// <summary>What __metadata__ holds; empty where it is absent.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file and checks its header against its length.</summary>
    /// <exception cref="ModelFileException">The file is not there or breaks a rule of the format; the message names file, tensor and value.</exception>
    public static Safetensors Open(string path)
    {
        TensorTable table = new(path);
        MappedFile file = MappedFile.Open(path);
        try
        {
            (List<TensorInfo> tensors, Dictionary<string, string> metadata) = ReadHeader(file);
            table.Add(file, tensors);
            return new Safetensors(table, metadata);
        }
        catch
        {
            file.Dispose();
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

    /// <summary>The checked header of a mapped file; nothing is allocated before its length is known to be true.</summary>
    internal static (List<TensorInfo> Tensors, Dictionary<string, string> Metadata) ReadHeader(MappedFile file)
    {
        // A header of 896 bytes begins like a pickle, with 80 03; the zeros above it and the brace behind tell them apart.
        bool plausible = file.Length > 8 && file.Slice(4, 5) is [0, 0, 0, 0, (byte)'{'];
        if (!plausible && ForeignFile.Describe(file) is string foreign) throw new ModelFileException($"{file.Path}: this is no safetensors file (no header length and JSON header): {foreign}");
        if (file.Length < 8) throw new ModelFileException($"{file.Path}: {file.Length} bytes are too few for a safetensors header, which begins with a length of 8 bytes; the file is cut or empty.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Slice(0, 8));
        if (length > LongestHeader) throw new ModelFileException($"{file.Path}: the header length {length} is above the {LongestHeader} bytes that safetensors allows; this is another kind of file, or a broken one.");
        if ((long)length > file.Length - 8) throw new ModelFileException($"{file.Path}: the header length {length} reaches beyond the file of {file.Length} bytes; the file is cut or broken.");
        ReadOnlySpan<byte> json = file.Slice(8, (int)length);
        if (json.IsEmpty) throw new ModelFileException($"{file.Path}: the header is empty; a safetensors file has a JSON object there.");
        if (!System.Text.Unicode.Utf8.IsValid(json)) throw new ModelFileException($"{file.Path}: the header is not valid UTF-8.");
        long data = file.Length - 8 - (long)length;
        try
        {
            Header header = new(file.Path, 8 + (long)length, data);
            header.Parse(json);
            return (header.Tensors, header.Metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // JsonException: not JSON, or too deep. InvalidOperationException: an escape that is half a surrogate pair.
            throw new ModelFileException($"{file.Path}: the header is not valid JSON: {e.Message}", e);
        }
    }

    private sealed class Header(string path, long start, long dataLength)
    {
        public List<TensorInfo> Tensors { get; } = [];

        public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

        public void Parse(ReadOnlySpan<byte> json)
        {
            // JSON first, all of it, so that what is no JSON is called so.
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 64 });
            while (reader.Read()) { }
            reader = new(json, new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || json[0] != (byte)'{')
                throw new ModelFileException($"{path}: the header does not begin with '{{': safetensors wants a JSON object there, and nothing before it.");
            HashSet<string> names = new(StringComparer.Ordinal);
            bool metadata = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueSpan.Length > LongestName) throw new ModelFileException($"{path}: a tensor's name has {reader.ValueSpan.Length} bytes; at most {LongestName} are read.");
                string name = reader.GetString()!;
                reader.Read();
                if (name == "__metadata__")
                {
                    if (metadata) throw new ModelFileException($"{path}: __metadata__ occurs twice in the header.");
                    metadata = true;
                    ReadMetadata(ref reader);
                    continue;
                }

                if (!names.Add(name)) throw new ModelFileException($"{path}: tensor {TensorLookup.Quote(name)} occurs twice in the header; which one is meant is not known.");
                if (names.Count > MostTensors) throw new ModelFileException($"{path}: the header names more than {MostTensors} tensors.");
                Tensors.Add(ReadTensor(ref reader, name));
            }

            CheckCover();
        }

        private void ReadMetadata(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw new ModelFileException($"{path}: __metadata__ is {Kind(reader.TokenType)}; it must be an object of strings.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string key = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.String) throw new ModelFileException($"{path}: __metadata__ value {TensorLookup.Quote(key)} is {Kind(reader.TokenType)}; it must be a string.");
                if (!Metadata.TryAdd(key, reader.GetString()!)) throw new ModelFileException($"{path}: __metadata__ key {TensorLookup.Quote(key)} occurs twice.");
            }
        }

        private TensorInfo ReadTensor(ref Utf8JsonReader reader, string name)
        {
            string where = $"{path}: tensor {TensorLookup.Quote(name)}";
            if (reader.TokenType != JsonTokenType.StartObject) throw new ModelFileException($"{where} is {Kind(reader.TokenType)}; it must be an object with dtype, shape and data_offsets.");
            TensorType? type = null;
            List<long>? shape = null, offsets = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string key = reader.GetString()!;
                reader.Read();
                switch (key)
                {
                    case "dtype" when type is null:
                        if (reader.TokenType != JsonTokenType.String) throw new ModelFileException($"{where}: dtype is {Kind(reader.TokenType)}; it must be a string.");
                        type = SafetensorsTypes.Parse(reader.GetString()!) ?? throw new ModelFileException($"{where}: dtype {TensorLookup.Quote(reader.GetString()!)} is not known; known are {SafetensorsTypes.All}.");
                        break;
                    case "shape" when shape is null:
                        shape = ReadNumbers(ref reader, where, "shape", most: 64);
                        break;
                    case "data_offsets" when offsets is null:
                        offsets = ReadNumbers(ref reader, where, "data_offsets", most: 2);
                        break;
                    case "dtype" or "shape" or "data_offsets":
                        throw new ModelFileException($"{where}: {key} occurs twice.");
                    default:
                        throw new ModelFileException($"{where}: {TensorLookup.Quote(key)} is not a key of safetensors, which knows dtype, shape and data_offsets.");
                }
            }

            if (type is null) throw new ModelFileException($"{where}: dtype is missing.");
            if (shape is null) throw new ModelFileException($"{where}: shape is missing.");
            if (offsets is not [long begin, long end]) throw new ModelFileException($"{where}: data_offsets {(offsets is null ? "is missing" : $"has {offsets.Count} number(s)")}; it must be [begin, end].");
            if (begin > end || end > dataLength) throw new ModelFileException($"{where}: data_offsets [{begin}, {end}] do not lie within the {dataLength} bytes of data; the file is cut or broken.");
            if (Size(type.Value, shape) is not long size || size != end - begin)
                throw new ModelFileException($"{where}: shape {shape.Show()} of {SafetensorsTypes.Name(type.Value)} does not fit the {end - begin} bytes between its data_offsets [{begin}, {end}].");
            return new TensorInfo(name, type.Value, shape, start + begin, size);
        }

        private static List<long> ReadNumbers(ref Utf8JsonReader reader, string where, string key, int most)
        {
            if (reader.TokenType != JsonTokenType.StartArray) throw new ModelFileException($"{where}: {key} is {Kind(reader.TokenType)}; it must be a list of whole numbers.");
            List<long> numbers = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                    throw new ModelFileException($"{where}: {key} holds {(reader.TokenType == JsonTokenType.Number ? TensorLookup.Quote(Encoding.UTF8.GetString(reader.ValueSpan)) : Kind(reader.TokenType))}; it must hold whole numbers from 0 to 2^63 - 1.");
                if (numbers.Count == most) throw new ModelFileException($"{where}: {key} has more than {most} numbers.");
                numbers.Add(number);
            }

            return numbers;
        }

        // The ranges must cover the data from its first byte to its last, each byte once.
        private void CheckCover()
        {
            long next = start;
            foreach (TensorInfo tensor in Tensors.OrderBy(t => t.Offset).ThenBy(t => t.Length))
            {
                if (tensor.Offset != next)
                {
                    throw new ModelFileException($"{path}: tensor {TensorLookup.Quote(tensor.Name)} begins at byte {tensor.Offset - start} of the data, where {next - start} is expected: "
                        + (tensor.Offset < next ? "it overlaps another tensor." : "the bytes before it belong to no tensor."));
                }

                next += tensor.Length;
            }

            if (next != start + dataLength) throw new ModelFileException($"{path}: the data has a size of {dataLength} bytes, the tensors in it only {next - start}; the rest belongs to none.");
        }
    }

    /// <summary>Bytes of a tensor of whole blocks; null where that is above 2^63 - 1.</summary>
    internal static long? Size(TensorType type, IReadOnlyList<long> shape)
    {
        UInt128 size = (UInt128)type.BlockBytes();
        bool empty = false;
        foreach (long dimension in shape)
        {
            if (dimension == 0) empty = true;
            else if ((size *= (UInt128)dimension) > long.MaxValue) return null;
        }

        return empty ? 0 : (long)size;
    }

    private static string Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}
