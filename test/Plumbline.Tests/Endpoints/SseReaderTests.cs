using System.Text;
using System.Text.Json;
using CsCheck;
using Plumbline.Tests;

namespace Plumbline.Endpoints.Tests;

public sealed class SseReaderTests
{
    [Fact]
    public void Append_EveryReferenceStream_WholeAndByteByByte_GivesItsEvents()
    {
        int cases = 0;
        foreach (JsonElement c in Golden.Lines("golden", "wire", "sse-cases.jsonl"))
        {
            byte[] bytes = c.GetProperty("base64").GetBytesFromBase64();
            string id = c.GetProperty("id").GetString()!;
            foreach (int portion in (int[])[int.MaxValue, 1, 2, 3, 7])
            {
                List<string> comments = [];
                SseReader reader = new() { OnComment = comments.Add };
                List<ServerSentEvent> events = Read(reader, bytes, portion);
                Assert.Equal(
                    [.. c.GetProperty("events").EnumerateArray().Select(e => new ServerSentEvent(e.GetProperty("event").GetString()!, e.GetProperty("data").GetString()!, e.GetProperty("id").GetString()!))],
                    events);
                Assert.Equal(c.GetProperty("lastId").GetString(), reader.LastEventId);
                Assert.Equal(c.GetProperty("retry").ValueKind == JsonValueKind.Null ? null : c.GetProperty("retry").GetInt64(), reader.Retry);
                Assert.True(c.GetProperty("comments").EnumerateArray().Select(e => e.GetString()).SequenceEqual(comments), id);
            }

            cases++;
        }

        Assert.Equal(97, cases);
    }

    [Fact]
    public void Append_AnyBytesInAnyPortions_GivesTheSameEvents()
    {
        byte[] special = [(byte)'\r', (byte)'\n', (byte)':', (byte)' ', (byte)'d', 0xEF, 0xBB, 0xBF];
        Gen<byte[]> stream = Gen.Select(Gen.Int[0, 15], Gen.Byte, (at, any) => at < special.Length ? special[at] : any).Array[0, 60]
            .Select(junk => (byte[])[.. "data: 草\r\ndata"u8, .. junk, .. "\n\ndata: x\r\n\r\n"u8]);
        Gen.Select(stream, Gen.Int[1, 9]).Sample((bytes, portion) =>
        {
            SseReader whole = new(), cut = new();
            Assert.Equal(Read(whole, bytes, int.MaxValue), Read(cut, bytes, portion));
            Assert.Equal(whole.Pending, cut.Pending);
        });
    }

    [Theory]
    [InlineData("data: 0123456789012345678901234567890123456789")]
    [InlineData(":0123456789012345678901234567890123456789")]
    [InlineData("data: 01234567890123456789\ndata: 01234567890123456789\n\n")]
    public void Append_LongerThanTheLimit_Throws(string text)
    {
        SseReader reader = new(maxEventBytes: 32);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() =>
        {
            foreach (byte b in Encoding.UTF8.GetBytes(text)) reader.Append([b]);
        });
        Assert.Contains("32", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Retry_LongerThanANumberHolds_Saturates()
    {
        SseReader reader = new();
        reader.Append("retry: 99999999999999999999999\n"u8);
        Assert.Equal(long.MaxValue, reader.Retry);
    }

    private static List<ServerSentEvent> Read(SseReader reader, byte[] bytes, int portion)
    {
        List<ServerSentEvent> events = [];
        for (int at = 0; at < bytes.Length; at += Math.Min(portion, bytes.Length - at))
        {
            reader.Append(bytes.AsSpan(at, Math.Min(portion, bytes.Length - at)));
            while (reader.TryRead(out ServerSentEvent next)) events.Add(next);
        }

        reader.Complete();
        return events;
    }
}
