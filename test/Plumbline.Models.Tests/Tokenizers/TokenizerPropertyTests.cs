using System.Text;
using CsCheck;
using Plumbline.Models.Tokenizers;
using Plumbline.Models.Tokenizers.Patterns;

namespace Plumbline.Tests.Tokenizers;

public sealed class TokenizerPropertyTests
{
    // Text of what pre-tokenisers tell apart: words, contractions, digits, white space, marks, emoji, other planes.
    private static readonly Gen<string> Texts = Gen.OneOf(
        Pick("a", "B", "the", "don't", "WE'LL", "'\u017F", "\u00E9", "e\u0301", "\u4F60", "\U00020000", "\U00010400", "\U0001D49C", "\u0915\u093F", "\u01C5", "\u02B0"),
        Pick(" ", "  ", "\n", "\r\n", "\t", "\u3000", "\u0085", "\u200B", "/", ".", "!?", "'", "\u2019", "_", "1", "23", "4567", "\u0663", "\u00BD", "\u2167"),
        Pick("\U0001F917", "\U0001F468\u200D\U0001F4BB", "\uFFFD", "\0", "<|endoftext|>", "<s>", "\u2581", "\uAC00", "\uFB01"),
        Gen.Int[0, 0x10FFFF].Where(c => c is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)).Array[0, 24].Select(string.Concat);

    private static Gen<string> Pick(params string[] all) => Gen.Int[0, all.Length - 1].Select(k => all[k]);

    [Theory]
    [InlineData("gpt2")]
    [InlineData("cl100k")]
    [InlineData("o200k")]
    [InlineData("llama3-style")]
    [InlineData("bloom-style")]
    [InlineData("deepseek-style")]
    public void Decode_OfEncode_GivesText(string name)
    {
        Tokenizer tokenizer = GoldenTokenizers.Load(name);
        Texts.Sample(text =>
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeOrdinary(text), keepSpecial: true));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text), keepSpecial: true));
        }, iter: 400, threads: 1);
    }

    [Theory]
    [InlineData("smollm2")]
    [InlineData("qwen3")]
    [InlineData("mistral-v1")]
    [InlineData("llama-new")]
    [InlineData("t5")]
    [InlineData("bert-uncased")]
    [InlineData("bpe-suffix")]
    [InlineData("ctc-style")]
    [InlineData("unigram-bytes")]
    [InlineData("wl-scripts")]
    public void Stream_OfEncode_GivesDecode(string name)
    {
        Tokenizer tokenizer = GoldenTokenizers.Load(name);
        Texts.Sample(text =>
        {
            IReadOnlyList<int> ids = tokenizer.Encode(text);
            foreach (bool keep in (bool[])[false, true])
            {
                IStreamingDecoder decoder = tokenizer.Stream(keep);
                StringBuilder all = new();
                foreach (int id in ids)
                {
                    string part = decoder.Add(id);
                    Assert.False(part.Length > 0 && (char.IsLowSurrogate(part[0]) || char.IsHighSurrogate(part[^1])), "half a character");
                    all.Append(part);
                }

                all.Append(decoder.Finish());
                Assert.Equal(tokenizer.Decode(ids, keep), all.ToString());
            }
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void EncodeFull_Spans_AreInOrderAndInside()
    {
        Tokenizer tokenizer = GoldenTokenizers.Load("qwen3");
        Texts.Sample(text =>
        {
            int length = text.EnumerateRunes().Count();
            int last = 0;
            foreach (TokenSpan span in tokenizer.EncodeFull(text).Spans)
            {
                Assert.InRange(span.Start, last, length);
                Assert.InRange(span.End, span.Start, length);
                last = span.Start;
            }
        }, iter: 400, threads: 1);
    }

    [Fact]
    public void StandardPatterns_AgreeWithTheirExpressions()
    {
        foreach (StandardPattern standard in StandardPattern.All)
        {
            CodePointRegex regex = CodePointRegex.Parse(standard.Expression);
            Texts.Sample(text =>
            {
                int[] points = Utf32.Of(text);
                List<Part> a = [], b = [];
                standard.Divide(points, a);
                regex.Divide(points, b);
                Assert.Equal(b, a);
            }, iter: 2000, threads: 1);
        }
    }

    // .NET's own engine is right inside the basic plane, on what both Unicode versions know: ASCII is enough here.
    [Theory]
    [InlineData("a|ab(c|bcd)*d?")]
    [InlineData("(a|b)*?c")]
    [InlineData("(?:a+)+b")]
    [InlineData("[a-c&&[^b]]+|\\d{2,3}")]
    [InlineData("(?<=a)b|b(?=c)|(?<!a)c(?!d)")]
    [InlineData("\\bA\\w*|\\B.")]
    [InlineData("(?i:AB)+c|(?>a*)b")]
    [InlineData("a{2}|b{1,2}?|c{2,}")]
    [InlineData("^a|c$|\\Ab|d\\z")]
    [InlineData("()a*|b*")]
    public void CodePointRegex_AsciiText_AgreesWithRegex(string expression)
    {
        CodePointRegex ours = CodePointRegex.Parse(expression);
        System.Text.RegularExpressions.Regex theirs = new(expression.Replace("[a-c&&[^b]]", "[ac]", StringComparison.Ordinal), System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5));
        Gen.Char["abcdAB1 2"].Array[0, 12].Select(c => new string(c)).Sample(text =>
        {
            List<Part> parts = [];
            ours.Divide(Utf32.Of(text), parts);
            List<(int, int)> want = [];
            int end = -1;
            foreach (System.Text.RegularExpressions.Match match in theirs.Matches(text))
            {
                // Ours, like the reference, skips an empty match that touches the one before.
                if (match.Length == 0 && match.Index == end) continue;
                end = match.Index + match.Length;
                want.Add((match.Index, end));
            }

            if (text.Length > 0) Assert.Equal(want, parts.Where(p => p.Matched).Select(p => (p.Start, p.End)));
        }, iter: 500, threads: 1);
    }
}
