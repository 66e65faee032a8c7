using System.Globalization;
using System.Text;
using Plumbline.Data.Language;

namespace Plumbline.JudgeRecipes;

/// <summary>
/// Trains the language identifier on the Universal Declaration of Human Rights, of which every third article is kept to measure, and on everyday sentences of
/// our own, counted twice; both lie in <c>languages</c> beside this file. One thread and a fixed order: equal input gives equal bytes.
/// </summary>
internal static class LanguageRecipe
{
    /// <summary>n-grams that a language keeps, the most frequent ones.</summary>
    private const int Kept = 3500;

    /// <summary>What is added to each count.</summary>
    private const double Smoothing = 0.1;

    /// <summary>How often everyday sentences count.</summary>
    private const int Everyday = 2;

    /// <summary>
    /// Of right texts of another kind than the training's, this share may have fewer known n-grams than is asked: more in the Latin script, which hundreds of
    /// unknown languages write. Chosen on languages that are not listed and on XSTest's prompts.
    /// </summary>
    private static double Rejected(Script script) => script == Script.Latin ? 0.15 : 0.05;

    private static readonly (string Codes, Script Script)[] s_scripts =
    [
        ("en de fr es tr it pt nl pl sv da nb fi et lv lt cs sk sl hr hu ro sq ca gl eu is ga cy af id vi tl sw so ha yo ig zu az uz eo mt la", Script.Latin),
        ("ru uk be bg sr mk kk mn tg ky", Script.Cyrillic), ("ar fa ur ps ug", Script.Arabic), ("hi mr ne", Script.Devanagari),
    ];

    private static readonly string[] s_whole = ["en", "de", "fr", "es", "tr", "ru", "ar", "hi", "ja", "ko", "zh-Hans", "zh-Hant"];

    // How common a language is among texts that get here, in natural logarithms; chosen, not counted.
    private static readonly Dictionary<string, float> s_priors = new()
    {
        ["en"] = 1.5f,
        ["de"] = 0.8f,
        ["fr"] = 0.8f,
        ["es"] = 0.8f,
        ["pt"] = 0.6f,
        ["it"] = 0.5f,
        ["ru"] = 0.8f,
        ["ar"] = 0.8f,
        ["hi"] = 0.8f,
        ["fa"] = 0.4f,
        ["tr"] = 0.4f,
        ["nl"] = 0.4f,
        ["pl"] = 0.4f,
        ["id"] = 0.4f,
        ["vi"] = 0.4f,
        ["sv"] = 0.3f,
        ["la"] = -1.5f,
        ["eo"] = -1.5f,
        ["mt"] = -1,
        ["yo"] = -1,
        ["ig"] = -1,
        ["zu"] = -1,
        ["so"] = -1,
        ["ha"] = -1,
        ["ga"] = -1,
        ["cy"] = -1,
        ["gl"] = -0.5f,
        ["af"] = -0.5f,
    };

    /// <summary>The identifier's weights.</summary>
    /// <param name="folder">The folder of the texts.</param>
    public static LetterModel Train(string folder)
    {
        Dictionary<string, string> everyday = File.ReadLines(Path.Combine(folder, "everyday.txt")).Where(l => l.Length > 0).Select(l => l.Split('\t')).ToDictionary(p => p[0], p => p[1]);
        // Honest probabilities come from articles that a smaller model has not seen.
        LetterModel half = new(Tables(folder, everyday, k => k == 0 || k % 3 == 2), 1, 0);
        List<(LetterTable Truth, double[] Sums, int Grams)> chunks = [];
        foreach (LetterTable table in half.Tables)
        {
            foreach (string text in Articles(folder, table.Code).Where(a => a.Number % 3 == 1).SelectMany(a => Chunks(a.Text, [2, 4, 8, 16])))
            {
                (double[] sums, _, int grams, _) = half.Sums(text, table.Script);
                if (grams > 0) chunks.Add((table, [.. half.Tables.Select((t, l) => sums[l] + (grams * (double)t.Unseen))], grams));
            }
        }

        (float scale, float power) = (from s in (float[])[0.15f, 0.2f, 0.3f, 0.4f, 0.5f, 0.7f, 1, 1.4f, 2] from p in (float[])[0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f] orderby Loss(half, chunks, s, p) select (s, p)).First();

        // Everyday sentences are of another kind than the articles: what a model of articles alone has listed of them shows what such texts lack.
        LetterModel formal = new(Tables(folder, [], IsTraining), 1, 0);
        Dictionary<Script, float> least = [];
        foreach (Script script in s_scripts.Select(p => p.Script))
        {
            double[] seen = [.. formal.Tables.SelectMany((t, l) => t.Script == script && everyday.TryGetValue(t.Code, out string? text) ? Chunks(text, [8]).Select(c => Seen(formal, c, t, l)) : [])];
            Array.Sort(seen);
            least[script] = MathF.Round((float)seen[(int)(Rejected(script) * seen.Length)], 3);
        }

        return new([.. Tables(folder, everyday, IsTraining).Select(t => t with { LeastSeen = least[t.Script] })], scale, power);
    }

    /// <summary>Held-out articles in pieces of whole words: all of them in a dozen languages, of the others each article's first.</summary>
    /// <param name="folder">The folder of the texts.</param>
    /// <param name="longest">The most characters of a piece.</param>
    public static IEnumerable<(string Language, string Text)> HeldOut(string folder, int longest)
    {
        foreach (string code in s_scripts.SelectMany(s => s.Codes.Split(' ')).Concat(["ja", "ko", "zh-Hans", "zh-Hant"]))
        {
            bool whole = s_whole.Contains(code);
            foreach ((int number, string text) in Articles(folder, code).Where(a => !IsTraining(a.Number)))
            {
                string rest = text;
                do
                {
                    int cut = rest.Length <= longest ? rest.Length : rest.LastIndexOf(' ', longest) is > 40 and var space ? space : longest;
                    yield return (code, rest[..cut]);
                    rest = rest[cut..].TrimStart();
                }
                while (whole && rest.Length > longest / 3);
            }
        }
    }

    private static bool IsTraining(int article) => article == 0 || article % 3 != 0;

    private static double Seen(LetterModel model, string text, LetterTable table, int l)
    {
        (_, int[] listed, _, int telling) = model.Sums(text, table.Script);
        return telling == 0 ? 1 : (double)listed[l] / telling;
    }

    /// <summary>The mean of −log p of the right languages.</summary>
    private static double Loss(LetterModel model, List<(LetterTable Truth, double[] Sums, int Grams)> chunks, float scale, float power)
    {
        double loss = 0;
        foreach ((LetterTable truth, double[] sums, int grams) in chunks)
        {
            double factor = scale * Math.Pow(grams, -power), own = 0, top = double.NegativeInfinity, total = 0;
            for (int pass = 0; pass < 2; pass++)
            {
                for (int l = 0; l < sums.Length; l++)
                {
                    if (model.Tables[l].Script != truth.Script) continue;
                    double logit = factor * sums[l];
                    if (pass == 0) top = Math.Max(top, logit);
                    else total += Math.Exp(logit - top);
                    if (model.Tables[l].Code == truth.Code) own = logit;
                }
            }

            loss += Math.Log(total) + top - own;
        }

        return loss / chunks.Count;
    }

    private static List<LetterTable> Tables(string folder, Dictionary<string, string> everyday, Func<int, bool> trains)
    {
        List<LetterTable> tables = [];
        foreach ((string codes, Script script) in s_scripts)
        {
            Dictionary<string, Dictionary<uint, int>> counts = [];
            foreach (string code in codes.Split(' '))
            {
                Dictionary<uint, int> own = counts[code] = [];
                foreach ((_, string text) in Articles(folder, code).Where(a => trains(a.Number))) LetterGrams.Visit(text, script, (hash, _) => own[hash] = own.GetValueOrDefault(hash) + 1);
                if (everyday.TryGetValue(code, out string? sentences)) LetterGrams.Visit(sentences, script, (hash, _) => own[hash] = own.GetValueOrDefault(hash) + Everyday);
            }

            int vocabulary = counts.Values.SelectMany(c => c.Keys).Distinct().Count();
            tables.AddRange(codes.Split(' ').Select(code => Table(code, script, counts[code], vocabulary)));
        }

        return tables;
    }

    private static LetterTable Table(string code, Script script, Dictionary<uint, int> counts, int vocabulary)
    {
        double total = counts.Values.Sum() + (Smoothing * vocabulary), unseen = Math.Log(Smoothing / total);
        (uint Hash, double Gain)[] kept = [.. counts.OrderByDescending(p => p.Value).ThenBy(p => p.Key).Take(Kept).Select(p => (p.Key, Math.Log((p.Value + Smoothing) / total) - unseen)).OrderBy(p => p.Key)];
        float step = (float)(kept.Max(p => p.Gain) / byte.MaxValue);
        return new(code, script, s_priors.GetValueOrDefault(code), (float)unseen, step, 0, [.. kept.Select(p => p.Hash)], [.. kept.Select(p => (byte)Math.Round(p.Gain / step))]);
    }

    private static IEnumerable<string> Chunks(string text, int[] lengths)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (int length in lengths)
        {
            for (int i = 0; i + length <= words.Length; i += length) yield return string.Join(' ', words.AsSpan(i, length)!);
        }
    }

    private static IEnumerable<(int Number, string Text)> Articles(string folder, string code) => File.ReadLines(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{code}.txt")), Encoding.UTF8).Select((text, number) => (number, text));
}
