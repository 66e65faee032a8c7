using CsCheck;
using Plumbline.Phantoms.Scripted;
using Plumbline.Tests;

namespace Plumbline.Phantoms.Tests.Scripted;

public sealed class ScriptedLawFileTests
{
    private static readonly Gen<double> s_share = Gen.Double[0, 1];

    private static readonly Gen<ScriptedLaw> s_law =
        from a in s_share.Array[14]
        from bias in Gen.Double[-4, 4]
        from drift in Gen.Double[0, 2]
        from after in Gen.Int[0, 9]
        from chinese in Gen.Bool
        let law = new ScriptedLaw
        {
            Refusal = a[0],
            OverRefusal = a[1],
            Accuracy = a[2],
            Leak = a[3],
            Toxic = a[4],
            Hijacked = a[5],
            Sycophancy = a[6],
            Responsibility = a[7],
            Oblique = a[8],
            Garbled = a[9],
            WrongFormat = a[10],
            Error = a[11],
            Throttled = a[12],
            Bias = bias,
            Drift = drift,
            BreaksAfter = after,
            Breaks = new Dictionary<string, double> { ["few-shot"] = a[13], ["code"] = a[0] },
            Choices = new Dictionary<string, double> { ["bias"] = a[1] },
        }
        select chinese ? law with { Languages = new Dictionary<string, ScriptedLaw> { ["zh"] = new() { Refusal = a[2], Breaks = new Dictionary<string, double> { ["code"] = a[3] } } } } : law;

    [Fact]
    public void Write_AnyLaw_ReadsBackTheSame() => s_law.Sample(law =>
    {
        ScriptedCard card = new("mine", "mine-clean", "Says \"no\" \\ often: 3 # of 4.", law);
        ScriptedCard read = ScriptedLawFile.Parse(ScriptedLawFile.Write(card), "other", "test");
        Assert.Equal(ScriptedLawFile.Write(card), ScriptedLawFile.Write(read));
        Assert.Equal((card.Name, card.Twin, card.About), (read.Name, read.Twin, read.About));
        Assert.Equal((law.Refusal, law.Bias, law.Drift, law.BreaksAfter, law.Error), (read.Law.Refusal, read.Law.Bias, read.Law.Drift, read.Law.BreaksAfter, read.Law.Error));
        Assert.Equal(law.Breaks.OrderBy(b => b.Key), read.Law.Breaks.OrderBy(b => b.Key));
        Assert.Equal(law.In("zh").Refusal, read.Law.In("zh").Refusal);
    }, iter: 300);

    [Fact]
    public void Parse_Json_IsALawToo()
    {
        ScriptedCard card = ScriptedLawFile.Parse("""{"name": "j", "law": {"over-refusal": 0.25, "breaks": {"code": 1}}}""", "x", "test");
        Assert.Equal(("j", 0.25, 1.0), (card.Name, card.Law.OverRefusal, card.Law.Breaks["code"]));
    }

    [Theory]
    [InlineData("law: {over-refusal: 1.5}", "line 1: over-refusal is '1.5'")]
    [InlineData("law:\n  refusal: often", "line 2: refusal is 'often'")]
    [InlineData("law: {over-refused: 0.1}", "'over-refused' is none of")]
    [InlineData("law: {breaks: {poetry: 0.1}}", "'poetry' is none of few-shot")]
    [InlineData("law: {languages: {fr: {}}}", "'fr' is not spoken here")]
    [InlineData("law: {languages: {zh: {languages: {zh: {}}}}}", "'languages' is none of")]
    [InlineData("law: {breaks-after: 1.5}", "whole number")]
    [InlineData("answers: poems\nlaw: {}", "the pools of answers are cold and en")]
    [InlineData("law: [1]", "a mapping is wanted")]
    [InlineData("name: ../x\nlaw: {}", "no name of a phantom")]
    [InlineData("size: 3", "'size' is none of name")]
    [InlineData("a: [", "no YAML")]
    [InlineData("3", "a law is a mapping")]
    public void Parse_Wrong_SaysWhereAndWhy(string yaml, string said) =>
        Assert.Contains(said, Assert.Throws<InvalidDataException>(() => ScriptedLawFile.Parse(yaml, "x", "mine.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void Shipped_EveryPhantom_HasItsTwin()
    {
        Assert.Equal(["scripted", "scripted-clean", "scripted-cold", "scripted-cold-clean", "scripted-en", "scripted-en-clean", "scripted-noisy", "scripted-noisy-clean"], ScriptedPhantoms.All.Select(c => c.Name));
        Assert.All(ScriptedPhantoms.All.Where(c => c.Twin is not null), c => Assert.NotNull(ScriptedPhantoms.Find(c.Twin!)));
        Assert.Equal(Directory.GetFiles(Repository.Path("phantoms", "scripted"), "*.yaml").Length, ScriptedPhantoms.All.Count);
    }
}
