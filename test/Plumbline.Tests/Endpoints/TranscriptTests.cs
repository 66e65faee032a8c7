using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

/// <summary>The bytes of every transcript through a reader of HTTP that shares nothing with .NET's, compared with what a correct client delivers.</summary>
public sealed class TranscriptTests
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
    public void Transcript_AsRecorded_GivesWhatIsExpected(string id)
    {
        Transcript t = WireFolder.All[id];
        Check(t, t.Server);
    }

    [Fact]
    public void Transcript_ByteByByte_GivesWhatIsExpected()
    {
        int streams = 0;
        foreach (Transcript t in WireFolder.All.Values.Where(t => t.Synthetic))
        {
            Check(t, [.. t.Bytes.Select(b => (byte[])[b])]);
            streams++;
        }

        Assert.Equal(188, streams);
    }

    [Fact]
    public void Transcript_CutAtAnyOffsets_GivesWhatIsExpected()
    {
        int lists = 0;
        using JsonDocument file = Golden.Json("golden", "wire", "chunkings.json");
        foreach (JsonElement stream in file.RootElement.GetProperty("streams").EnumerateArray())
        {
            Transcript t = WireFolder.All[stream.GetProperty("id").GetString()!];
            byte[] bytes = t.Bytes;
            Assert.Equal(stream.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
            foreach (JsonElement cuts in stream.GetProperty("cuts").EnumerateArray())
            {
                int[] at = [0, .. cuts.EnumerateArray().Select(c => c.GetInt32()), bytes.Length];
                Check(t, [.. at.Zip(at.Skip(1), (a, b) => bytes[a..b])]);
                lists++;
            }
        }

        Assert.Equal(360, lists);
    }

    [Fact]
    public void Body_OfMegabytes_GivesWhatIsExpected()
    {
        int bodies = 0;
        using JsonDocument file = Golden.Json("golden", "wire", "generated.json");
        foreach (JsonElement g in file.RootElement.GetProperty("bodies").EnumerateArray())
        {
            byte[] body = Encoding.UTF8.GetBytes(string.Concat(g.GetProperty("rule").EnumerateArray().Select(r => string.Concat(Enumerable.Repeat(r[0].GetString(), r[1].GetInt32())))));
            Assert.Equal(g.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(body)));
            foreach (int portion in (int[])[body.Length, 8192, 1])
            {
                int events = 0;
                ChatReplyReader reader = new(200, [new("Content-Type", "text/event-stream")]) { OnEvent = _ => events++ };
                for (int at = 0; at < body.Length; at += portion) reader.Append(body.AsSpan(at, Math.Min(portion, body.Length - at)));
                ChatReply reply = reader.End(complete: true);
                string name = g.GetProperty("id").GetString()!;
                Assert.Equal(g.GetProperty("sample").GetString(), reply.Outcome.ToString().ToLowerInvariant());
                Assert.Equal(g.GetProperty("error").GetString(), reply.Error?.Kind.ToString().ToLowerInvariant());
                Assert.Equal(g.GetProperty("events").GetInt32(), events);
                byte[] text = Encoding.UTF8.GetBytes(reply.Choices.Count > 0 ? reply.Choices[0].Text : "");
                Assert.Equal(g.GetProperty("textBytes").GetInt32(), text.Length);
                Assert.Equal(g.GetProperty("textSha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(text)));
                Assert.Equal(g.GetProperty("finish").GetString(), reply.Choices.Count > 0 ? reply.Choices[0].Finish : null);
                Assert.NotNull(name);
            }

            bodies++;
        }

        Assert.Equal(7, bodies);
    }

    private static void Check(Transcript t, IReadOnlyList<byte[]> portions)
    {
        List<ServerSentEvent> events = [];
        HttpWire wire = new(t.Method, (status, headers) => new ChatReplyReader(status, headers) { OnEvent = events.Add });
        StringBuilder streamed = new();
        foreach (byte[] portion in portions)
        {
            wire.Feed(portion);
            Drain(wire.Reader, streamed, final: false);
        }

        ChatReply? reply = wire.End(t.Reset);
        if (reply is null)
        {
            Assert.Equal("transport", t.Expected.GetProperty("error").GetProperty("kind").GetString());
            Assert.False(t.Expected.TryGetProperty("http", out _));
            return;
        }

        Drain(wire.Reader, streamed, final: true);
        if (t.Expected.TryGetProperty("http", out JsonElement http)) Assert.Equal(http.GetProperty("bytes").GetInt32(), wire.BodyBytes);
        if (t.Expected.TryGetProperty("unread", out JsonElement unread)) Assert.Equal(unread.GetInt32(), wire.Rest.Count);
        if (t.Expected.TryGetProperty("sse", out JsonElement sse))
        {
            Assert.Equal(
                [.. sse.EnumerateArray().Select(e => new ServerSentEvent(e.GetProperty("event").GetString()!, e.GetProperty("data").GetString()!, e.GetProperty("id").GetString()!))],
                events);
        }

        if (t.Expected.TryGetProperty("sseRetry", out JsonElement retry)) Assert.Equal(retry.GetInt64(), wire.Reader!.Events.Retry);
        if (t.Expected.TryGetProperty("ssePending", out JsonElement pending)) Assert.Equal(pending.GetString(), wire.Reader!.Events.Pending);

        // What is no chat call has no outcome: its events were compared above, a chat reader can say no more of it.
        if (t.Sample is null && t.Expected.GetProperty("error").ValueKind == JsonValueKind.Null) return;
        List<string> differences = ReplyComparison.Differences(reply, t.Expected, t.Id);
        Assert.True(differences.Count == 0, $"{t.Id}: {string.Join("; ", differences)}");
        if (reply.Choices.Count == 1) Assert.Equal(reply.Choices[0].Text, streamed.ToString());
        if (t.Expected.TryGetProperty("next", out JsonElement next))
        {
            HttpWire second = new(t.Method, (status, headers) => new ChatReplyReader(status, headers));
            second.Feed([.. wire.Rest]);
            ChatReply? again = second.End(reset: false);
            Assert.NotNull(again);
            Assert.Empty(ReplyComparison.Differences(again, next, t.Id));
        }
    }

    private static void Drain(ChatReplyReader? reader, StringBuilder text, bool final)
    {
        if (reader is null) return;
        foreach (ReplyDelta delta in reader.TakeDeltas(final)) text.Append(delta.Text);
    }
}
