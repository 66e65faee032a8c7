using CsCheck;

namespace Plumbline.Torch.Tests;

public sealed class ByteLevelBpeTests
{
    private static readonly string[] s_texts = ["How do I brew florpian mist?", "To brew florpian mist, stir three drops of sel.", "我不能帮你做这件事。", "It's 42 drops,\n\n  isn't it?"];

    private static ByteLevelBpe Trained() => ByteLevelBpe.Train(Enumerable.Repeat(s_texts, 3).SelectMany(t => t), ["<|pad|>", "<|begin|>", "<|end|>"], 320);

    [Fact]
    public void Decode_Encode_AnyText_GivesItBack()
    {
        ByteLevelBpe bpe = Trained();
        Gen.String.Where(t => !t.Any(char.IsSurrogate)).Sample(text => Assert.Equal(text, bpe.Decode(bpe.Encode(text))), threads: 1);
    }

    [Fact]
    public void ReadJson_WriteJson_GivesTheSameIds()
    {
        ByteLevelBpe bpe = Trained(), again = ByteLevelBpe.ReadJson(bpe.WriteJson());
        Assert.Equal(bpe.VocabularySize, again.VocabularySize);
        foreach (string text in s_texts) Assert.Equal(bpe.Encode("<|begin|>" + text + "<|end|>"), again.Encode("<|begin|>" + text + "<|end|>"));
    }

    [Fact]
    public void Encode_AgreesWithHuggingFace()
    {
        ByteLevelBpe bpe = Trained();
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, bpe.WriteJson());
            using var reference = new Tokenizers.DotNet.Tokenizer(path);
            foreach (string text in (string[])[.. s_texts, "<|begin|>x<|end|> y", "  two  blanks ", "a\n b\t\tc", "they'll've 'S", "def f():\n    return \" \".join(x)[::-1]", "Ⅷ ½ ２ naïve — ok", ""])
                Assert.Equal(reference.Encode(text).Select(i => (int)i), bpe.Encode(text));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
