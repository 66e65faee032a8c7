using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Cli.Serving;

/// <summary>
/// Completions of a model on this machine. A text gets the beginning-of-sequence token in front where the model asks for
/// it, and special tokens in it are parsed; ids are taken as they are.
/// </summary>
internal sealed class LocalCompletions(LanguageModel model) : ICompletionSource
{
    private readonly ITokenizer _tokenizer = model.Tokenizer ?? throw new ArgumentException($"{model.Path} has no tokenizer.", nameof(model));

    /// <inheritdoc/>
    public async Task<ServedCompletion> CompleteAsync(
        ServedPrompt prompt, ServedSampling sampling, bool echo, int? logProbs, Action<string>? onText, CancellationToken cancellationToken)
    {
        IReadOnlyList<int> ids = prompt.Ids ?? model.WithBos(_tokenizer.Encode(prompt.Text!));
        Check(ids, sampling.MaxTokens!.Value);
        string text = prompt.Text ?? _tokenizer.Decode(ids, keepSpecial: true), added = "", finish = "length";
        IReadOnlyList<int> generated = [];
        if (sampling.MaxTokens > 0)
        {
            GenerationOptions options = new()
            {
                MaxTokens = Math.Min(sampling.MaxTokens.Value, model.TextLength - ids.Count),
                Temperature = sampling.Temperature,
                TopP = sampling.TopP,
                Seed = sampling.Seed!.Value,
                StopStrings = sampling.Stops,
                PresencePenalty = sampling.PresencePenalty,
                FrequencyPenalty = sampling.FrequencyPenalty,
            };
            GenerationResult result = await model.GenerateAsync(ids, options, onText, cancellationToken);
            (generated, added) = (result.Ids, result.Text);
            if (result.End != GenerationEnd.Length) finish = "stop";
        }

        IReadOnlyList<ServedToken>? tokens = logProbs is { } alternatives ? await FiguresAsync(ids, generated, added, echo, alternatives, cancellationToken) : null;
        return new(text, added, finish, tokens, ids.Count, generated.Count);
    }

    private void Check(IReadOnlyList<int> ids, int maxTokens)
    {
        if (ids.Count == 0) throw ServerFault.Invalid("prompt", "'prompt' is empty, and this model has no token to begin a text with.");
        int room = model.TextLength - ids.Count;
        if (room < 0 || (room == 0 && maxTokens > 0)) throw ServerFault.TooLong("prompt", $"'prompt' has {ids.Count} tokens; the model holds {model.TextLength} together with its answer.");
        if (ids.FirstOrDefault(id => id >= model.Config.VocabularySize, -1) is var wrong and >= 0) throw ServerFault.Invalid("prompt", $"'prompt' holds the id {wrong}; the model's ids are from 0 to {model.Config.VocabularySize - 1}.");
    }

    // The log-probabilities are the model's own, before temperature and all else, of prompt and new tokens alike.
    private async Task<IReadOnlyList<ServedToken>> FiguresAsync(IReadOnlyList<int> prompt, IReadOnlyList<int> generated, string added, bool echo, int alternatives, CancellationToken cancellationToken)
    {
        int[] ids = [.. prompt, .. generated];
        int first = echo ? 0 : prompt.Count;
        double?[] logProbs = new double?[ids.Length];
        IReadOnlyList<(string, double)>[] tops = new IReadOnlyList<(string, double)>[ids.Length];
        Array.Fill(tops, []);
        if (ids.Length > Math.Max(first, 1))
        {
            await model.VisitLogitsAsync(ids[..^1], (position, logits) =>
            {
                int at = position + 1;
                if (at < first) return;
                double normaliser = LogSumExp(logits);
                logProbs[at] = logits[ids[at]] - normaliser;
                tops[at] = [.. Likeliest(logits, alternatives).Select(t => (_tokenizer.Decode([t.Id], keepSpecial: true), t.Logit - normaliser))];
            }, cancellationToken);
        }

        List<ServedToken> tokens = [];
        IStreamingDecoder decoder = _tokenizer.Stream(keepSpecial: true);
        int offset = 0, written = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            string text = decoder.Add(ids[i]);
            if (i == ids.Length - 1) text += decoder.Finish();
            // What a stop string cut away is not shown.
            if (i >= prompt.Count && written >= added.Length) break;
            if (i >= first) tokens.Add(new(text, logProbs[i], tops[i], offset));
            if (i >= prompt.Count) written += text.Length;
            if (i >= first) offset += text.EnumerateRunes().Count();
        }

        return tokens;
    }

    private static List<(int Id, float Logit)> Likeliest(ReadOnlySpan<float> logits, int count)
    {
        List<(int Id, float Logit)> best = new(count + 1);
        if (count == 0) return best;
        for (int id = 0; id < logits.Length; id++)
        {
            if (best.Count == count && !(logits[id] > best[^1].Logit)) continue;
            int at = best.Count;
            while (at > 0 && logits[id] > best[at - 1].Logit) at--;
            best.Insert(at, (id, logits[id]));
            if (best.Count > count) best.RemoveAt(count);
        }

        return best;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits) largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum);
    }
}
