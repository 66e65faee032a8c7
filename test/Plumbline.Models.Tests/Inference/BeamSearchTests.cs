using Plumbline.Models.Inference;

namespace Plumbline.Models.Tests.Inference;

public sealed class BeamSearchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama-gqa-tied", 1.0)]
    [InlineData("llama-gqa-tied", 0.0)]
    [InlineData("mistral", -0.5)]
    [InlineData("llama-rope-dynamic", 2.0)]
    public async Task Search_AsManyBeamsAsTokens_FindsWhatExhaustionFinds(string folder, double penalty)
    {
        using LanguageModel model = GoldenModelTests.Load(folder, new LanguageModelOptions { Threads = 2, BatchTokens = 16 });
        int vocabulary = model.Config.VocabularySize;
        int[] prompt = [1, 40, 41, 42];

        // Every text of two tokens, or of one and the end: with as many beams as tokens nothing is pruned.
        List<(int[] Ids, double LogProb, double Score)> all = [];
        double[] first = LogProbs(model.Logits(prompt, Token));
        for (int a = 0; a < vocabulary; a++)
        {
            if (model.Config.EosIds.Contains(a))
            {
                all.Add(([], first[a], first[a]));
                continue;
            }

            double[] second = LogProbs(model.Logits([.. prompt, a], Token));
            for (int b = 0; b < vocabulary; b++)
                all.Add((model.Config.EosIds.Contains(b) ? [a] : [a, b], first[a] + second[b], (first[a] + second[b]) / Math.Pow(2, penalty)));
        }

        all.Sort((x, y) => y.Score.CompareTo(x.Score));
        IReadOnlyList<BeamResult> found = await model.SearchAsync(prompt, new BeamOptions { Beams = vocabulary, MaxTokens = 2, LengthPenalty = penalty }, Token);
        Assert.Equal(vocabulary, found.Count);
        for (int i = 0; i < found.Count; i++)
        {
            // Normalisers are summed in f32 and in f64: near ties may change places, but each text has its own figure.
            Assert.Equal(all[i].Score, found[i].Score, 1e-6);
            Assert.Equal(all.Single(text => text.Ids.SequenceEqual(found[i].Ids) && (text.Ids.Length == 2) == (found[i].End == GenerationEnd.Length)).LogProb, found[i].LogProb, 1e-6);
            Assert.Equal(found[i].Ids.Count == 2 ? GenerationEnd.Length : GenerationEnd.EndToken, found[i].End);
        }

        double[] LogProbs(float[] logits)
        {
            float[] last = logits[^vocabulary..];
            double max = last.Max(), normaliser = max + Math.Log(last.Sum(x => Math.Exp(x - max)));
            return [.. last.Select(x => x - normaliser)];
        }
    }

    [Fact]
    public async Task Search_OneBeam_IsGreedyDecoding()
    {
        using LanguageModel model = GoldenModelTests.Load("qwen3", new LanguageModelOptions { Threads = 1 });
        int[] prompt = [.. Enumerable.Range(0, 40).Select(i => 5 + (i * 11 % 250))];
        GenerationResult greedy = await model.GenerateAsync(prompt, new GenerationOptions { MaxTokens = 30, IgnoreEnd = true }, null, Token);
        BeamResult beam = Assert.Single(await model.SearchAsync(prompt, new BeamOptions { Beams = 1, MaxTokens = 30, IgnoreEnd = true }, Token));
        Assert.Equal(greedy.Ids, beam.Ids);
        Assert.Equal(greedy.LogProbs.Sum(), beam.LogProb, 1e-9);
        Assert.Equal(greedy.Text, beam.Text);
    }

    [Fact]
    public async Task Search_LogProbs_AreThoseOfScoring()
    {
        using LanguageModel model = GoldenModelTests.Load("gemma2", new LanguageModelOptions { Threads = 2, BatchTokens = 16 });
        int[] prompt = [2, .. Enumerable.Range(0, 35).Select(i => 5 + (i * 13 % 250))];
        IReadOnlyList<BeamResult> found = await model.SearchAsync(prompt, new BeamOptions { Beams = 5, MaxTokens = 12 }, Token);
        Assert.Equal(5, found.Count);
        Assert.Equal(found.OrderByDescending(f => f.Score).Select(f => f.Ids), found.Select(f => f.Ids));
        foreach (BeamResult text in found)
        {
            IReadOnlyList<int> ids = text.End == GenerationEnd.EndToken ? [.. text.Ids, model.Config.EosIds[0]] : text.Ids;
            Assert.Equal(model.Score([new TokenQuery(prompt, ids)], Token)[0].LogProb, text.LogProb, 1e-9);
        }
    }

    [Fact]
    public async Task Search_WrongOrCancelled_Fails()
    {
        using LanguageModel model = GoldenModelTests.Load("gpt2", new LanguageModelOptions { Threads = 1 });
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => model.SearchAsync([1], new BeamOptions { Beams = 0 }, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => model.SearchAsync([1], new BeamOptions { LengthPenalty = double.NaN }, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => model.SearchAsync([], null, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.SearchAsync([1], null, new CancellationToken(true)));
        // Learned positions end the texts.
        BeamResult full = (await model.SearchAsync([1], new BeamOptions { Beams = 2, IgnoreEnd = true }, Token))[0];
        Assert.Equal(47, full.Ids.Count);
    }
}
