using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;

namespace Plumbline.Phantoms.Calibration;

/// <summary>
/// A method whose figures are compared between two runs: does the comparison of the twin with the phantom call the row changed, and that of the twin with
/// itself none? Both runs ask the same questions and share no draw of an answer. Real targets share what makes a question hard, so that fewer of their answers differ by
/// chance and a change is easier to see than here. Not safe for concurrent use.
/// </summary>
internal sealed class ComparisonBench : MethodBench
{
    /// <summary>Between the seed of the first run's answers and that of the second's: more than there are replicates.</summary>
    internal const ulong Apart = 1UL << 40;

    private readonly ComparisonTally _standard;
    private readonly ComparisonTally _twin;
    private readonly (double Dose, ComparisonTally Tally)[] _doses;

    public ComparisonBench(Evaluation evaluation, ScriptedTrial trial, MethodPlan plan, ScriptedCard card, int beside, TimeProvider clock)
        : base(evaluation, trial, plan, card, beside, clock)
    {
        (_standard, _twin) = (new(Clean, plan.AtStandard(Clean)), new(Clean, Clean));
        _doses = [.. plan.Doses.Select(d => (d, new ComparisonTally(Clean, plan.Planted(Clean, d))))];
    }

    /// <summary>
    /// What `plumbline compare` says of two runs of a method: the rows of both, and so many rows of other methods that are in both the same. The method's rows alone are
    /// returned, with p corrected for all.
    /// </summary>
    public static IReadOnlyList<MetricComparison> Compare(ScriptedRun first, ScriptedRun second, int beside)
    {
        IReadOnlyList<Metric> others = Unremarkable.Metrics(beside);
        return [.. Comparison.Of(With(first.Result), first.Store.Read, With(second.Result), second.Store.Read).Take(first.Result.Metrics.Count)];

        RunResult With(RunResult run) => run with { Metrics = [.. run.Metrics, .. others] };
    }

    /// <inheritdoc/>
    protected override async Task MeasureAsync(int replicates, ulong seed, int concurrency, CancellationToken cancellationToken)
    {
        ulong from = seed + (ulong)Replicates;
        Compared[] all = new Compared[replicates];
        await Parallel.ForAsync(0, replicates, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (i, token) =>
        {
            ulong own = from + (ulong)i;
            ScriptedRun first = await Trial.RunAsync(Clean, own, own, token);
            ScriptedRun planted = await SecondAsync(_standard.Law);

            // False alarms are most frequent where no other row takes a part of the error.
            all[i] = new(
                new(Compare(first, planted, Beside), planted.Result.Metrics),
                i < Math.Max(1, replicates / 2) && await SecondAsync(Clean) is { } again ? new(Compare(first, again, 0), again.Result.Metrics) : null,
                []);
            if (i >= Math.Max(1, replicates / 8)) return;
            foreach ((_, ComparisonTally tally) in _doses)
            {
                ScriptedRun dosed = await SecondAsync(tally.Law);
                all[i].Doses.Add(new(Compare(first, dosed, Beside), dosed.Result.Metrics));
            }

            Task<ScriptedRun> SecondAsync(ScriptedLaw law) => Trial.RunAsync(law, own, own + Apart, token);
        });
        foreach (Compared one in all)
        {
            _standard.Add(one.Standard);
            if (one.Twin is not null) _twin.Add(one.Twin);
            for (int d = 0; d < one.Doses.Count; d++) _doses[d].Tally.Add(one.Doses[d]);
        }
    }

    /// <inheritdoc/>
    protected override (IReadOnlyList<RowCalibration> Rows, IReadOnlyList<CurvePoint> Curve, MeasuredShare? FalseAlarm, (double? Threshold, bool IsShare)? Scale) Figures() =>
        (_standard.Rows(), Curve(_doses.Append((Plan.Standard, _standard)).Select(d => (d.Item1, d.Item2.Power(Plan.Evaluation, Plan.Metric)))), _twin.AnyChange,
            _standard.IsShare(Plan.Evaluation, Plan.Metric) is { } share ? (null, share) : null);

    private sealed record Compared(ComparedRuns Standard, ComparedRuns? Twin, List<ComparedRuns> Doses);
}
