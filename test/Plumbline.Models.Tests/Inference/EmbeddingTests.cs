using System.Text.Json;
using Microsoft.Extensions.AI;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

public sealed class EmbeddingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generate_MiniLm_GivesGoldenEmbeddings()
    {
        using LocalEmbeddingGenerator generator = LocalEmbeddingGenerator.Load(Golden.Path("models", "minilm-l6-v2"), new LanguageModelOptions { Threads = 2 });
        JsonElement[] rows = [.. Golden.Lines("golden", "smollm2", "minilm", "embeddings.jsonl")];
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(rows.Select(row => row.GetProperty("text").GetString()!), cancellationToken: Token);
        for (int r = 0; r < rows.Length; r++)
        {
            ReadOnlySpan<float> got = embeddings[r].Vector.Span;
            int i = 0;
            foreach (JsonElement want in rows[r].GetProperty("first16").EnumerateArray()) Golden.Close(want.GetDouble(), got[i++], 0, 1e-5, $"row {r} {i}");
            double sum = 0, squares = 0;
            foreach (float x in got) (sum, squares) = (sum + x, squares + ((double)x * x));
            Golden.Close(rows[r].GetProperty("sum").GetDouble(), sum, 0, 1e-4, $"row {r} sum");
            Golden.Close(1, squares, 0, 1e-5, $"row {r} length");
        }

        Assert.Equal(rows.Sum(row => row.GetProperty("ids").GetArrayLength()), embeddings.Usage!.InputTokenCount);
    }

    [Fact]
    public async Task Generate_Decoder_IsTheMeanOfTheLastHiddenStates()
    {
        string path = Golden.Path("golden", "models", "llama-gqa-tied");
        using LocalEmbeddingGenerator generator = LocalEmbeddingGenerator.Load(path, new LanguageModelOptions { Threads = 1, BatchTokens = 16 });
        using HookedTransformer hooked = HookedTransformer.Load(path, threads: 1);
        LanguageModel model = (LanguageModel)generator.GetService(typeof(LanguageModel))!;
        string[] texts = ["Hello", "The quick brown fox jumps over the lazy dog, again and again and again."];
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(texts, cancellationToken: Token);
        for (int t = 0; t < texts.Length; t++)
        {
            float[] want = hooked.MeanPooled(TokenBatch.Of(model.WithBos(model.Tokenizer!.Encode(texts[t]))), Token).Row(0).ToArray();
            for (int i = 0; i < want.Length; i++) Assert.Equal(want[i], embeddings[t].Vector.Span[i], 1e-4f);
        }

        await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(texts, new EmbeddingGenerationOptions { Dimensions = 7 }, Token));
    }

    [Fact]
    public void MaskedScorer_GoldenTexts_AreTransformerss()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "generation.json");
        int cases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "pseudoLogLikelihood"))
        {
            string path = Golden.Path("golden", "models", c.In.GetProperty("model").GetString()!);
            if (!File.Exists(Path.Combine(path, "tokenizer.json"))) continue;
            int[] ids = GoldenModelTests.Ints(c.In.GetProperty("ids"));
            using MaskedScorer scorer = MaskedScorer.Load(path, 1);
            SequenceScore score = scorer.Score([], ids[1..^1], Token);
            Golden.Close(c.Out!.Value.GetProperty("pll").GetDouble(), score.LogProb, c.Rtol, c.Atol * score.Tokens, c.Name);
            SequenceScore half = scorer.Score(ids[1..3], ids[3..^1], Token);
            for (int i = 0; i < half.Tokens; i++) Golden.Close(c.Out!.Value.GetProperty("perToken")[i + 2].GetDouble(), half.TokenLogProbs[i], c.Rtol, c.Atol, $"{c.Name} token {i}");
            cases++;
        }

        Assert.True(cases > 0);
    }
}
