using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;

namespace Plumbline.Phantoms.Calibration;

/// <summary>Two runs of a method: what the comparison says of its rows, and the second run's figures.</summary>
internal sealed record ComparedRuns(IReadOnlyList<MetricComparison> Rows, IReadOnlyList<Metric> Second);

/// <summary>What comparisons of runs of one law with runs of another have shown so far. Not safe for concurrent use.</summary>
/// <param name="before">The first runs' law.</param>
/// <param name="law">The second runs'.</param>
internal sealed class ComparisonTally(ScriptedLaw before, ScriptedLaw law)
{
    private readonly RowTallies _second = new(law);
    private readonly Dictionary<(string Evaluation, string Metric), Row> _rows = [];
    private int _replicates;
    private int _changed;

    /// <summary>The second runs' law.</summary>
    public ScriptedLaw Law => law;

    /// <summary>In how many comparisons any row was called changed.</summary>
    public MeasuredShare? AnyChange => MeasuredShare.Of(_changed, _replicates);

    /// <summary>Adds a comparison.</summary>
    public void Add(ComparedRuns runs)
    {
        _replicates++;
        if (runs.Rows.Any(r => r.Real)) _changed++;
        foreach (Metric metric in runs.Second) _second.Add(metric, found: false);
        foreach (MetricComparison row in runs.Rows)
        {
            if (ScriptedTruth.Of(law, row.Evaluation, row.Metric) is not { } after || ScriptedTruth.Of(before, row.Evaluation, row.Metric) is not { } truth) continue;
            if (!_rows.TryGetValue((row.Evaluation, row.Metric), out Row? tally)) _rows[(row.Evaluation, row.Metric)] = tally = new(after - truth);
            tally.Add(row);
        }
    }

    /// <summary>How often a row was called changed, in the right direction; null where it did not occur.</summary>
    public MeasuredShare? Power(string evaluation, string metric) => _rows.GetValueOrDefault((evaluation, metric))?.Power;

    /// <summary>A row's unit; null where it did not occur.</summary>
    public bool? IsShare(string evaluation, string metric) => _second.Scale(evaluation, metric)?.IsShare;

    /// <summary>All rows whose truth is known; power where the row changed.</summary>
    public IReadOnlyList<RowCalibration> Rows() =>
    [
        .. _second.Rows(power: false).Select(r => _rows.GetValueOrDefault((r.Evaluation, r.Metric)) is { } row ? r with { Power = row.Change == 0 ? null : row.Power, Change = row.Change, ChangeCoverage = row.Coverage } : r),
    ];

    private sealed class Row(double change)
    {
        private int _replicates;
        private int _found;
        private int _compared;
        private int _covered;

        public double Change => change;

        public MeasuredShare? Power => MeasuredShare.Of(_found, _replicates);

        public MeasuredShare? Coverage => MeasuredShare.Of(_covered, _compared);

        public void Add(MetricComparison row)
        {
            _replicates++;
            if (row.Real && Math.Sign(row.Difference ?? 0) == Math.Sign(change)) _found++;
            if (row is not { Low: { } low, High: { } high }) return;
            _compared++;
            if (low <= change + 1e-12 && change - 1e-12 <= high) _covered++;
        }
    }
}
