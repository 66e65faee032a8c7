using Microsoft.Extensions.AI;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Models.Inference;

/// <summary>
/// A model on this machine as a generator of embeddings. A decoder gives the mean over all positions of the hidden states
/// after the final norm, not normalised: usable, but such models were not trained for it. An encoder pools as its
/// sentence-transformers files say (mean or first token; normalised where modules.json has Normalize), without them by the
/// mean. Texts are cut to the length that those files or the model's positions allow, and each is computed by itself, so an
/// embedding does not depend on what it is asked with. Safe for concurrent use.
/// </summary>
public sealed class LocalEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly LanguageModel? _decoder;
    private readonly HookedTransformer? _encoder;
    private readonly ITokenizer _tokenizer;
    private readonly SentencePooling _pooling;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private int? _context;

    private LocalEmbeddingGenerator(string path, LanguageModel? decoder, HookedTransformer? encoder, ITokenizer tokenizer, SentencePooling pooling)
    {
        (_decoder, _encoder, _tokenizer, _pooling) = (decoder, encoder, tokenizer, pooling);
        Config = decoder?.Config ?? encoder!.Config;
        _metadata = new EmbeddingGeneratorMetadata("plumbline", null, System.IO.Path.GetFileName(path.TrimEnd('/', '\\')), Config.HiddenSize);
    }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>Loads a model with its tokenizer.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <param name="options">Null for the defaults; an encoder takes threads, context and the memory limit.</param>
    /// <exception cref="ModelFileException">The model is broken, hostile or of a kind that is not supported, or has no tokenizer.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is broken.</exception>
    public static LocalEmbeddingGenerator Load(string path, LanguageModelOptions? options = null)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        Tokenizer tokenizer = LanguageModel.OpenTokenizer(folder) ?? throw new ModelFileException($"{path} has no tokenizer, so it gives no embeddings of texts; put its tokenizer.json beside it.");
        SentencePooling pooling = SentencePooling.Read(folder.Path);
        return folder.Config.Causal
            ? new LocalEmbeddingGenerator(folder.Path, LanguageModel.Load(folder, tokenizer, null, options), null, tokenizer, pooling) { _context = options?.Context }
            : new LocalEmbeddingGenerator(folder.Path, null, HookedTransformer.Load(folder, options?.Threads, options?.MemoryLimit), tokenizer, pooling) { _context = options?.Context };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A text without tokens.</exception>
    /// <exception cref="MemoryLimitException">A text does not fit into the memory limit.</exception>
    /// <exception cref="NotSupportedException">Another number of dimensions than the model's.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.Dimensions is { } dimensions && dimensions != Config.HiddenSize) throw new NotSupportedException($"The model's embeddings have {Config.HiddenSize} dimensions; {dimensions} are asked for.");
        GeneratedEmbeddings<Embedding<float>> embeddings = [];
        long tokens = 0;
        foreach (string value in values)
        {
            IReadOnlyList<int> ids = Encode(value);
            float[] vector = _decoder is not null ? await _decoder.MeanHiddenAsync(ids, cancellationToken) : await Task.Run(() => Encoded(ids, cancellationToken), cancellationToken);
            if (_pooling.Normalize) Normalise(vector);
            embeddings.Add(new Embedding<float>(vector) { ModelId = _metadata.DefaultModelId });
            tokens += ids.Count;
        }

        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
        : serviceType == typeof(LanguageModel) ? _decoder
        : serviceType == typeof(HookedTransformer) ? _encoder
        : serviceType.IsInstanceOfType(this) ? this : null;

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        _decoder?.Dispose();
        _encoder?.Dispose();
    }

    private IReadOnlyList<int> Encode(string text)
    {
        int most = Math.Min(_pooling.MaxLength ?? int.MaxValue, _context ?? int.MaxValue);
        if (Config.Positions == PositionKind.Learned) most = Math.Min(most, Config.MaxPositions - Config.PositionOffset);
        IReadOnlyList<int> ids = _encoder is not null && _tokenizer is Tokenizer full
            ? full.EncodeFull(text, null, new EncodeOptions { Truncation = most < int.MaxValue ? new Truncation(most) : null }).Ids
            : _decoder!.WithBos(_tokenizer.Encode(text));
        if (ids.Count > most) ids = [.. ids.Take(most)];
        return ids.Count > 0 ? ids : throw new ArgumentException("A text has no tokens, and the model adds none of its own.", nameof(text));
    }

    private float[] Encoded(IReadOnlyList<int> ids, CancellationToken cancellationToken)
    {
        TokenBatch batch = TokenBatch.Of(ids);
        if (!_pooling.FirstToken) return _encoder!.MeanPooled(batch, cancellationToken).Row(0).ToArray();
        using HookedOutput output = _encoder!.Run(batch, new HookRun { Logits = LogitPositions.None }, cancellationToken);
        return output.Residual.Row(0, 0).ToArray();
    }

    private static void Normalise(float[] vector)
    {
        double squares = 0;
        foreach (float x in vector) squares += (double)x * x;
        double scale = 1 / Math.Max(Math.Sqrt(squares), 1e-12); // As torch's normalize guards it.
        for (int i = 0; i < vector.Length; i++) vector[i] = (float)(vector[i] * scale);
    }
}
