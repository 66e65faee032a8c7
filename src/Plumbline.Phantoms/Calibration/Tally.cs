using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;

namespace Plumbline.Phantoms.Calibration;

/// <summary>What the replicates of one law have shown so far. Not safe for concurrent use.</summary>
internal sealed class Tally(ScriptedLaw law)
{
    private readonly RowTallies _rows = new(law);
    private int _replicates;
    private int _alarmed;

    /// <summary>The law.</summary>
    public ScriptedLaw Law => law;

    /// <summary>How many replicates made any finding.</summary>
    public MeasuredShare? AnyFinding => MeasuredShare.Of(_alarmed, _replicates);

    /// <summary>Adds a replicate.</summary>
    /// <param name="metrics">Its figures.</param>
    /// <param name="padding">Hypotheses of other methods in the same run, none of which is beyond its threshold.</param>
    public void Add(IReadOnlyList<Metric> metrics, IReadOnlyList<Metric> padding)
    {
        IReadOnlyList<Finding> findings = FindingRules.Apply([.. metrics, .. padding]);
        _replicates++;
        if (findings.Count > 0) _alarmed++;
        foreach (Metric metric in metrics) _rows.Add(metric, findings.Any(f => f.Evaluation == metric.Evaluation && f.Metric == metric.Name));
    }

    /// <summary>How often a row's finding was made; null where the row has no threshold or did not occur.</summary>
    public MeasuredShare? Power(string evaluation, string metric) => _rows.Power(evaluation, metric);

    /// <summary>A row's threshold and unit; null where it did not occur.</summary>
    public (double? Threshold, bool IsShare)? Scale(string evaluation, string metric) => _rows.Scale(evaluation, metric);

    /// <summary>All rows whose truth is known.</summary>
    public IReadOnlyList<RowCalibration> Rows() => _rows.Rows(power: true);
}
