using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Tests.Tokenizers;

public sealed class CaseTests
{
    // Behind a dropped byte, or where bytes overtake a waiting unknown token, the reference's spans slip (its README):
    // ours are held to the text instead.
    private static readonly string[] SlippingSpans = ["bpe-nounk", "bytefallback-holes", "bytefallback-nofuse", "smollm2"];

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
        int checks = 0, slipped = 0;
        HashSet<int> special = [.. tokenizer.AddedTokens.Where(t => t.Special).Select(t => t.Id)];
        bool unigram = JsonDocument.Parse(GoldenTokenizers.Json(name)).RootElement.GetProperty("model").GetProperty("type").GetString() == "Unigram";
        Dictionary<int, int[]> others = Others($"sentencepiece / {name} / plain");
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

            // A lattice over the whole vocabulary finds special tokens in plain text; ours leaves them out.
            bool leaks = unigram && plain.Any(id => special.Contains(id) && tokenizer.TextOf(id) is { } token && text.Contains(token, StringComparison.Ordinal));
            bool bytes = name == "unigram-bytes" && text.Contains("<0x", StringComparison.Ordinal);
            leaks |= bytes;
            if (leaks) CheckNoLeak(number, tokenizer.EncodeOrdinary(text));
            else Same(number, "plain", plain, tokenizer.EncodeOrdinary(text));
            TokenEncoding plainBody = tokenizer.EncodeFull(text, null, bare with { ParseSpecial = false });
            bool slips = Array.IndexOf(SlippingSpans, name) >= 0
                && !(GoldenTokenizers.Ints(row, "off")!.SequenceEqual(GoldenTokenizers.Flat(body)) && (GoldenTokenizers.Ints(row, "plainOff")?.SequenceEqual(GoldenTokenizers.Flat(plainBody)) ?? true));
            if (slips)
            {
                slipped++;
                CheckSpans(number, text, body);
                CheckSpans(number, text, plainBody);
            }
            else
            {
                Same(number, "off", GoldenTokenizers.Ints(row, "off")!, GoldenTokenizers.Flat(body));
                if (GoldenTokenizers.Ints(row, "plainOff") is { } plainOff && !leaks) Same(number, "plainOff", plainOff, GoldenTokenizers.Flat(plainBody));
                if (GoldenTokenizers.Ints(row, "spOff") is { } spOff) Same(number, "spOff", spOff, GoldenTokenizers.Flat(full));
            }

            int[] whole = GoldenTokenizers.Ints(row, "sp") ?? ids;
            Same(number, "sp", whole, full.Ids);
            if (GoldenTokenizers.Ints(row, "spTypes") is { } types) Same(number, "spTypes", types, full.Types);
            for (int k = 0; k < body.Ids.Count; k++)
            {
                string? want = row.TryGetProperty("tok", out JsonElement tok) && tok.TryGetProperty(k.ToString(), out JsonElement odd) ? odd.GetString() : tokenizer.TextOf(body.Ids[k]);
                if (want != body.Tokens[k]) wrong.Add($"{number} token {k}: {Show(want!)} got {Show(body.Tokens[k])}");
            }

            string decoded = row.TryGetProperty("dec", out JsonElement dec) ? dec.GetString()! : text;
            string kept = row.TryGetProperty("keep", out JsonElement keep) ? keep.GetString()! : decoded;
            SameText(number, "dec", decoded, tokenizer.Decode(whole));
            SameText(number, "keep", kept, tokenizer.Decode(whole, keepSpecial: true));
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
                // Byte tokens that the text spells out may be ill-formed, where the eager stream says more than the whole.
                if (!bytes) Same(number, "st", stream, outs);
                if (!bytes) SameText(number, "stream", tokenizer.Decode(ids, keepSpecial: true), all.ToString());
            }
        }

        // Few enough that the rule above cannot hide a fault.
        Assert.True(slipped <= (name == "bpe-nounk" ? 100 : name == "smollm2" ? 2 : 20), $"{name}: {slipped} rows with other spans");
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
            if (Array.IndexOf(SlippingSpans, name) < 0) Same(number, "pair off", GoldenTokenizers.Ints(row, "off")!, GoldenTokenizers.Flat(both));
            Same(number, "bare", GoldenTokenizers.Ints(row, "bare")!, bare.Ids);
            Same(number, "bareTypes", GoldenTokenizers.Ints(row, "bareTypes")!, bare.Types);
            SameText(number, "pair dec", row.GetProperty("dec").GetString()!, tokenizer.Decode(both.Ids));
            SameText(number, "pair keep", row.GetProperty("keep").GetString()!, tokenizer.Decode(both.Ids, keepSpecial: true));
        }

        void CheckNoLeak(int number, IReadOnlyList<int> got)
        {
            checks++;
            if (others.TryGetValue(number, out int[]? other)) Same(number, "plain without specials", other, got);
            int unknown = tokenizer.IdOf("<unk>") ?? -1;
            if (got.Any(id => special.Contains(id) && id != unknown)) wrong.Add($"{number} plain has special tokens: [{string.Join(' ', got)}]");
        }

        void CheckSpans(int number, string text, TokenEncoding body)
        {
            checks++;
            int[] points = [.. text.EnumerateRunes().Select(r => r.Value)];
            for (int k = 0; k < body.Ids.Count; k++)
            {
                string own = tokenizer.Decode([body.Ids[k]], keepSpecial: true).Trim();
                string there = string.Concat(points[body.Spans[k].Start..body.Spans[k].End].Select(char.ConvertFromUtf32));
                if (!own.Contains('\uFFFD') && own != "<unk>" && !Within(own, there)) wrong.Add($"{number} span {k}: {Show(own)} is not in {Show(there)}");
            }
        }

        // The characters of one in the other, in order: between them some were dropped.
        static bool Within(string own, string there)
        {
            int at = 0;
            foreach (char c in there)
                if (at < own.Length && own[at] == c) at++;
            return at == own.Length;
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

    private static Dictionary<int, int[]> Others(string key)
    {
        Dictionary<int, int[]> others = [];
        if (!Golden.Json("golden", "tokenizers", "crosscheck.json").RootElement.TryGetProperty(key, out JsonElement check)) return others;
        foreach (JsonElement row in check.GetProperty("differ").EnumerateArray())
            if (GoldenTokenizers.Ints(row, "other") is { } other) others[row.GetProperty("i").GetInt32()] = other;
        return others;
    }

    private static string Show(string text) => JsonEncodedText.Encode(text[..Math.Min(60, text.Length)]).ToString();
}
