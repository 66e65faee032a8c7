using System.Text;

namespace Plumbline.Tests.Tokenizers;

/// <summary>The metadata of a GGUF v3 file, no more.</summary>
internal static class GgufMetadata
{
    public static Dictionary<string, object> Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path));
        Assert.Equal(0x46554747u, reader.ReadUInt32());
        Assert.Equal(3u, reader.ReadUInt32());
        reader.ReadUInt64();
        Dictionary<string, object> all = [];
        for (ulong k = reader.ReadUInt64(); k > 0; k--)
        {
            string key = Text(reader);
            all[key] = Value(reader, reader.ReadUInt32());
        }

        return all;
    }

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));

    private static object Value(BinaryReader reader, uint type)
    {
        if (type != 9) return One(reader, type);
        uint item = reader.ReadUInt32();
        int count = (int)reader.ReadUInt64();
        object[] values = [.. Enumerable.Range(0, count).Select(_ => One(reader, item))];
        return item switch
        {
            8 => values.Cast<string>().ToArray(),
            6 => Array.ConvertAll(values, v => (float)(double)v),
            _ => Array.ConvertAll(values, v => (int)(long)v),
        };
    }

    private static object One(BinaryReader reader, uint type) => type switch
    {
        0 => (long)reader.ReadByte(),
        1 => (long)reader.ReadSByte(),
        2 => (long)reader.ReadUInt16(),
        3 => (long)reader.ReadInt16(),
        4 => (long)reader.ReadUInt32(),
        5 => (long)reader.ReadInt32(),
        6 => (double)reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => Text(reader),
        10 => (long)reader.ReadUInt64(),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"type {type}"),
    };
}
