using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

/// <summary>A real model at four bits against the same weights in f32.</summary>
public sealed class SmolLm2Tests(SmolLm2Tests.Model loaded) : IClassFixture<SmolLm2Tests.Model>
{
    private const double Atol = 5e-4;

    private LanguageModel Smol => loaded.Get();

    [Fact]
    public void Score_GoldenPrompts_GiveNextLogProbabilities()
    {
        JsonElement[] prompts = [.. Golden.Lines("golden", "smollm2", "prompts.jsonl")], logits = [.. Golden.Lines("golden", "smollm2", "logits.jsonl")];
        for (int p = 0; p < prompts.Length; p++)
        {
            int[] ids = GoldenModelTests.Ints(prompts[p].GetProperty("ids"));
            string id = prompts[p].GetProperty("id").GetString()!;
            Assert.Equal(id, logits[p].GetProperty("id").GetString());
            TokenScore score = Smol.Score([new TokenQuery([], ids)], TestContext.Current.CancellationToken)[0];
            JsonElement next = logits[p].GetProperty("next_logprob");
            Assert.Equal(next.GetArrayLength(), score.TokenLogProbs.Count);
            for (int t = 0; t < score.TokenLogProbs.Count; t++) Golden.Close(next[t].GetDouble(), score.TokenLogProbs[t], 0, Atol, $"{id} {t}");

            float[] all = Smol.Logits(ids, TestContext.Current.CancellationToken);
            int vocabulary = Smol.Config.VocabularySize;
            for (int t = 0; t < ids.Length; t++)
            {
                JsonElement top = logits[p].GetProperty("top_ids")[t], values = logits[p].GetProperty("top_logprobs")[t];
                double lse = logits[p].GetProperty("lse")[t].GetDouble();
                for (int k = 0; k < top.GetArrayLength(); k++) Golden.Close(values[k].GetDouble() + lse, all[(t * vocabulary) + top[k].GetInt32()], 0, 2 * Atol, $"{id} position {t} top {k}");
            }
        }
    }

    [Fact]
    public void Logits_LastPosition_AreGolden()
    {
        using Safetensors expected = Safetensors.Open(Golden.Path("golden", "smollm2", "last_logits.safetensors"));
        Dictionary<string, int[]> prompts = Golden.Lines("golden", "smollm2", "prompts.jsonl").ToDictionary(p => p.GetProperty("id").GetString()!, p => GoldenModelTests.Ints(p.GetProperty("ids")));
        foreach (string name in expected.Tensors.Keys)
        {
            float[] want = GoldenModelTests.Values(expected, name);
            float[] got = Smol.Logits(prompts[name.Split('.')[0]], TestContext.Current.CancellationToken)[^want.Length..];
            for (int v = 0; v < want.Length; v++) Golden.Close(want[v], got[v], 0, Atol, $"{name} {v}");
        }
    }

    [Fact]
    public async Task Generate_Greedy_GivesGoldenTokens()
    {
        JsonElement[] prompts = [.. Golden.Lines("golden", "smollm2", "prompts.jsonl")], greedy = [.. Golden.Lines("golden", "smollm2", "greedy.jsonl")];
        GenerationResult[] results = await Task.WhenAll(prompts.Select(p =>
            Smol.GenerateAsync(GoldenModelTests.Ints(p.GetProperty("ids")), new GenerationOptions { MaxTokens = 40, IgnoreEnd = true }, null, TestContext.Current.CancellationToken)));
        for (int p = 0; p < prompts.Length; p++)
        {
            int[] want = GoldenModelTests.Ints(greedy[p].GetProperty("ids"));
            double[] margins = [.. greedy[p].GetProperty("margin").EnumerateArray().Select(e => e.GetDouble())];
            int sure = Array.FindIndex(margins, m => m < 1e-3) is var first and >= 0 ? first : want.Length;
            Assert.Equal(want[..sure], results[p].Ids.Take(sure));
            for (int t = 0; t < sure; t++) Golden.Close(greedy[p].GetProperty("logprob")[t].GetDouble(), results[p].LogProbs[t], 0, Atol, $"{prompts[p].GetProperty("id")} {t}");
        }
    }

    [Theory]
    [InlineData("crows-pairs")]
    [InlineData("stereoset")]
    public void Score_GoldenSentences_WithAndWithoutStart(string file)
    {
        List<(TokenQuery Query, JsonElement Want)> cases = [];
        foreach (JsonElement line in Golden.Lines("golden", "smollm2", "likelihood", file + ".jsonl"))
        {
            IEnumerable<JsonElement> sentences = line.TryGetProperty("sentences", out JsonElement list) ? list.EnumerateArray() : [line.GetProperty("more"), line.GetProperty("less")];
            foreach (JsonElement sentence in sentences)
            {
                int[] ids = GoldenModelTests.Ints(sentence.GetProperty("ids"));
                cases.Add((new TokenQuery([], ids), sentence.GetProperty("none")));
                cases.Add((new TokenQuery([0], ids), sentence.GetProperty("eot")));
            }
        }

        Check(cases);
    }

    [Fact]
    public void Score_GoldenAnswers_Bbq() => Check([.. Golden.Lines("golden", "smollm2", "likelihood", "bbq.jsonl").SelectMany(line =>
        line.GetProperty("answers").EnumerateArray().Select(a => (new TokenQuery(GoldenModelTests.Ints(line.GetProperty("prompt_ids")), GoldenModelTests.Ints(a.GetProperty("ids"))), a)))]);

    [Fact]
    public void Score_GoldenLetters_Mmlu()
    {
        JsonElement[] lines = [.. Golden.Lines("golden", "smollm2", "likelihood", "mmlu.jsonl")];
        IReadOnlyList<TokenScore> scores = Smol.Score(
            [.. lines.SelectMany(line => GoldenModelTests.Ints(line.GetProperty("letter_ids")).Select(id => new TokenQuery(GoldenModelTests.Ints(line.GetProperty("prompt_ids")), [id])))],
            TestContext.Current.CancellationToken);
        for (int i = 0; i < scores.Count; i++) Golden.Close(lines[i / 4].GetProperty("letter_logprobs")[i % 4].GetDouble(), scores[i].LogProb, 0, Atol, $"question {i / 4} letter {i % 4}");
    }

    [Fact]
    public void Score_GoldenAnswers_TruthfulQa() => Check([.. Golden.Lines("golden", "smollm2", "likelihood", "truthfulqa.jsonl").SelectMany(line =>
        line.GetProperty("options").EnumerateArray().Select(a => (new TokenQuery(GoldenModelTests.Ints(line.GetProperty("prompt_ids")), GoldenModelTests.Ints(a.GetProperty("ids"))), a)))]);

    [Fact]
    public void Score_PaddedBatches_AreTheSinglePrompts()
    {
        foreach (JsonElement line in Golden.Lines("golden", "smollm2", "padding.jsonl"))
        {
            JsonElement ids = line.GetProperty("ids"), mask = line.GetProperty("mask");
            List<(TokenQuery, JsonElement)> cases = [];
            for (int row = 0; row < ids.GetArrayLength(); row++)
            {
                int[] real = [.. GoldenModelTests.Ints(ids[row]).Zip(GoldenModelTests.Ints(mask[row])).Where(p => p.Second == 1).Select(p => p.First)];
                cases.Add((new TokenQuery([], real), line.GetProperty("results")[row]));
            }

            Check(cases, "next_logprob");
        }
    }

    private void Check(List<(TokenQuery Query, JsonElement Want)> cases, string tokens = "tokens")
    {
        IReadOnlyList<TokenScore> scores = Smol.Score([.. cases.Select(c => c.Query)], TestContext.Current.CancellationToken);
        for (int i = 0; i < cases.Count; i++)
        {
            JsonElement want = cases[i].Want.GetProperty(tokens);
            Assert.Equal(want.GetArrayLength(), scores[i].TokenLogProbs.Count);
            for (int t = 0; t < scores[i].TokenLogProbs.Count; t++) Golden.Close(want[t].GetDouble(), scores[i].TokenLogProbs[t], 0, Atol, $"case {i} token {t}");
            if (cases[i].Want.TryGetProperty("sum", out JsonElement sum)) Golden.Close(sum.GetDouble(), scores[i].LogProb, 0, Atol + (1e-4 * scores[i].TokenLogProbs.Count), $"case {i} sum");
        }
    }

    /// <summary>The model, loaded once.</summary>
    public sealed class Model : IDisposable
    {
        private LanguageModel? _model;

        public LanguageModel Get()
        {
            if (_model is not null) return _model;
            Golden.Path("golden", "smollm2", "prompts.jsonl");
            string path = Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
            return _model = LanguageModel.Load(path);
        }

        public void Dispose() => _model?.Dispose();
    }
}
