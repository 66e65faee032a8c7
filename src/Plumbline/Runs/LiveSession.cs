using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;

namespace Plumbline.Runs;

/// <summary>Sends a sample's requests: from the journal where they were paid for already, else with retries that heed the target.</summary>
internal sealed class LiveSession(Target target, IRunStore store, RunOptions options, AdaptiveLimit limit, TargetHealth health, RunMeter meter, ResiliencePipeline retries, ulong seed) : TargetSession
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    private readonly Dictionary<RequestKey, int> _asked = [];

    /// <inheritdoc/>
    public override ulong Seed => seed;

    /// <summary>Requests sent for this sample.</summary>
    public int Attempts { get; private set; }

    /// <summary>Tokens of all of this sample's answers as far as the target stated them; null where it never did.</summary>
    public long? InputTokens { get; private set; }

    /// <inheritdoc cref="InputTokens"/>
    public long? OutputTokens { get; private set; }

    /// <summary>
    /// When and how often to send again: with waits that double, or as long as the target asks for. A target that asks for
    /// a longer wait than the run waits for an answer is not waited for. With <paramref name="knock"/> not where nobody answers.
    /// </summary>
    public static ResiliencePipeline Retries(RunOptions options, TargetHealth health, TimeProvider clock, bool knock) => options.MaxRetries == 0
        ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = s_longestWait,
                ShouldHandle = new PredicateBuilder().Handle<TargetException>(e => e.Retryable && health.MayRetry && !(knock && e.Unreachable) && !(e.RetryAfter > options.Timeout)),
                DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as TargetException)?.RetryAfter),
            })
            .Build();

    /// <inheritdoc/>
    public override async Task<Answer> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken)
    {
        IList<ChatMessage> conversation = options.System is { } system ? [new(ChatRole.System, system), .. messages] : [.. messages];
        ChatOptions wanted = new()
        {
            Temperature = options.Temperature,
            MaxOutputTokens = options.MaxTokens ?? maxTokens,
            Seed = (long)(seed & 0x7fff_ffff),
        };
        RequestKey key = default;
        if (target.IsRemote)
        {
            key = KeyOf(conversation, wanted);
            int nth = _asked[key] = _asked.GetValueOrDefault(key) + 1;
            key = key with { Low = key.Low + (UInt128)nth };
            if (store.Recall(key) is { } remembered)
            {
                Take(remembered, Letters(conversation));
                return remembered;
            }
        }

        Answer answer = await SendAsync(async token => Read(await target.Client.GetResponseAsync(conversation, wanted, token)), cancellationToken);
        Take(answer, Letters(conversation));
        if (target.IsRemote) await store.JournalAsync(key, answer);
        return answer;
    }

    /// <inheritdoc/>
    public override async Task<Answer> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken)
    {
        ISequenceScorer scorer = target.Scorer ?? throw new SequenceScoringException("the target gives no log-likelihoods");
        Answer answer = await SendAsync(async token => new Answer { Scores = await scorer.ScoreAsync(queries, token) }, cancellationToken);
        Take(answer, queries.Sum(q => q.Context.Length + q.Continuation.Length));
        return answer;
    }

    private async Task<Answer> SendAsync(Func<CancellationToken, Task<Answer>> send, CancellationToken cancellationToken)
    {
        if (meter.Spent is { } spent) throw new BudgetSpentException(spent);
        if (health.GivenUp is { } reason) throw new TargetException(reason);
        int before = Attempts;
        if (!target.IsRemote) return await SendOnceAsync(send, before, cancellationToken);
        try
        {
            Answer answer = await retries.ExecuteAsync(async token => await SendOnceAsync(send, before, token), cancellationToken);
            health.Succeeded();
            return answer with { Attempts = Attempts - before };
        }
        catch (TargetException e)
        {
            health.Failed(e);
            throw;
        }
    }

    private async Task<Answer> SendOnceAsync(Func<CancellationToken, Task<Answer>> send, int before, CancellationToken cancellationToken)
    {
        Count(before);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Timeout);
        try
        {
            Answer received = await send(timeout.Token);
            limit.Succeeded();
            return received;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TargetException($"no answer within {options.Timeout.TotalSeconds:0.###} s (--timeout)", e) { Retryable = true };
        }
        catch (TargetException e) when (e.Throttled)
        {
            limit.Throttled();
            throw;
        }
    }

    private void Count(int before)
    {
        meter.Sent(again: Attempts > before);
        Attempts++;
    }

    private static int Letters(IList<ChatMessage> conversation)
    {
        int letters = 0;
        foreach (ChatMessage message in conversation) letters += message.Text.Length;
        return letters;
    }

    private void Take(Answer answer, int letters)
    {
        meter.Received(answer, letters);
        InputTokens = answer.InputTokens is { } input ? (InputTokens ?? 0) + input : InputTokens;
        OutputTokens = answer.OutputTokens is { } output ? (OutputTokens ?? 0) + output : OutputTokens;
    }

    private static Answer Read(ChatResponse response) => new()
    {
        Text = response.Text,
        Reasoning = string.Concat(response.Messages.SelectMany(m => m.Contents).OfType<TextReasoningContent>().Select(c => c.Text)) is { Length: > 0 } thought ? thought : null,
        Refusal = response.AdditionalProperties?.TryGetValue("refusal", out object? refusal) == true && refusal is string { Length: > 0 } text ? text
            : response.FinishReason == ChatFinishReason.ContentFilter ? "content filter" : null,
        Cut = response.FinishReason == ChatFinishReason.Length,
        InputTokens = response.Usage?.InputTokenCount,
        OutputTokens = response.Usage?.OutputTokenCount,
        Warnings = response.AdditionalProperties?.TryGetValue("warnings", out object? warnings) == true && warnings is IReadOnlyList<string> list ? list : [],
    };

    private RequestKey KeyOf(IList<ChatMessage> messages, ChatOptions wanted)
    {
        StringBuilder text = new();
        Part(target.Fingerprint);
        foreach (ChatMessage message in messages)
        {
            Part(message.Role.Value);
            Part(message.Text);
        }

        Part(string.Create(CultureInfo.InvariantCulture, $"{wanted.Temperature:R}/{wanted.MaxOutputTokens}/{wanted.Seed}"));
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.Unicode.GetBytes(text.ToString()), hash);
        return new(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

        // Length first, so that no two different requests spell the same text.
        void Part(string part) => text.Append(part.Length).Append(':').Append(part);
    }
}
