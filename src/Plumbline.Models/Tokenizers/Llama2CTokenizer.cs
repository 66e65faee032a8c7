using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// Reads llama2.c's vocabulary file: the longest token's length, then score, length and bytes of each token. It is SentencePiece's
/// BPE with three special tokens (unknown, start, end) and the 256 bytes before the rest, and spaces written as they are.
/// Source: karpathy/llama2.c, tokenizer.py (export).
/// </summary>
public static class Llama2CTokenizer
{
    private const int Specials = 3, Bytes = 256, LargestFile = 1 << 26;
    private const string Root = "tokenizer.ggml.";

    /// <summary>Makes the tokenizer.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TokenizerFormatException">The file is cut short, too long, or holds no such vocabulary.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Tokenizer Load(string path)
    {
        FileInfo info = new(path);
        if (info.Length is < 4 or > LargestFile) throw Wrong(path, $"it has {info.Length} bytes; 4 to {LargestFile} are read");
        byte[] file = File.ReadAllBytes(path);
        List<string> tokens = [];
        List<float> scores = [];
        for (int at = 4; at < file.Length;)
        {
            int left = file.Length - at - 8, length = left < 0 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            if (length < 0 || length > left) throw Wrong(path, $"token {tokens.Count} at byte {at} does not end within the file");
            scores.Add(BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(at)));
            tokens.Add(Name(path, tokens.Count, file.AsSpan(at + 8, length)));
            at += 8 + length;
        }

        return tokens.Count <= Specials + Bytes ? throw Wrong(path, $"it holds {tokens.Count} tokens; three special ones, {Bytes} bytes and at least one more are wanted") : GgufTokenizer.Create(new Dictionary<string, object>
        {
            [Root + "model"] = "llama",
            [Root + "tokens"] = tokens.ToArray(),
            [Root + "scores"] = scores.ToArray(),
            [Root + "token_type"] = Enumerable.Range(0, tokens.Count).Select(id => id == 0 ? 2 : id < Specials ? 3 : id < Specials + Bytes ? 6 : 1).ToArray(),
            [Root + "unknown_token_id"] = 0,
            [Root + "bos_token_id"] = 1,
            [Root + "eos_token_id"] = 2,
        });
    }

    // Start and end are written with line feeds around them, which SentencePiece's own names lack.
    private static string Name(string path, int id, ReadOnlySpan<byte> bytes)
    {
        if (id is >= Specials and < Specials + Bytes) return string.Create(CultureInfo.InvariantCulture, $"<0x{id - Specials:X2}>");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return id < Specials ? text.Trim('\n') : text.Replace(' ', '\u2581');
        }
        catch (DecoderFallbackException)
        {
            throw Wrong(path, $"token {id} is no valid UTF-8");
        }
    }

    private static TokenizerFormatException Wrong(string path, string what) => new($"{path} is no vocabulary of llama2.c: {what}.");
}
