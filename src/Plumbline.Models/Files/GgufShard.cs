using System.Globalization;

namespace Plumbline.Models.Files;

/// <summary>A shard's file name: STEM-00001-of-00003.gguf.</summary>
internal sealed record GgufShard(string Stem, int Number, int Count)
{
    private const int TailLength = 20; // "-00001-of-00003.gguf"

    /// <summary>The name of a shard.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Stem}-{Number:D5}-of-{Count:D5}.gguf");

    /// <summary>Takes a file name apart; null where it is not a shard's.</summary>
    public static GgufShard? Parse(string fileName)
    {
        if (fileName.Length <= TailLength) return null;
        ReadOnlySpan<char> tail = fileName.AsSpan(fileName.Length - TailLength);
        return tail[0] == '-' && tail[6..10].SequenceEqual("-of-") && tail[15..].SequenceEqual(".gguf")
            && int.TryParse(tail[1..6], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && int.TryParse(tail[10..15], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? new GgufShard(fileName[..^TailLength], number, count)
            : null;
    }
}
