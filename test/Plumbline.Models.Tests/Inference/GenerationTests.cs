using System.Text.Json;
using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

public sealed class GenerationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("temperature")]
    [InlineData("topK")]
    [InlineData("topP")]
    [InlineData("minP")]
    [InlineData("repetitionPenalty")]
    [InlineData("presenceFrequency")]
    [InlineData("chain")]
    public void Processors_GoldenLogits_AreThoseOfTransformers(string group)
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "processors.json");
        JsonElement vectors = file.RootElement.GetProperty("vectors");
        foreach (GoldenCase c in Golden.Cases(file, group))
        {
            float[] logits = [.. vectors.GetProperty(c.In.TryGetProperty("logits", out JsonElement vector) ? vector.GetString()! : "normal").EnumerateArray().Select(e => (float)Golden.Number(e))];
            int[] ids = c.In.TryGetProperty("ids", out JsonElement list) ? GoldenModelTests.Ints(list) : [];
            void Run()
            {
                if (group == "presenceFrequency") LogitProcessors.PresenceFrequency(logits, ids, c.In.GetProperty("presence").GetDouble(), c.In.GetProperty("frequency").GetDouble());
                else if (group == "chain") foreach (JsonElement step in c.In.GetProperty("chain").EnumerateArray()) Apply(logits, ids, step[0].GetString()!, step[1].GetDouble());
                else Apply(logits, ids, group, c.In.GetProperty(group == "repetitionPenalty" ? "penalty" : group).GetDouble());
            }

            if (c.Out is null)
            {
                Assert.Throws<ArgumentOutOfRangeException>(Run);
                continue;
            }

            Run();
            JsonElement want = c.Out.Value.GetProperty("logits");
            for (int i = 0; i < logits.Length; i++) Golden.Close(Golden.Number(want[i]), logits[i], c.Rtol, c.Atol, $"{c.Name} id {i}");
            if (!c.Out.Value.TryGetProperty("probabilities", out JsonElement probabilities)) continue;
            double[] got = LogitProcessors.Probabilities(logits);
            for (int i = 0; i < got.Length; i++) Golden.Close(probabilities[i].GetDouble(), got[i], c.Rtol, c.Atol, $"{c.Name} probability {i}");
        }

        static void Apply(float[] logits, int[] ids, string name, double value)
        {
            switch (name)
            {
                case "temperature": LogitProcessors.Temperature(logits, value); break;
                case "topK": LogitProcessors.TopK(logits, (int)value); break;
                case "topP": LogitProcessors.TopP(logits, value); break;
                case "minP": LogitProcessors.MinP(logits, value); break;
                default: LogitProcessors.RepetitionPenalty(logits, ids, value); break;
            }
        }
    }

    [Fact]
    public void Draw_GivenUniforms_GivesGoldenIds()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "processors.json");
        JsonElement vectors = file.RootElement.GetProperty("vectors");
        foreach (GoldenCase c in Golden.Cases(file, "draw"))
        {
            float[] logits = [.. vectors.GetProperty(c.In.GetProperty("logits").GetString()!).EnumerateArray().Select(e => (float)Golden.Number(e))];
            Assert.Equal(GoldenModelTests.Ints(c.Out!.Value.GetProperty("ids")), c.In.GetProperty("uniforms").EnumerateArray().Select(u => LogitProcessors.Draw(logits, u.GetDouble())));
        }
    }

    [Fact]
    public void StopStrings_GoldenStreams_EndAndCutTheText()
    {
        using JsonDocument file = Golden.Json("golden", "models", "generation", "generation.json");
        Tokenizer tokenizer = TokenizerJson.Load(Golden.Path("golden", "models", "llama-gqa-tied", "tokenizer.json"));
        foreach (GoldenCase c in Golden.Cases(file, "stopStrings"))
        {
            StopStrings stops = new([.. c.In.GetProperty("stops").EnumerateArray().Select(e => e.GetString()!)]);
            IStreamingDecoder decoder = tokenizer.Stream();
            string streamed = "";
            int tokens = 0;
            foreach (int id in GoldenModelTests.Ints(c.In.GetProperty("ids")))
            {
                tokens++;
                streamed += stops.Add(decoder.Add(id));
                if (stops.Found is not null) break;
            }

            bool stopped = stops.Found is not null;
            if (!stopped) streamed += stops.Add(decoder.Finish()) + stops.Finish();
            JsonElement want = c.Out!.Value;
            Assert.Equal(want.GetProperty("stopped").GetBoolean(), stopped);
            Assert.Equal(want.GetProperty("tokens").GetInt32(), tokens);
            Assert.Equal(want.GetProperty("text").GetString(), stops.Text);
            Assert.Equal(stops.Text, streamed);
        }
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gguf/llama-gqa-tied.Q4_0.gguf")] // Its steps are computed in integers.
    public async Task Generate_SharedPromptsTogether_GiveTheTextsOfSingleOnes(string name)
    {
        int[] beginning = [1, .. Enumerable.Range(0, 40).Select(i => 5 + (i * 7 % 250))];
        int[][] prompts = [.. Enumerable.Range(0, 9).Select(i => (int[])[.. beginning, 10 + i])];
        GenerationOptions Options(int i) => new() { MaxTokens = 20, IgnoreEnd = true, Temperature = 1, TopP = 0.9, Seed = i, RepetitionPenalty = 1.1 };
        List<GenerationResult> single = [];
        for (int i = 0; i < prompts.Length; i++)
        {
            using LanguageModel fresh = GoldenModelTests.Load(name, new LanguageModelOptions { Threads = 1 });
            single.Add(await fresh.GenerateAsync(prompts[i], Options(i), null, Token));
        }

        using LanguageModel model = GoldenModelTests.Load(name, new LanguageModelOptions { Threads = 3, BatchTokens = 16, Concurrency = 4 });
        GenerationResult[] together = await Task.WhenAll(prompts.Select((p, i) => model.GenerateAsync(p, Options(i), null, Token)));
        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(single[i].Ids, together[i].Ids);
            Assert.Equal(single[i].LogProbs, together[i].LogProbs);
        }
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gguf/llama-gqa-tied.Q4_1.gguf")]
    public async Task Generate_TurnAfterTurn_GivesWhatAFreshModelGives(string name)
    {
        // Keys and values of an answer were computed step by step; read again as part of a prompt, they must not come from there where that matters.
        GenerationOptions options = new() { MaxTokens = 24, IgnoreEnd = true, Temperature = 1, Seed = 5 };
        using LanguageModel model = GoldenModelTests.Load(name);
        List<int> talk = [1, .. Enumerable.Range(0, 30).Select(i => 5 + (i * 11 % 250))];
        for (int turn = 0; turn < 3; turn++)
        {
            using LanguageModel fresh = GoldenModelTests.Load(name);
            GenerationResult want = await fresh.GenerateAsync([.. talk], options, null, Token), got = await model.GenerateAsync([.. talk], options, null, Token);
            Assert.Equal(want.Ids, got.Ids);
            Assert.Equal(want.LogProbs, got.LogProbs);
            talk.AddRange([.. got.Ids, 7, 8 + turn, 9]);
        }
    }

    [Theory]
    [InlineData("gguf/llama-gqa-tied.Q4_0.gguf")]
    [InlineData("gguf/llama-gqa-tied.Q4_1.gguf")]
    public async Task Generate_FourBitWeights_StepsInIntegersAreTheModelsToTheLastBits(string name)
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported) Assert.Skip("Without AVX2 steps are computed as everything else is.");
        using LanguageModel model = GoldenModelTests.Load(name);
        int[] prompt = [1, .. Enumerable.Range(0, 20).Select(i => 5 + (i * 7 % 250))];
        List<float[]> steps = [];
        GenerationResult text = await model.GenerateAsync(prompt, new GenerationOptions { MaxTokens = 30, IgnoreEnd = true, Temperature = 1, Seed = 2 }, null, (_, logits) => steps.Add(logits.ToArray()), Token);
        float[] whole = await model.LogitsAsync([.. prompt, .. text.Ids], Token);
        int vocabulary = steps[0].Length;
        Assert.Equal(whole.AsSpan((prompt.Length - 1) * vocabulary, vocabulary).ToArray(), steps[0]);
        double difference = 0, largest = 0;
        for (int step = 1; step < steps.Count; step++)
        {
            for (int id = 0; id < vocabulary; id++)
            {
                float want = whole[((prompt.Length - 1 + step) * vocabulary) + id];
                (difference, largest) = (Math.Max(difference, Math.Abs(want - steps[step][id])), Math.Max(largest, Math.Abs(want)));
            }
        }

        // Not the same bits, or it would not be the other way that was tested.
        Assert.InRange(difference / largest, 1e-9, 3e-6);
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("phi3-longrope")]
    public async Task Score_ManyQueriesTogether_GiveTheFiguresOfSingleOnes(string folder)
    {
        Random random = new(3);
        int[] beginning = [.. Enumerable.Range(0, 30).Select(_ => random.Next(5, 280))];
        TokenQuery[] queries = [.. Enumerable.Range(0, 60).Select(i => new TokenQuery(
            i % 10 == 0 ? [] : [.. beginning.Take(random.Next(1, 30)), .. Enumerable.Range(0, random.Next(0, 6)).Select(_ => random.Next(5, 9))],
            [.. Enumerable.Range(0, random.Next(0, 7)).Select(_ => random.Next(5, 9))]))];
        using LanguageModel alone = GoldenModelTests.Load(folder, new LanguageModelOptions { Threads = 1 }), model = GoldenModelTests.Load(folder, new LanguageModelOptions { Threads = 2, BatchTokens = 16 });
        IReadOnlyList<TokenScore>[] parts = await Task.WhenAll(queries.Chunk(20).Select(chunk => model.ScoreAsync(chunk, Token)));
        TokenScore[] together = [.. parts.SelectMany(part => part)];
        for (int i = 0; i < queries.Length; i++)
        {
            TokenScore single = alone.Score([queries[i]], Token)[0];
            Assert.Equal(single.TokenLogProbs, together[i].TokenLogProbs);
            Assert.Equal(single.Ranks, together[i].Ranks);
            Assert.Equal(queries[i].Continuation.Count - (queries[i].Context.Count == 0 && queries[i].Continuation.Count > 0 ? 1 : 0), together[i].TokenLogProbs.Count);
        }
    }

    [Fact]
    public async Task Requests_ThatAreWrongOrCancelled_FailAloneAndSayWhy()
    {
        LanguageModel model = GoldenModelTests.Load("gpt2");
        Assert.Contains("at least one", Assert.Throws<ArgumentException>(() => model.Logits([], Token)).Message, StringComparison.Ordinal);
        Assert.Contains("287", Assert.Throws<ArgumentOutOfRangeException>(() => model.Logits([288], Token)).Message, StringComparison.Ordinal);
        Assert.Contains("48 positions", Assert.Throws<ArgumentException>(() => model.Logits([.. Enumerable.Repeat(5, 49)], Token)).Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer", (await Assert.ThrowsAsync<InvalidOperationException>(() => model.GenerateAsync("text", cancellationToken: Token))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SequenceScoringException>(() => model.ScoreAsync([new SequenceQuery("a", "b")], Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => model.GenerateAsync([1], new GenerationOptions { TopP = 0 }, cancellationToken: Token));

        Task<IReadOnlyList<TokenScore>> bad = model.ScoreAsync([new TokenQuery([1], [999])], Token), good = model.ScoreAsync([new TokenQuery([1], [2])], Token);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bad);
        Assert.Single((await good)[0].TokenLogProbs);

        using CancellationTokenSource stop = new();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.GenerateAsync([1], new GenerationOptions(), cancellationToken: stop.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.ScoreAsync([new TokenQuery([1], [2])], stop.Token));
        await Assert.ThrowsAsync<NotFiniteNumberException>(() => model.GenerateAsync([1], new GenerationOptions { IgnoreEnd = true }, null, (_, _) => throw new NotFiniteNumberException(), Token));

        // Learned positions end the text where they end.
        GenerationResult full = await model.GenerateAsync([1], new GenerationOptions { MaxTokens = 500, IgnoreEnd = true }, cancellationToken: Token);
        Assert.Equal((GenerationEnd.Length, 48), (full.End, full.Ids.Count + full.PromptTokens));

        Task<GenerationResult> under = model.GenerateAsync([1], new GenerationOptions { MaxTokens = 40, IgnoreEnd = true }, null, (_, _) => Thread.Sleep(20), Token);
        model.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => under);
        Assert.Throws<ObjectDisposedException>(() => model.Logits([1], Token));
    }
}
