using Plumbline.Instruments;
using Plumbline.Phantoms.Calibration;

namespace Plumbline.Phantoms.Tests.Calibration;

public sealed class SmallestDoseTests
{
    [Fact]
    public void SmallestDose_BetweenTwoDoses_IsInterpolated() => Assert.Equal(0.25, Of((0.1, 10), (0.2, 70), (0.3, 90), (0.4, 100))!.Value, 9);

    [Fact]
    public void SmallestDose_PowerThatDips_IsThatOfTheMonotoneFit() => Assert.Equal(0.35, Of((0.1, 10), (0.2, 80), (0.3, 60), (0.4, 90))!.Value, 9);

    [Fact]
    public void SmallestDose_NeverReached_IsNull() => Assert.Null(Of((0.1, 10), (0.2, 30), (0.3, 79)));

    [Fact]
    public void SmallestDose_ReachedFromTheFirst_IsTheFirst() => Assert.Equal(0.1, Of((0.1, 90), (0.2, 95)));

    private static double? Of(params (double Dose, int Found)[] points) => MethodBench.SmallestDose([.. points.Select(p => new CurvePoint(p.Dose, MeasuredShare.Of(p.Found, 100)!))]);
}
