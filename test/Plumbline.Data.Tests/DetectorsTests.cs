using Plumbline.Data.Pii;
using Plumbline.Instruments;
using Plumbline.JudgeRecipes;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Data.Tests;

public sealed class DetectorsTests
{
    [Fact]
    public void StoredFigures_OfShippedSets_AreWhatTheDetectorsDoNow()
    {
        Same(Detectors.Personal(), PiiLabelledText.ShippedName, JudgeErrors.Hash(PiiLabelledText.ShippedBytes.Span));
        Same(Detectors.Identified(), Detectors.LanguageSet, Detectors.LanguageSetSha256());
    }

    [Fact]
    public void StoredFigures_OfForeignSets_AreWhatTheDetectorsDoNow()
    {
        string data = Golden.Path("datasets");
        Same(Detectors.Personal(DetectorCommand.Presidio(data, null)), DetectorCommand.Foreign, null);
        Same(Detectors.Identified(DetectorCommand.Questions(new(data))), DetectorCommand.Prompts, null);
    }

    [Fact]
    public void Replay_OfEachShippedRow_IsWithinItsInterval()
    {
        foreach (string judge in (string[])["pii-detector/en", "pii-detector/zh", "pii-detector/zh/PHONE", "language-identifier/en", "language-identifier/zh", "language-identifier/tr"])
        {
            (MeasuredDetector stored, _, string sha, JudgeMatrix now) = Detectors.Replay(judge)!.Value;
            Assert.Equal(stored.SetSha256, sha);
            Assert.Empty(now.DriftFrom(JudgeMatrix.Of(stored.Calibration)));
            Assert.True(now.Informative, judge);
        }

        Assert.Null(Detectors.Replay("pii-detector/xx"));
        Assert.Null(Detectors.Of("nobody"));
    }

    [Fact]
    public void ShippedSet_HasBothLanguagesWithAndWithoutPersonalData()
    {
        IReadOnlyList<PiiLabelledText> rows = PiiLabelledText.Shipped();
        foreach (string language in (string[])["en", "zh"]) Assert.True(rows.Count(r => r.Language == language && r.Spans.Count > 0) >= 100 && rows.Count(r => r.Language == language && r.Spans.Count == 0) >= 45);
        Assert.All(rows, r => Assert.All(r.Spans, s => Assert.False(char.IsWhiteSpace(r.Text[s.Start]) || char.IsWhiteSpace(r.Text[s.End - 1]))));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"text\": \"a\", \"language\": \"en\", \"spans\": [[\"EMAIL\", 0, 9]]}")]
    [InlineData("{\"text\": \"a\", \"language\": \"en\", \"spans\": [[\"NOSUCH\", 0, 1]]}")]
    [InlineData("not json")]
    public void Parse_OfAWrongLine_NamesIt(string line) =>
        Assert.Contains("mine, line 2", Assert.Throws<InvalidDataException>(() => PiiLabelledText.Parse(System.Text.Encoding.UTF8.GetBytes("\n" + line), "mine")).Message);

    private static void Same(IReadOnlyDictionary<string, JudgeMatrix> now, string set, string? sha256)
    {
        MeasuredDetector[] stored = [.. Detectors.All.Where(d => d.Calibration.Source == set)];
        Assert.Equal(now.Keys.Order(StringComparer.Ordinal), stored.Select(s => s.Calibration.Judge).Order(StringComparer.Ordinal));
        foreach (MeasuredDetector row in stored)
        {
            Assert.Equal(sha256, row.SetSha256);
            JudgeCalibration c = row.Calibration;
            Assert.True(JudgeMatrix.Of(c) == now[c.Judge], $"{c.Judge}: stored {JudgeMatrix.Of(c)}, now {now[c.Judge]}");
        }
    }
}
