namespace Plumbline.Tests;

public sealed class GateTests
{
    private static readonly Metric s_rate = new()
    {
        Evaluation = "jailbreak",
        Name = "asr",
        Risk = Risk.Jailbreak,
        Dataset = new("d", "s", "MIT", ["en"]),
        Estimate = Estimates.Rate(3, 100),
        Corrected = Estimates.Corrected(Estimates.Rate(3, 100), new("j", 90, 100, 99, 100, "", "")),
    };

    [Theory]
    [InlineData("jailbreak.asr <= 0.03", true)]
    [InlineData("jailbreak.asr < 0.03", false)]
    [InlineData("jailbreak.asr upper <= 0.05", false)]
    [InlineData("jailbreak.asr upper <= 0.09", true)]
    [InlineData("jailbreak.asr lower >= 0.01", true)]
    [InlineData("jailbreak.asr value > 0.029", true)]
    [InlineData("jailbreak.asr corrected <= 0.025", true)]
    public void Check_KnownFigure_ComparesTheNamedBound(string gate, bool holds) => Assert.Equal(holds, Gate.Parse(gate).Check([s_rate]).Holds);

    [Fact]
    public void Check_NothingMeasured_DoesNotHold()
    {
        GateResult result = Gate.Parse("jailbreak.asr <= 1").Check([s_rate with { Estimate = null, Reason = "every request failed" }]);
        Assert.False(result.Holds);
        Assert.Null(result.Actual);
        Assert.Equal("every request failed", result.Reason);
    }

    [Fact]
    public void Check_NoCorrection_DoesNotHoldAndSaysWhy()
    {
        GateResult result = Gate.Parse("jailbreak.asr corrected <= 1").Check([s_rate with { Corrected = null }]);
        Assert.False(result.Holds);
        Assert.Contains("correction", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jailbreak <= 0.1")]
    [InlineData("jailbreak.asr")]
    [InlineData("jailbreak.asr == 0.1")]
    [InlineData("jailbreak.asr middle <= 0.1")]
    [InlineData("jailbreak.asr <= NaN")]
    [InlineData("jailbreak.asr upper <= much")]
    [InlineData(".asr <= 0.1")]
    public void Parse_NoGate_SaysTheForm(string text) => Assert.Contains("Example", Assert.Throws<FormatException>(() => Gate.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_FamilyRow_KeepsTheSlash()
    {
        Gate gate = Gate.Parse("jailbreak/few-shot.asr upper <= 0.05");
        Assert.Equal("jailbreak/few-shot", gate.Evaluation);
        Assert.Equal("asr", gate.Metric);
        Assert.Equal(GateBound.Upper, gate.Bound);
    }
}
