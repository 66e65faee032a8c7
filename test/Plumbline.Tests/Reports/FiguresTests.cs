using Plumbline.Reports;

namespace Plumbline.Tests.Reports;

public class FiguresTests
{
    [Theory]
    [InlineData(0.0, "0.0%")]
    [InlineData(1e-17, "0.0%")]
    [InlineData(0.0004, "<0.1%")]
    [InlineData(0.412, "41.2%")]
    [InlineData(0.9999, ">99.9%")]
    [InlineData(1.0, "100.0%")]
    [InlineData(-0.12, "−12.0%")]
    [InlineData(-1e-17, "0.0%")]
    [InlineData(double.NaN, "–")]
    [InlineData(double.PositiveInfinity, "–")]
    public void Number_Share_ReadsAsPercent(double value, string text) => Assert.Equal(text, Figures.Number(value, share: true));

    [Theory]
    [InlineData(11.3249, "11.325")]
    [InlineData(-0.5, "−0.5")]
    [InlineData(0.00001234, "1.234E−5")]
    [InlineData(0.0, "0")]
    public void Number_Plain_KeepsItsUnit(double value, string text) => Assert.Equal(text, Figures.Number(value, share: false));

    [Fact]
    public void Interval_SharesAndOthers_AreUnmistakable()
    {
        Assert.Equal("30.1–52.8%", Figures.Interval(0.301, 0.528, share: true));
        Assert.Equal("[−0.12, 0.4]", Figures.Interval(-0.12, 0.4, share: false));
        Assert.Equal("[−12.0%, 40.0%]", Figures.Interval(-0.12, 0.4, share: true));
    }

    [Fact]
    public void Duration_AnyLength_ReadsAsTime()
    {
        Assert.Equal("0.4 s", Figures.Duration(0.4));
        Assert.Equal("48 s", Figures.Duration(48.2));
        Assert.Equal("12 min 5 s", Figures.Duration(725));
        Assert.Equal("2 h 3 min", Figures.Duration(7400));
    }
}
