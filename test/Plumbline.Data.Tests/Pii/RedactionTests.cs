using System.Text.Json;
using Plumbline.Data.Pii;
using Plumbline.Tests;

namespace Plumbline.Data.Tests.Pii;

public sealed class RedactionTests
{
    [Fact]
    public void Replace_OfReferenceSpans_EqualsPresidioAnonymizer()
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "anonymise.json");
        int compared = 0;
        foreach (GoldenCase c in Golden.Cases(file, "operators"))
        {
            if (c.Out is not { } wanted) continue;
            string text = c.In.GetProperty("text").GetString()!;
            List<PiiSpan> spans = [];
            foreach (JsonElement s in c.In.GetProperty("spans").EnumerateArray())
            {
                if (PiiTypes.Parse(Ours(s[0].GetString()!)) is not { } type) continue;
                int start = Units(text, s[1].GetInt32());
                spans.Add(new(type, start, Units(text, s[2].GetInt32()) - start, "given", 1));
            }

            if (spans.Count < c.In.GetProperty("spans").GetArrayLength()) continue;
            Assert.Equal(Renamed(wanted.GetProperty("replace").GetString()!), Redaction.Replace(text, spans));
            compared++;
        }

        Assert.True(compared >= 20, $"{compared} compared");

        static string Ours(string type) => type is "CN_MOBILE" or "CN_LANDLINE" ? "PHONE" : type == "CN_BANK_CARD" ? "CREDIT_CARD" : type;

        static string Renamed(string text) => text.Replace("<CN_MOBILE>", "<PHONE>").Replace("<CN_LANDLINE>", "<PHONE>").Replace("<CN_BANK_CARD>", "<CREDIT_CARD>");
    }

    [Fact]
    public void Replace_OfNestedCrossingAndNeighbouringSpans()
    {
        Assert.Equal("a <EMAIL> z", Redaction.Replace("a 0123456789 z", [Span(PiiType.Email, 2, 10), Span(PiiType.Url, 4, 3)]));
        Assert.Equal("a <EMAIL><URL> z", Redaction.Replace("a 0123456789 z", [Span(PiiType.Email, 2, 6), Span(PiiType.Url, 5, 7)]));
        Assert.Equal("a <EMAIL> z", Redaction.Replace("a 01234 6789 z", [Span(PiiType.Email, 2, 5), Span(PiiType.Email, 8, 4)]));
        Assert.Equal("a <EMAIL><EMAIL> z", Redaction.Replace("a 0123456789 z", [Span(PiiType.Email, 2, 5), Span(PiiType.Email, 7, 5)]));
        Assert.Equal("none", Redaction.Replace("none", []));
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 0)]
    [InlineData(3, 9)]
    public void Replace_OfASpanOutside_IsRefused(int start, int length) => Assert.Throws<ArgumentOutOfRangeException>(() => Redaction.Replace("short", [Span(PiiType.Email, start, length)]));

    private static PiiSpan Span(PiiType type, int start, int length) => new(type, start, length, "given", 1);

    private static int Units(string text, int codePoints)
    {
        int i = 0;
        for (int n = 0; n < codePoints; n++) i += char.IsHighSurrogate(text[i]) ? 2 : 1;
        return i;
    }
}
