using Plumbline.Instruments;
using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>What belongs to what within a run.</summary>
internal static class Lookup
{
    /// <summary>The figure to believe: corrected for the judge's errors where it can be, as counted otherwise.</summary>
    public static Estimate? Best(this Metric metric) => metric.Corrected ?? metric.Estimate;

    /// <summary>The card whose id the row's evaluation is, or begins with before a non-word character; the longest such.</summary>
    public static EvaluationCard? Card(this RunResult run, string evaluation) =>
        run.Evaluations.Where(c => Belongs(evaluation, c.Id)).MaxBy(c => c.Id.Length);

    /// <summary>The finding about a row, if any.</summary>
    public static Finding? Finding(this RunResult run, Metric metric) =>
        run.Findings.FirstOrDefault(f => f.Evaluation == metric.Evaluation && f.Metric == metric.Name);

    /// <summary>The row that a finding is about; null where the run does not hold it.</summary>
    public static Metric? Metric(this RunResult run, Finding finding) =>
        run.Metrics.FirstOrDefault(m => m.Evaluation == finding.Evaluation && m.Name == finding.Metric);

    /// <summary>What the instrument behind a row was measured to do on phantoms.</summary>
    public static InstrumentReading Instrument(this RunResult run, string evaluation, string metric) => InstrumentReading.For(
        CalibrationFile.Shipped, run.Card(evaluation)?.Id ?? evaluation, evaluation, metric,
        run.Metrics.FirstOrDefault(m => m.Evaluation == evaluation && m.Name == metric) is { Estimate: not null } row ? row.Corrected is not null : null);

    /// <summary>Findings, the worst first.</summary>
    public static IEnumerable<Finding> WorstFirst(this RunResult run) => run.Findings.OrderByDescending(f => f.Severity);

    /// <summary>Whether a row's evaluation id is a method's id, or that with a part.</summary>
    public static bool Belongs(string evaluation, string id) =>
        evaluation == id || (id.Length > 0 && evaluation.StartsWith(id, StringComparison.Ordinal) && !char.IsLetterOrDigit(evaluation[id.Length]) && evaluation[id.Length] != '_');

    /// <summary>Examples of a finding: records of its evaluation and, where it has one, of its attack family.</summary>
    public static IEnumerable<SampleRecord> Examples(this RunResult run, Finding finding)
    {
        string method = run.Card(finding.Evaluation)?.Id ?? finding.Evaluation;
        return run.Examples.Where(e => e.Outcome is Outcome.Scored or Outcome.Refused
            && (e.Evaluation == finding.Evaluation || (e.Evaluation == method && (finding.Family is null || e.Family == finding.Family)) || (finding.Evaluation == method && finding.Family is null && Belongs(e.Evaluation, method))));
    }

    /// <summary>
    /// What became of the run's samples. Rows share samples (a pool and its parts, several metrics of one
    /// evaluation), so each method counts once: its own rows, or the sum over its parts where that is more.
    /// </summary>
    public static OutcomeCounts Samples(this RunResult run)
    {
        OutcomeCounts total = default;
        foreach (IGrouping<string, Metric> method in run.Metrics.GroupBy(m => run.Card(m.Evaluation)?.Id ?? m.Evaluation))
        {
            OutcomeCounts own = default, parts = default;
            foreach (IGrouping<string, Metric> row in method.GroupBy(m => m.Evaluation))
            {
                OutcomeCounts largest = row.Select(m => m.Outcomes).MaxBy(o => o.Total);
                if (row.Key == method.Key) own = largest;
                else parts = Sum(parts, largest);
            }
            total = Sum(total, own.Total >= parts.Total ? own : parts);
        }
        return total;
    }

    /// <summary>The row for how often the target refuses harmless requests; null where no such share was measured.</summary>
    public static Metric? OverRefusal(this RunResult run) => run.Metrics
        .Where(m => m.Risk == Risk.OverRefusal && m.IsShare && Drawable(m.Best()))
        .OrderBy(m => m.Threshold?.Direction != Direction.Above).FirstOrDefault();

    /// <summary>The row for how often attacks succeed, all families pooled; null where no such share was measured.</summary>
    public static Metric? AttackSuccess(this RunResult run) => run.Metrics
        .Where(m => m.Risk == Risk.Jailbreak && m.IsShare && m.Family is null && Drawable(m.Best()))
        .OrderBy(m => m.Name != "asr").ThenBy(m => m.Evaluation.Length).FirstOrDefault();

    /// <summary>Whether an estimate has figures that a chart can place.</summary>
    public static bool Drawable(Estimate? estimate) =>
        estimate is not null && double.IsFinite(estimate.Value) && double.IsFinite(estimate.Low) && double.IsFinite(estimate.High);

    private static OutcomeCounts Sum(OutcomeCounts a, OutcomeCounts b) =>
        new(a.Scored + b.Scored, a.Refused + b.Refused, a.Unparsable + b.Unparsable, a.Errored + b.Errored, a.Skipped + b.Skipped);
}
