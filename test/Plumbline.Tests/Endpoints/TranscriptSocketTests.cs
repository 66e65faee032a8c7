using Microsoft.Extensions.AI;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

/// <summary>The same transcripts over real sockets, through the client as users run it.</summary>
public sealed class TranscriptSocketTests
{
    public static TheoryData<string> Ids
    {
        get
        {
            if (Golden.Root is null) return ["(no reference values)"];
            return [.. Golden.Lines("golden", "wire", "expected.jsonl").Select(e => e.GetProperty("id").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Transcript_OverALoopbackSocket_GivesWhatIsExpected(string id)
    {
        Transcript t = WireFolder.All[id];
        Assert.SkipWhen(t.Sample is null, "no chat call, or its client left in the middle: the client makes no such request");
        using LoopbackServer server = new(_ => new LoopbackReply(t.Server) { Reset = t.Reset, Pause = TimeSpan.FromMilliseconds(t.Server.Count < 20 ? 1 : 0) });
        using OpenAiEndpoint endpoint = new(new EndpointOptions { Address = EndpointAddress.Parse($"http://127.0.0.1:{server.Port}/v1/chat/completions"), Model = "m", Environment = _ => null });
        ChatReply reply;
        try
        {
            ChatResponse response = await endpoint.GetResponseAsync([new ChatMessage(ChatRole.User, "Hello")], cancellationToken: TestContext.Current.CancellationToken);
            reply = Assert.IsType<ChatReply>(response.RawRepresentation);
        }
        catch (EndpointException e)
        {
            reply = Assert.IsType<ChatReply>(e.Reply);
        }

        List<string> differences = ReplyComparison.Differences(reply, t.Expected, t.Id);
        Assert.True(differences.Count == 0, $"{t.Id}: {string.Join("; ", differences)}");
        Assert.Equal(1, Assert.Single(endpoint.Ledger.Contacts).Requests);
    }
}
