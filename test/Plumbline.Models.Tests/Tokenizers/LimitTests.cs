using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class LimitTests
{
    [Fact]
    public void EncodeFull_GoldenTruncationAndPadding_Equal()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("truncation.jsonl.gz"))
        {
            rows++;
            if (row.TryGetProperty("asShipped", out _)) continue;
            string name = row.GetProperty("tokenizer").GetString()!;
            Tokenizer tokenizer = GoldenTokenizers.Load(name);
            if (row.TryGetProperty("batch", out JsonElement batch))
            {
                JsonElement p = row.GetProperty("padding");
                Padding padding = new(
                    p.GetProperty("pad_id").GetInt32(), p.GetProperty("pad_token").GetString()!, 0, p.TryGetProperty("length", out JsonElement length) ? length.GetInt32() : null,
                    p.TryGetProperty("pad_to_multiple_of", out JsonElement multiple) ? multiple.GetInt32() : 0, Side(p));
                IReadOnlyList<TokenEncoding> got = tokenizer.EncodeBatch(
                    [.. batch.EnumerateArray().Select(b => b.ValueKind == JsonValueKind.Array ? (b[0].GetString()!, b[1].GetString()) : (b.GetString()!, null))], new EncodeOptions { Padding = padding });
                for (int k = 0; k < got.Count; k++) Same($"{name} {p.GetRawText()} [{k}]", row.GetProperty("out")[k], got[k], compareSequences: name != "smollm2");
                continue;
            }

            string text = row.GetProperty("text").GetString()!;
            string? pair = row.GetProperty("pair").GetString();
            JsonElement t = row.GetProperty("truncation");
            Truncation? truncation = t.ValueKind == JsonValueKind.Null ? null : new Truncation(
                t.GetProperty("max_length").GetInt32(), t.GetProperty("stride").GetInt32(),
                t.GetProperty("strategy").GetString() switch { "longest_first" => TruncationStrategy.LongestFirst, "only_first" => TruncationStrategy.OnlyFirst, _ => TruncationStrategy.OnlySecond }, Side(t));
            string what = $"{name} {t.GetRawText()} {text[..Math.Min(8, text.Length)]}|{pair?[..Math.Min(8, pair.Length)]}";
            TokenEncoding encoding;
            try
            {
                encoding = tokenizer.EncodeFull(text, pair, new EncodeOptions { Truncation = truncation });
            }
            catch (TokenizationException e)
            {
                // The library gives the whole text where the added tokens alone are too many.
                bool tooFew = truncation!.MaxLength < tokenizer.EncodeFull("", pair is null ? null : "").Ids.Count;
                if (!row.TryGetProperty("error", out _) && !tooFew) wrong.Add($"{what}: {e.Message}");
                continue;
            }

            if (row.TryGetProperty("error", out JsonElement error))
            {
                wrong.Add($"{what}: should be refused, {error.GetString()}");
                continue;
            }

            Same(what, row.GetProperty("out"), encoding);
            JsonElement overflow = row.GetProperty("overflow");
            if (overflow.GetArrayLength() != encoding.Overflow.Count) wrong.Add($"{what}: {encoding.Overflow.Count} parts cut off, not {overflow.GetArrayLength()}");
            else
                for (int k = 0; k < encoding.Overflow.Count; k++) Same($"{what} overflow {k}", overflow[k], encoding.Overflow[k], compareSequences: name != "smollm2");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {rows}\n{string.Join('\n', wrong.Take(20))}");
        Assert.Equal(265, rows);

        // Without a template the library loses which text a cut-off part or a padding token came from; ours says it.
        void Same(string what, JsonElement want, TokenEncoding got, bool compareSequences = true)
        {
            Equal("ids", got.Ids);
            Equal("types", got.Types);
            Equal("mask", got.Attention.Select(x => x ? 1 : 0));
            Equal("smask", got.IsAdded.Select(x => x ? 1 : 0));
            Equal("off", GoldenTokenizers.Flat(got));
            if (compareSequences) Equal("seq", got.Sequences);
            else Assert.Equal(got.Types.Zip(got.Attention, (type, attended) => attended ? type : -1), got.Sequences);

            void Equal(string key, IEnumerable<int> values)
            {
                int[] expected = GoldenTokenizers.Ints(want, key)!;
                if (!expected.SequenceEqual(values)) wrong.Add($"{what} {key}: [{string.Join(' ', expected)}] got [{string.Join(' ', values)}]");
            }
        }

        static TokenSide Side(JsonElement e) => e.GetProperty("direction").GetString() == "left" ? TokenSide.Left : TokenSide.Right;
    }

    [Fact]
    public void EncodeWords_Golden_Equal()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("pretokenized.jsonl"))
        {
            rows++;
            Tokenizer tokenizer = GoldenTokenizers.Load(row.GetProperty("tokenizer").GetString()!);
            TokenEncoding got = tokenizer.EncodeWords([.. row.GetProperty("words").EnumerateArray().Select(w => w.GetString()!)]);
            Assert.Equal(GoldenTokenizers.Ints(row, "ids")!, got.Ids);
            Assert.Equal(GoldenTokenizers.Ints(row, "word")!, got.Words);
            Assert.Equal(GoldenTokenizers.Ints(row, "off")!, GoldenTokenizers.Flat(got));
        }

        Assert.True(rows > 10);
    }

    [Fact]
    public void Encode_LoneSurrogates_AreReplaced()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("surrogates.jsonl"))
        {
            string text = string.Concat(row.GetProperty("utf16").EnumerateArray().Select(u => (char)Convert.ToInt32(u.GetString(), 16)));
            foreach (JsonProperty ids in row.GetProperty("ids").EnumerateObject())
            {
                rows++;
                Assert.Equal(ids.Value.EnumerateArray().Select(x => x.GetInt32()), GoldenTokenizers.Load(ids.Name).Encode(text));
            }
        }

        Assert.Equal(48, rows);
    }
}
