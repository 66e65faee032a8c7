using System.Text.Json;
using Plumbline.Data.Language;
using Plumbline.JudgeRecipes;
using Plumbline.Tests;

namespace Plumbline.Data.Tests.Language;

public sealed class LanguageIdentifierTests
{
    private static LanguageIdentifier Shipped => LanguageIdentifier.Shipped;

    [Theory]
    [InlineData("Could somebody tell me where the library is?", "en")]
    [InlineData("Wo ist hier die nächste Bibliothek, bitte?", "de")]
    [InlineData("Où se trouve la bibliothèque la plus proche ?", "fr")]
    [InlineData("¿Dónde está la biblioteca más cercana?", "es")]
    [InlineData("En yakın kütüphane nerede acaba?", "tr")]
    [InlineData("Dov'è la biblioteca più vicina?", "it")]
    [InlineData("Где находится ближайшая библиотека?", "ru")]
    [InlineData("Де знаходиться найближча бібліотека?", "uk")]
    [InlineData("أين تقع أقرب مكتبة من هنا؟", "ar")]
    [InlineData("نزدیک‌ترین کتابخانه کجا است؟", "fa")]
    [InlineData("सबसे नज़दीकी पुस्तकालय कहाँ है?", "hi")]
    [InlineData("一番近い図書館はどこですか。", "ja")]
    [InlineData("가장 가까운 도서관은 어디에 있나요?", "ko")]
    [InlineData("请问最近的图书馆在哪里？", "zh-Hans")]
    [InlineData("請問最近的圖書館在哪裡？", "zh-Hant")]
    [InlineData("Πού είναι η πλησιέστερη βιβλιοθήκη;", "el")]
    [InlineData("איפה הספרייה הקרובה ביותר?", "he")]
    [InlineData("ห้องสมุดที่ใกล้ที่สุดอยู่ที่ไหน", "th")]
    [InlineData("今天天气好，用 Python 写一个排序函数吧，谢谢大家的帮助", "zh-Hans")]
    public void Identify_OfASentence_GivesItsLanguage(string text, string language) => Assert.Equal(language, Shipped.Identify(text).Language);

    [Theory]
    [InlineData("")]
    [InlineData("12345 67.8 !!")]
    [InlineData("ok")]
    [InlineData("😀😀")]
    [InlineData("xqzt vvkr wpfj zzxq kjqw")]
    [InlineData("The cat is sleeping on the chair 今天天气很好我们去公园")]
    [InlineData("\ud800\udc00\ud800")]
    public void Identify_OfWhatDoesNotTell_Abstains(string text) => Assert.Equal(LanguageGuess.Undetermined, Shipped.Identify(text).Language);

    [Fact]
    public void Identify_OfWhatDoesNotTell_NamesWhatItWouldHaveBeen()
    {
        LanguageGuess guess = Shipped.Identify("ok");
        Assert.Equal(3, guess.Candidates.Count);
        Assert.True(guess.Candidates[0].Probability < Shipped.LeastProbability);
        Assert.Equal(guess.Candidates[0].Language, Shipped.With(0).Identify("how is it").Candidates[0].Language == "en" ? guess.Candidates[0].Language : null);
        Assert.Throws<ArgumentOutOfRangeException>(() => Shipped.With(1.5));
    }

    [Fact]
    public void Identify_OfShippedLabelledSet_IsRightExceptWhereTheTextDoesNotTell()
    {
        (string Text, string Label)[] rows = [.. Labelled()];
        string[] wrong = [.. rows.Select(r => (r, Shipped.Identify(r.Text).Language)).Where(p => p.Language != p.r.Label).Select(p => $"{p.r.Label}: {p.Language} {p.r.Text}")];
        Assert.Equal(740, rows.Length);
        // An article has no character that only one kind of Chinese uses; it stands in both.
        Assert.InRange(wrong.Length, 0, 4);
        Assert.All(wrong, w => Assert.Contains(": zh ", w));
    }

    [Fact]
    public void Identify_OfHeldOutReferenceParagraphs_IsRight()
    {
        Dictionary<string, string> files = new() { ["eng"] = "en", ["deu"] = "de", ["fra"] = "fr", ["spa"] = "es", ["rus"] = "ru", ["tur"] = "tr", ["arb"] = "ar", ["hin"] = "hi", ["jpn"] = "ja", ["kor"] = "ko", ["cmn_hans"] = "zh", ["cmn_hant"] = "zh" };
        int right = 0, paragraphs = 0;
        foreach ((string file, string language) in files)
        {
            string own = language switch { "zh" => file.Replace("cmn_hans", "zh-Hans").Replace("cmn_hant", "zh-Hant"), _ => language };
            string trained = string.Join('\n', File.ReadLines(Repository.Path("eng", "judges", "languages", own + ".txt")).Where((_, k) => k == 0 || k % 3 != 0));
            foreach (string paragraph in File.ReadLines(Golden.Path("datasets", "corpus-udhr", file + ".txt")).Select(l => l.Trim()).Where(l => l.Length >= (language is "zh" or "ja" or "ko" ? 12 : 40) && !trained.Contains(l)))
            {
                paragraphs++;
                if (Shipped.Identify(paragraph).Primary == language) right++;
            }
        }

        Assert.True(paragraphs > 150 && right >= 0.995 * paragraphs, $"{right} of {paragraphs}");
    }

    [Fact]
    public void Identify_OfEnglishPromptsAndChineseComments_IsMostlyRight()
    {
        string[] prompts = [.. Csv.Read(Repository.Path("datasets", "xstest", "xstest_prompts.csv")).Select(r => r["prompt"])];
        string[] comments = [.. Csv.Read(Repository.Path("datasets", "cold", "test.csv")).Select(r => r["TEXT"])];
        Assert.True(prompts.Count(t => Shipped.Identify(t).Language == "en") >= 0.97 * prompts.Length);
        Assert.True(comments.Count(t => Shipped.Identify(t).Primary == "zh") >= 0.995 * comments.Length);
        Assert.DoesNotContain(prompts, t => Shipped.Identify(t).Primary == "zh");
    }

    [Fact]
    public void Probabilities_OnHeldOutChunks_AreHonest()
    {
        // Of chunks of three words that are given some probability, about that share is right.
        List<(double Probability, bool Right)> guesses = [];
        LanguageIdentifier bold = Shipped.With(0);
        foreach ((string text, string label) in Labelled().Where(r => !r.Label.StartsWith("zh") && r.Label is not ("ja" or "ko")))
        {
            string[] words = text.Split(' ');
            for (int i = 0; i + 3 <= words.Length; i += 3)
            {
                LanguageGuess guess = bold.Identify(string.Join(' ', words[i..(i + 3)]));
                if (guess.Candidates.Count > 0) guesses.Add((guess.Candidates[0].Probability, guess.Candidates[0].Language == label));
            }
        }

        foreach (var bin in guesses.GroupBy(g => (int)(g.Probability * 5)).Where(b => b.Count() >= 100))
        {
            double said = bin.Average(g => g.Probability), was = bin.Average(g => g.Right ? 1 : 0);
            Assert.True(Math.Abs(said - was) < 0.15, $"said {said:F2}, was {was:F2}, n {bin.Count()}");
        }

        Assert.True(guesses.Count > 3000);
    }

    [Fact]
    public void Weights_AreThoseOfTheRecipe()
    {
        string texts = Repository.Path("eng", "judges", "languages");
        Assert.Equal(Resource("weights.bin"), LanguageRecipe.Train(texts).ToBytes());
        Assert.Equal(System.Text.Encoding.UTF8.GetString(Resource("labelled.jsonl")), LanguageCommand.Labelled(texts));
    }

    [Fact]
    public void Read_OfDamagedWeights_IsRefused()
    {
        byte[] whole = Resource("weights.bin");
        Assert.Throws<InvalidDataException>(() => LetterModel.Read([]));
        Assert.Throws<InvalidDataException>(() => LetterModel.Read(whole.AsSpan(0, whole.Length - 1)));
        Assert.Throws<InvalidDataException>(() => LetterModel.Read([.. whole, 0]));
        foreach (int place in (int[])[0, 4, 7, 20, 36, 40])
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x7f;
            try
            {
                LetterModel.Read(damaged);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Fact]
    public void Identify_OfAnyText_GivesProbabilities() => CsCheck.Check.Sample(CsCheck.Gen.String, text =>
    {
        LanguageGuess guess = Shipped.Identify(text);
        Assert.InRange(guess.Probability, 0, 1);
        Assert.True(guess.Candidates.Count <= 3);
    });

    private static IEnumerable<(string Text, string Label)> Labelled()
    {
        foreach (string line in System.Text.Encoding.UTF8.GetString(Resource("labelled.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            yield return (row.RootElement.GetProperty("text").GetString()!, row.RootElement.GetProperty("label").GetString()!);
        }
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(LanguageIdentifier).Assembly.GetManifestResourceStream($"Plumbline.Data.Language.{name}")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
