using System.Text.Json;
using Plumbline.Models.Tokenizers;
using Plumbline.Models.Tokenizers.Decoders;
using Plumbline.Models.Tokenizers.Normalizers;
using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.PreTokenizers;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Tests.Tokenizers;

public sealed class ComponentTests
{
    [Fact]
    public void Normalizers_Golden_Equal()
    {
        List<string> wrong = [];
        int checks = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("components", "normalizers.jsonl.gz"))
        {
            INormalizer normalizer = TokenizerJson.Normalizer(row.GetProperty("config"))!;
            foreach (int number in GoldenTokenizers.AllTexts().Where(n => n < 2000))
            {
                checks++;
                string text = GoldenTokenizers.Text(number);
                string want = row.GetProperty("changed").TryGetProperty(number.ToString(), out JsonElement changed) ? changed.GetString()! : text;
                string got = Normalize(normalizer, text);
                if (want != got) wrong.Add($"{row.GetProperty("config").GetRawText()} {number}: {Show(want)} got {Show(got)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {checks}\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void PreTokenizers_Golden_Equal()
    {
        List<string> wrong = [];
        int checks = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("components", "pretokenizers.jsonl.gz"))
        {
            JsonElement config = row.GetProperty("config");
            IPreTokenizer preTokenizer = TokenizerJson.PreTokenizer(config)!;
            foreach (int number in GoldenTokenizers.AllTexts().Where(n => n < 2000))
            {
                checks++;
                string text = GoldenTokenizers.Text(number);
                bool listed = row.GetProperty("rows").TryGetProperty(number.ToString(), out JsonElement rows);
                if (!listed && text.Length == 0) continue;
                int[] want = listed ? GoldenTokenizers.Ints(rows, "off")! : [0, text.EnumerateRunes().Count()];
                Workspace space = new();
                space.Text.AddText(text);
                if (space.Text.Length > 0) space.Pieces.Add(new Piece(0, space.Text.Length));
                preTokenizer.Apply(space);
                int[] got = [.. space.Pieces.SelectMany(p => (int[])[space.Text.From(p.Start), space.Text.To(p.End - 1)])];
                if (!want.SequenceEqual(got))
                {
                    wrong.Add($"{config.GetRawText()} {number} {Show(text)}: [{string.Join(' ', want.Take(30))}] got [{string.Join(' ', got.Take(30))}]");
                    continue;
                }

                if (config.GetRawText().Contains("ByteLevel", StringComparison.Ordinal)) continue;
                int[] points = [.. text.EnumerateRunes().Select(r => r.Value)];
                for (int k = 0; k < space.Pieces.Count; k++)
                {
                    string piece = Utf32.ToString(space.Text.Points[space.Pieces[k].Start..space.Pieces[k].End]);
                    string expected = listed && rows.TryGetProperty("piece", out JsonElement pieces) && pieces.TryGetProperty(k.ToString(), out JsonElement odd)
                        ? odd.GetString()! : Utf32.ToString(points.AsSpan(want[2 * k]..want[(2 * k) + 1]));
                    if (piece != expected) wrong.Add($"{config.GetRawText()} {number} piece {k}: {Show(expected)} got {Show(piece)}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {checks}\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Decoders_Golden_Equal()
    {
        List<string> wrong = [];
        foreach (JsonElement row in GoldenTokenizers.Rows("components", "decoders.jsonl.gz"))
        {
            DecoderPlan plan = TokenizerJson.Decoder(row.GetProperty("config"));
            foreach (JsonElement item in row.GetProperty("rows").EnumerateArray())
            {
                DecodeChain chain = plan.Start(eager: false);
                foreach (JsonElement token in item.GetProperty("tokens").EnumerateArray()) chain.Token(token.GetString()!);
                chain.Finish();
                string got = chain.Take();
                if (item.TryGetProperty("text", out JsonElement text) && text.GetString() != got) wrong.Add($"{row.GetProperty("config").GetRawText()} {item.GetRawText()} got {Show(got)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}\n{string.Join('\n', wrong.Take(20))}");
    }

    [Fact]
    public void Classes_EveryCodePoint_Equal()
    {
        JsonElement ranges = JsonDocument.Parse(GoldenTokenizers.Bytes(Golden.Path("golden", "tokenizers", "unicode", "classes.json.gz"))).RootElement.GetProperty("ranges");
        List<string> wrong = [];
        foreach (JsonProperty named in ranges.EnumerateObject())
        {
            bool[] want = new bool[CodePoints.Limit];
            foreach (JsonElement range in named.Value.EnumerateArray()) Array.Fill(want, true, range[0].GetInt32(), range[1].GetInt32() - range[0].GetInt32() + 1);
            Func<int, bool> got = named.Name switch
            {
                "Whitespace \\w" => Flag(CodePointClass.RustWord),
                "Whitespace \\s" or "WhitespaceSplit" or "BertPreTokenizer whitespace" or "Strip" => Flag(CodePointClass.Space),
                "Digits" => Flag(CodePointClass.Numeric),
                "Punctuation" or "BertPreTokenizer punctuation" => Flag(CodePointClass.OldPunctuation),
                "BertNormalizer clean_text removes" => Flag(CodePointClass.BertRemoved),
                "BertNormalizer clean_text to space" => Flag(CodePointClass.BertSpace),
                "BertNormalizer chinese" => Flag(CodePointClass.BertChinese),
                "StripAccents removes" => Flag(CodePointClass.Accent),
                "Nmt removes" => Flag(CodePointClass.NmtRemoved),
                "Nmt to space" => Flag(CodePointClass.NmtSpace),
                _ when named.Name.StartsWith("onig ", StringComparison.Ordinal) => Expression(named.Name[5..]),
                _ => throw new InvalidOperationException(named.Name),
            };
            for (int c = 0; c < CodePoints.Limit; c++)
                if (c is < 0xD800 or > 0xDFFF && want[c] != got(c)) wrong.Add($"{named.Name} U+{c:X4}: {want[c]}");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}\n{string.Join('\n', wrong.Take(20))}");

        static Func<int, bool> Flag(CodePointClass flag) => c => CodePoints.Is(c, flag);

        static Func<int, bool> Expression(string source)
        {
            // All code points at once: each is a match by itself or lies between matches.
            CodePointRegex regex = CodePointRegex.Parse(source);
            int[] text = [.. Enumerable.Range(0, CodePoints.Limit)];
            List<Part> parts = [];
            regex.Divide(text, parts);
            bool[] matched = new bool[CodePoints.Limit];
            foreach (Part part in parts)
                if (part.Matched) Array.Fill(matched, true, part.Start, part.End - part.Start);
            return c => matched[c];
        }
    }

    [Fact]
    public void Maps_EveryCodePoint_Equal()
    {
        JsonElement maps = JsonDocument.Parse(GoldenTokenizers.Bytes(Golden.Path("golden", "tokenizers", "unicode", "maps.json.gz"))).RootElement.GetProperty("maps");
        List<string> wrong = [];
        foreach (JsonProperty named in maps.EnumerateObject())
        {
            INormalizer normalizer = named.Name switch
            {
                "NFC" => UnicodeNormalizer.Nfc,
                "NFD" => UnicodeNormalizer.Nfd,
                "NFKC" => UnicodeNormalizer.Nfkc,
                "NFKD" => UnicodeNormalizer.Nfkd,
                "Lowercase" => new LowercaseNormalizer(),
                "BertNormalizer lowercase=true strip_accents=null" => new BertNormalizer(false, false, null, true),
                "BertNormalizer strip_accents=true lowercase=false" => new BertNormalizer(false, false, true, false),
                _ => throw new InvalidOperationException(named.Name),
            };
            Dictionary<int, string> want = named.Value.EnumerateObject().ToDictionary(p => Convert.ToInt32(p.Name, 16), p => p.Value.GetString()!);
            TextBuffer buffer = new();
            for (int c = 0; c < CodePoints.Limit; c++)
            {
                // Of the Hangul syllables the file lists the first and the last hundred only.
                if (c is (>= 0xD800 and <= 0xDFFF) or (>= 0xAC00 + 100 and < 0xD7A4 - 100)) continue;
                buffer.Clear();
                buffer.Add(c, 0, 1);
                normalizer.Apply(buffer);
                if (want.TryGetValue(c, out string? text) ? buffer.ToString() != text : buffer.Length != 1 || buffer.Points[0] != c)
                    wrong.Add($"{named.Name} U+{c:X4}: {Show(text ?? "itself")} got {Show(buffer.ToString())}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count}\n{string.Join('\n', wrong.Take(20))}");
    }

    private static string Normalize(INormalizer normalizer, string text)
    {
        TextBuffer buffer = new();
        buffer.AddText(text);
        normalizer.Apply(buffer);
        return buffer.ToString();
    }

    private static string Show(string text) => JsonEncodedText.Encode(text[..Math.Min(60, text.Length)]).ToString();
}
