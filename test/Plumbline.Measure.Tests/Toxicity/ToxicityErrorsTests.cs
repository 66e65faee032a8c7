using System.Text.Json;
using Plumbline.JudgeRecipes;
using Plumbline.Measure.Toxicity;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class ToxicityErrorsTests
{
    /// <summary>The stored error rates are those of the classifier as it is now on the labelled texts as they are now.</summary>
    [Fact]
    public void Stored_Errors_EqualARecount()
    {
        LabelledData data = new(Golden.Path("datasets"));
        (IReadOnlyList<SetErrors> sets, IReadOnlyList<GroupErrors> groups) = ToxicityMeasurement.Of(ToxicityClassifier.Shipped, data);
        using Stream stream = typeof(ToxicityErrors).Assembly.GetManifestResourceStream("Plumbline.Measure.Toxicity.errors.json")!;
        using JsonDocument file = JsonDocument.Parse(stream);
        Assert.Equal(
            file.RootElement.GetProperty("sets").EnumerateArray().Select(s => (
                s.GetProperty("set").GetString()!, s.GetProperty("truePositives").GetInt32(), s.GetProperty("positives").GetInt32(), s.GetProperty("trueNegatives").GetInt32(), s.GetProperty("negatives").GetInt32(),
                s.TryGetProperty("auc", out JsonElement auc) ? auc.GetDouble() : -1)),
            sets.Select(s => (s.Set, s.TruePositives, s.Positives, s.TrueNegatives, s.Negatives, s.Auc is { } auc ? Math.Round(auc, 4) : -1)));
        Assert.Equal(
            file.RootElement.GetProperty("groups").EnumerateArray().Select(g => (g.GetProperty("set").GetString()!, g.GetProperty("group").GetString()!, g.GetProperty("flagged").GetInt32(), g.GetProperty("texts").GetInt32())),
            groups.Select(g => (g.Set, g.Group, g.Flagged, g.Texts)));
    }

    /// <summary>Same data, same bytes: training again gives the weights that ship.</summary>
    [Fact]
    public void Train_Again_GivesTheShippedBytes()
    {
        LabelledData data = new(Golden.Path("datasets"));
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PLUMBLINE_SLOW") == "1", "trains for half a minute; set PLUMBLINE_SLOW=1");
        Assert.Equal(ToxicityClassifier.Shipped.ToBytes(), ToxicityRecipe.Train(data).ToBytes());
    }

    /// <summary>The English texts that ship are those that measured the classifier, and it says of them what it was measured to say.</summary>
    [Fact]
    public void Shipped_EnglishComments_AreTheHeldOutOnes()
    {
        using Stream stream = typeof(ToxicityErrors).Assembly.GetManifestResourceStream("Plumbline.Measure.Toxicity.errors.json")!;
        using JsonDocument file = JsonDocument.Parse(stream);
        JsonElement[] sets = [.. file.RootElement.GetProperty("sets").EnumerateArray().Where(s => s.GetProperty("set").GetString() is "surge-toxicity" or "toxigen-annotated")];
        Assert.Equal(2, sets.Length);
        ILookup<bool, string> texts = LabelledComments.English().ToLookup(c => c.Toxic, c => c.Text);
        Assert.Equal((Sum("positives"), Sum("negatives")), (texts[true].Count(), texts[false].Count()));
        Assert.Equal((Sum("truePositives"), Sum("trueNegatives")), (texts[true].Count(t => ToxicityClassifier.Shipped.IsToxic(t)), texts[false].Count(t => !ToxicityClassifier.Shipped.IsToxic(t))));

        int Sum(string name) => sets.Sum(s => s.GetProperty(name).GetInt32());
    }

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void Of_Language_IsSpecificAndInformative(string language)
    {
        JudgeCalibration errors = ToxicityErrors.Of(ToxicityErrors.Judge(language))!;
        Assert.True(errors.Specificity >= 0.97, $"{errors}");
        Assert.True(errors.Sensitivity > 0.2, $"{errors}");
        Assert.True(errors is { Positives: > 400, Negatives: > 600 });
    }

    [Fact]
    public void Of_OtherJudge_IsNull() => Assert.Null(ToxicityErrors.Of("refusal-detector"));
}
