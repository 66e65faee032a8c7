using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using Plumbline.Models.Templates;

namespace Plumbline.Models.Inference;

/// <summary>
/// A model on this machine as a chat client. Requests at the same time decode together, and an answer depends on its own
/// conversation, options and seed alone. Honoured are Instructions, Temperature, TopP, TopK, Seed, MaxOutputTokens,
/// StopSequences, PresencePenalty and FrequencyPenalty; tools, formats other than text and contents other than text are
/// refused. <see cref="GetService"/> gives <see cref="ISequenceScorer"/>, <see cref="LanguageModel"/> and
/// <see cref="ChatClientMetadata"/>. Special tokens in a message's text stay text. Safe for concurrent use.
/// </summary>
/// <param name="model">A model with tokenizer and chat template; disposed with this client.</param>
/// <param name="defaults">What holds where a request says nothing; null for greedy decoding of at most 256 tokens.</param>
public sealed class LocalChatClient(LanguageModel model, GenerationOptions? defaults = null) : IChatClient
{
    private readonly GenerationOptions _defaults = defaults ?? new GenerationOptions();
    private readonly ChatClientMetadata _metadata = new("plumbline", null, NameOf(model));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The conversation leaves no room in the model's positions, or an option is out of range.</exception>
    /// <exception cref="MemoryLimitException">Conversation and answer do not fit into the model's memory limit.</exception>
    /// <exception cref="ChatTemplateException">The model's template refuses the conversation.</exception>
    /// <exception cref="NotSupportedException">Tools, a format or a content that the client does not serve.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        (IReadOnlyList<int> prompt, GenerationOptions generation) = Prepare(messages, options);
        GenerationResult result = await model.GenerateAsync(prompt, generation, null, cancellationToken);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, result.Text))
        {
            ModelId = _metadata.DefaultModelId,
            FinishReason = ReasonOf(result),
            Usage = UsageOf(result),
        };
    }

    /// <inheritdoc/>
    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        (IReadOnlyList<int> prompt, GenerationOptions generation) = Prepare(messages, options);
        // Whoever stops reading stops the generation.
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<string> pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task<GenerationResult> task = model.GenerateAsync(prompt, generation, piece => pieces.Writer.TryWrite(piece), stop.Token);
        Task ended = task.ContinueWith(_ => pieces.Writer.Complete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (string piece in pieces.Reader.ReadAllAsync(cancellationToken))
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, piece) { ModelId = _metadata.DefaultModelId };
            }

            GenerationResult result = await task;
            yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(UsageOf(result))]) { ModelId = _metadata.DefaultModelId, FinishReason = ReasonOf(result) };
        }
        finally
        {
            if (!task.IsCompleted) await stop.CancelAsync();
            await ended;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType.IsInstanceOfType(this)) return this;
        return serviceType.IsInstanceOfType(model) ? model : null;
    }

    /// <summary>Ends the model.</summary>
    public void Dispose() => model.Dispose();

    private (IReadOnlyList<int> Prompt, GenerationOptions Options) Prepare(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.Tools is { Count: > 0 }) throw new NotSupportedException("A local model is asked without tools; leave ChatOptions.Tools empty.");
        if (options?.ResponseFormat is not (null or ChatResponseFormatText)) throw new NotSupportedException("A local model answers in free text; leave ChatOptions.ResponseFormat empty.");
        List<ChatTurn> turns = [];
        if (options?.Instructions is { Length: > 0 } instructions) turns.Add(new ChatTurn(ChatRole.System.Value, instructions));
        foreach (ChatMessage message in messages)
        {
            if (message.Contents.FirstOrDefault(content => content is not TextContent) is { } other) throw new NotSupportedException($"A local model reads text; a message holds {other.GetType().Name}.");
            turns.Add(new ChatTurn(message.Role.Value, message.Text));
        }

        IReadOnlyList<int> prompt = ChatPrompt.Encode(model, turns, addGenerationPrompt: true);
        int room = model.TextLength - prompt.Count;
        if (room < 1) throw new ArgumentException($"The conversation has {prompt.Count} tokens; the model holds {model.TextLength} together with its answer.", nameof(messages));
        int asked = options?.MaxOutputTokens ?? _defaults.MaxTokens;
        // Who asks for all that the model holds gets what the memory holds; a number of tokens is given or refused.
        if (asked >= room) asked = Math.Max(1, Math.Min(room, model.LongestText - prompt.Count));
        GenerationOptions generation = _defaults with
        {
            MaxTokens = asked,
            Temperature = options?.Temperature ?? _defaults.Temperature,
            TopP = options?.TopP ?? _defaults.TopP,
            TopK = options?.TopK ?? _defaults.TopK,
            Seed = options?.Seed ?? _defaults.Seed,
            PresencePenalty = options?.PresencePenalty ?? _defaults.PresencePenalty,
            FrequencyPenalty = options?.FrequencyPenalty ?? _defaults.FrequencyPenalty,
            StopStrings = options?.StopSequences is { Count: > 0 } stops ? [.. stops] : _defaults.StopStrings,
        };
        return (prompt, generation);
    }

    private static string NameOf(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return System.IO.Path.GetFileNameWithoutExtension(System.IO.Path.TrimEndingDirectorySeparator(model.Path));
    }

    private static ChatFinishReason ReasonOf(GenerationResult result) => result.End == GenerationEnd.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static UsageDetails UsageOf(GenerationResult result) =>
        new() { InputTokenCount = result.PromptTokens, OutputTokenCount = result.Ids.Count, TotalTokenCount = result.PromptTokens + result.Ids.Count };
}
