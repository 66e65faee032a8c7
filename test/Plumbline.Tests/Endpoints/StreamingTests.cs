using System.Text;
using CsCheck;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints.Tests;

public sealed class StreamingTests
{
    private const string Done = "data: [DONE]\n\n";

    [Fact]
    public async Task GetStreamingResponse_DeliversTextAsItComes()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream(Delta("Gre"), Delta("en."), Delta("", "stop"), """data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""" + "\n\n", Done)
            with
        { Pause = TimeSpan.FromMilliseconds(60) });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        List<ChatResponseUpdate> updates = await CollectAsync(endpoint);
        Assert.Equal(["Gre", "en.", ""], updates.Select(u => u.Text));
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
        Assert.Equal(7, Assert.Single(updates[^1].Contents.OfType<UsageContent>()).Details.TotalTokenCount);
        Assert.Contains("\"stream\":true", server.Requests.Single().Body, StringComparison.Ordinal);
        Assert.Contains("\"include_usage\":true", server.Requests.Single().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetStreamingResponse_ThatBreaksOff_ThrowsAfterTheTextThatCame()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream(Delta("Gre"), "data: {\"choi") with { Reset = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        StringBuilder text = new();
        EndpointException e = await Assert.ThrowsAsync<EndpointException>(async () =>
        {
            await foreach (ChatResponseUpdate update in endpoint.GetStreamingResponseAsync(Loopback.Hello, cancellationToken: TestContext.Current.CancellationToken)) text.Append(update.Text);
        });
        Assert.Equal("Gre", text.ToString());
        Assert.Equal(ReplyErrorKind.Truncated, e.Kind);
        Assert.Equal("Gre", e.Reply!.Choices[0].Text);
        Assert.True(e.Retryable);
    }

    [Fact]
    public async Task GetStreamingResponse_WhereTheServerKeepsTheConnectionAfterDone_EndsAllTheSame()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream(Delta("Green."), Delta("", "stop"), Done) with { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        List<ChatResponseUpdate> updates = await CollectAsync(endpoint).WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal("Green.", string.Concat(updates.Select(u => u.Text)));
        Assert.Empty(Assert.IsType<ChatReply>(updates[^1].RawRepresentation).Warnings);
    }

    [Fact]
    public async Task GetStreamingResponse_WithTheIdleTimeoutAfterTheFinish_IsAnAnswerWithAWarning()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream(Delta("Green.", "stop")) with { Hold = true });
        using OpenAiEndpoint endpoint = Loopback.Client(server, "/v1", o => o with { IdleTimeout = TimeSpan.FromMilliseconds(300) });
        List<ChatResponseUpdate> updates = await CollectAsync(endpoint);
        Assert.Equal(["missing-done"], Assert.IsType<ChatReply>(updates[^1].RawRepresentation).Warnings);
    }

    [Fact]
    public async Task GetStreamingResponse_LeftEarly_ClosesTheConnection()
    {
        using LoopbackServer server = new(_ => LoopbackReply.Stream([.. Enumerable.Repeat(Delta("x"), 10_000)]) with { Pause = TimeSpan.FromMilliseconds(1) });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        await foreach (ChatResponseUpdate _ in endpoint.GetStreamingResponseAsync(Loopback.Hello, cancellationToken: TestContext.Current.CancellationToken)) break;
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task GetStreamingResponse_WithThinkingInTheText_TellsItApartAndJoinsHalvesOfCharacters()
    {
        string[] pieces = ["<th", "ink>Gr", "ass? \\ud83c", "\\udf3f</thi", "nk>\\n\\n", "Green <think> \\ud83c", "\\udf3f."];
        using LoopbackServer server = new(_ => LoopbackReply.Stream([.. pieces.Select(p => Delta(p)), Delta("", "stop"), Done]) with { Pause = TimeSpan.FromMilliseconds(20) });
        using OpenAiEndpoint endpoint = Loopback.Client(server);
        List<ChatResponseUpdate> updates = await CollectAsync(endpoint);
        Assert.Equal("Green <think> 🌿.", string.Concat(updates.Select(u => u.Text)));
        Assert.Equal("Grass? 🌿", string.Concat(updates.SelectMany(u => u.Contents.OfType<TextReasoningContent>()).Select(r => r.Text)));
        Assert.Equal(false, updates[^1].AdditionalProperties![EndpointProperties.ReasoningUnfinished]);
    }

    [Theory]
    [InlineData("<think>why</think>\n\nGreen.", "why", "Green.", false)]
    [InlineData(" \n<think>\nwhy\n</think>Green.", "why", "Green.", false)]
    [InlineData("<think>never ends", "never ends", "", true)]
    [InlineData("<think></think>Green.", "", "Green.", false)]
    [InlineData("why so\n</think>\n\nGreen.", "why so", "Green.", false)]
    [InlineData("The tag </think> ends it.", "", "The tag </think> ends it.", false)]
    [InlineData("Write <think>x</think>\n so.", "", "Write <think>x</think>\n so.", false)]
    [InlineData("<thinker>", "", "<thinker>", false)]
    [InlineData("<think>a</think>b</think>c", "a", "b</think>c", false)]
    [InlineData("", "", "", false)]
    public void Split_TellsThinkingFromTheAnswer(string text, string reasoning, string answer, bool unfinished) =>
        Assert.Equal((reasoning, answer, unfinished), Thinking.Split(text));

    [Fact]
    public void Push_InAnyPieces_GivesWhatTheWholeGives()
    {
        string[] parts = ["<think>", "</think>", "<", "/", "think", ">", " ", "\n", "a", "</th"];
        Gen.Select(Gen.Int[0, parts.Length - 1].Array[0, 12], Gen.Int[1, 8]).Sample((picks, portion) =>
        {
            string text = string.Concat(picks.Select(p => parts[p]));
            (string, string, bool) Run(int step)
            {
                Thinking thinking = new();
                StringBuilder reasoning = new(), answer = new();
                for (int at = 0; at < text.Length; at += step)
                {
                    (string r, string t) = thinking.Push(text.Substring(at, Math.Min(step, text.Length - at)));
                    reasoning.Append(r);
                    answer.Append(t);
                }

                (string lastReasoning, string lastText) = thinking.End();
                return (reasoning.Append(lastReasoning).ToString(), answer.Append(lastText).ToString(), thinking.Unfinished);
            }

            Assert.Equal(Run(Math.Max(1, text.Length)), Run(portion));
        });
    }

    private static string Delta(string content, string? finish = null) =>
        $$$"""data: {"id":"s","choices":[{"index":0,"delta":{"content":"{{{content}}}"},"finish_reason":{{{(finish is null ? "null" : $"\"{finish}\"")}}}}]}""" + "\n\n";

    private static async Task<List<ChatResponseUpdate>> CollectAsync(OpenAiEndpoint endpoint)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in endpoint.GetStreamingResponseAsync(Loopback.Hello, cancellationToken: TestContext.Current.CancellationToken)) updates.Add(update);
        return updates;
    }
}
