using Plumbline.Instruments;
using Plumbline.Phantoms.Calibration;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Tests.Calibration;

public sealed class MethodPlanTests
{
    private static ScriptedLaw Clean => ScriptedPhantoms.Find("scripted-noisy-clean")!.Law;

    /// <summary>A dose is the true figure, or the true change for the worse, of the row that it is planted in.</summary>
    [Fact]
    public void Planted_EveryDose_IsTheTruthOfItsRow() => Assert.All(MethodPlan.All, plan => Assert.All(plan.Doses.Append(plan.Standard), dose =>
    {
        double planted = Truth(plan, plan.Planted(Clean, dose)), clean = Truth(plan, Clean);
        Assert.Equal(dose, plan.Decision == InstrumentDecision.Comparison ? Math.Abs(clean - planted) : planted, 9);
    }));

    [Fact]
    public void All_Comparisons_HaveAReasonAndDosesBelowTheStandardOne()
    {
        MethodPlan[] compared = [.. MethodPlan.All.Where(p => p.Decision == InstrumentDecision.Comparison)];
        Assert.Equal(10, compared.Length);
        Assert.All(compared, p => Assert.True(p.Reason is { Length: > 20 } && p.Doses.Count >= 6 && p.Doses.SequenceEqual(p.Doses.Order()) && p.Doses[0] > 0 && p.Doses[^1] < p.Standard, p.Method));
    }

    private static double Truth(MethodPlan plan, ScriptedLaw law) => ScriptedTruth.Of(law, plan.Evaluation, plan.Metric)!.Value;
}
