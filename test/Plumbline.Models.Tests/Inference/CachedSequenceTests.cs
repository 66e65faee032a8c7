using Plumbline.Models.Inference;

namespace Plumbline.Models.Tests.Inference;

public sealed class CachedSequenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("mistral")] // A sliding window of 4.
    [InlineData("gemma2")]
    [InlineData("gemma3-text")]
    [InlineData("phi3-longrope")] // Its length changes the figures of its beginning.
    [InlineData("llama-rope-dynamic")]
    public async Task TruncateAndBranch_AnyOrder_GiveTheBitsOfAFreshRun(string folder)
    {
        using LanguageModel model = GoldenModelTests.Load(folder, new LanguageModelOptions { Threads = 2, BatchTokens = 16 }), fresh = GoldenModelTests.Load(folder, new LanguageModelOptions { Threads = 1 });
        Random random = new(5);
        List<CachedSequence> sequences = [model.Begin()];
        for (int step = 0; step < 60; step++)
        {
            CachedSequence sequence = sequences[random.Next(sequences.Count)];
            switch (random.Next(4))
            {
                case 0 when sequence.Ids.Count > 0:
                    sequence.Truncate(random.Next(sequence.Ids.Count + 1));
                    break;
                case 1 when sequences.Count < 6:
                    sequences.Add(sequence.Branch(random.Next(sequence.Ids.Count + 1)));
                    break;
                case 2 when sequences.Count > 3:
                    sequences.Remove(sequence);
                    sequence.Dispose();
                    break;
                default:
                    int[] more = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(5, 288))];
                    if (sequence.Ids.Count + more.Length > 100) continue;
                    float[] got = await sequence.AppendAsync(more, Token);
                    Assert.Equal(fresh.Logits([.. sequence.Ids], Token)[^288..], got);
                    break;
            }
        }

        foreach (CachedSequence sequence in sequences) sequence.Dispose();
    }

    [Fact]
    public async Task Append_WrongOrCancelled_LeavesTheSequenceAsItWas()
    {
        using LanguageModel model = GoldenModelTests.Load("gpt2", new LanguageModelOptions { Threads = 1 });
        using CachedSequence sequence = model.Begin();
        await sequence.AppendAsync([5, 6, 7], Token);
        await Assert.ThrowsAsync<ArgumentException>(() => sequence.AppendAsync([], Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => sequence.AppendAsync([288], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => sequence.AppendAsync([.. Enumerable.Repeat(5, 46)], Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sequence.AppendAsync([8], new CancellationToken(true)));
        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Truncate(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => sequence.Branch(-1));
        Assert.Equal([5, 6, 7], sequence.Ids);
        Assert.Equal(model.Logits([5, 6, 7, 8], Token)[^288..], await sequence.AppendAsync([8], Token));
        sequence.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => sequence.AppendAsync([8], Token));
        CachedSequence late = model.Begin();
        model.Dispose();
        late.Dispose();
    }

    [Fact]
    public async Task Generate_CancelledBesideOthers_EndsAtOnceAndLeavesThem()
    {
        using LanguageModel model = GoldenModelTests.Load("llama-gqa-tied", new LanguageModelOptions { Threads = 1 });
        GenerationOptions options = new() { MaxTokens = 60, IgnoreEnd = true };
        GenerationResult want = await model.GenerateAsync([1, 5, 6], options, null, Token);
        using CancellationTokenSource stop = new();
        using ManualResetEventSlim held = new();
        Task<GenerationResult> slow = model.GenerateAsync([1, 5, 6], options, null, (step, _) =>
        {
            if (step == 3) held.Wait(Token);
        }, Token);
        Task<GenerationResult> cancelled = model.GenerateAsync([1, 7, 8], options, null, stop.Token);
        await stop.CancelAsync();
        // The model's thread is held up, so only an answer that does not wait for it comes.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(TimeSpan.FromSeconds(20), Token));
        held.Set();
        Assert.Equal(want.Ids, (await slow).Ids);
    }

    [Fact]
    public async Task Forward_CancelledDuringIt_StopsBetweenLayers()
    {
        // The visitor cancels while the second batch of rows is still to come: its forward pass must not be finished.
        using LanguageModel model = GoldenModelTests.Load("llama-gqa-tied", new LanguageModelOptions { Threads = 1, BatchTokens = 16 });
        using CancellationTokenSource stop = new();
        int seen = 0;
        Task visit = model.VisitLogitsAsync([.. Enumerable.Repeat(5, 64)], (position, _) =>
        {
            seen = position;
            if (position == 20) stop.Cancel();
        }, stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => visit);
        Assert.Equal(31, seen);
    }
}
