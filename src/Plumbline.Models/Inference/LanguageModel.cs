using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Templates;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Models.Inference;

/// <summary>
/// A causal language model on the processor's own kernels: exact scoring and generation with the weights as the file holds
/// them (quantised or half) times f32 activations. A figure does not depend on what is computed beside it: batch,
/// concurrency, shared beginnings and the number of threads change no bit. Safe for concurrent use; requests that run at the same time share
/// batches.
/// </summary>
public sealed class LanguageModel : ISequenceScorer, IDisposable
{
    private readonly InferenceEngine _engine;

    private LanguageModel(ModelFolder folder, ITokenizer? tokenizer, IChatTemplate? template, LanguageModelOptions options)
    {
        (Path, Config, Tokenizer, Template) = (folder.Path, folder.Config, tokenizer, template);
        AddsBos = AsksForBos(folder);
        StartId = FindStart();
        TextLength = Math.Min(Config.MaxPositions, options.Context ?? int.MaxValue);
        Limits = new ModelLimits(Config.VocabularySize, Config.Positions == PositionKind.Learned ? TextLength : options.Context);
        _engine = new InferenceEngine(folder.Tensors, folder.Config, options);
    }

    /// <summary>What was loaded.</summary>
    public string Path { get; }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>Null for a model that works on ids only.</summary>
    public ITokenizer? Tokenizer { get; }

    /// <summary>Null for a model that is not made for chat.</summary>
    public IChatTemplate? Template { get; }

    /// <summary>Whether texts begin with the beginning-of-sequence token, as tokenizer_config.json or GGUF says.</summary>
    public bool AddsBos { get; }

    /// <summary>
    /// The token that a document begins with: the beginning-of-sequence token, unless the tokenizer says that it is not
    /// added and there is an &lt;|endoftext|&gt; (SmolLM2's beginning-of-sequence token opens a chat turn). Null where there is none.
    /// </summary>
    public int? StartId { get; }

    /// <summary>Most tokens of a text together with its answer: the model's positions, or <see cref="LanguageModelOptions.Context"/> if fewer.</summary>
    public int TextLength { get; }

    /// <summary>Most tokens whose keys and values fit into <see cref="LanguageModelOptions.MemoryLimit"/>; <see cref="int.MaxValue"/> without a limit.</summary>
    public int LongestText => _engine.Plan.LongestText;

    /// <summary>Texts that are generated side by side; further ones wait.</summary>
    public int Concurrency => _engine.Plan.Options.Concurrency;

    /// <summary>Bytes of the weights in memory.</summary>
    public long WeightBytes => _engine.WeightBytes;

    /// <summary>Threads of the kernels.</summary>
    public int Threads => _engine.Threads;

    /// <summary>Loads a model; weights are copied into memory and the folder is not needed afterwards.</summary>
    /// <param name="folder">The model's files; stays the caller's.</param>
    /// <param name="tokenizer">Its tokenizer; null to work on ids.</param>
    /// <param name="template">Its chat template; null where it has none.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ModelFileException">No causal language model, or a tensor is missing.</exception>
    public static LanguageModel Load(ModelFolder folder, ITokenizer? tokenizer = null, IChatTemplate? template = null, LanguageModelOptions? options = null) =>
        new(folder, tokenizer, template, options ?? new LanguageModelOptions());

    /// <summary>Opens and loads a model with its tokenizer and its default chat template, where it has them.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ModelFileException">The model is broken, hostile or of a kind that is not supported.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer is.</exception>
    /// <exception cref="ChatTemplateException">The chat template is.</exception>
    public static LanguageModel Load(string path, LanguageModelOptions? options = null)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        return Load(folder, OpenTokenizer(folder), folder.ChatTemplate is { } template ? ChatTemplate.Parse(template) : null, options);
    }

    /// <summary>
    /// Limits with which models run side by side in one process that has a limit: each has its own weights and an equal part of
    /// what weights and runtime leave.
    /// </summary>
    /// <param name="limit">Bytes that the process should stay within.</param>
    /// <param name="paths">The models, as <see cref="ModelFolder.Open"/> takes them; held as their files hold them.</param>
    /// <returns>For each its <see cref="LanguageModelOptions.MemoryLimit"/>; one in which a model does not run where there is too little.</returns>
    /// <exception cref="ModelFileException">A model is broken, hostile or of a kind that is not supported.</exception>
    public static IReadOnlyList<long> ShareMemory(long limit, IReadOnlyList<string> paths)
    {
        long[] weights = [.. paths.Select(path =>
        {
            using ModelFolder folder = ModelFolder.Open(path);
            return MemoryPlan.WeightBytes(folder.Tensors, folder.Config, HeldWeights.AsFile);
        })];
        long rest = Math.Max(0, limit - MemoryPlan.Runtime - weights.Sum());
        return [.. weights.Select(own => MemoryPlan.Runtime + own + (rest / weights.Length))];
    }

    /// <summary>A model's tokenizer without its weights; null where the model came without one.</summary>
    /// <param name="folder">The model's files.</param>
    /// <exception cref="TokenizerFormatException">The tokenizer is broken or of a kind that is not supported.</exception>
    public static Tokenizers.Tokenizer? OpenTokenizer(ModelFolder folder) => folder.Tokenizer switch
    {
        { Kind: TokenizerKind.HuggingFace } source => TokenizerJson.Load(source.Path),
        { Kind: TokenizerKind.Gguf, Metadata: { } metadata } => Tokenizers.GgufTokenizer.Create(Narrowed(metadata)),
        { Kind: TokenizerKind.Llama2C } source => Llama2CTokenizer.Load(source.Path),
        _ => null,
    };

    /// <summary>Logits of all positions.</summary>
    /// <param name="ids">Ids below the vocabulary's size; at least one.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>[position, vocabulary], row after row.</returns>
    public async Task<float[]> LogitsAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken = default)
    {
        int vocabulary = Config.VocabularySize;
        float[] logits = new float[checked(ids.Count * vocabulary)];
        await VisitLogitsAsync(ids, (position, row) => row.CopyTo(logits.AsSpan(position * vocabulary, vocabulary)), cancellationToken);
        return logits;
    }

    /// <inheritdoc cref="LogitsAsync"/>
    public float[] Logits(IReadOnlyList<int> ids, CancellationToken cancellationToken = default) => LogitsAsync(ids, cancellationToken).GetAwaiter().GetResult();

    /// <summary>Shows the logits of each position without holding them all: a long text times a large vocabulary is gigabytes.</summary>
    /// <param name="ids">Ids below the vocabulary's size; at least one.</param>
    /// <param name="visit">Called for each position in turn, on the model's thread: take what is wanted and return.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="MemoryLimitException">The text does not fit into the memory limit.</exception>
    public Task VisitLogitsAsync(IReadOnlyList<int> ids, LogitVisitor visit, CancellationToken cancellationToken = default) => _engine.VisitLogitsAsync(Fitting(Checked(ids, nameof(ids)), nameof(ids)), visit, cancellationToken);

    /// <summary>Log-probabilities of continuations. Queries that begin alike share the computation.</summary>
    /// <param name="queries">Ids; the order of the results is theirs.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="MemoryLimitException">A query does not fit into the memory limit.</exception>
    public Task<IReadOnlyList<TokenScore>> ScoreAsync(IReadOnlyList<TokenQuery> queries, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < queries.Count; i++)
        {
            // The last id is only predicted.
            int ids = queries[i].Context.Count + queries[i].Continuation.Count, read = ids - 1;
            if (read > Limits.Positions) throw new ArgumentException($"A query has {ids} ids; a text may have {Limits.Positions}.", nameof(queries));
            if (read > LongestText) throw _engine.Plan.Refusal(queries.Count == 1 ? "The text" : $"Query {i}", read, nameof(queries));
        }

        return _engine.ScoreAsync(queries, cancellationToken);
    }

    /// <inheritdoc cref="ScoreAsync(IReadOnlyList{TokenQuery}, CancellationToken)"/>
    public IReadOnlyList<TokenScore> Score(IReadOnlyList<TokenQuery> queries, CancellationToken cancellationToken = default) => ScoreAsync(queries, cancellationToken).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default)
    {
        if (Tokenizer is null) throw new SequenceScoringException($"{Path} has no tokenizer, so text cannot be scored; put its tokenizer.json beside it.");
        List<TokenQuery> tokens = new(queries.Count);
        foreach (SequenceQuery query in queries)
        {
            IReadOnlyList<int> context = query.Context.Length == 0 ? [] : Tokenizer.Encode(query.Context);
            if (query.Context.Length == 0 && query.Start && StartId is { } start) context = [start];
            else if (query.Start && AddsBos && Config.BosId is { } bos && (context.Count == 0 || context[0] != bos)) context = [bos, .. context];
            tokens.Add(new TokenQuery(context, Tokenizer.Encode(query.Continuation)));
        }

        IReadOnlyList<TokenScore> scores = await ScoreAsync(tokens, cancellationToken);
        return [.. scores.Select(score => new SequenceScore(score.LogProb, score.TokenLogProbs.Count, score.Greedy, score.TokenLogProbs))];
    }

    /// <summary>Continues a prompt; prompts that are under way at the same time decode together.</summary>
    /// <param name="prompt">At least one id.</param>
    /// <param name="options">Null for greedy decoding of 256 tokens.</param>
    /// <param name="onText">Called with each piece of text as it becomes certain, on the model's thread: return quickly.</param>
    /// <param name="cancellationToken">Stops between layers, or between two tokens where other texts decode along.</param>
    /// <exception cref="MemoryLimitException">Prompt and longest answer do not fit into the memory limit together.</exception>
    public Task<GenerationResult> GenerateAsync(IReadOnlyList<int> prompt, GenerationOptions? options = null, Action<string>? onText = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(prompt, options, onText, null, cancellationToken);

    /// <summary>Continues a text, with the beginning-of-sequence token in front where the model asks for it.</summary>
    /// <inheritdoc cref="GenerateAsync(IReadOnlyList{int}, GenerationOptions?, Action{string}?, CancellationToken)"/>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public Task<GenerationResult> GenerateAsync(string prompt, GenerationOptions? options = null, Action<string>? onText = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(WithBos(Encode(prompt)), options, onText, cancellationToken);

    /// <summary>Searches for the texts of largest probability (beam search). Other requests go on beside it.</summary>
    /// <param name="prompt">At least one id.</param>
    /// <param name="options">Null for four beams of at most 256 tokens.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>At most as many texts as beams, best first; none where the prompt fills the model's positions.</returns>
    public Task<IReadOnlyList<BeamResult>> SearchAsync(IReadOnlyList<int> prompt, BeamOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new BeamOptions();
        options.Validate();
        int[] ids = Checked(prompt, nameof(prompt));
        long most = Math.Min(options.MaxTokens, (Limits.Positions ?? int.MaxValue) - (long)ids.Length);
        // Beams share the prompt; a page is begun by each, and copied where one goes on in two ways.
        long pages = CacheSpace.PagesOf(ids.Length) + (options.Beams * (CacheSpace.PagesOf(most) + 2));
        if (pages > (_engine.Plan.CachePages ?? long.MaxValue)) throw _engine.Plan.Refusal($"The prompt ({ids.Length}) with {options.Beams} beams", ids.Length + (options.Beams * most), nameof(prompt), pages);
        return SearchAsync(ids, options, cancellationToken);
    }

    /// <summary>An empty sequence whose keys and values are kept, to be continued, cut back and branched; dispose it before the model.</summary>
    public CachedSequence Begin() => new(_engine, Limits);

    /// <summary>The mean over a text's positions of the hidden states after the final norm, [width]: an embedding of the text.</summary>
    /// <param name="ids">At least one id.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public Task<float[]> MeanHiddenAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken = default) => _engine.MeanHiddenAsync(Fitting(Checked(ids, nameof(ids)), nameof(ids)), cancellationToken);

    /// <summary>Ids with the beginning-of-sequence token in front, once, where the model asks for it.</summary>
    public IReadOnlyList<int> WithBos(IReadOnlyList<int> ids) => AddsBos && Config.BosId is { } bos && (ids.Count == 0 || ids[0] != bos) ? [bos, .. ids] : ids;

    /// <summary>Ends the model's thread; requests that are under way fail.</summary>
    public void Dispose() => _engine.Dispose();

    internal Task<GenerationResult> GenerateAsync(
        IReadOnlyList<int> prompt, GenerationOptions? options, Action<string>? onText, LogitVisitor? onLogits, CancellationToken cancellationToken)
    {
        options ??= new GenerationOptions();
        options.Validate();
        int[] ids = Checked(prompt, nameof(prompt));
        // The last token is not read.
        long most = Math.Min(ids.Length + (long)options.MaxTokens, Limits.Positions ?? long.MaxValue) - 1;
        if (most > LongestText) throw _engine.Plan.Refusal($"The prompt ({ids.Length}) with its answer", most, nameof(prompt));
        return _engine.GenerateAsync(new TextGeneration(ids, options, Config.EosIds, Tokenizer, onText, cancellationToken) { OnLogits = onLogits });
    }

    private async Task<IReadOnlyList<BeamResult>> SearchAsync(int[] prompt, BeamOptions options, CancellationToken cancellationToken)
    {
        BeamSearch search = await _engine.BeginSearchAsync(prompt, options, Config.EosIds);
        try
        {
            bool over = false;
            while (!over) over = await _engine.Call(() => search.Step(cancellationToken));
            return [.. search.Results.Select(text => new BeamResult(text.Ids, Tokenizer?.Decode(text.Ids) ?? "", text.LogProb, text.Score, text.End))];
        }
        finally
        {
            _engine.Release(search);
        }
    }

    private IReadOnlyList<int> Encode(string text) => Tokenizer?.Encode(text) ?? throw new InvalidOperationException($"{Path} has no tokenizer; give ids, or put its tokenizer.json beside it.");

    private ModelLimits Limits { get; }

    private int[] Fitting(int[] ids, string name) => ids.Length <= LongestText ? ids : throw _engine.Plan.Refusal("The text", ids.Length, name);

    private int[] Checked(IReadOnlyList<int> ids, string name) => Limits.Check(ids, 0, name);

    // The reader of files gives the widest type of each kind, the tokenizer takes the format's own; other keys are left out.
    private static Dictionary<string, object> Narrowed(IReadOnlyDictionary<string, object> metadata) => metadata
        .Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key, pair => pair.Value switch
        {
            long[] numbers when numbers.All(n => n is >= int.MinValue and <= int.MaxValue) => Array.ConvertAll(numbers, n => (int)n),
            double[] numbers => Array.ConvertAll(numbers, n => (float)n),
            object value => value,
        }, StringComparer.Ordinal);

    private static bool AsksForBos(ModelFolder folder)
    {
        if (folder.Config.BosId is null) return false;
        if (folder.TokenizerConfig is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("add_bos_token", out JsonElement flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return folder.TokenizerConfig.Value.GetProperty("add_bos_token").GetBoolean();
        if (folder.Metadata is { } metadata)
            return metadata.TryGetValue("tokenizer.ggml.add_bos_token", out object? value) ? value is true : metadata.TryGetValue("tokenizer.ggml.model", out object? model) && model is "llama";
        return folder.Format == ModelFormat.Llama2C;
    }

    private int? FindStart() => AddsBos ? Config.BosId : Tokenizer?.IdOf("<|endoftext|>") ?? Config.BosId;
}

/// <summary>Takes the logits after a position; the span is valid during the call only.</summary>
/// <param name="position">From 0.</param>
/// <param name="logits">[vocabulary].</param>
public delegate void LogitVisitor(int position, ReadOnlySpan<float> logits);
