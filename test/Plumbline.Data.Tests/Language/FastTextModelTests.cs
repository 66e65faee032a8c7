using System.Text;
using System.Text.Json;
using Plumbline.Data.Language;
using Plumbline.Data.Language.FastText;
using Plumbline.Tests;

namespace Plumbline.Data.Tests.Language;

public sealed class FastTextModelTests
{
    private static readonly Dictionary<string, FastTextModel> s_models = [];

    [Fact]
    public void Load_OfReferenceFiles_FindsWhatIsInThem()
    {
        using JsonDocument file = Golden.Json("golden", "data", "classifiers", "fasttext.json");
        int files = 0;
        foreach (GoldenCase c in Golden.Cases(file, "files"))
        {
            FastTextModel model = Model(c.In.GetProperty("file").GetString()!);
            JsonElement wanted = c.Out!.Value;
            Assert.Equal((wanted.GetProperty("dim").GetInt32(), wanted.GetProperty("wordNgrams").GetInt32(), wanted.GetProperty("minn").GetInt32(), wanted.GetProperty("maxn").GetInt32(), wanted.GetProperty("bucket").GetInt32()), (model.Dimension, model.WordNgrams, model.LeastCharacters, model.MostCharacters, model.Buckets));
            Assert.Equal(wanted.GetProperty("loss").GetString(), model.Loss switch { FastTextLoss.HierarchicalSoftmax => "hs", FastTextLoss.OneVersusAll => "ova", _ => "softmax" });
            Assert.Equal(wanted.GetProperty("quantised").GetBoolean(), model.IsQuantised);
            Assert.Equal(wanted.GetProperty("words").GetInt32(), model.Words.Count);
            Assert.Equal(wanted.GetProperty("labels").EnumerateArray().Select(l => (l[0].GetString()!, l[1].GetInt64())), model.Labels);
            Assert.Equal(wanted.GetProperty("firstWords").EnumerateArray().Select(l => (l[0].GetString()!, l[1].GetInt64())), model.Words.Take(12));
            files++;
        }

        Assert.Equal(5, files);
    }

    [Fact]
    public void Predict_OnReferenceTexts_EqualsFastText()
    {
        using JsonDocument file = Golden.Json("golden", "data", "classifiers", "fasttext.json");
        int cases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "predict"))
        {
            FastTextModel model = Model(c.In.GetProperty("file").GetString()!);
            string text = c.In.GetProperty("text").GetString()!;
            JsonElement[] wanted = [.. c.Out!.Value.GetProperty("labels").EnumerateArray()];
            Dictionary<string, double> got = model.Predict(text, 10).ToDictionary(p => p.Label, p => p.Probability);
            Assert.True(wanted.Length == got.Count, $"{c.Name}: {wanted.Length} labels, got {got.Count}");
            foreach (JsonElement label in wanted) Golden.Close(label[1].GetDouble(), got[label[0].GetString()!], c.Rtol, c.Atol, $"{c.Name} {label[0]}");
            float[] vector = model.Vector(text);
            foreach ((JsonElement value, int i) in c.Out.Value.GetProperty("vector").EnumerateArray().Select((v, i) => (v, i))) Golden.Close(value.GetDouble(), vector[i], 0, 2e-5, $"{c.Name} vector {i}");
            cases++;
        }

        Assert.Equal(228, cases);
    }

    [Fact]
    public void HashAndSubwords_OnReferenceWords_EqualFastText()
    {
        using JsonDocument file = Golden.Json("golden", "data", "classifiers", "fasttext.json");
        foreach (GoldenCase c in Golden.Cases(file, "hash")) Assert.Equal(c.Out!.Value.GetProperty("hash").GetUInt32(), FastTextModel.Hash(Encoding.UTF8.GetBytes(c.In.GetProperty("text").GetString()!)));
        foreach (GoldenCase c in Golden.Cases(file, "subwords")) Assert.Equal(c.Out!.Value.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32()), Model(c.In.GetProperty("file").GetString()!).Subwords(c.In.GetProperty("word").GetString()!));
    }

    [Fact]
    public void Identify_WithLid176_EqualsFastText()
    {
        FastTextModel model = FastTextModel.Load(Golden.Path("models", "lid.176", "lid.176.ftz"));
        using JsonDocument file = Golden.Json("golden", "data", "classifiers", "lid.json");
        foreach (GoldenCase c in Golden.Cases(file, "mixed")) Compare(model, c.In.GetProperty("text").GetString()!, c.Out!.Value.GetProperty("top"), c.Name);
        Dictionary<string, string> documents = Golden.Lines("golden", "data", "documents.jsonl").ToDictionary(d => d.GetProperty("id").GetString()!, d => d.GetProperty("text").GetString()!);
        int compared = 0;
        foreach (JsonElement row in Golden.Lines("golden", "data", "classifiers", "lid-documents.jsonl"))
        {
            string id = row.GetProperty("id").GetString()!;
            Compare(model, documents[id], row.GetProperty("top"), id);
            bool keeps = new FastTextIdentifier(model).Identify(documents[id]).Language == "en";
            Assert.True(row.GetProperty("keepEn065").GetBoolean() == keeps, id);
            compared++;
        }

        Assert.Equal(170, compared);
        Assert.Equal("zh", new FastTextIdentifier(model).Identify("请问最近的图书馆在哪里？").Language);
        Assert.Equal(LanguageGuess.Undetermined, new FastTextIdentifier(model).Identify("").Language);
    }

    [Theory]
    [InlineData("tiny-softmax.bin")]
    [InlineData("tiny-softmax-pruned.ftz")]
    [InlineData("tiny-hs.bin")]
    public void Parse_OfDamagedFiles_RefusesOrStillAnswers(string name)
    {
        byte[] whole = File.ReadAllBytes(Golden.Path("golden", "data", "classifiers", name));
        foreach (int length in Enumerable.Range(0, 80).Concat(Enumerable.Range(1, 60).Select(i => (int)(whole.LongLength * i / 61)))) Assert.Throws<InvalidDataException>(() => FastTextModel.Parse(whole.AsSpan(0, length), name));
        Assert.Throws<InvalidDataException>(() => FastTextModel.Parse([.. whole, 0], name));
        CsCheck.Check.Sample(CsCheck.Gen.Select(CsCheck.Gen.Int[0, whole.Length - 1], CsCheck.Gen.Byte, CsCheck.Gen.Bool), t =>
        {
            byte[] damaged = [.. whole];
            // Half of the damage goes to the head, where the counts are.
            int place = t.Item3 ? t.Item1 % 120 : t.Item1;
            damaged[place] = t.Item2;
            try
            {
                FastTextModel.Parse(damaged, name).Predict("the king of the garden", 3);
            }
            catch (InvalidDataException)
            {
            }
        }, iter: 3000, threads: 1);
    }

    [Fact]
    public void Parse_OfLabelsCountedTooOften_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(Golden.Path("golden", "data", "classifiers", "tiny-hs.bin"));
        int at = whole.AsSpan().LastIndexOf("__label__"u8);
        at += whole.AsSpan(at).IndexOf((byte)0) + 1;
        BitConverter.TryWriteBytes(whole.AsSpan(at), 2_000_000_000_000_000L);
        Assert.Contains("a tree over them", Assert.Throws<InvalidDataException>(() => FastTextModel.Parse(whole, "made.bin")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, int.MaxValue, "length of vectors")]
    [InlineData(8, 0, "length of vectors")]
    [InlineData(8, -1, "length of vectors")]
    [InlineData(32, 9, "the loss")]
    [InlineData(36, 1, "no supervised model")]
    [InlineData(44, 99, "character n-grams")]
    [InlineData(64, int.MaxValue, "do not fit")]
    [InlineData(0, 7, "fastText's mark")]
    [InlineData(4, 99, "version")]
    public void Parse_OfAnImpossibleHead_SaysWhatIsWrong(int place, int value, string said)
    {
        byte[] head = new byte[200];
        int[] fields = [793712314, 12, 8, 5, 5, 1, 5, 1, 3, 3, 100, 2, 3, 100];
        for (int i = 0; i < fields.Length; i++) BitConverter.TryWriteBytes(head.AsSpan(4 * i), fields[i]);
        BitConverter.TryWriteBytes(head.AsSpan(place), value);
        Assert.Contains(said, Assert.Throws<InvalidDataException>(() => FastTextModel.Parse(head, "made.bin")).Message);
    }

    private static void Compare(FastTextModel model, string text, JsonElement top, string name)
    {
        Dictionary<string, double> got = model.Predict(text, 3).ToDictionary(p => p.Label, p => p.Probability);
        foreach (JsonElement label in top.EnumerateArray()) Golden.Close(label[1].GetDouble(), got[label[0].GetString()!], 0, 2e-5, $"{name} {label[0]}");
    }

    private static FastTextModel Model(string name)
    {
        lock (s_models)
        {
            if (!s_models.TryGetValue(name, out FastTextModel? model)) s_models[name] = model = FastTextModel.Load(Golden.Path("golden", "data", "classifiers", name));
            return model;
        }
    }
}
