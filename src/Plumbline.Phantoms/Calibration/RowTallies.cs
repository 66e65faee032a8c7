using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Calibration;

/// <summary>The figures of one law's runs, row by row, against their exact truth. Rows whose truth the law does not determine are left out. Not safe for concurrent use.</summary>
internal sealed class RowTallies(ScriptedLaw law)
{
    private readonly Dictionary<(string Evaluation, string Metric), Row> _rows = [];

    /// <summary>Adds a row of a run, and whether a finding was made of it.</summary>
    public void Add(Metric metric, bool found)
    {
        if (ScriptedTruth.Of(law, metric.Evaluation, metric.Name) is not { } truth) return;
        if (!_rows.TryGetValue((metric.Evaluation, metric.Name), out Row? row)) _rows[(metric.Evaluation, metric.Name)] = row = new(truth, metric.Threshold?.Value, metric.IsShare);
        row.Add(metric, found);
    }

    /// <summary>How often a row's finding was made; null where the row has no threshold or did not occur.</summary>
    public MeasuredShare? Power(string evaluation, string metric) => _rows.GetValueOrDefault((evaluation, metric)) is { Threshold: not null } row ? MeasuredShare.Of(row.Found, row.Replicates) : null;

    /// <summary>A row's threshold and unit; null where it did not occur.</summary>
    public (double? Threshold, bool IsShare)? Scale(string evaluation, string metric) => _rows.GetValueOrDefault((evaluation, metric)) is { } row ? (row.Threshold, row.IsShare) : null;

    /// <summary>All rows; <paramref name="power"/> says whether findings were looked for.</summary>
    public IReadOnlyList<RowCalibration> Rows(bool power) =>
    [
        .. _rows.Where(r => r.Value.Replicates > 0).OrderBy(r => r.Key.Evaluation, StringComparer.Ordinal).ThenBy(r => r.Key.Metric, StringComparer.Ordinal).Select(r => r.Value.Summary(r.Key.Evaluation, r.Key.Metric, power)),
    ];

    private sealed class Row(double truth, double? threshold, bool isShare)
    {
        private int _covered;
        private int _corrected;
        private int _plainCovered;
        private double _error;
        private double _plainError;
        private double _width;

        public int Replicates { get; private set; }

        public int Found { get; private set; }

        public double? Threshold => threshold;

        public bool IsShare => isShare;

        public void Add(Metric metric, bool found)
        {
            if ((metric.Corrected ?? metric.Estimate) is not { } best) return;
            Replicates++;
            if (found) Found++;
            if (Holds(best)) _covered++;
            _error += best.Value - truth;
            _width += best.High - best.Low;
            if (metric.Corrected is null) return;
            _corrected++;
            if (Holds(metric.Estimate!)) _plainCovered++;
            _plainError += metric.Estimate!.Value - truth;
        }

        public RowCalibration Summary(string evaluation, string metric, bool power) => new(
            evaluation, metric, truth, power && threshold is not null ? MeasuredShare.Of(Found, Replicates) : null, MeasuredShare.Of(_covered, Replicates)!, _error / Replicates, _width / Replicates,
            MeasuredShare.Of(_plainCovered, _corrected), _corrected > 0 ? _plainError / _corrected : null);

        // The last bits of a bound are rounding.
        private bool Holds(Estimate estimate) => estimate.Low <= truth + 1e-12 && truth - 1e-12 <= estimate.High;
    }
}
