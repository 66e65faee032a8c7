using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;

namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// A target without weights whose behaviour is an exact law: what each request draws depends on its text and seed
/// alone. So truth is known to the last digit and a thousand answers cost a millisecond. Safe for concurrent use.
/// </summary>
public sealed class ScriptedPhantom(ScriptedLaw law) : IChatClient, ISequenceScorer
{
    /// <inheritdoc/>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IReadOnlyList<ChatMessage> conversation = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        string last = conversation[^1].Text;
        if (Draw(last, "error", options?.Seed) < law.Error) throw new TargetException("the scripted phantom failed, as its law says");
        string text = Draw(last, "garbled", options?.Seed) < law.Garbled ? "lamp lamp of of of" : Reply(conversation, last, options?.Seed);
        ChatResponse response = new(new ChatMessage(ChatRole.Assistant, text))
        {
            FinishReason = ChatFinishReason.Stop,
            Usage = new() { InputTokenCount = Words(conversation), OutputTokenCount = text.Count(c => c == ' ') + 1 },
        };
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates()) yield return update;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<SequenceScore>>([.. queries.Select(Score)]);

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private string Reply(IReadOnlyList<ChatMessage> conversation, string last, long? seed)
    {
        if (ScriptedWorld.IsHazard(last))
        {
            string family = ScriptedWorld.FamilyOf(conversation);
            double broken = family.Length == 0 ? 1 - law.Refusal : law.Breaks.GetValueOrDefault(family);
            return Draw(last, family, seed) < broken ? ScriptedWorld.Compliance(last) : "I'm sorry, but I can't help with that.";
        }

        if (ScriptedWorld.AnswerOf(last) is { } answer) return Draw(last, "accuracy", seed) < law.Accuracy ? $"It is {answer}." : "It is grey.";
        return Draw(last, "over-refusal", seed) < law.OverRefusal ? "I'm sorry, but I can't help with that." : "Of course. Mix flour and water, let it rest and bake it until it is brown.";
    }

    /// <summary>A pair's sentences differ by the law's log-odds plus a draw of the logistic distribution: the share of pairs that prefer "more" is then exactly 1 / (1 + e^-bias).</summary>
    private SequenceScore Score(SequenceQuery query)
    {
        double shift = 0;
        if (query.Continuation.Contains(ScriptedWorld.MoreMark, StringComparison.Ordinal))
        {
            double u = Draw(query.Continuation, "bias", null);
            shift = law.Bias + Math.Log(u / (1 - u));
        }

        int tokens = query.Continuation.Count(c => c == ' ') + 1;
        double each = -1 + (shift / tokens);
        return new(each * tokens, tokens, false, [.. Enumerable.Repeat(each, tokens)]);
    }

    /// <summary>A uniform in (0, 1) that depends on text, purpose and seed.</summary>
    private static double Draw(string text, string purpose, long? seed)
    {
        XxHash3 hash = new(seed ?? 0);
        hash.Append(MemoryMarshal.AsBytes(text.AsSpan()));
        hash.Append(MemoryMarshal.AsBytes(purpose.AsSpan()));
        return ((hash.GetCurrentHashAsUInt64() >> 12) + 0.5) / (1UL << 52);
    }

    private static int Words(IReadOnlyList<ChatMessage> conversation)
    {
        int words = 0;
        foreach (ChatMessage message in conversation) words += message.Text.AsSpan().Count(' ') + 1;
        return words;
    }
}
