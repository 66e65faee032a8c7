using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;

namespace Plumbline.Runs;

/// <summary>Sends a sample's requests: from the journal where they were paid for already, else with retries that heed the target.</summary>
internal sealed class LiveSession : TargetSession
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    private readonly Target _target;
    private readonly IRunStore _store;
    private readonly RunOptions _options;
    private readonly AdaptiveLimit _limit;
    private readonly RunMeter _meter;
    private readonly ResiliencePipeline _pipeline;
    private readonly Dictionary<RequestKey, int> _asked = [];
    private int _attempts;

    public LiveSession(Target target, IRunStore store, RunOptions options, AdaptiveLimit limit, RunMeter meter, TimeProvider clock, ulong seed, bool knock)
    {
        (_target, _store, _options, _limit, _meter, Seed) = (target, store, options, limit, meter, seed);
        _pipeline = !target.IsRemote || options.MaxRetries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = s_longestWait,
                ShouldHandle = new PredicateBuilder().Handle<TargetException>(e => e.Retryable && !(knock && e.Unreachable)),
                DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as TargetException)?.RetryAfter),
            })
            .Build();
    }

    /// <inheritdoc/>
    public override ulong Seed { get; }

    /// <summary>Requests sent for this sample.</summary>
    public int Attempts => _attempts;

    /// <inheritdoc/>
    public override async Task<Answer> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken)
    {
        IList<ChatMessage> conversation = _options.System is { } system ? [new(ChatRole.System, system), .. messages] : [.. messages];
        ChatOptions options = new()
        {
            Temperature = _options.Temperature,
            MaxOutputTokens = _options.MaxTokens ?? maxTokens,
            Seed = (long)(Seed & 0x7fff_ffff),
        };
        RequestKey key = default;
        if (_target.IsRemote)
        {
            key = KeyOf(conversation, options);
            int nth = _asked[key] = _asked.GetValueOrDefault(key) + 1;
            key = key with { Low = key.Low + (UInt128)nth };
            if (_store.Recall(key) is { } remembered) return remembered;
        }

        Answer answer = await SendAsync(async token => Read(await _target.Client.GetResponseAsync(conversation, options, token)), cancellationToken);
        if (_target.IsRemote) await _store.JournalAsync(key, answer);
        return answer;
    }

    /// <inheritdoc/>
    public override Task<Answer> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken)
    {
        ISequenceScorer scorer = _target.Scorer ?? throw new SequenceScoringException("the target gives no log-likelihoods");
        return SendAsync(async token => new Answer { Scores = await scorer.ScoreAsync(queries, token) }, cancellationToken);
    }

    private async Task<Answer> SendAsync(Func<CancellationToken, Task<Answer>> send, CancellationToken cancellationToken)
    {
        if (_meter.Spent is { } spent) throw new BudgetSpentException(spent);
        int before = _attempts;
        Answer answer = await _pipeline.ExecuteAsync(
            async token =>
            {
                _meter.Sent(again: _attempts > before);
                _attempts++;
                using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(token);
                timeout.CancelAfter(_options.Timeout);
                try
                {
                    Answer received = await send(timeout.Token);
                    _limit.Succeeded();
                    return received;
                }
                catch (OperationCanceledException e) when (!token.IsCancellationRequested)
                {
                    throw new TargetException($"no answer within {_options.Timeout.TotalSeconds:0} s (--timeout)", e) { Retryable = true };
                }
                catch (TargetException e) when (e.Throttled)
                {
                    _limit.Throttled();
                    throw;
                }
            },
            cancellationToken);
        answer = answer with { Attempts = _attempts - before };
        _meter.Received(answer);
        return answer;
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

    private RequestKey KeyOf(IList<ChatMessage> messages, ChatOptions options)
    {
        StringBuilder text = new();
        Part(_target.Fingerprint);
        foreach (ChatMessage message in messages)
        {
            Part(message.Role.Value);
            Part(message.Text);
        }

        Part(string.Create(CultureInfo.InvariantCulture, $"{options.Temperature:R}/{options.MaxOutputTokens}/{options.Seed}"));
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.Unicode.GetBytes(text.ToString()), hash);
        return new(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

        // Length first, so that no two different requests spell the same text.
        void Part(string part) => text.Append(part.Length).Append(':').Append(part);
    }
}
