using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Statistics;
using Plumbline.Suites;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Calibration;

/// <summary>How much is measured.</summary>
public sealed record CalibratorOptions
{
    /// <summary>The first replicate's seed; the others follow.</summary>
    /// <value>The default is 1.</value>
    public ulong Seed { get; init; } = 1;

    /// <summary>Time after which no further round of replicates begins; every method has its first round whatever this is.</summary>
    /// <value>The default is two minutes.</value>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>So many replicates at the standard dose, in place of a budget; the twin gets half of them, each other dose an eighth.</summary>
    public int? Replicates { get; init; }

    /// <summary>Replicates at once.</summary>
    /// <value>The default is the number of processors.</value>
    public int Concurrency { get; init; } = Environment.ProcessorCount;
}

/// <summary>How far a calibration is. <paramref name="Left"/> is the time to be expected.</summary>
public sealed record CalibrationProgress(string Method, int Replicates, double Done, TimeSpan Left);

/// <summary>A phantom with weights and its clean twin, assessed as a user would. <see cref="RunAsync"/> need not be safe for concurrent use.</summary>
public interface IPhantomPair
{
    /// <summary>The planted one's name.</summary>
    string Phantom { get; }

    /// <summary>The clean one's name.</summary>
    string Twin { get; }

    /// <summary>The rows in which a defect was planted.</summary>
    IReadOnlyList<MetricName> Plants { get; }

    /// <summary>Assesses one of the two with a seed.</summary>
    Task<RunResult> RunAsync(bool planted, ulong seed, CancellationToken cancellationToken);
}

/// <summary>
/// Runs instruments against phantoms and their clean twins over seeds: power and false alarms by the product's own rule for findings, coverage and
/// bias against the exactly known truth, and the smallest dose that is found. A finding is adjusted as in a run of the suite
/// "standard": the other methods' thresholds stand beside the method's own, and none of them is crossed, which is where a lone defect is hardest to find.
/// </summary>
public sealed class Calibrator
{
    private const int Round = 40;
    private const int Enough = 400;
    private const int Most = 2000;
    private const double WantedPower = 0.8;
    private const double ShareOfPairs = 0.5;

    private readonly IReadOnlyList<Evaluation> _catalog;
    private readonly TimeProvider _clock;
    private readonly CalibratorOptions _options;
    private readonly IReadOnlyList<AnswerPool> _pools;
    private readonly Suite _suite = Suite.Load("standard");
    private long _began;

    /// <param name="catalog">All methods; the one of the user's prompts with a file of <see cref="ScriptedPrompts"/>.</param>
    /// <param name="options">How much is measured.</param>
    /// <param name="clock">The time.</param>
    /// <param name="pools">Pools of labelled answers; each is tried beside the phantom's own words.</param>
    public Calibrator(IReadOnlyList<Evaluation> catalog, CalibratorOptions options, TimeProvider clock, IReadOnlyList<AnswerPool>? pools = null) =>
        (_catalog, _options, _clock, _pools) = (catalog, options, clock, pools ?? []);

    /// <summary>Calibrates methods; a row each for the scripted phantom, and one for each pair that has data for the method.</summary>
    /// <param name="methods">Their ids; null: all.</param>
    /// <param name="pairs">Phantoms with weights, tried with few seeds as the budget allows.</param>
    /// <param name="progress">Told after each round.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<IReadOnlyList<InstrumentCalibration>> RunAsync(
        IReadOnlyList<string>? methods, IReadOnlyList<IPhantomPair> pairs, IProgress<CalibrationProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        _began = _clock.GetTimestamp();
        ScriptedCard noisy = Card("scripted-noisy");
        Bench[] benches =
        [
            .. _catalog.Where(e => methods is null || methods.Contains(e.Card.Id)).SelectMany(e => MethodPlan.Pooled.Where(p => p.Method == e.Card.Id)
                .SelectMany(p => _pools.Select(pool => new Bench(e, Limit(e.Card.Id), p, Card($"scripted-{pool.Name}"), _clock, pool)))
                .Prepend(new Bench(e, Limit(e.Card.Id), MethodPlan.All.FirstOrDefault(p => p.Method == e.Card.Id), noisy, _clock, null))),
        ];
        Dictionary<string, int> thresholds = [];
        foreach (Evaluation evaluation in _catalog.Where(e => MethodPlan.All.Any(p => p.Method == e.Card.Id && p.Standard is not null)))
        {
            IReadOnlyList<Metric> figures = await new ScriptedTrial(evaluation, Limit(evaluation.Card.Id), _clock).RunAsync(Card(noisy.Twin!).Law, _options.Seed, cancellationToken);
            thresholds[evaluation.Card.Id] = figures.Count(m => m is { Threshold: not null, Estimate: not null });
        }

        int all = thresholds.Values.Sum();
        foreach (Bench bench in benches) bench.Pad(all - thresholds.GetValueOrDefault(bench.Method));
        Bench[] scripted = [.. benches.Where(b => b.Plan is not null)];
        List<PairTally> tallies = [.. pairs.Select(p => new PairTally(p))];
        int most = _options.Replicates ?? Most;
        double scriptedShare = pairs.Count > 0 ? 1 - ShareOfPairs : 1;
        while (scripted.Where(b => b.Replicates < most).ToArray() is { Length: > 0 } open)
        {
            if (_options.Replicates is null && scripted.All(b => b.Replicates > 0) && _clock.GetElapsedTime(_began) >= _options.Budget * scriptedShare) break;

            // Once each method has enough to be told from its targets, time goes evenly, so that the cheap ones gain precision.
            Bench bench = open.OrderBy(b => b.Replicates >= Enough).ThenBy(b => b.Replicates >= Enough ? b.Seconds : b.Replicates).First();
            await bench.RoundAsync(Math.Min(Round, most - bench.Replicates), _options.Seed, _options.Concurrency, cancellationToken);
            double done = _options.Replicates is null ? Done() : scripted.Average(b => (double)b.Replicates / most);
            progress?.Report(new(bench.Method, bench.Replicates, done, _options.Replicates is null ? Left() : _clock.GetElapsedTime(_began) * ((1 - done) / done)));
        }

        foreach (Bench bench in scripted) await bench.MarkAsync(_options.Seed, cancellationToken);
        for (ulong seed = _options.Seed; tallies.Count > 0 && _options.Replicates is null && _clock.GetElapsedTime(_began) < _options.Budget; seed++)
        {
            foreach (PairTally tally in tallies)
            {
                await tally.RunAsync(seed, cancellationToken);
                progress?.Report(new(tally.Phantom, tally.Seeds, Done(), Left()));
            }
        }

        return
        [
            .. benches.GroupBy(b => b.Evaluation).SelectMany(g => g.Select(b => b.Summary()).Concat(tallies.Select(t => t.Summary(g.Key)).OfType<InstrumentCalibration>())),
        ];
    }

    private static ScriptedCard Card(string name) => ScriptedPhantoms.Find(name) ?? throw new InvalidOperationException($"There is no scripted phantom '{name}'.");

    private double Done() => Math.Min(1, _clock.GetElapsedTime(_began) / _options.Budget);

    private TimeSpan Left() => _clock.GetElapsedTime(_began) is var spent && spent < _options.Budget ? _options.Budget - spent : TimeSpan.Zero;

    private int? Limit(string method) => _suite.Entries.FirstOrDefault(e => e.Id == method)?.Limit;

    /// <summary>One method with the laws that it is tried on.</summary>
    private sealed class Bench
    {
        private readonly ScriptedTrial _trial;
        private readonly TimeProvider _clock;
        private readonly ScriptedCard _card;
        private readonly Tally? _standard;
        private readonly Tally? _twin;
        private readonly (double Dose, Tally Tally)[] _doses = [];
        private IReadOnlyList<Metric> _padding = [];
        private double _seconds;
        private string? _fingerprint;

        public Bench(Evaluation evaluation, int? limit, MethodPlan? plan, ScriptedCard card, TimeProvider clock, AnswerPool? pool)
        {
            (Evaluation, Plan, _card, _clock, _trial) = (evaluation, plan, card, clock, new(evaluation, limit, clock, pool));
            if (plan is null) return;
            ScriptedLaw clean = Card(card.Twin!).Law;
            _standard = new(plan.AtStandard(clean));
            _twin = plan.Standard is null ? null : new(clean);
            _doses = plan.Standard is null ? [] : [.. plan.Doses.Select(d => (d, new Tally(plan.Planted(clean, d))))];
        }

        public Evaluation Evaluation { get; }

        public MethodPlan? Plan { get; }

        public string Method => Evaluation.Card.Id;

        public int Replicates { get; private set; }

        public void Pad(int hypotheses) => _padding =
        [
            .. Enumerable.Range(0, hypotheses).Select(i => new Metric
            {
                Evaluation = $"another-{i}", Name = "figure", Risk = Risk.Capability, Dataset = new Dataset("", "", "", []),
                Estimate = new(0, 0, 1, 1, "", _ => (0, 1)), Threshold = new(Direction.Above, 1, "", "", ""),
            }),
        ];

        /// <summary>Seconds of computing so far.</summary>
        public double Seconds => _seconds;

        /// <summary>
        /// So many more replicates at the standard dose, where coverage wants most; half of them on the twin, an eighth at each other dose.
        /// </summary>
        public async Task RoundAsync(int replicates, ulong seed, int concurrency, CancellationToken cancellationToken)
        {
            long began = _clock.GetTimestamp();
            ulong from = seed + (ulong)Replicates;
            (Tally Tally, ulong Seed)[] work =
            [
                .. Seeds(_standard!, from, replicates), .. _twin is null ? [] : Seeds(_twin, seed + (ulong)(Replicates / 2), Math.Max(1, replicates / 2)),
                .. _doses.SelectMany(d => Seeds(d.Tally, seed + (ulong)(Replicates / 8), Math.Max(1, replicates / 8))),
            ];

            // Figures are added in the order of the work, whichever replicate comes in first: sums of one seed are the same on every machine.
            IReadOnlyList<Metric>[] figures = new IReadOnlyList<Metric>[work.Length];
            await Parallel.ForAsync(0, work.Length, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (i, token) => figures[i] = await _trial.RunAsync(work[i].Tally.Law, work[i].Seed, token));
            for (int i = 0; i < work.Length; i++) work[i].Tally.Add(figures[i], _padding);
            Replicates += replicates;
            _seconds += _clock.GetElapsedTime(began).TotalSeconds;
        }

        public async Task MarkAsync(ulong seed, CancellationToken cancellationToken) => _fingerprint = await _trial.FingerprintAsync(_standard!.Law, seed, cancellationToken);

        public InstrumentCalibration Summary()
        {
            if (Plan is null)
            {
                return new()
                {
                    Method = Method,
                    Phantom = _card.Name,
                    Twin = _card.Twin,
                    Reason = "no scripted phantom has this kind of defect",
                    ReasonZh = "没有任何脚本体模带有这类缺陷",
                };
            }

            IReadOnlyList<RowCalibration> rows = _standard!.Rows(planted: Plan.Standard is not null);
            RowCalibration? main = rows.FirstOrDefault(r => r.Evaluation == Plan.Evaluation && r.Metric == Plan.Metric);
            (double? threshold, bool share) = _standard.Scale(Plan.Evaluation, Plan.Metric) ?? (null, true);
            CurvePoint[] curve = [.. _doses.Select(d => (d.Dose, d.Tally)).Append((Plan.Standard ?? 0, _standard)).Where(_ => Plan.Standard is not null).OrderBy(d => d.Item1)
                .Select(d => (d.Item1, Power: d.Item2.Power(Plan.Evaluation, Plan.Metric))).Where(d => d.Power is not null).Select(d => new CurvePoint(d.Item1, d.Power!))];
            return new()
            {
                Method = Method,
                Phantom = _card.Name,
                Twin = _card.Twin,
                Evaluation = Plan.Evaluation,
                Metric = Plan.Metric,
                Dose = Plan.Standard,
                Threshold = threshold,
                IsShare = share,
                Samples = _trial.Samples,
                Power = main?.Power,
                FalseAlarm = _twin?.AnyFinding,
                Coverage = main?.Coverage,
                Bias = main?.Bias,
                SmallestDose = SmallestDose(curve),
                Curve = curve,
                Rows = rows,
                Reason = Plan.Standard is null ? "it has no threshold and makes no findings: there is no power and no false alarm" : null,
                ReasonZh = Plan.Standard is null ? "该方法没有阈值，不产生发现：不存在检出率与误报率" : null,
                Seconds = _seconds,
                Fingerprint = _fingerprint,
            };
        }

        private static IEnumerable<(Tally Tally, ulong Seed)> Seeds(Tally tally, ulong from, int count) => Enumerable.Range(0, count).Select(i => (tally, from + (ulong)i));
    }

    /// <summary>Where the isotonic fit of power on dose crosses 0.8, between doses linearly; null where it does not, or lies above it from the first dose on.</summary>
    internal static double? SmallestDose(IReadOnlyList<CurvePoint> curve)
    {
        if (curve.Count < 2) return null;
        double[] doses = [.. curve.Select(p => p.Dose)];
        IsotonicRegression fit = new(doses, [.. curve.Select(p => p.Power.Value)], [.. curve.Select(p => (double)p.Power.N)]);
        double[] powers = [.. doses.Select(fit.Predict)];
        int at = Array.FindIndex(powers, p => p >= WantedPower);
        if (at < 0) return null;
        return at == 0 ? doses[0] : doses[at - 1] + ((doses[at] - doses[at - 1]) * (WantedPower - powers[at - 1]) / (powers[at] - powers[at - 1]));
    }

    /// <summary>A pair's runs.</summary>
    private sealed class PairTally(IPhantomPair pair)
    {
        private readonly Dictionary<(string, string), int> _found = [];
        private readonly Dictionary<string, int> _alarms = [];
        private readonly Dictionary<string, int> _asked = [];
        private readonly Dictionary<string, (double? Threshold, bool IsShare)> _scales = [];
        private double _seconds;

        public string Phantom => pair.Phantom;

        public int Seeds { get; private set; }

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
}
