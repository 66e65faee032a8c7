using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class DecodeTests
{
    [Fact]
    public void Decode_IdsNoEncoderMade_Equal()
    {
        List<string> wrong = [];
        foreach (JsonElement row in GoldenTokenizers.Rows("detokenize.jsonl"))
        {
            Tokenizer tokenizer = GoldenTokenizers.Load(row.GetProperty("tokenizer").GetString()!);
            int[] ids = [.. row.GetProperty("ids").EnumerateArray().Select(x => x.TryGetInt32(out int id) ? id : -1)];
            string skip = tokenizer.Decode(ids), keep = tokenizer.Decode(ids, keepSpecial: true);
            if (skip != row.GetProperty("skip").GetString() || keep != row.GetProperty("keep").GetString()) wrong.Add($"{row.GetRawText()} got {skip} and {keep}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Stream_BrokenCharacters_ComesAsEarlyAsPossible()
    {
        List<string> wrong = [];
        foreach (JsonElement row in GoldenTokenizers.Rows("streams.jsonl"))
        {
            Tokenizer tokenizer = GoldenTokenizers.Load(row.GetProperty("tokenizer").GetString()!);
            bool eager = row.TryGetProperty("eager", out JsonElement early);
            IStreamingDecoder decoder = tokenizer.Stream(keepSpecial: true);
            StringBuilder text = new();
            List<int> outs = [];
            int[] ids = GoldenTokenizers.Ints(row, "ids")!;
            foreach (int id in ids)
            {
                text.Append(decoder.Add(id));
                outs.Add(text.ToString().EnumerateRunes().Count());
            }

            text.Append(decoder.Finish());
            int[] want = eager ? [.. early.EnumerateArray().Select(x => x.GetInt32())] : GoldenTokenizers.Ints(row, "st")!;
            if (!want.SequenceEqual(outs) || text.ToString() != row.GetProperty(eager ? "eagerText" : "text").GetString()) wrong.Add($"{row.GetRawText()} got [{string.Join(' ', outs)}] {text}");
            if (tokenizer.Decode(ids, keepSpecial: true) != row.GetProperty("text").GetString()) wrong.Add($"{row.GetRawText()} decode");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
