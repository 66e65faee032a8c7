using Plumbline.Models.Kernels;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Models.Inference;

/// <summary>One text that is being generated.</summary>
internal sealed class TextGeneration
{
    private readonly GenerationOptions _options;
    private readonly IReadOnlyList<int> _endIds;
    private readonly Sampler _sampler;
    private readonly StopStrings _stops;
    private readonly IStreamingDecoder? _decoder;
    private readonly Action<string>? _onText;
    private readonly List<int> _ids;
    private readonly List<double> _logProbs = [];
    private readonly int _promptLength;

    public TextGeneration(
        IReadOnlyList<int> prompt, GenerationOptions options, IReadOnlyList<int> endIds, ITokenizer? tokenizer, Action<string>? onText, CancellationToken cancellationToken)
    {
        if (options.StopStrings.Count > 0 && tokenizer is null) throw new ArgumentException("Stop strings need a tokenizer, and the model has none.", nameof(options));
        (_options, _endIds, _onText, CancellationToken, _promptLength) = (options, options.IgnoreEnd ? [] : endIds, onText, cancellationToken, prompt.Count);
        _ids = [.. prompt];
        _sampler = new Sampler(options, prompt);
        _stops = new StopStrings(options.StopStrings);
        _decoder = tokenizer?.Stream();
    }

    public CancellationToken CancellationToken { get; }

    public TaskCompletionSource<GenerationResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Keys and values so far; null before the first step, and again where others needed the room. It is the engine's to free.</summary>
    public KeyValueSequence? Cache { get; set; }

    public int PromptLength => _promptLength;

    /// <summary>Sees the logits of each step (tests and benchmarks).</summary>
    public LogitVisitor? OnLogits { get; init; }

    /// <summary>Prompt and new tokens.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Ids that the model has not read yet.</summary>
    public int[] Unread(int most)
    {
        int done = Cache!.Length;
        return [.. _ids.GetRange(done, Math.Min(most, _ids.Count - done))];
    }

    public int UnreadCount => _ids.Count - (Cache?.Length ?? 0);

    /// <summary>Takes the logits after the last id; gives the result once the text has ended.</summary>
    public GenerationResult? Step(ReadOnlySpan<float> logits, int maxPositions)
    {
        OnLogits?.Invoke(_logProbs.Count, logits);
        (int id, double logProb) = _sampler.Next(logits);
        if (_endIds.Contains(id)) return End(GenerationEnd.EndToken);
        _ids.Add(id);
        _logProbs.Add(logProb);
        if (_decoder is not null) Give(_stops.Add(_decoder.Add(id)));
        if (_stops.Found is not null) return End(GenerationEnd.StopString);
        return _logProbs.Count >= _options.MaxTokens || _ids.Count >= maxPositions ? End(GenerationEnd.Length) : null;
    }

    private GenerationResult End(GenerationEnd end)
    {
        if (_stops.Found is null && _decoder is not null)
        {
            Give(_stops.Add(_decoder.Finish()));
            if (_stops.Found is null) Give(_stops.Finish());
        }

        return new GenerationResult(_ids.GetRange(_promptLength, _ids.Count - _promptLength), _stops.Text, _logProbs, end, _promptLength);
    }

    private void Give(string text)
    {
        if (text.Length > 0) _onText?.Invoke(text);
    }
}
