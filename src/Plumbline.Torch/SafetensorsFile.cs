using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Plumbline.Torch;

/// <summary>Writes weights, and reads back what training wrote, in the safetensors layout: u64 header length, JSON header, values.</summary>
public static class SafetensorsFile
{
    private const int LongestHeader = 16 << 20;

    /// <summary>Writes the file in one go beside its place and moves it there: a reader sees the old file or the new one.</summary>
    /// <param name="path">Where.</param>
    /// <param name="weights">Tensors in the order in which they are stored.</param>
    /// <param name="half">Rounds to f16; otherwise f32.</param>
    /// <param name="metadata">Strings for the header's <c>__metadata__</c>.</param>
    public static void Write(string path, IReadOnlyList<NamedWeight> weights, bool half, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int width = half ? 2 : 4;
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (NamedWeight w in weights)
            {
                json.WriteStartObject(w.Name);
                json.WriteString("dtype", half ? "F16" : "F32");
                json.WriteStartArray("shape");
                foreach (long size in w.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += (long)w.Values.Length * width);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (header.Length % 8 != 0) header.WriteByte((byte)' ');
        string scratch = path + ".part";
        using (FileStream file = File.Create(scratch))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header.GetBuffer().AsSpan(0, (int)header.Length));
            foreach (NamedWeight w in weights)
            {
                if (half) file.Write(MemoryMarshal.AsBytes(Array.ConvertAll(w.Values, v => (Half)v).AsSpan()));
                else file.Write(MemoryMarshal.AsBytes(w.Values.AsSpan()));
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(scratch, path, overwrite: true);
    }

    /// <summary>Reads all F16 and F32 tensors of a file as f32, and its metadata.</summary>
    /// <exception cref="InvalidDataException">The header contradicts the file.</exception>
    public static (IReadOnlyDictionary<string, NamedWeight> Weights, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < 8) throw new InvalidDataException($"{path}: {bytes.Length} bytes are no safetensors file.");
        long length = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        if (length is < 2 or > LongestHeader || 8 + length > bytes.Length) throw new InvalidDataException($"{path}: a header of {length} bytes in a file of {bytes.Length}.");
        var weights = new Dictionary<string, NamedWeight>();
        var metadata = new Dictionary<string, string>();
        try
        {
            using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(8, (int)length));
            foreach (JsonProperty entry in header.RootElement.EnumerateObject())
            {
                if (entry.NameEquals("__metadata__"))
                {
                    foreach (JsonProperty p in entry.Value.EnumerateObject()) metadata[p.Name] = p.Value.GetString() ?? "";
                    continue;
                }

                string type = entry.Value.GetProperty("dtype").GetString() ?? "";
                long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
                long from = entry.Value.GetProperty("data_offsets")[0].GetInt64(), to = entry.Value.GetProperty("data_offsets")[1].GetInt64();
                int width = type switch { "F16" => 2, "F32" => 4, _ => throw new InvalidDataException($"{path}: tensor {entry.Name} has type {type}; F16 and F32 are read here.") };
                long count = shape.Aggregate(1L, (product, size) => size < 0 ? throw new InvalidDataException($"{path}: tensor {entry.Name} has a negative size.") : checked(product * size));
                if (from < 0 || to < from || to - from != checked(count * width) || to > bytes.Length - 8 - length)
                    throw new InvalidDataException($"{path}: tensor {entry.Name} claims bytes {from}–{to} for {count} values.");
                ReadOnlySpan<byte> data = bytes.AsSpan((int)(8 + length + from), (int)(to - from));
                float[] values = type == "F32" ? MemoryMarshal.Cast<byte, float>(data).ToArray() : Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(data).ToArray(), h => (float)h);
                weights[entry.Name] = new NamedWeight(entry.Name, shape, values);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException or FormatException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{path}: the header is no safetensors header: {e.Message}", e);
        }

        return (weights, metadata);
    }
}
