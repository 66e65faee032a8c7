using System.Text;

namespace Plumbline.Models.Files;

/// <summary>
/// Writes GGUF version 3. Metadata values are written with the width of their .NET type: byte, sbyte, ushort, short, uint,
/// int, ulong, long, float, double, bool, string, and arrays of these.
/// </summary>
public static class GgufWriter
{
    private const int Alignment = 32, LongestName = 64;

    /// <summary>Writes metadata and tensors, both in the order given; the same input gives the same bytes.</summary>
    /// <param name="path">The file, replaced if it exists; it appears when it is complete.</param>
    /// <param name="metadata">Keys and values; general.alignment is not among them.</param>
    /// <param name="tensors">Where the tensors come from.</param>
    /// <param name="plan">Which tensors are written, and as what: a type they are held as, or F32, F16, BF16 or Q8_0.</param>
    /// <exception cref="ModelFileException">A name, value or type that GGUF does not have, or a file that cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, object>> metadata, ITensorSource tensors, IEnumerable<(string Name, TensorType Type)> plan)
    {
        KeyValuePair<string, object>[] keys = [.. metadata];
        List<(TensorInfo Tensor, TensorType Type, long Size)> list = [.. plan.Select(t => (Tensor: tensors.Find(t.Name), t.Type)).Select(t => (t.Tensor, t.Type, TensorOutput.Size(t.Tensor, t.Type)))];
        if (keys.Select(k => k.Key).Distinct(StringComparer.Ordinal).Count() != keys.Length || list.Select(t => t.Tensor.Name).Distinct(StringComparer.Ordinal).Count() != list.Count)
            throw new ModelFileException($"{path}: a metadata key or a tensor is given twice.");
        TensorOutput.Create(path, stream =>
        {
            using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write((ulong)list.Count);
            writer.Write((ulong)keys.Length);
            foreach ((string key, object value) in keys)
            {
                if (key.Length == 0 || key == "general.alignment") throw new ModelFileException($"{path}: '{key}' is no metadata key that can be given.");
                WriteText(writer, key);
                writer.Write(ValueType(path, key, value));
                WriteValue(path, writer, key, value);
            }

            ulong offset = 0;
            foreach ((TensorInfo tensor, TensorType type, long size) in list)
            {
                if (Encoding.UTF8.GetByteCount(tensor.Name) > LongestName || tensor.Name.Length == 0 || tensor.Shape.Count > 4 || tensor.Shape.Contains(0))
                    throw new ModelFileException($"{path}: tensor {tensor.Name} of shape {tensor.Shape.Show()} cannot be in a GGUF: names have 1 to {LongestName} bytes, shapes at most four dimensions above 0.");
                WriteText(writer, tensor.Name);
                writer.Write((uint)tensor.Shape.Count);
                foreach (long dimension in tensor.Shape.Reverse()) writer.Write((ulong)dimension);
                writer.Write(GgufTypes.Number(type));
                writer.Write(offset);
                offset = Align(offset + (ulong)size);
            }

            writer.Flush();
            Pad(stream);
            foreach ((TensorInfo tensor, TensorType type, _) in list)
            {
                TensorOutput.Write(stream, tensors, tensor, type);
                Pad(stream);
            }
        });
    }

    private static ulong Align(ulong offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static void Pad(Stream stream)
    {
        for (ulong left = Align((ulong)stream.Position) - (ulong)stream.Position; left > 0; left--) stream.WriteByte(0);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static uint ValueType(string path, string key, object value) => value switch
    {
        byte => 0,
        sbyte => 1,
        ushort => 2,
        short => 3,
        uint => 4,
        int => 5,
        float => 6,
        bool => 7,
        string => 8,
        Array => 9,
        ulong => 10,
        long => 11,
        double => 12,
        _ => throw new ModelFileException($"{path}: metadata {key} is a {value.GetType().Name}, which GGUF does not have."),
    };

    private static uint ElementType(string path, string key, Array array) => array switch
    {
        // .NET lets byte[] match sbyte[] and so on, so the element's type decides.
        _ when array.GetType().GetElementType() == typeof(byte) => 0,
        _ when array.GetType().GetElementType() == typeof(sbyte) => 1,
        _ when array.GetType().GetElementType() == typeof(ushort) => 2,
        _ when array.GetType().GetElementType() == typeof(short) => 3,
        _ when array.GetType().GetElementType() == typeof(uint) => 4,
        _ when array.GetType().GetElementType() == typeof(int) => 5,
        float[] => 6,
        bool[] => 7,
        string[] => 8,
        _ when array.GetType().GetElementType() == typeof(ulong) => 10,
        _ when array.GetType().GetElementType() == typeof(long) => 11,
        double[] => 12,
        _ => throw new ModelFileException($"{path}: metadata {key} is an array of {array.GetType().GetElementType()?.Name}, which is not written."),
    };

    private static void WriteValue(string path, BinaryWriter writer, string key, object value)
    {
        switch (value)
        {
            case byte v: writer.Write(v); break;
            case sbyte v: writer.Write(v); break;
            case ushort v: writer.Write(v); break;
            case short v: writer.Write(v); break;
            case uint v: writer.Write(v); break;
            case int v: writer.Write(v); break;
            case float v: writer.Write(v); break;
            case bool v: writer.Write(v); break;
            case string v: WriteText(writer, v); break;
            case ulong v: writer.Write(v); break;
            case long v: writer.Write(v); break;
            case double v: writer.Write(v); break;
            default:
                Array array = (Array)value;
                writer.Write(ElementType(path, key, array));
                writer.Write((ulong)array.Length);
                foreach (object element in array) WriteValue(path, writer, key, element);
                break;
        }
    }
}
