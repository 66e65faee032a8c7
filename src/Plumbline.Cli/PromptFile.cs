using System.Text;
using System.Text.Json;

namespace Plumbline.Cli;

/// <summary>
/// The user's own prompts: JSON lines <c>{"prompt": "…"}</c>, optionally with <c>id</c>, <c>category</c> and
/// <c>language</c>; other keys are ignored, blank lines too. Read as far as they are asked for and one line at a time, so
/// that the file may be of any size.
/// </summary>
internal static class PromptFile
{
    /// <summary>No context window takes a prompt of so many bytes; a file without line ends stops here.</summary>
    public const int LongestLine = 8 << 20;

    /// <summary>A prompt and the number of its line, from 1.</summary>
    public sealed record Line(int Number, string Prompt, string? Id, string? Category, string? Language);

    /// <summary>The prompts in the order of the file.</summary>
    /// <exception cref="UsageException">The file cannot be read, or a line is wrong; the message names file and line.</exception>
    public static IEnumerable<Line> Read(string file)
    {
        int number = 0;
        foreach (ReadOnlyMemory<byte> line in Lines(file))
        {
            number++;
            if (line.Span.TrimStart(" \t\r"u8).IsEmpty) continue;
            yield return Parse(line, file, number);
        }
    }

    private static Line Parse(ReadOnlyMemory<byte> line, string file, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw Wrong(file, number, $"an object {{\"prompt\": \"…\"}} is wanted, this is {Kind(root)}");
            string prompt = Text(root, "prompt") ?? throw Wrong(file, number, "the key \"prompt\" is missing");
            return string.IsNullOrWhiteSpace(prompt)
                ? throw Wrong(file, number, "the prompt is empty")
                : new(number, prompt, Text(root, "id"), Text(root, "category"), Text(root, "language"));
        }
        catch (JsonException e)
        {
            throw Wrong(file, number, $"this is no JSON (at byte {e.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, or bytes that are no UTF-8.
            throw Wrong(file, number, "a text here is no valid Unicode");
        }

        string? Text(JsonElement root, string key) => !root.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : key == "id" && value.ValueKind == JsonValueKind.Number ? value.GetRawText()
            : throw Wrong(file, number, $"\"{key}\" is {Kind(value)}, a text is wanted");
    }

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "a text",
        _ => element.GetRawText(),
    };

    private static UsageException Wrong(string file, int number, string what) => new($"{file}:{number}: {what}.");

    /// <summary>The lines as bytes, without their ends and without a byte-order mark; each is valid until the next.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Lines(string file)
    {
        using FileStream stream = Open(file);
        byte[] buffer = new byte[64 << 10];
        int start = 0, end = 0, number = 0;
        bool first = true;
        while (true)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                number++;
                yield return buffer.AsMemory(start, length);
                start += length + 1;
                continue;
            }

            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            if (end == buffer.Length)
            {
                if (buffer.Length >= LongestLine) throw Wrong(file, number + 1, $"the line is longer than {LongestLine >> 20} MB; a prompt a line is wanted");
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0)
            {
                if (end > start) yield return buffer.AsMemory(start, end - start);
                yield break;
            }

            end += read;
            if (first && end >= 3)
            {
                first = false;
                if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble)) start = 3;
                else if (buffer is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) throw Wrong(file, 1, "the file is UTF-16; save it as UTF-8");
            }
        }
    }

    private static FileStream Open(string file)
    {
        try
        {
            return new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--prompts: {file} cannot be read ({e.Message}).");
        }
    }
}
