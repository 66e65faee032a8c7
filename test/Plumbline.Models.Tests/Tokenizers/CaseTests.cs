using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class CaseTests
{
    // Names of the reference's rows, and strings with a byte that the vocabulary lacks: behind it the reference's spans
    // slip (its README), so they are not compared.
    private static readonly Dictionary<string, int[]> SlippedSpans = new() { };

    public static TheoryData<string> Names()
    {
        TheoryData<string> names = [];
        if (Golden.Root is null || !Directory.Exists(Path.Combine(Golden.Root, "golden", "tokenizers", "cases")))
        {
            names.Add("smollm2");
            return names;
        }

        foreach (string file in Directory.EnumerateFiles(Path.Combine(Golden.Root, "golden", "tokenizers", "cases"), "*.jsonl.gz").Order()) names.Add(Path.GetFileName(file)[..^9]);
        return names;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_GoldenRows_Equal(string name)
    {
        List<JsonElement> rows = GoldenTokenizers.Rows("cases", name + ".jsonl.gz");
        Tokenizer tokenizer = GoldenTokenizers.Load(name);
        List<string> wrong = [];
        int checks = 0;
        foreach (JsonElement row in rows)
        {
            if (row.TryGetProperty("pair", out JsonElement pair))
            {
                CheckPair(row, pair);
                continue;
            }

            int number = row.GetProperty("i").GetInt32();
            string text = GoldenTokenizers.Text(number);
            int[] ids = GoldenTokenizers.Ints(row, "ids")!;
            int[] plain = GoldenTokenizers.Ints(row, "plain") ?? ids;
            EncodeOptions bare = new() { AddSpecial = false };
            TokenEncoding body = tokenizer.EncodeFull(text, null, bare);
            TokenEncoding full = tokenizer.EncodeFull(text);
            Same(number, "ids", ids, tokenizer.Encode(text));
            Same(number, "full ids", ids, body.Ids);
            Same(number, "plain", plain, tokenizer.EncodeOrdinary(text));
            bool spans = !SlippedSpans.TryGetValue(name, out int[]? slipped) || Array.IndexOf(slipped, number) < 0;
            if (spans)
            {
                Same(number, "off", GoldenTokenizers.Ints(row, "off")!, GoldenTokenizers.Flat(body));
                if (GoldenTokenizers.Ints(row, "plainOff") is { } plainOff) Same(number, "plainOff", plainOff, GoldenTokenizers.Flat(tokenizer.EncodeFull(text, null, bare with { ParseSpecial = false })));
                if (GoldenTokenizers.Ints(row, "spOff") is { } spOff) Same(number, "spOff", spOff, GoldenTokenizers.Flat(full));
            }

            int[] special = GoldenTokenizers.Ints(row, "sp") ?? ids;
            Same(number, "sp", special, full.Ids);
            if (GoldenTokenizers.Ints(row, "spTypes") is { } types) Same(number, "spTypes", types, full.Types);
            for (int k = 0; k < body.Ids.Count; k++)
            {
                string? want = row.TryGetProperty("tok", out JsonElement tok) && tok.TryGetProperty(k.ToString(), out JsonElement odd) ? odd.GetString() : tokenizer.TextOf(body.Ids[k]);
                if (want != body.Tokens[k]) wrong.Add($"{number} token {k}: {Show(want!)} got {Show(body.Tokens[k])}");
            }

            string decoded = row.TryGetProperty("dec", out JsonElement dec) ? dec.GetString()! : text;
            string kept = row.TryGetProperty("keep", out JsonElement keep) ? keep.GetString()! : decoded;
            SameText(number, "dec", decoded, tokenizer.Decode(special));
            SameText(number, "keep", kept, tokenizer.Decode(special, keepSpecial: true));
            if (GoldenTokenizers.Ints(row, "st") is { } stream)
            {
                IStreamingDecoder decoder = tokenizer.Stream(keepSpecial: true);
                StringBuilder all = new();
                int[] outs = new int[ids.Length];
                for (int k = 0; k < ids.Length; k++)
                {
                    all.Append(decoder.Add(ids[k]));
                    outs[k] = all.ToString().EnumerateRunes().Count();
                }

                all.Append(decoder.Finish());
                Same(number, "st", stream, outs);
                SameText(number, "stream", tokenizer.Decode(ids, keepSpecial: true), all.ToString());
            }
        }

        Assert.True(wrong.Count == 0, $"{name}: {wrong.Count} of {checks} differ\n{string.Join('\n', wrong.Take(12))}");

        void CheckPair(JsonElement row, JsonElement pair)
        {
            string a = GoldenTokenizers.Text(pair[0].GetInt32()), b = GoldenTokenizers.Text(pair[1].GetInt32());
            int number = (pair[0].GetInt32() * 10_000) + pair[1].GetInt32();
            TokenEncoding both = tokenizer.EncodeFull(a, b);
            TokenEncoding bare = tokenizer.EncodeFull(a, b, new EncodeOptions { AddSpecial = false });
            Same(number, "pair ids", GoldenTokenizers.Ints(row, "ids")!, both.Ids);
            Same(number, "pair types", GoldenTokenizers.Ints(row, "types")!, both.Types);
            Same(number, "pair smask", GoldenTokenizers.Ints(row, "smask")!, both.IsAdded.Select(x => x ? 1 : 0));
            Same(number, "pair seq", GoldenTokenizers.Ints(row, "seq")!, both.Sequences);
            Same(number, "pair off", GoldenTokenizers.Ints(row, "off")!, GoldenTokenizers.Flat(both));
            Same(number, "bare", GoldenTokenizers.Ints(row, "bare")!, bare.Ids);
            Same(number, "bareTypes", GoldenTokenizers.Ints(row, "bareTypes")!, bare.Types);
            SameText(number, "pair dec", row.GetProperty("dec").GetString()!, tokenizer.Decode(both.Ids));
            SameText(number, "pair keep", row.GetProperty("keep").GetString()!, tokenizer.Decode(both.Ids, keepSpecial: true));
        }

        void Same(int number, string what, IEnumerable<int> want, IEnumerable<int> got)
        {
            checks++;
            if (!want.SequenceEqual(got)) wrong.Add($"{number} {what}: [{string.Join(' ', want.Take(40))}] got [{string.Join(' ', got.Take(40))}]");
        }

        void SameText(int number, string what, string want, string got)
        {
            checks++;
            if (want != got) wrong.Add($"{number} {what}: {Show(want)} got {Show(got)}");
        }
    }

    private static string Show(string text) => JsonEncodedText.Encode(text[..Math.Min(60, text.Length)]).ToString();
}
