using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Calibration;

/// <summary>A method whose figures have thresholds: is the finding made where something is planted, and none on the twin? Not safe for concurrent use.</summary>
internal sealed class FindingBench : MethodBench
{
    private readonly Tally _standard;
    private readonly Tally _twin;
    private readonly (double Dose, Tally Tally)[] _doses;
    private readonly IReadOnlyList<Metric> _beside;

    public FindingBench(Evaluation evaluation, ScriptedTrial trial, MethodPlan plan, ScriptedCard card, int beside, TimeProvider clock)
        : base(evaluation, trial, plan, card, beside, clock)
    {
        (_standard, _twin, _beside) = (new(plan.AtStandard(Clean)), new(Clean), Unremarkable.Metrics(beside));
        _doses = [.. plan.Doses.Select(d => (d, new Tally(plan.Planted(Clean, d))))];
    }

    /// <inheritdoc/>
    protected override async Task MeasureAsync(int replicates, ulong seed, int concurrency, CancellationToken cancellationToken)
    {
        (Tally Tally, ulong Seed)[] work =
        [
            .. Seeds(_standard, seed + (ulong)Replicates, replicates), .. Seeds(_twin, seed + (ulong)(Replicates / 2), Math.Max(1, replicates / 2)),
            .. _doses.SelectMany(d => Seeds(d.Tally, seed + (ulong)(Replicates / 8), Math.Max(1, replicates / 8))),
        ];

        // Figures are added in the order of the work, whichever replicate comes in first: sums of one seed are the same on every machine.
        IReadOnlyList<Metric>[] figures = new IReadOnlyList<Metric>[work.Length];
        await Parallel.ForAsync(0, work.Length, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (i, token) => figures[i] = await Trial.RunAsync(work[i].Tally.Law, work[i].Seed, token));
        for (int i = 0; i < work.Length; i++) work[i].Tally.Add(figures[i], _beside);
    }

    /// <inheritdoc/>
    protected override (IReadOnlyList<RowCalibration> Rows, IReadOnlyList<CurvePoint> Curve, MeasuredShare? FalseAlarm, (double? Threshold, bool IsShare)? Scale) Figures() =>
        (_standard.Rows(), Curve(_doses.Append((Plan.Standard, _standard)).Select(d => (d.Item1, d.Item2.Power(Plan.Evaluation, Plan.Metric)))), _twin.AnyFinding, _standard.Scale(Plan.Evaluation, Plan.Metric));

    private static IEnumerable<(Tally Tally, ulong Seed)> Seeds(Tally tally, ulong from, int count) => Enumerable.Range(0, count).Select(i => (tally, from + (ulong)i));
}
