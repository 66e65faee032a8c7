using Plumbline.Instruments;
using Plumbline.Runs;

namespace Plumbline.Phantoms.Calibration;

/// <summary>A pair's runs. Not safe for concurrent use.</summary>
internal sealed class PairTally(IPhantomPair pair)
{
    private readonly Dictionary<(string, string), int> _found = [];
    private readonly Dictionary<string, int> _alarms = [];
    private readonly Dictionary<string, int> _asked = [];
    private readonly Dictionary<string, (double? Threshold, bool IsShare)> _scales = [];
    private double _seconds;

    /// <summary>The planted one's name.</summary>
    public string Phantom => pair.Phantom;

    /// <summary>Runs of each of the two.</summary>
    public int Seeds { get; private set; }

    /// <summary>Runs both with a seed.</summary>
    public async Task RunAsync(ulong seed, CancellationToken cancellationToken)
    {
        RunResult planted = await pair.RunAsync(planted: true, seed, cancellationToken), clean = await pair.RunAsync(planted: false, seed, cancellationToken);
        Seeds++;
        _seconds += planted.Seconds + clean.Seconds;
        foreach (Finding finding in planted.Findings) _found[(finding.Evaluation, finding.Metric)] = _found.GetValueOrDefault((finding.Evaluation, finding.Metric)) + 1;
        foreach (string method in clean.Findings.Select(f => MethodOf(f.Evaluation)).Distinct(StringComparer.Ordinal)) _alarms[method] = _alarms.GetValueOrDefault(method) + 1;
        foreach (Metric metric in planted.Metrics.Where(m => m.Estimate is not null))
        {
            _asked[MethodOf(metric.Evaluation)] = Math.Max(_asked.GetValueOrDefault(MethodOf(metric.Evaluation)), metric.Outcomes.Total);
            _scales[$"{metric.Evaluation}.{metric.Name}"] = (metric.Threshold?.Value, metric.IsShare);
        }
    }

    /// <summary>The method's row; null where the pair has no data for it or makes no findings.</summary>
    public InstrumentCalibration? Summary(Evaluation evaluation)
    {
        string method = evaluation.Card.Id;
        if (Seeds == 0 || !_asked.TryGetValue(method, out int samples)) return null;
        MetricName? plant = pair.Plants.FirstOrDefault(p => MethodOf(p.Evaluation) == method);
        MetricName row = plant ?? evaluation.Card.Metrics[0];
        (double? threshold, bool share) = _scales.GetValueOrDefault($"{row.Evaluation}.{row.Metric}", (null, true));
        bool rules = evaluation.Card.Metrics.Any(m => _scales.TryGetValue($"{m.Evaluation}.{m.Metric}", out (double? Threshold, bool) scale) && scale.Threshold is not null);
        if (!rules) return null;
        RowPower[] plants = [.. pair.Plants.Where(p => MethodOf(p.Evaluation) == method).Select(p => new RowPower(p, MeasuredShare.Of(_found.GetValueOrDefault((p.Evaluation, p.Metric)), Seeds)!))];
        return new()
        {
            Method = method,
            Phantom = pair.Phantom,
            Twin = pair.Twin,
            Evaluation = row.Evaluation,
            Metric = row.Metric,
            Threshold = threshold,
            IsShare = share,
            Samples = samples,

            // Every plant must be found; the one that is missed most often counts.
            Power = plants.MinBy(p => p.Power.Value)?.Power,
            FalseAlarm = MeasuredShare.Of(_alarms.GetValueOrDefault(method), Seeds),
            Reason = plants.Length == 0 ? "nothing of this kind is planted: both must pass; its exact truth is not known, so there is no coverage" : "the exact truth of trained weights is not known: there is no coverage and no bias",
            ReasonZh = plants.Length == 0 ? "没有植入这类缺陷：两个模型都应通过；确切真值未知，因此没有覆盖率" : "训练所得权重的确切真值未知：没有覆盖率与偏差",
            Seconds = _seconds / Math.Max(1, _asked.Count),
        };
    }

    private static string MethodOf(string evaluation) => evaluation.Split('/')[0];

    private sealed record RowPower(MetricName Row, MeasuredShare Power);
}
