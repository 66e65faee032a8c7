using System.Text;
using System.Text.Json;
using CsCheck;

namespace Plumbline.Endpoints.Tests;

public sealed class JsonTextTests
{
    [Fact]
    public void Text_KeepsHalvesOfPairs()
    {
        Assert.Equal("a\ud83c", ((JsonElement?)Root("""["a\ud83c"]""")[0]).Text());
        Assert.Equal("\udf3f\ud83c", ((JsonElement?)Root("""["\udf3f\ud83c"]""")[0]).Text());
        Assert.Equal("A\n\t\\/\"\b\f\r", ((JsonElement?)Root("""["\u0041\n\t\\\/\"\b\f\r"]""")[0]).Text());
    }

    [Fact]
    public void Text_OfAnyString_ReadsWhatWasWritten() =>
        Gen.String[Gen.Char, 0, 30].Sample(text =>
        {
            string expected = JsonText.WellFormed(text);
            Assert.Equal(expected, Root(JsonSerializer.Serialize(new[] { expected }))[0].GetString());
            Assert.Equal(expected, ((JsonElement?)Root(JsonSerializer.Serialize(new[] { expected }))[0]).Text());
            // Python and JavaScript write lone halves as escapes.
            string escaped = string.Concat(text.Select(c => $"\\u{(int)c:x4}"));
            Assert.Equal(text, ((JsonElement?)Root($"[\"{escaped}\"]")[0]).Text());
            Assert.Equal(text, JsonText.Name(Root($"{{\"{escaped}\":1}}").EnumerateObject().Single()));
        });

    [Fact]
    public void WellFormed_OfAnyString_IsWhatTheEncoderMakesOfIt() =>
        Gen.String[Gen.OneOf(Gen.Char, Gen.Char['\ud7ff', '\ue000']), 0, 20].Sample(text =>
            Assert.Equal(Encoding.Unicode.GetString(Encoding.Unicode.GetBytes(text)), JsonText.WellFormed(text)));

    [Fact]
    public void Parse_ReadsBareConstants()
    {
        JsonElement root = Root("""{"a":NaN,"b":-Infinity,"c":[Infinity],"d":"NaN, \"Infinity"}""");
        Assert.Null(root.Get("a").Number());
        Assert.Equal(double.NegativeInfinity, root.Get("b").Number());
        Assert.Equal(double.PositiveInfinity, ((JsonElement?)root.Get("c")!.Value[0]).Number());
        Assert.Equal("NaN, \"Infinity", root.Get("d").Text());
    }

    [Theory]
    [InlineData("NaNsense")]
    [InlineData("{\"a\":Infinit}")]
    [InlineData("")]
    [InlineData("{")]
    public void Parse_OfWhatIsNoJson_IsNull(string text) => Assert.Null(JsonText.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Parse_DeeperThanTheLimit_IsNull()
    {
        Assert.NotNull(JsonText.Parse(Encoding.UTF8.GetBytes(new string('[', 256) + new string(']', 256))));
        Assert.Null(JsonText.Parse(Encoding.UTF8.GetBytes(new string('[', 257) + new string(']', 257))));
    }

    [Theory]
    [InlineData("3", 3L)]
    [InlineData("3.0", 3L)]
    [InlineData("\"3\"", 3L)]
    [InlineData("\"3.0\"", 3L)]
    [InlineData("3.5", null)]
    [InlineData("true", null)]
    [InlineData("\" 3\"", null)]
    [InlineData("1e300", null)]
    public void Count_ReadsWholeNumbersOnly(string json, long? count) => Assert.Equal(count, ((JsonElement?)Root($"[{json}]")[0]).Count());

    [Fact]
    public void Get_OfAKeyGivenTwice_TakesTheLast()
    {
        Assert.Equal(2, Root("""{"a":1,"\u0061":2}""").Get("a").Count());
        Assert.Null(Root("""{"a":null}""").Get("a"));
        Assert.Null(Root("[1]").Get("a"));
    }

    [Theory]
    [InlineData("6m0s", 360.0)]
    [InlineData("12ms", 0.012)]
    [InlineData("1h2m3.5s", 3723.5)]
    [InlineData("59", 59.0)]
    [InlineData("1d", 86400.0)]
    [InlineData("5x", null)]
    [InlineData("s", null)]
    [InlineData("", null)]
    [InlineData("-1s", null)]
    public void Duration_ReadsWhatGatewaysWrite(string text, double? seconds) => Assert.Equal(seconds, ReplyHeaders.Duration(text));

    [Theory]
    [InlineData("99999999999999999999", 3e8)]
    [InlineData("0", 0.0)]
    [InlineData("0.25", 0.25)]
    [InlineData("-5", null)]
    [InlineData("soon", null)]
    [InlineData("1e3", null)]
    [InlineData("Wed, 25 Nov 2026 03:00:37 GMT", 37.0)]
    [InlineData("Wed, 25 Nov 2020 03:00:37 GMT", 0.0)]
    [InlineData("Wednesday, 25-Nov-26 03:01:00 GMT", 60.0)]
    [InlineData("Wed Nov 25 03:00:10 2026", 10.0)]
    [InlineData("Sun Dec  6 03:00:00 2026", 950400.0)]
    public void RetryAfter_ReadsSecondsAndEachFormOfDate(string value, double? seconds) =>
        Assert.Equal(seconds, new ReplyHeaders([new("Date", "Wed, 25 Nov 2026 03:00:00 GMT"), new("Retry-After", value)]).RetryAfter()?.TotalSeconds);

    [Fact]
    public void RetryAfter_WithoutADateHeader_ReadsNoDate() =>
        Assert.Null(new ReplyHeaders([new("Retry-After", "Wed, 25 Nov 2026 03:00:37 GMT")]).RetryAfter());

    private static JsonElement Root(string json) => JsonText.Parse(Encoding.UTF8.GetBytes(json))!.RootElement;
}
