using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class TokenizerJsonTests
{
    [Fact]
    public void Load_GoldenVariants_RefusesAndLoadsWhatItShould()
    {
        List<string> wrong = [];
        int files = 0;
        foreach (JsonElement entry in Golden.Json("golden", "tokenizers", "errors", "manifest.json").RootElement.EnumerateArray())
        {
            files++;
            string file = entry.GetProperty("file").GetString()!;
            string path = Golden.Path("golden", "tokenizers", "errors", file);
            bool refuse = entry.GetProperty("want").GetString() == "refuse";
            Tokenizer tokenizer;
            try
            {
                tokenizer = TokenizerJson.Load(path);
                if (refuse) wrong.Add($"{file}: loads");
            }
            catch (TokenizerFormatException e)
            {
                if (!refuse || !e.Message.StartsWith(path, StringComparison.Ordinal)) wrong.Add($"{file}: {e.Message}");
                continue;
            }

            if (refuse || !entry.TryGetProperty("encode", out JsonElement rows)) continue;
            foreach (JsonElement row in rows.EnumerateArray())
            {
                string text = row.GetProperty("text").GetString()!;
                try
                {
                    TokenEncoding encoding = tokenizer.EncodeFull(text);
                    if (GoldenTokenizers.Ints(row, "ids") is not { } ids || !ids.SequenceEqual(encoding.Ids)) wrong.Add($"{file}: {text} gives [{string.Join(' ', encoding.Ids)}]");
                }
                catch (TokenizationException e)
                {
                    if (!row.TryGetProperty("error", out _)) wrong.Add($"{file}: {e.Message}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(47, files);
    }

    [Fact]
    public void Encode_ExponentialExpression_BoundedTime()
    {
        Tokenizer tokenizer = TokenizerJson.Load(Golden.Path("golden", "tokenizers", "errors", "slow-regex.json"));
        Stopwatch watch = Stopwatch.StartNew();

        // Nothing matches, so nothing is split; the model gives one token a letter.
        Assert.Equal(40, tokenizer.Encode(new string('a', 40)).Count);
        Assert.Equal(2000, tokenizer.Encode(new string('a', 2000)).Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData("\"extra\": 1, ", 2)]
    [InlineData("\"version\": \"1.0\", ", 2)]
    public void Parse_Minimal_Loads(string fields, int id)
    {
        Tokenizer tokenizer = Parse("{" + fields + "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}");
        Assert.Equal([id], tokenizer.Encode("ab"));
        Assert.Equal(3, tokenizer.VocabularySize);
        Assert.Equal(3, tokenizer.IdLimit);
    }

    [Theory]
    [InlineData("[]", "object")]
    [InlineData("{\"model\": 1}", "model is missing")]
    [InlineData("{\"model\": {\"type\": 1}}", "model.type")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": [], \"merges\": []}}", "model.vocab")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0.5}, \"merges\": []}}", "0.5")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"a\": 1}, \"merges\": []}}", "twice")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 16777216}, \"merges\": []}}", "16777216")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0], [\"a\", 0]]}}", "twice")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\"]]}}", "model.vocab[0]")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}, \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(a)\\\\1\"}, \"behavior\": \"Isolated\"}}", "back-references")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}, \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(?<=a*)b\"}, \"behavior\": \"Isolated\"}}", "look-behind")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}, \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"((a{1000}){1000}){1000}\"}, \"behavior\": \"Isolated\"}}", "repetitions")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}, \"added_tokens\": [{\"id\": -1, \"content\": \"a\"}]}", "added_tokens[0].id")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}, \"truncation\": {\"max_length\": \"a\"}}", "truncation.max_length")]
    public void Parse_Wrong_ErrorNamesKey(string json, string said) => Assert.Contains(said, Assert.Throws<TokenizerFormatException>(() => Parse(json)).Message);

    [Theory]
    [InlineData("\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [RRRR]}", "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"CCCC\"}")]
    [InlineData("\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [RRRR]}", "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}")]
    public void Encode_RulesThatBlowTextUp_Bounded(string part, string rule)
    {
        string rules = string.Join(',', Enumerable.Repeat(rule.Replace("CCCC", new string('a', 1000), StringComparison.Ordinal), 30));
        Tokenizer tokenizer = Parse($"{{\"model\": {{\"type\": \"WordLevel\", \"vocab\": {{\"<unk>\": 0}}}}, {part.Replace("RRRR", rules, StringComparison.Ordinal)}}}");
        Assert.Contains("hostile", Assert.Throws<TokenizationException>(() => tokenizer.Encode("a\u00E9")).Message);
    }

    [Fact]
    public void Decode_ReplacementsThatBlowTextUp_Bounded()
    {
        string rules = string.Join(',', Enumerable.Repeat($"{{\"type\": \"Replace\", \"pattern\": {{\"String\": \"a\"}}, \"content\": \"{new string('a', 1000)}\"}}", 30));
        Tokenizer tokenizer = Parse($"{{\"model\": {{\"type\": \"WordLevel\", \"vocab\": {{\"a\": 0}}}}, \"decoder\": {{\"type\": \"Sequence\", \"decoders\": [{rules}]}}}}");
        Assert.Contains("hostile", Assert.Throws<TokenizationException>(() => tokenizer.Decode([0])).Message);
    }

    [Theory]
    [InlineData("(((((a{0}){1000}){1000}){1000}){1000}){1000}")]
    [InlineData("((?=((?=a{1000})b){1000})c){1000}")]
    [InlineData("a**********************")]
    [InlineData("(?=a)*")]
    [InlineData("[z-a]")]
    [InlineData("a{9,3}")]
    [InlineData("(?x: a)")]
    [InlineData("\\p{Nonsense}")]
    public void Parse_HostileExpression_Refused(string expression) => Assert.Throws<TokenizerFormatException>(() => Plumbline.Models.Tokenizers.Patterns.CodePointRegex.Parse(expression));

    [Fact]
    public void Load_EachRealAndSmall_SizeAsListed()
    {
        foreach (JsonElement entry in Golden.Json("golden", "tokenizers", "manifest.json").RootElement.GetProperty("tokenizers").EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            Assert.Equal(entry.GetProperty("vocab").GetInt32(), GoldenTokenizers.Load(name).VocabularySize);
        }
    }

    [Fact]
    public void Encode_ManyThreads_SameIds()
    {
        Tokenizer tokenizer = GoldenTokenizers.Load("gpt2");
        int[] numbers = [.. GoldenTokenizers.AllTexts()];
        int[][] alone = [.. numbers.Select(n => tokenizer.Encode(GoldenTokenizers.Text(n)).ToArray())];
        Parallel.For(0, 2000, k => Assert.Equal(alone[k % numbers.Length], tokenizer.Encode(GoldenTokenizers.Text(numbers[k % numbers.Length]))));
    }

    [Fact]
    public void Parse_ShippedLimits_AreOfferedNotApplied()
    {
        Tokenizer tokenizer = TokenizerJson.Load(Golden.Path("models", "minilm-l6-v2", "tokenizer.json"));
        Assert.Equal(128, tokenizer.Truncation!.MaxLength);
        Assert.Equal(128, tokenizer.Padding!.Length);
        JsonElement row = GoldenTokenizers.Rows("truncation.jsonl.gz").Single(r => r.TryGetProperty("asShipped", out _));
        string text = row.GetProperty("text").GetString()!;
        TokenEncoding shipped = tokenizer.EncodeFull(text, null, new EncodeOptions { Truncation = tokenizer.Truncation, Padding = tokenizer.Padding });
        Assert.Equal(GoldenTokenizers.Ints(row.GetProperty("out"), "ids")!, shipped.Ids);
        Assert.Equal(shipped.Attention.Count(x => x), tokenizer.EncodeFull(text).Ids.Count);
        Assert.Equal(128, shipped.Ids.Count);
    }

    private static Tokenizer Parse(string json) => TokenizerJson.Parse(Encoding.UTF8.GetBytes(json));
}
