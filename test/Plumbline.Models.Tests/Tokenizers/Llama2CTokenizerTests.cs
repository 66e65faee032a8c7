using System.Text.Json;
using Plumbline.Models.Tokenizers;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Tokenizers;

public sealed class Llama2CTokenizerTests
{
    /// <summary>The published story: its ids give its text, its text gives its ids.</summary>
    [Fact]
    public void Story_EncodesAndDecodes()
    {
        Tokenizer tokenizer = Llama2CTokenizer.Load(Golden.Path("models", "stories260K", "tok512.bin"));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("models", "stories260K", "expected_greedy.json")));
        int[] ids = [.. expected.RootElement.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];
        string text = expected.RootElement.GetProperty("text").GetString()!;
        Assert.Equal(text, tokenizer.Decode(ids));
        Assert.Equal(ids, tokenizer.Encode(text).Where(id => id > 2));
        Assert.Equal(512, tokenizer.VocabularySize);
    }

    /// <summary>Characters outside the vocabulary become bytes and come back.</summary>
    [Theory]
    [InlineData("Lily saw a 红球 😀.")]
    [InlineData("tab\tand\nline")]
    public void AnyText_ComesBack(string text)
    {
        Tokenizer tokenizer = Llama2CTokenizer.Load(Golden.Path("models", "stories260K", "tok512.bin"));
        Assert.Equal(text, tokenizer.Decode([.. tokenizer.Encode(text).Where(id => id > 2)]));
    }

    [Theory]
    [InlineData(0, "bytes")]
    [InlineData(4, "0 tokens")]
    [InlineData(20, "does not end")]
    public void Damaged_IsRefused(int length, string what)
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] file = new byte[length];
            if (length > 8) file[9] = 1;
            File.WriteAllBytes(path, file);
            Assert.Contains(what, Assert.Throws<TokenizerFormatException>(() => Llama2CTokenizer.Load(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
