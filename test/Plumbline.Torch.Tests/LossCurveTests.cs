using System.Globalization;
using System.Xml.Linq;

namespace Plumbline.Torch.Tests;

public sealed class LossCurveTests
{
    [Fact]
    public void Draw_FallingLoss_IsAWellFormedCurveThatFalls()
    {
        XElement svg = XDocument.Parse(LossCurve.Draw([.. Enumerable.Range(0, 200).Select(i => 5.0 / (1 + (0.1 * i)))])).Root!;
        XElement[] lines = [.. svg.Elements().Where(e => e.Name.LocalName == "polyline")];
        Assert.Equal(2, lines.Length);
        double[] heights = [.. lines[0].Attribute("points")!.Value.Split(' ').Select(p => double.Parse(p.Split(',')[1], CultureInfo.InvariantCulture))];
        Assert.Equal(200, heights.Length);
        Assert.Equal(heights.Order(), heights);   // y grows downward
        Assert.All(heights, h => Assert.InRange(h, 0, 360));
    }

    [Theory]
    [InlineData]
    [InlineData(0.0)]
    [InlineData(double.NaN, 1.0, double.PositiveInfinity)]
    public void Draw_FewOrNoNumbers_IsAPictureStill(params double[] losses) => Assert.Equal("svg", XDocument.Parse(LossCurve.Draw(losses)).Root!.Name.LocalName);
}
