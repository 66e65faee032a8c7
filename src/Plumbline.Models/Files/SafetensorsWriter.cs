using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>Writes .safetensors. The same tensors give the same bytes: names in ordinal order, the wider types first, as alignment wants.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes all tensors of a source.</summary>
    /// <param name="path">The file, replaced if it exists; it appears when it is complete.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="type">F32, F16 or BF16 for all; null to keep each tensor's type, which must be one of safetensors'.</param>
    /// <param name="metadata">__metadata__; null for {"format": "pt"}, which Hugging Face asks for.</param>
    /// <exception cref="ModelFileException">A type that safetensors does not have, a value out of range, or a file that cannot be written.</exception>
    public static void Write(string path, ITensorSource tensors, TensorType? type = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (List<(TensorInfo Tensor, TensorType Type, long Size)> plan, byte[] header) = Plan(path, tensors, type, metadata);
        TensorOutput.Create(path, stream => Write(stream, tensors, plan, header));
    }

    /// <summary>Writes all tensors of a source into a stream, which stays the caller's.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="type">F32, F16 or BF16 for all; null to keep each tensor's type, which must be one of safetensors'.</param>
    /// <param name="metadata">__metadata__; null for {"format": "pt"}.</param>
    /// <exception cref="ModelFileException">A type that safetensors does not have, or a value out of range.</exception>
    public static void Write(Stream stream, ITensorSource tensors, TensorType? type = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (List<(TensorInfo Tensor, TensorType Type, long Size)> plan, byte[] header) = Plan(tensors.Path, tensors, type, metadata);
        Write(stream, tensors, plan, header);
    }

    private static (List<(TensorInfo Tensor, TensorType Type, long Size)> Plan, byte[] Header) Plan(string path, ITensorSource tensors, TensorType? type, IReadOnlyDictionary<string, string>? metadata)
    {
        if (type is not (null or TensorType.F32 or TensorType.F16 or TensorType.BF16)) throw new ModelFileException($"{path}: safetensors are written as F32, F16 or BF16, not as {type}.");
        List<(TensorInfo Tensor, TensorType Type, long Size)> plan = [.. tensors.Tensors.Values
            .Select(t => (Tensor: t, Type: type ?? t.Type))
            .Select(t => (t.Tensor, t.Type, Size: TensorOutput.Size(t.Tensor, t.Type)))
            .OrderByDescending(t => t.Type.BlockBytes()).ThenBy(t => t.Tensor.Name, StringComparer.Ordinal)];
        return (plan, Header(path, plan, metadata));
    }

    private static void Write(Stream stream, ITensorSource tensors, List<(TensorInfo Tensor, TensorType Type, long Size)> plan, byte[] header)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((TensorInfo tensor, TensorType target, _) in plan) TensorOutput.Write(stream, tensors, tensor, target);
    }

    private static byte[] Header(string path, List<(TensorInfo Tensor, TensorType Type, long Size)> plan, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in (metadata ?? new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" }).OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
            long at = 0;
            foreach ((TensorInfo tensor, TensorType type, long size) in plan)
            {
                if (tensor.Name == "__metadata__") throw new ModelFileException($"{path}: no tensor may be called __metadata__.");
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafetensorsTypes.Name(type));
                json.WriteStartArray("shape");
                foreach (long dimension in tensor.Shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += size);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces to a multiple of eight, so that the data is aligned.
        while (stream.Length % 8 != 0) stream.WriteByte((byte)' ');
        if (stream.Length > Safetensors.LongestHeader) throw new ModelFileException($"{path}: the header would have {stream.Length} bytes; safetensors allows {Safetensors.LongestHeader}.");
        return stream.ToArray();
    }
}
