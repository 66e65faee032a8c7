using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Runs;
using Plumbline.Suites;

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
/// Runs instruments against phantoms and their clean twins over seeds: power and false alarms by the product's own rules for findings and for comparisons of two runs, coverage and
/// bias against the exactly known truth, and the smallest dose that is found. A finding is adjusted as in a run of the suite
/// "standard": the other methods' thresholds stand beside the method's own, and none of them is crossed, which is where a lone defect is hardest to find. A change is found beside
/// all rows that the other methods of that suite may have, none of which changed.
/// </summary>
public sealed class Calibrator
{
    private const int Round = 40;
    private const int Enough = 400;
    private const int Most = 2000;
    private const double ShareOfPairs = 0.5;

    private readonly IReadOnlyList<Evaluation> _catalog;
    private readonly TimeProvider _clock;
    private readonly CalibratorOptions _options;
    private readonly IReadOnlyList<AnswerPool> _pools;
    private readonly Suite _suite = Suite.Load("standard");
    private long _began;

    private static ScriptedCard Noisy => Card("scripted-noisy");

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
        MethodBench[] scripted = [.. await BenchesAsync(methods, cancellationToken)];
        List<PairTally> tallies = [.. pairs.Select(p => new PairTally(p))];
        int most = _options.Replicates ?? Most;
        double scriptedShare = pairs.Count > 0 ? 1 - ShareOfPairs : 1;
        while (scripted.Where(b => b.Replicates < most).ToArray() is { Length: > 0 } open)
        {
            if (_options.Replicates is null && scripted.All(b => b.Replicates > 0) && _clock.GetElapsedTime(_began) >= _options.Budget * scriptedShare) break;

            // Once each method has enough to be told from its targets, time goes evenly, so that the cheap ones gain precision.
            MethodBench bench = open.OrderBy(b => b.Replicates >= Enough).ThenBy(b => b.Replicates >= Enough ? b.Seconds : b.Replicates).First();
            await bench.RoundAsync(Math.Min(Round, most - bench.Replicates), _options.Seed, _options.Concurrency, cancellationToken);
            double done = _options.Replicates is null ? Done() : scripted.Average(b => (double)b.Replicates / most);
            progress?.Report(new(bench.Method, bench.Replicates, done, _options.Replicates is null ? Left() : _clock.GetElapsedTime(_began) * ((1 - done) / done)));
        }

        foreach (MethodBench bench in scripted) await bench.MarkAsync(_options.Seed, cancellationToken);
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
            .. Asked(methods).SelectMany(e => (PlanOf(e) is null ? [Unplanned(e)] : scripted.Where(b => b.Evaluation == e).Select(b => b.Summary()))
                .Concat(tallies.Select(t => t.Summary(e)).OfType<InstrumentCalibration>())),
        ];
    }

    /// <summary>A scripted phantom's card.</summary>
    internal static ScriptedCard Card(string name) => ScriptedPhantoms.Find(name) ?? throw new InvalidOperationException($"There is no scripted phantom '{name}'.");

    private async Task<IEnumerable<MethodBench>> BenchesAsync(IReadOnlyList<string>? methods, CancellationToken cancellationToken)
    {
        Dictionary<string, int> thresholds = [], rows = [];
        foreach (Evaluation evaluation in _catalog)
        {
            if (_suite.Entries.Any(e => e.Id == evaluation.Card.Id)) rows[evaluation.Card.Id] = evaluation.Card.Metrics.Count;
            if (PlanOf(evaluation) is not { Decision: InstrumentDecision.Finding }) continue;
            IReadOnlyList<Metric> figures = await new ScriptedTrial(evaluation, Limit(evaluation.Card.Id), _clock).RunAsync(Card(Noisy.Twin!).Law, _options.Seed, cancellationToken);
            thresholds[evaluation.Card.Id] = figures.Count(m => m is { Threshold: not null, Estimate: not null });
        }

        return Asked(methods).SelectMany(e => MethodPlan.Pooled.Where(p => p.Method == e.Card.Id).SelectMany(p => _pools.Select(pool => Bench(e, p, Card($"scripted-{pool.Name}"), pool)))
            .Prepend(PlanOf(e) is { } plan ? Bench(e, plan, Noisy, null) : null)).OfType<MethodBench>();

        MethodBench Bench(Evaluation evaluation, MethodPlan plan, ScriptedCard card, AnswerPool? pool)
        {
            ScriptedTrial trial = new(evaluation, Limit(plan.Method), _clock, pool);
            return plan.Decision == InstrumentDecision.Comparison
                ? new ComparisonBench(evaluation, trial, plan, card, Others(rows), _clock)
                : new FindingBench(evaluation, trial, plan, card, Others(thresholds), _clock);

            int Others(Dictionary<string, int> hypotheses) => hypotheses.Values.Sum() - hypotheses.GetValueOrDefault(plan.Method);
        }
    }

    private IEnumerable<Evaluation> Asked(IReadOnlyList<string>? methods) => _catalog.Where(e => methods is null || methods.Contains(e.Card.Id));

    private static MethodPlan? PlanOf(Evaluation evaluation) => MethodPlan.All.FirstOrDefault(p => p.Method == evaluation.Card.Id);

    private static InstrumentCalibration Unplanned(Evaluation evaluation) => new()
    {
        Method = evaluation.Card.Id,
        Phantom = Noisy.Name,
        Twin = Noisy.Twin,
        Reason = "no scripted phantom has this kind of defect",
        ReasonZh = "没有任何脚本体模带有这类缺陷",
    };

    private double Done() => Math.Min(1, _clock.GetElapsedTime(_began) / _options.Budget);

    private TimeSpan Left() => _clock.GetElapsedTime(_began) is var spent && spent < _options.Budget ? _options.Budget - spent : TimeSpan.Zero;

    private int? Limit(string method) => _suite.Entries.FirstOrDefault(e => e.Id == method)?.Limit;
}
