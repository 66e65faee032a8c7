using System.Text;

namespace Plumbline.Models.Files;

/// <summary>Files that often lie under a model's name and are none: told apart by their first bytes.</summary>
internal static class ForeignFile
{
    internal const string Convert =
        "Pickles are never loaded, since unpickling runs code of the file's choosing. Convert it where you trust it: in Python, load it with transformers' from_pretrained and write it with save_pretrained(folder, safe_serialization=True), which gives model.safetensors.";

    /// <summary>What the file is and what to do, in sentences; null where it is nothing of the kind.</summary>
    public static string? Describe(MappedFile file) => Describe(file.Head(512));

    /// <summary>The same, of a file's first bytes.</summary>
    public static string? Describe(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return "It is a Git-LFS pointer, a few lines that stand for the real file. Fetch the real one with: git lfs pull.";
        if (LooksLikeHtml(head))
            return "It is a web page (HTML) saved under a model's name, most likely a login or error page. Download the file itself.";
        if (head is [0x80, >= 2 and <= 5, ..]) return $"It is a Python pickle (protocol {head[1]}). {Convert}";
        if (head.StartsWith("PK\u0003\u0004"u8)) return $"It is a zip archive, as torch.save writes its pickles. {Convert}";
        if (head is [0x1f, 0x8b, ..]) return "It is compressed with gzip. Unpack it first.";
        return null;
    }

    /// <summary>Whether a file holds a pickle, bare or zipped, or the older tar of torch.</summary>
    public static bool IsPickle(MappedFile file) => file.Head(4) is [0x80, >= 2 and <= 5, ..] || file.Head(4).StartsWith("PK\u0003\u0004"u8);

    private static bool LooksLikeHtml(ReadOnlySpan<byte> head)
    {
        string text = Encoding.UTF8.GetString(head[..Math.Min(head.Length, 512)]).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<!--", StringComparison.Ordinal);
    }
}
