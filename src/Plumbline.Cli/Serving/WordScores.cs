using Microsoft.AspNetCore.Http;

namespace Plumbline.Cli.Serving;

/// <summary>
/// Scores of a target whose tokens are words, such as the scripted phantom, in the form of completions: a prompt is echoed
/// with its figures, and nothing is generated.
/// </summary>
internal sealed class WordScores(ISequenceScorer scorer) : ICompletionSource
{
    /// <inheritdoc/>
    public async Task<ServedCompletion> CompleteAsync(
        ServedPrompt prompt, ServedSampling sampling, bool echo, int? logProbs, Action<string>? onText, CancellationToken cancellationToken)
    {
        if (sampling.MaxTokens > 0) throw ServerFault.Invalid("max_tokens", "This model continues no texts: ask it in chat, or for figures of a prompt with 'max_tokens' 0 and 'echo'.");
        string text = prompt.Text ?? throw ServerFault.Invalid("prompt", "This model has no tokens, so ids mean nothing to it: send text.");
        string[] words = [.. text.Split(' ').Select((word, i) => i == 0 ? word : $" {word}")];
        if (logProbs is null || !echo) return new(text, "", "length", logProbs is null ? null : [], words.Length, 0);
        SequenceScore score = (await scorer.ScoreAsync([new SequenceQuery("", text)], cancellationToken))[0];
        if (score.TokenLogProbs.Count != words.Length) throw new ServerFault(StatusCodes.Status501NotImplemented, "This model's figures are not those of words, so they cannot be placed in the prompt.");
        int offset = 0;
        List<ServedToken> tokens = [];
        for (int i = 0; i < words.Length; i++)
        {
            tokens.Add(new(words[i], score.TokenLogProbs[i], [], offset));
            offset += words[i].EnumerateRunes().Count();
        }

        return new(text, "", "length", tokens, words.Length, 0);
    }
}
