using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumbline.Cli;

/// <summary>JSON for standard output: indented documents, or one line each.</summary>
internal static class JsonOutput
{
    public static string Write(Action<Utf8JsonWriter> write, bool indented = true)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new() { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static string Line(Action<Utf8JsonWriter> write) => Write(write, indented: false);
}
