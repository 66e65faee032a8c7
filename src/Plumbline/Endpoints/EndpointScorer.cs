using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumbline.Endpoints;

/// <summary>
/// Log-likelihoods through <c>/completions</c> with <c>echo</c> and <c>logprobs</c>, for servers that can do it; whether
/// this one can is found once, by a short text whose echo must come back with a figure for each token.
/// </summary>
/// <remarks>
/// The endpoint tokenises context and continuation as one text. A token belongs to the continuation if its last
/// character does: a token across the boundary counts wholly. Places come from the server's text offsets (in code points);
/// a start token written out before the text is stepped over. Where the server sends no offsets they are summed from the
/// tokens' texts, which then must spell the prompt. A first token without a figure is left out of sum and count.
/// </remarks>
internal sealed class EndpointScorer(OpenAiEndpoint endpoint, int concurrency) : ISequenceScorer, IDisposable
{
    private const string ProbeText = "The sky is blue.";

    private static readonly JsonWriterOptions s_writer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SemaphoreSlim _probing = new(1, 1);
    private int? _maxTokens;
    private string? _cannot;

    public async Task<IReadOnlyList<SequenceScore>> ScoreAsync(IReadOnlyList<SequenceQuery> queries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (queries.Count == 0) return [];
        string model = await endpoint.ModelAsync(null, cancellationToken).ConfigureAwait(false);
        int maxTokens = await ProbeAsync(model, cancellationToken).ConfigureAwait(false);
        SequenceScore[] scores = new SequenceScore[queries.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Math.Max(1, concurrency), CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, queries.Count, parallel, async (i, cancel) => scores[i] = await ScoreAsync(queries[i], model, maxTokens, cancel).ConfigureAwait(false)).ConfigureAwait(false);
        return scores;
    }

    public void Dispose() => _probing.Dispose();

    private async Task<SequenceScore> ScoreAsync(SequenceQuery query, string model, int maxTokens, CancellationToken cancellationToken)
    {
        // One unpaired surrogate in a data set must not shift the boundary.
        string context = JsonText.WellFormed(query.Context), continuation = JsonText.WellFormed(query.Continuation);
        if (continuation.Length == 0) return new SequenceScore(0, 0, true, []);
        ChatReply reply = await endpoint.CompleteAsync(Body(model, context + continuation, maxTokens), cancellationToken).ConfigureAwait(false);
        if (reply.Outcome == ReplyOutcome.Errored) throw endpoint.Failed(reply.Error!, "/completions", reply);
        return Score(context, continuation, query.Start, reply, maxTokens);
    }

    private async Task<int> ProbeAsync(string model, CancellationToken cancellationToken)
    {
        await _probing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_cannot is not null) throw new SequenceScoringException(_cannot);
            if (_maxTokens is { } known) return known;
            string? why = null;
            bool definite = true;
            // Some servers refuse to generate nothing; the one token more is cut off again.
            foreach (int maxTokens in (int[])[0, 1])
            {
                ChatReply reply = await endpoint.CompleteAsync(Body(model, ProbeText, maxTokens), cancellationToken).ConfigureAwait(false);
                definite = reply.Error?.Status != 500;
                if (reply.Error is { } error)
                {
                    if (error.Retryable && error.Status != 500) throw endpoint.Failed(error, "/completions", reply);
                    if (error.Status is 401 or 403) throw endpoint.Failed(error, "/completions", reply);
                    why = error.Status is 404 or 405 or 501 ? "the endpoint has no /completions" : $"the endpoint answers: {error.Message ?? error.Detail ?? $"HTTP {error.Status}"}";
                    continue;
                }

                why = Lacks(reply);
                if (why is not null) continue;
                try
                {
                    Score("The sky", " is blue.", start: true, reply, maxTokens);
                }
                catch (SequenceScoringException e)
                {
                    why = e.Message;
                    continue;
                }

                _maxTokens = maxTokens;
                return maxTokens;
            }

            string message = $"{endpoint.Show("/completions")} cannot score given text: {why}. Log-likelihoods need a completions endpoint that honours echo and logprobs; use such a server, or a model file instead.";
            endpoint.Note("the endpoint cannot score given text: evaluations by log-likelihood are skipped");
            // A server that fell over may do better another time.
            if (definite) _cannot = message;
            throw new SequenceScoringException(message);
        }
        finally
        {
            _probing.Release();
        }
    }

    private static string? Lacks(ChatReply reply)
    {
        ReplyChoice choice = reply.Choices[0];
        bool echoed = choice.Text.Contains(ProbeText, StringComparison.Ordinal);
        if (choice.LogProbs is not { Count: > 0 } logProbs) return echoed ? "it returns no log-probabilities" : "it ignores echo and returns no log-probabilities";
        if (!echoed && !Concat(logProbs).Contains(ProbeText, StringComparison.Ordinal)) return "it ignores echo and returns figures of new text only";
        return logProbs.Any(t => t.LogProb is not null) ? null : "it returns log-probabilities without figures";
    }

    private SequenceScore Score(string context, string continuation, bool start, ChatReply reply, int maxTokens)
    {
        if (reply.Choices is not [{ LogProbs: { Count: > 0 } tokens } choice, ..])
            throw new SequenceScoringException($"{endpoint.Show("/completions")} returned no log-probabilities for a text of {context.Length + continuation.Length} characters.");
        long[] starts = Starts(context + continuation, tokens, choice.Text);
        long from = Runes(context), end = from + Runes(continuation);
        List<double> figures = [];
        bool greedy = true, sawTop = false;
        for (int i = 0; i < tokens.Count; i++)
        {
            long begin = starts[i];
            // What was generated beyond the prompt is not ours; a token without text sits where its neighbour begins.
            if (begin >= end) break;
            long stop = i + 1 < tokens.Count ? Math.Min(starts[i + 1], end) : maxTokens == 0 ? end : Math.Min(end, begin + Math.Max(1, Runes(tokens[i].Token)));
            if (stop <= from) continue;
            if (from == 0 && !start && begin == 0) continue;
            if (tokens[i].LogProb is not { } logProb)
            {
                if (figures.Count == 0 && from == 0)
                {
                    if (start && begin == 0) endpoint.Note("the endpoint puts no start token before a text: where there is no context, the first token is not scored");
                    continue;
                }

                throw new SequenceScoringException($"{endpoint.Show("/completions")} returned no figure for the token \"{tokens[i].Token}\" inside the continuation.");
            }

            figures.Add(logProb);
            if (tokens[i].Top.Count > 0)
            {
                sawTop = true;
                greedy &= tokens[i].Top.All(t => !(t.LogProb > logProb));
            }
            else
            {
                greedy = false;
            }
        }

        if (figures.Count == 0)
            throw new SequenceScoringException($"{endpoint.Show("/completions")} returned figures for none of the continuation's tokens; a text of one token needs a context before it.");
        if (!sawTop) endpoint.Note("log-probabilities come without the likeliest tokens: whether a continuation is the greedy one is unknown and reported as no");
        return new SequenceScore(figures.Sum(), figures.Count, greedy, figures);
    }

    /// <summary>Where each token begins, in code points of the prompt; negative for what a server writes before it.</summary>
    private long[] Starts(string prompt, IReadOnlyList<ReplyTokenLogProb> tokens, string text)
    {
        string spelt = Concat(tokens);
        int at = spelt.IndexOf(prompt, StringComparison.Ordinal);
        // "<s>" and its like are short; a prompt found far inside something else is not an echo.
        if (at is >= 0 and <= 64)
        {
            long shift = Runes(spelt[..at]), next = -shift;
            long[] starts = new long[tokens.Count];
            for (int i = 0; i < starts.Length; i++)
            {
                starts[i] = next;
                next += Runes(tokens[i].Token);
            }

            return starts;
        }

        // Tokens of parts of characters do not spell the text; then the server's offsets tell.
        if (tokens.All(t => t.Offset is not null) && text.StartsWith(prompt, StringComparison.Ordinal))
        {
            long first = tokens[0].Offset!.Value;
            string start = tokens[0].Token;
            if (start.StartsWith('<') && start.EndsWith('>') && !prompt.StartsWith(start, StringComparison.Ordinal)) first += Runes(start);
            long[] starts = [.. tokens.Select(t => t.Offset!.Value - first)];
            long length = Runes(text);
            if (starts.Zip(starts.Skip(1)).All(p => p.First <= p.Second) && starts[^1] <= length) return starts;
        }

        throw new SequenceScoringException(
            $"{endpoint.Show("/completions")} returned tokens that do not spell the prompt, and no usable text offsets: where the continuation begins cannot be told.");
    }

    private static byte[] Body(string model, string prompt, int maxTokens)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, s_writer))
        {
            json.WriteStartObject();
            json.WriteString("model", JsonText.WellFormed(model));
            json.WriteString("prompt", prompt);
            json.WriteNumber("max_tokens", maxTokens);
            json.WriteNumber("temperature", 0);
            json.WriteBoolean("echo", true);
            json.WriteNumber("logprobs", 1);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static string Concat(IReadOnlyList<ReplyTokenLogProb> tokens) => string.Concat(tokens.Select(t => t.Token));

    private static long Runes(string text) => text.EnumerateRunes().LongCount();
}
