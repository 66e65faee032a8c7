using System.Text.Json;

namespace Plumbline.Models.Files;

/// <summary>JSON files of a model folder: objects, of bounded size, without a key twice.</summary>
internal static class JsonFile
{
    /// <summary>Larger files are refused.</summary>
    public const long Longest = 1L << 28;

    /// <summary>Parses a file whose root is an object; a byte order mark before it is passed over.</summary>
    /// <exception cref="ModelFileException">It is missing, too large, not UTF-8, not JSON, no object, or has a key twice.</exception>
    public static JsonDocument Parse(string path)
    {
        byte[] bytes;
        try
        {
            long length = new FileInfo(path).Length;
            if (length > Longest) throw new ModelFileException($"{path}: {length} bytes are too many; at most {Longest} are read.");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path}: cannot be read: {e.Message}", e);
        }

        if (ForeignFile.Describe(bytes) is string foreign) throw new ModelFileException($"{path}: it is no JSON. {foreign}");
        ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
        if (!System.Text.Unicode.Utf8.IsValid(json.Span)) throw new ModelFileException($"{path}: it is not valid UTF-8.");
        JsonDocument? document = null;
        try
        {
            CheckStrings(json.Span);
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new ModelFileException($"{path}: it holds {Kind(document.RootElement)}; a JSON object is expected.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            document?.Dispose();
            throw new ModelFileException($"{path}: it is not valid JSON: {e.Message}", e);
        }
        catch
        {
            document?.Dispose();
            throw;
        }
    }

    // An escape that is half a surrogate pair passes the parser and throws when it is read: it is refused here, once for all readers.
    private static void CheckStrings(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 64 });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) reader.GetString();
        }
    }

    /// <summary>What an element is, with its article.</summary>
    public static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
