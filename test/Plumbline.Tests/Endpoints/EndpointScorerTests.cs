using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

public sealed class EndpointScorerTests
{
    /// <summary>A completions server that tokenises by words with their blank, and gives token i of the whole text the log-probability -(i + 1) / 8.</summary>
    private sealed record Server
    {
        public bool Start { get; init; }

        public bool HasOffsets { get; init; } = true;

        public bool HasTop { get; init; } = true;

        public bool RefusesZero { get; init; }

        public bool BreaksCharacters { get; init; }

        public LoopbackReply Respond(ReceivedRequest request)
        {
            JsonElement body = JsonDocument.Parse(request.Body).RootElement;
            string prompt = body.GetProperty("prompt").GetString()!;
            int maxTokens = body.GetProperty("max_tokens").GetInt32();
            if (RefusesZero && maxTokens == 0) return LoopbackReply.Json("""{"error":{"message":"max_tokens must be at least 1"}}""", 400);
            List<(string Text, int Offset)> tokens = [];
            int offset = 0;
            if (Start)
            {
                tokens.Add(("<s>", 0));
                offset = 3;
            }

            foreach (string word in Words(prompt))
            {
                int runes = word.EnumerateRunes().Count();
                if (BreaksCharacters && runes < word.Length)
                {
                    // The bytes of one character over two tokens, neither of which is a text.
                    tokens.Add(("�", offset));
                    tokens.Add(("�", offset + runes));
                }
                else
                {
                    tokens.Add((word, offset));
                }

                offset += runes;
            }

            string text = prompt;
            if (maxTokens > 0)
            {
                tokens.Add((" more", offset));
                text += " more";
            }

            string Figures(Func<int, string> one) => string.Join(',', Enumerable.Range(0, tokens.Count).Select(one));
            string Figure(int i) => i == 0 ? "null" : (-(i + 1) / 8.0).ToString(CultureInfo.InvariantCulture);
            StringBuilder logprobs = new($$"""{"tokens":[{{Figures(i => JsonSerializer.Serialize(tokens[i].Text))}}],"token_logprobs":[{{Figures(Figure)}}]""");
            if (HasTop) logprobs.Append($$""","top_logprobs":[{{Figures(i => i == 0 ? "null" : $"{{\"{(tokens[i].Text.Contains("red", StringComparison.Ordinal) ? "x" : "same")}\":{(tokens[i].Text.Contains("red", StringComparison.Ordinal) ? "-0.01" : Figure(i))}}}")}}]""");
            if (HasOffsets) logprobs.Append($$""","text_offset":[{{Figures(i => tokens[i].Offset.ToString(CultureInfo.InvariantCulture))}}]""");
            return LoopbackReply.Json($$"""{"object":"text_completion","choices":[{"index":0,"text":{{JsonSerializer.Serialize(text)}},"logprobs":{{logprobs}}},"finish_reason":"length"}]}""");
        }

        private static IEnumerable<string> Words(string text)
        {
            int start = 0;
            for (int i = 1; i <= text.Length; i++)
            {
                if (i < text.Length && text[i] != ' ' && !char.IsHighSurrogate(text[i])) continue;
                yield return text[start..i];
                start = i;
            }
        }
    }

    [Theory]
    [InlineData(false, true, true, false)]
    [InlineData(true, true, true, false)]
    [InlineData(false, false, true, false)]
    [InlineData(true, false, true, true)]
    [InlineData(true, true, false, true)]
    public async Task Score_WhateverTheServerAdds_CountsTheContinuationsTokens(bool start, bool offsets, bool top, bool refusesZero)
    {
        using LoopbackServer server = new(new Server { Start = start, HasOffsets = offsets, HasTop = top, RefusesZero = refusesZero }.Respond);
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        IReadOnlyList<SequenceScore> scores = await ScoreAsync(endpoint, new("The sky is", " very blue"), new("The sky is", " red"), new("The sk", "y is"), new("", "The sky"), new("The", ""));
        int shift = start ? 1 : 0;
        // The words of the whole text: [<s>] The | sky | is | very | blue
        Check(scores[0], [-(4 + shift) / 8.0, -(5 + shift) / 8.0], top);
        Check(scores[1], [-(4 + shift) / 8.0], greedy: false);
        // A token across the boundary counts wholly.
        Check(scores[2], [-(2 + shift) / 8.0, -(3 + shift) / 8.0], top);
        Check(scores[3], start ? [-2 / 8.0, -3 / 8.0] : [-2 / 8.0], top);
        Check(scores[4], [], greedy: true);
        Assert.Equal(refusesZero ? 6 : 5, server.Requests.Count);
        Assert.Equal(!start, endpoint.Notes.Any(n => n.Contains("start token", StringComparison.Ordinal)));
        Assert.Equal(!top, endpoint.Notes.Any(n => n.Contains("greedy", StringComparison.Ordinal)));
        await ScoreAsync(endpoint, new SequenceQuery("The", " sky"));
        Assert.Equal(refusesZero ? 7 : 6, server.Requests.Count);
    }

    [Fact]
    public async Task Score_WithTokensThatAreNoText_GoesByOffsetsInCodePoints()
    {
        using LoopbackServer server = new(new Server { Start = true, BreaksCharacters = true }.Respond);
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        // <s> | "a" | "🌿" in two tokens | " b" | " c": the boundary stands behind the plant.
        Check((await ScoreAsync(endpoint, new SequenceQuery("a🌿", " b c")))[0], [-5 / 8.0, -6 / 8.0], greedy: true);
    }

    [Fact]
    public async Task Score_WithoutContextAndStart_LeavesTheFirstTokenOut()
    {
        using LoopbackServer server = new(new Server { Start = true }.Respond);
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        Check((await ScoreAsync(endpoint, new SequenceQuery("", "The sky is", Start: false)))[0], [-3 / 8.0, -4 / 8.0], greedy: true);
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"text":" Yes.","finish_reason":"length"}]}""", 200, "ignores echo and returns no log-probabilities")]
    [InlineData("""{"choices":[{"index":0,"text":"The sky is blue.","logprobs":null,"finish_reason":"length"}]}""", 200, "no log-probabilities")]
    [InlineData("""{"choices":[{"index":0,"text":" Yes","logprobs":{"content":[{"token":" Yes","logprob":-1}]},"finish_reason":"length"}]}""", 200, "new text only")]
    [InlineData("""{"choices":[{"index":0,"text":"The sky is blue.","logprobs":{"tokens":["The sky is blue."],"token_logprobs":[null]},"finish_reason":"length"}]}""", 200, "without figures")]
    [InlineData("""{"choices":[{"index":0,"text":"The sky is blue.","logprobs":{"tokens":["??","!!"],"token_logprobs":[null,-1]},"finish_reason":"length"}]}""", 200, "do not spell")]
    [InlineData("""{"error":{"message":"echo is not available"}}""", 400, "echo is not available")]
    [InlineData("""{"detail":"Not Found"}""", 404, "no /completions")]
    public async Task Score_WhereTheEndpointCannot_SaysWhyAndAsksOnce(string body, int status, string why)
    {
        using LoopbackServer server = new(_ => LoopbackReply.Json(body, status));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        for (int i = 0; i < 2; i++)
        {
            SequenceScoringException e = await Assert.ThrowsAsync<SequenceScoringException>(() => ScoreAsync(endpoint, new SequenceQuery("a", "b")));
            Assert.Contains(why, e.Message, StringComparison.Ordinal);
            Assert.Contains("/v1/completions", e.Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, server.Requests.Count);
        Assert.Single(endpoint.Notes);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(401)]
    public async Task Score_WhereTheProbeFailsForNow_DoesNotTakeThatForAnAnswer(int status)
    {
        int calls = 0;
        using LoopbackServer server = new(r => calls++ == 0 ? LoopbackReply.Json("""{"error":{"message":"later"}}""", status) : new Server().Respond(r));
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(() => ScoreAsync(endpoint, new SequenceQuery("The sky is", " blue")));
        Assert.Equal(status, e.Status);
        Check((await ScoreAsync(endpoint, new SequenceQuery("The sky is", " blue")))[0], [-4 / 8.0], greedy: true);
    }

    [Theory]
    [InlineData("llama-server/completion-echo-logprobs-1")]
    [InlineData("litellm/completion-echo-logprobs-0")]
    [InlineData("litellm/completion-echo-logprobs-1")]
    [InlineData("transformers-serve/completion-echo-logprobs-0")]
    [InlineData("transformers-serve/completion-echo-logprobs-1")]
    public async Task Score_AtServersWithoutEcho_IsSkippedWithAReason(string id)
    {
        Transcript t = WireFolder.All[id];
        using LoopbackServer server = new(_ => new LoopbackReply(t.Server) { KeepAlive = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        SequenceScoringException e = await Assert.ThrowsAsync<SequenceScoringException>(() => ScoreAsync(endpoint, new SequenceQuery("a", "b")));
        Assert.Contains("cannot score given text", e.Message, StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<SequenceScore>> ScoreAsync(OpenAiEndpoint endpoint, params SequenceQuery[] queries) =>
        Assert.IsAssignableFrom<ISequenceScorer>(endpoint.GetService(typeof(ISequenceScorer))).ScoreAsync(queries, TestContext.Current.CancellationToken);

    private static void Check(SequenceScore score, double[] figures, bool greedy)
    {
        Assert.Equal(figures, score.TokenLogProbs);
        Assert.Equal(figures.Length, score.Tokens);
        Golden.Close(figures.Sum(), score.LogProb, 1e-15, 0, "sum");
        Assert.Equal(greedy, score.Greedy);
    }
}
