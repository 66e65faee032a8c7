using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

public sealed class MemoryTests
{
    private const int Pages = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gpt2")] // Its matrices are stored transposed.
    public void Weights_BF16_AreTheModelWithRoundedMatrices(string folder)
    {
        using LanguageModel exact = GoldenModelTests.Load(folder), held = GoldenModelTests.Load(folder, new LanguageModelOptions { Weights = HeldWeights.BF16 });
        Assert.InRange(held.WeightBytes, exact.WeightBytes * 0.5, exact.WeightBytes * 0.55);
        int[] ids = [1, 40, 41, 42, 43];
        float[] want = exact.Logits(ids, Token), got = held.Logits(ids, Token);
        double largest = want.Max(Math.Abs), difference = want.Zip(got, (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(difference, 1e-6, 0.03 * largest);
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gpt2")]
    [InlineData("falcon")]
    [InlineData("opt")]
    [InlineData("phi3")]
    [InlineData("qwen2-bf16")]
    [InlineData("gguf/llama-d256.Q2_K.gguf")]
    [InlineData("gguf/llama-d256.Q4_K.gguf")]
    [InlineData("gguf/gpt2.Q5_0.gguf")]
    public void Plan_GoldenFolders_KnowsTheWeightsBeforeTheyAreLoaded(string folder)
    {
        foreach (HeldWeights weights in Enum.GetValues<HeldWeights>())
        {
            using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", folder));
            using LanguageModel model = LanguageModel.Load(files, options: new LanguageModelOptions { Threads = 1, Weights = weights });
            // Norms and position tables are in the plan and not in the figure; an untied copy of a tied embedding is in neither.
            Assert.InRange(MemoryPlan.WeightBytes(files.Tensors, files.Config, weights), model.WeightBytes, (model.WeightBytes * 1.3) + 65536);
        }
    }

    [Theory]
    [InlineData("gguf/llama-d256.Q2_K.gguf", 12)]
    [InlineData("gguf/llama-d256.Q3_K.gguf", 10)]
    [InlineData("gguf/llama-d256.Q4_K.gguf", 6)]
    [InlineData("gguf/llama-d256.Q5_K.gguf", 10)]
    [InlineData("gguf/llama-d256.Q6_K.gguf", 10)]
    [InlineData("gguf/llama-d256.IQ4_XS.gguf", 9)]
    public void Weights_QuantisedFiles_TakeSoManyBits(string file, double bits)
    {
        using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", file));
        using LanguageModel model = LanguageModel.Load(files, options: new LanguageModelOptions { Threads = 1 });
        TensorType type = Enum.Parse<TensorType>(file.Split('.')[1]);
        long weights = 0, others = 0;
        foreach (TensorInfo tensor in files.Tensors.Tensors.Values.Where(t => t.Shape.Count == 2))
        {
            // The types of a mixture beside the one that names it count at most 32 bits.
            if (tensor.Type == type) weights += tensor.Count;
            else others += tensor.Count * 4;
        }

        Assert.InRange(weights, 1, long.MaxValue);
        Assert.InRange(model.WeightBytes, weights * bits / 8, (weights * bits / 8) + others);
    }

    [Fact]
    public void Plan_Limit_LowersBatchAndTextsAndThenRefuses()
    {
        using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", "llama-gqa-tied"));
        LanguageModelOptions roomy = MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = 4L << 30 }, files.Tensors, files.Config, 2).Options;
        Assert.Equal((512, 32), (roomy.BatchTokens, roomy.Concurrency));
        int texts = 33;
        for (long megabytes = 260; megabytes > 0; megabytes--)
        {
            try
            {
                MemoryPlan tight = MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = megabytes << 20 }, files.Tensors, files.Config, 2);
                Assert.InRange(tight.Options.BatchTokens, 16, 512);
                Assert.InRange(tight.Options.Concurrency, 1, texts);
                Assert.InRange(tight.FixedBytes + (tight.PageBytes * tight.CachePages!.Value), 0, megabytes << 20);
                texts = tight.Options.Concurrency;
            }
            catch (ModelFileException e)
            {
                Assert.InRange(megabytes, 161, 259);
                Assert.Contains("bf16", e.Message, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail("No limit was refused.");
    }

    [Theory]
    [InlineData("llama-gqa-tied", Pages)]
    [InlineData("gemma2", Pages)] // Sliding windows, capped logits.
    [InlineData("gpt2", Pages)]
    [InlineData("llama-rope-dynamic", 12)] // A length that matters: what is evicted must come again as it came.
    [InlineData("gguf/llama-gqa-tied.Q4_1.gguf", Pages)] // Steps in integers: these must come again as steps.
    public async Task Generate_MoreTextsThanRoom_WaitForEachOtherAndAreTheSame(string folder, int pages)
    {
        int most = folder == "gpt2" ? 32 : 96;
        using LanguageModel free = GoldenModelTests.Load(folder), tight = Limited(folder, most, pages);
        Assert.InRange(tight.LongestText, most, 320);
        Random random = new(7);
        (int[] Prompt, GenerationOptions Options)[] texts = [.. Enumerable.Range(0, 14).Select(i =>
        {
            int[] prompt = [.. Enumerable.Range(0, 4 + random.Next(most / 2)).Select(_ => random.Next(3, 90))];
            return (prompt, new GenerationOptions { MaxTokens = most - prompt.Length, IgnoreEnd = true, Seed = i, Temperature = i % 2 });
        })];
        int[] whole = [.. Enumerable.Range(0, most).Select(_ => random.Next(3, 90))];
        TokenQuery[] queries = [.. Enumerable.Range(0, 9).Select(i => new TokenQuery(whole[..(most - 3 - (i * 2))], [5, 6 + i, 7])), new TokenQuery([9, .. whole[..^3]], [3, 4]), new TokenQuery([], whole)];
        (string Texts, string Scores, string Beams, float[] Logits, float[] Hidden) want = await All(free), got = await All(tight);
        Assert.Equal(want.Texts, got.Texts);
        Assert.Equal(want.Scores, got.Scores);
        Assert.Equal(want.Beams, got.Beams);
        Assert.Equal(want.Logits, got.Logits);
        Assert.Equal(want.Hidden, got.Hidden);

        // All native memory that the model holds: pages that were freed wait to be used again, so this is its peak.
        long held = NativeMemoryOf.Everything(tight), limit = LimitOf(folder, most, pages);
        Assert.InRange(held, tight.WeightBytes, limit - MemoryPlan.Runtime);
        Assert.InRange(NativeMemoryOf.Pages(tight), 1, tight.LongestText / 32 + 1);

        async Task<(string, string, string, float[], float[])> All(LanguageModel model)
        {
            Task<GenerationResult>[] generated = [.. texts.Select(text => model.GenerateAsync(text.Prompt, text.Options, cancellationToken: Token))];
            // Beside them what else a model does; each makes room for itself.
            IReadOnlyList<TokenScore> scores = await model.ScoreAsync(queries, Token);
            IReadOnlyList<BeamResult> beams = await model.SearchAsync(whole[..5], new BeamOptions { Beams = 2, MaxTokens = 8, IgnoreEnd = true }, Token);
            float[] logits = await model.LogitsAsync(whole, Token), hidden = await model.MeanHiddenAsync(whole, Token);
            GenerationResult[] results = await Task.WhenAll(generated);
            return (string.Join('\n', results.Select(result => string.Join(' ', result.Ids) + " " + string.Join(' ', result.LogProbs))), string.Join('\n', scores.Select(score => string.Join(' ', score.TokenLogProbs) + " " + string.Join(' ', score.Ranks))),
                string.Join('\n', beams.Select(beam => $"{string.Join(' ', beam.Ids)} {beam.LogProb}")), logits, hidden);
        }
    }

    [Fact]
    public async Task Generate_LongPromptAmongShortOnes_BeginsInItsTurn()
    {
        using LanguageModel model = Limited("llama-gqa-tied", 96, Pages);
        Assert.InRange(model.Concurrency, 3, 32);
        List<string> begun = [];
        TaskCompletionSource running = new(TaskCreationOptions.RunContinuationsAsynchronously), submitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task first = Generate("first", 8, 60);
        await running.Task.WaitAsync(Token);
        Task[] rest = [Generate("long", model.LongestText - 40, 4), Generate("short", 8, 4), Generate("shorter", 6, 4)];
        submitted.SetResult();
        await Task.WhenAll([first, .. rest]).WaitAsync(Token);
        Assert.Equal(["first", "long", "short", "shorter"], begun);

        Task Generate(string name, int length, int tokens) => model.GenerateAsync([.. Enumerable.Range(3, length).Select(i => i % 90)], new GenerationOptions { MaxTokens = tokens, IgnoreEnd = true }, null, (step, _) =>
        {
            if (step > 0) return;
            begun.Add(name);
            if (name != "first") return;
            running.SetResult();
            submitted.Task.Wait(Token);
        }, Token);
    }

    [Fact]
    public async Task Ask_TextThatDoesNotFit_IsRefusedBeforeAnythingIsComputed()
    {
        using LanguageModel model = Limited("llama-gqa-tied", 96, Pages);
        int longest = model.LongestText;
        int[] ids = [.. Enumerable.Repeat(5, longest + 1)];
        MemoryLimitException beams = await Assert.ThrowsAsync<MemoryLimitException>(() => model.SearchAsync(ids[..40], new BeamOptions { Beams = 4, MaxTokens = 60 }, Token));
        Assert.Contains("fewer beams", beams.Message, StringComparison.Ordinal);
        foreach (Func<Task> ask in new Func<Task>[]
        {
            () => model.GenerateAsync(ids, new GenerationOptions { MaxTokens = 4 }, cancellationToken: Token),
            () => model.GenerateAsync(ids[..10], new GenerationOptions { MaxTokens = longest }, cancellationToken: Token),
            () => model.ScoreAsync([new TokenQuery(ids, [3])], Token),
            () => model.LogitsAsync(ids, Token),
            () => model.MeanHiddenAsync(ids, Token),
            async () =>
            {
                using CachedSequence sequence = model.Begin();
                await sequence.AppendAsync(ids, Token);
            },
        })
        {
            MemoryLimitException refused = await Assert.ThrowsAsync<MemoryLimitException>(ask);
            Assert.Matches($@"keys and values take \d+ MB and the process would need \d+ MB; its limit is \d+ MB, in which a text may have {longest} tokens\. Shorten it, raise the limit \(--memory \d+m\), or let texts end earlier \(--context {longest}\)\.", refused.Message);
            Assert.True(refused.NeededBytes > refused.LimitBytes);
        }

        // What was refused has taken nothing; a text that fits to the last page is served, also after others.
        Assert.Equal(0, NativeMemoryOf.Pages(model));
        Assert.Single(await model.ScoreAsync([new TokenQuery(ids[..longest], [3])], Token));
        Assert.Equal(longest - 10, (await model.GenerateAsync(ids[..10], new GenerationOptions { MaxTokens = longest - 10, IgnoreEnd = true }, cancellationToken: Token)).Ids.Count);
    }

    [Fact]
    public async Task Begin_SequencesThatTakeTheRoom_SayWhoHasIt()
    {
        using LanguageModel model = Limited("llama-gqa-tied", 96, Pages);
        int[] ids = [.. Enumerable.Range(0, model.LongestText - 40).Select(i => 3 + (i % 200))];
        using CachedSequence first = model.Begin(), second = model.Begin();
        await first.AppendAsync(ids, Token);
        MemoryLimitException full = await Assert.ThrowsAsync<MemoryLimitException>(() => second.AppendAsync([.. ids.Reverse()], Token));
        Assert.Contains("sequences of this model keep", full.Message, StringComparison.Ordinal);
        Assert.Empty(second.Ids);
        await Assert.ThrowsAsync<MemoryLimitException>(() => model.LogitsAsync(ids, Token));
        await Assert.ThrowsAsync<MemoryLimitException>(() => model.GenerateAsync(ids, new GenerationOptions { MaxTokens = 2 }, cancellationToken: Token));
        await Assert.ThrowsAsync<MemoryLimitException>(() => model.ScoreAsync([new TokenQuery(ids, [7])], Token));
        // A branch shares what it has in common.
        using (CachedSequence branch = first.Branch(64)) await branch.AppendAsync([1, 2, 3], Token);
        await first.TruncateAsync(10);
        using LanguageModel free = GoldenModelTests.Load("llama-gqa-tied");
        using CachedSequence alone = free.Begin();
        Assert.Equal(await alone.AppendAsync(ids, Token), await second.AppendAsync(ids, Token));
    }

    [Fact]
    public async Task Context_Bound_EndsAnswersAndRefusesPrompts()
    {
        using LanguageModel model = GoldenModelTests.Load("llama-gqa-tied", new LanguageModelOptions { Context = 20 });
        Assert.Equal(20, model.TextLength);
        GenerationResult result = await model.GenerateAsync([5, 6, 7], new GenerationOptions { MaxTokens = 50, IgnoreEnd = true }, cancellationToken: Token);
        Assert.Equal((17, GenerationEnd.Length), (result.Ids.Count, result.End));
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => model.GenerateAsync([.. Enumerable.Repeat(4, 21)], null, cancellationToken: Token));
        Assert.Contains("20", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => GoldenModelTests.Load("llama-gqa-tied", new LanguageModelOptions { Context = 0 }));
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("distilbert")]
    [InlineData("roberta")]
    public void Masked_LittleRoom_RunsFewerCopiesAndGivesTheSame(string folder)
    {
        string path = Golden.Path("golden", "models", folder);
        using MaskedScorer free = MaskedScorer.Load(path, 2);
        int[] context = [20, 21, 22, 23], continuation = [30, 31, 32, 33, 34, 35, 36];
        SequenceScore want = free.Score(context, continuation, Token);
        using ModelFolder files = ModelFolder.Open(path);
        long weights = MemoryPlan.Runtime + MemoryPlan.WeightBytes(files.Tensors, files.Config, HeldWeights.AsFile), needed = 0;
        for (long room = 64 << 10; ; room += 64 << 10)
        {
            try
            {
                using MaskedScorer tight = MaskedScorer.Load(path, 2, weights + room);
                SequenceScore got = tight.Score(context, continuation, Token);
                Assert.Equal(want.TokenLogProbs, got.TokenLogProbs);
                break;
            }
            catch (ModelFileException) when (room < 8 << 20)
            {
                // Not even one token.
            }
            catch (MemoryLimitException e) when (room < 8 << 20)
            {
                Assert.Contains("1 text of 13 tokens needs", e.Message, StringComparison.Ordinal);
                needed = e.NeededBytes;
            }
        }

        Assert.True(needed > 0, "no text was refused");
    }

    [Fact]
    public async Task Embed_LittleRoom_RefusesLongTextsOnly()
    {
        string path = Golden.Path("models", "minilm-l6-v2");
        using ModelFolder files = ModelFolder.Open(path);
        long limit = MemoryPlan.Runtime + MemoryPlan.WeightBytes(files.Tensors, files.Config, HeldWeights.AsFile) + (4 << 20);
        using LocalEmbeddingGenerator free = LocalEmbeddingGenerator.Load(path), tight = LocalEmbeddingGenerator.Load(path, new LanguageModelOptions { MemoryLimit = limit, Threads = 2 });
        Assert.Equal((await free.GenerateAsync(["A man eats."], cancellationToken: Token))[0].Vector.ToArray(), (await tight.GenerateAsync(["A man eats."], cancellationToken: Token))[0].Vector.ToArray());
        MemoryLimitException refused = await Assert.ThrowsAsync<MemoryLimitException>(() => tight.GenerateAsync([string.Join(' ', Enumerable.Repeat("bread", 200))], cancellationToken: Token));
        Assert.Contains("--memory", refused.Message, StringComparison.Ordinal);
    }

    // The least limit that a text of so many tokens runs in, and room for some more pages.
    private static long LimitOf(string folder, int context, int pages)
    {
        using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", folder));
        long low = MemoryPlan.Runtime, high = 1L << 30;
        while (high - low > 1)
        {
            long middle = (low + high) / 2;
            try
            {
                MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = middle, Context = context }, files.Tensors, files.Config, 2);
                high = middle;
            }
            catch (ModelFileException)
            {
                low = middle;
            }
        }

        return high + (pages * MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = high, Context = context }, files.Tensors, files.Config, 2).PageBytes);
    }

    private static LanguageModel Limited(string folder, int context, int pages) =>
        GoldenModelTests.Load(folder, new LanguageModelOptions { MemoryLimit = LimitOf(folder, context, pages), Threads = 2 });
}
