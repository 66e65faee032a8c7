using CsCheck;
using Plumbline.Judges;

namespace Plumbline.Tests.Judges;

public sealed class TextFeaturesTests
{
    /// <summary>Any text, broken surrogates among it, in either language: ascending, distinct, in range, within the room; twice the same.</summary>
    [Fact]
    public void Extract_AnyText_IsAscendingAndWithinRange() => Gen.Select(Gen.String, Gen.Bool).Sample((text, chinese) =>
    {
        int[] features = Of(text, chinese);
        Assert.Equal(features, Of(text, chinese));
        Assert.Equal(features, features.Distinct().Order());
        Assert.All(features, f => Assert.InRange(f, 0, TextFeatures.Buckets - 1));
    });

    /// <summary>The features of n different words stay within the room whatever their length.</summary>
    [Theory]
    [InlineData("a b c d e f g h")]
    [InlineData("!?.,;:-_")]
    [InlineData("😀😁😂")]
    [InlineData("")]
    public void Extract_ShortTokens_FitTheRoom(string text) => Assert.True(Of(text, false).Length <= TextFeatures.Room(text.Length));

    [Theory]
    [InlineData("You FOOL", "you fool")]
    [InlineData("soooooo bad", "soo bad")]
    [InlineData("ｗｉｄｅ", "wide")]
    [InlineData("don’t", "don't")]
    [InlineData("a  \n b", "a b")]
    [InlineData("in 1984", "in 2077")]
    [InlineData("fo\u200bol", "fool")]
    public void Extract_SameInPlainForm_SameFeatures(string a, string b) => Assert.Equal(Of(a, false), Of(b, false));

    [Fact]
    public void Extract_LongText_ReadsOnlyItsBeginning()
    {
        string text = string.Concat(Enumerable.Range(0, 5000).Select(i => (char)('a' + (i * i % 26))));
        Assert.Equal(Of(text[..TextFeatures.Longest], false), Of(text, false));
    }

    [Fact]
    public void Extract_TooLittleRoom_Throws() => Assert.Throws<ArgumentException>(() => TextFeatures.Extract("word", false, new int[3]));

    [Theory]
    [InlineData("今天天气很好", true)]
    [InlineData("The weather is fine", false)]
    [InlineData("我用 Python 写程序", true)]
    [InlineData("The word 猫 means cat in Chinese", false)]
    [InlineData("", false)]
    public void IsChinese_ByLetters(string text, bool chinese) => Assert.Equal(chinese, TextFeatures.IsChinese(text));

    private static int[] Of(string text, bool chinese)
    {
        int[] buckets = new int[TextFeatures.Room(text.Length)];
        return buckets[..TextFeatures.Extract(text, chinese, buckets)];
    }
}
