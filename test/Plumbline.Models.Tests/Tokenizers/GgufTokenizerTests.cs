using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class GgufTokenizerTests
{
    private static readonly Dictionary<string, object> Small = new()
    {
        ["tokenizer.ggml.model"] = "gpt2",
        ["tokenizer.ggml.pre"] = "gpt-2",
        ["tokenizer.ggml.tokens"] = (string[])["a", "b", "ab", "\u0120", "<s>"],
        ["tokenizer.ggml.merges"] = (string[])["a b"],
        ["tokenizer.ggml.token_type"] = (int[])[1, 1, 1, 1, 3],
    };

    // Where llama.cpp differs from the reference a GGUF reader may follow either.
    [Theory]
    [InlineData("added-plain")]
    [InlineData("bert-uncased")]
    [InlineData("deepseek-style")]
    [InlineData("llama3-style")]
    [InlineData("o200k-style")]
    [InlineData("stories260k")]
    [InlineData("xlmr-style")]
    [InlineData("smollm2")]
    public void Encode_GoldenVocabulary_Equal(string name)
    {
        string path = name == "smollm2"
            ? Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf")
            : Golden.Path("golden", "tokenizers", "gguf", name + ".gguf");
        Tokenizer tokenizer = GgufTokenizer.Create(GgufMetadata.Read(path));
        Assert.Empty(tokenizer.Warnings);
        JsonElement cross = Golden.Json("golden", "tokenizers", "crosscheck.json").RootElement;
        List<string> wrong = [];
        int excused = 0, rows = 0;
        foreach (JsonElement row in GoldenTokenizers.Rows("cases", name + ".jsonl.gz"))
        {
            if (!row.TryGetProperty("i", out JsonElement i)) continue;
            int number = i.GetInt32();
            string text = GoldenTokenizers.Text(number);
            int[] ids = GoldenTokenizers.Ints(row, "ids")!;
            Check(number, "parse", ids, tokenizer.Encode(text));
            Check(number, "plain", GoldenTokenizers.Ints(row, "plain") ?? ids, tokenizer.EncodeOrdinary(text));
            string decoded = row.TryGetProperty("dec", out JsonElement dec) ? dec.GetString()! : text;
            string got = tokenizer.Decode(GoldenTokenizers.Ints(row, "sp") ?? ids);
            if (got != decoded && name != "added-plain") wrong.Add($"{number} decode: {decoded} got {got}");
        }

        Assert.True(wrong.Count == 0, $"{name}: {wrong.Count} of {rows} differ\n{string.Join('\n', wrong.Take(12))}");
        Assert.True(excused <= (name == "added-plain" ? 80 : 10), $"{name}: {excused} rows differ where llama.cpp differs too");

        void Check(int number, string how, int[] want, IReadOnlyList<int> got)
        {
            rows++;
            if (want.SequenceEqual(got)) return;
            JsonElement differ = cross.GetProperty($"llama.cpp / {name} / {how}").GetProperty("differ");
            JsonElement? listed = differ.EnumerateArray().Cast<JsonElement?>().FirstOrDefault(d => d!.Value.GetProperty("i").GetInt32() == number);
            if (listed is { } d && (GoldenTokenizers.Ints(d, "other") is not { } other || other.SequenceEqual(got) || name == "added-plain")) excused++;
            else wrong.Add($"{number} {how}: [{string.Join(' ', want.Take(40))}] got [{string.Join(' ', got.Take(40))}]");
        }
    }

    [Fact]
    public void Encode_SmolLm2OfBothFiles_SameIds()
    {
        Tokenizer folder = TokenizerJson.Load(Golden.Path("models", "smollm2-135m-instruct", "tokenizer.json"));
        Tokenizer gguf = GgufTokenizer.Create(GgufMetadata.Read(Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf")));
        Assert.Equal(folder.VocabularySize, gguf.VocabularySize);
        int rows = 0;
        foreach (JsonElement row in Golden.Lines("golden", "smollm2", "tokenizer.jsonl"))
        {
            rows++;
            string text = row.GetProperty("text").GetString()!;
            int[] ids = GoldenTokenizers.Ints(row, "ids")!;
            foreach (Tokenizer tokenizer in (Tokenizer[])[folder, gguf])
            {
                Assert.Equal(ids, tokenizer.Encode(text));
                Assert.Equal(GoldenTokenizers.Ints(row, "ids_plain") ?? ids, tokenizer.EncodeOrdinary(text));
                TokenEncoding full = tokenizer.EncodeFull(text);
                Assert.Equal(row.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()), full.Tokens);
                Assert.Equal(row.GetProperty("offsets").EnumerateArray().SelectMany(o => o.EnumerateArray().Select(x => x.GetInt32())), GoldenTokenizers.Flat(full));
                Assert.Equal(text, tokenizer.Decode(ids, keepSpecial: true));
                Assert.Equal(row.TryGetProperty("decode_skip_special", out JsonElement skip) ? skip.GetString() : text, tokenizer.Decode(ids));
            }
        }

        Assert.Equal(221, rows);
    }

    [Fact]
    public void Create_NoPre_WarningNamesKey()
    {
        Dictionary<string, object> metadata = new(Small);
        metadata.Remove("tokenizer.ggml.pre");
        Assert.Contains("tokenizer.ggml.pre is missing", Assert.Single(GgufTokenizer.Create(metadata).Warnings));
    }

    [Fact]
    public void Create_UnknownPre_WarningNamesKeyAndValue()
    {
        Dictionary<string, object> metadata = new(Small) { ["tokenizer.ggml.pre"] = "magic" };
        string warning = Assert.Single(GgufTokenizer.Create(metadata).Warnings);
        Assert.Contains("tokenizer.ggml.pre", warning);
        Assert.Contains("magic", warning);
    }

    [Fact]
    public void Create_EachKnownPre_NoWarning()
    {
        foreach (string pre in GgufTokenizer.KnownPreTokenizers)
        {
            Tokenizer tokenizer = GgufTokenizer.Create(new Dictionary<string, object>(Small) { ["tokenizer.ggml.pre"] = pre });
            Assert.Empty(tokenizer.Warnings);
            Assert.Equal([2, 3, 0, 4], tokenizer.Encode("ab a<s>"));
            Assert.Equal([2, 3, 0], tokenizer.EncodeOrdinary("ab a<s>"));
        }
    }

    [Theory]
    [InlineData("tokenizer.ggml.model", "magic", "magic")]
    [InlineData("tokenizer.ggml.model", 1L, "String")]
    [InlineData("tokenizer.ggml.tokens", "a", "String[]")]
    [InlineData("tokenizer.ggml.bos_token_id", 99L, "99")]
    [InlineData("tokenizer.ggml.bos_token_id", -7L, "-7")]
    public void Create_WrongValue_ErrorSaysWhat(string key, object value, string said)
    {
        TokenizerFormatException e = Assert.Throws<TokenizerFormatException>(() => GgufTokenizer.Create(new Dictionary<string, object>(Small) { ["tokenizer.ggml.add_bos_token"] = true, [key] = value }));
        Assert.Contains(key, e.Message);
        Assert.Contains(said, e.Message);
    }

    [Fact]
    public void Create_HostileArrays_Refused()
    {
        Refused("tokenizer.ggml.token_type", (int[])[1, 1], "token_type");
        Refused("tokenizer.ggml.merges", (string[])["ab"], "merges[0]");
        Refused("tokenizer.ggml.merges", (string[])["a z"], "vocabulary");
        Refused("tokenizer.ggml.tokens", (string[])["a", "a", "ab", "b", "c"], "twice");
        Refused("tokenizer.ggml.tokens", Array.Empty<string>(), "0 entries");

        static void Refused(string key, object value, string said) =>
            Assert.Contains(said, Assert.Throws<TokenizerFormatException>(() => GgufTokenizer.Create(new Dictionary<string, object>(Small) { [key] = value })).Message);
    }
}
