using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Models.Inference;

/// <summary>
/// Pseudo-log-likelihoods by a masked language model: each token of the continuation is hidden in turn and predicted from the
/// context and the rest of the continuation, on both sides (Salazar et al. 2020). These are no probabilities of the text and
/// are to be compared with each other only. Context and continuation are tokenised apart, with the model's special tokens
/// around. Safe for concurrent use.
/// </summary>
public sealed class MaskedScorer : ISequenceScorer, IDisposable
{
    // Copies of a text that run together; each has the logits of a whole vocabulary at every position.
    private const int Batch = 8;

    private static readonly HookRun s_run = new();

    private readonly HookedTransformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly int _mask;
    private readonly int[] _before;
    private readonly int[] _after;

    private MaskedScorer(HookedTransformer model, Tokenizer tokenizer, int mask)
    {
        (_model, _tokenizer, _mask) = (model, tokenizer, mask);
        // What an empty text becomes is the start token and then all that stands at the end.
        int[] around = [.. tokenizer.EncodeFull("").Ids];
        (_before, _after) = (around[..Math.Min(1, around.Length)], around[Math.Min(1, around.Length)..]);
    }

    /// <summary>Loads a model with its tokenizer.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <param name="threads">Threads of the kernels; null for the processor's count.</param>
    /// <param name="memoryLimit">Bytes that the process should stay within: fewer copies of a text then run together. Null for no limit.</param>
    /// <exception cref="ModelFileException">No masked language model with head, mask token and tokenizer, or it does not run within the limit.</exception>
    public static MaskedScorer Load(string path, int? threads = null, long? memoryLimit = null)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        if (folder.Config.Causal) throw new ModelFileException($"{path} is a causal model, which sees no token after the masked one; score its text from left to right.");
        if (!folder.Config.HasHead) throw new ModelFileException($"{path} has no masked-LM head, so it scores no text.");
        Tokenizer tokenizer = LanguageModel.OpenTokenizer(folder) ?? throw new ModelFileException($"{path} has no tokenizer, so text cannot be scored; put its tokenizer.json beside it.");
        int mask = tokenizer.IdOf("[MASK]") ?? tokenizer.IdOf("<mask>") ?? throw new ModelFileException($"{path}: its tokenizer has no [MASK] or <mask>.");
        return new MaskedScorer(HookedTransformer.Load(folder, threads, memoryLimit), tokenizer, mask);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default) =>
        Task.Run<IReadOnlyList<SequenceScore>>(() => [.. queries.Select(query => Score(_tokenizer.Encode(query.Context), _tokenizer.Encode(query.Continuation), cancellationToken))], cancellationToken);

    /// <summary>Scores ids, with the special tokens around.</summary>
    /// <param name="context">Seen, not scored.</param>
    /// <param name="continuation">Each is hidden once.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">An id beyond the vocabulary, or more ids than the model has positions.</exception>
    /// <exception cref="MemoryLimitException">The text does not fit into the memory limit.</exception>
    public SequenceScore Score(IReadOnlyList<int> context, IReadOnlyList<int> continuation, CancellationToken cancellationToken = default)
    {
        int[] ids = [.. _before, .. context, .. continuation, .. _after];
        int first = _before.Length + context.Count;
        double[] logProbs = new double[continuation.Count];
        bool greedy = true;
        foreach (int[] group in Enumerable.Range(0, continuation.Count).Chunk(_model.MostRows(ids.Length, Batch, s_run)))
        {
            TokenBatch batch = new([.. group.Select(i => (IReadOnlyList<int>)[.. ids[..(first + i)], _mask, .. ids[(first + i + 1)..]])]);
            using HookedOutput output = _model.Run(batch, s_run, cancellationToken);
            HookTensor logits = output.Logits!;
            for (int row = 0; row < group.Length; row++)
            {
                int i = group[row];
                (logProbs[i], bool likeliest) = LogProb(logits.Row(row, first + i), continuation[i]);
                greedy &= likeliest;
            }
        }

        return new SequenceScore(logProbs.Sum(), logProbs.Length, greedy, logProbs);
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => _model.Dispose();

    private static (double LogProb, bool Likeliest) LogProb(ReadOnlySpan<float> logits, int id)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float x in logits) max = Math.Max(max, x);
        foreach (float x in logits) sum += Math.Exp(x - max);
        return (logits[id] - max - Math.Log(sum), logits[id] >= max);
    }
}
