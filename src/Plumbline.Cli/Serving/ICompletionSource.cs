namespace Plumbline.Cli.Serving;

/// <summary>What continues a text, or scores it, for /v1/completions. Implementations are safe for concurrent use.</summary>
internal interface ICompletionSource
{
    /// <summary>Continues a prompt; with no new tokens wanted it only reads it.</summary>
    /// <param name="prompt">Text or ids.</param>
    /// <param name="sampling">Checked against the API's ranges; its seed is set.</param>
    /// <param name="echo">Whether figures of the prompt's tokens are wanted.</param>
    /// <param name="logProbs">How many of the likeliest tokens at each place; null for no figures.</param>
    /// <param name="onText">Each piece of new text as it becomes certain.</param>
    /// <param name="cancellationToken">The client went away.</param>
    /// <exception cref="ServerFault">The source cannot serve this.</exception>
    Task<ServedCompletion> CompleteAsync(ServedPrompt prompt, ServedSampling sampling, bool echo, int? logProbs, Action<string>? onText, CancellationToken cancellationToken);
}

/// <summary>A continued text.</summary>
/// <param name="Prompt">The prompt as text.</param>
/// <param name="Text">What follows it.</param>
/// <param name="Finish">"stop" or "length".</param>
/// <param name="Tokens">Figures of the prompt's tokens, if they were wanted, and of the new ones; null where none were wanted.</param>
/// <param name="PromptTokens">Tokens read.</param>
/// <param name="NewTokens">Tokens written.</param>
internal sealed record ServedCompletion(string Prompt, string Text, string Finish, IReadOnlyList<ServedToken>? Tokens, int PromptTokens, int NewTokens);

/// <summary>
/// A token's text (a character of several tokens stands at its last one, so that the texts joined are the whole), its
/// natural log-probability (null for the first), the likeliest tokens at its place, and where it begins in code points.
/// </summary>
internal sealed record ServedToken(string Text, double? LogProb, IReadOnlyList<(string Text, double LogProb)> Top, int Offset);
