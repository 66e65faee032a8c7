using Plumbline.Instruments;
using Plumbline.Phantoms.Scripted;
using Plumbline.Statistics;

namespace Plumbline.Phantoms.Calibration;

/// <summary>One method with the laws that it is tried on. Not safe for concurrent use.</summary>
internal abstract class MethodBench
{
    private const double WantedPower = 0.8;

    private readonly TimeProvider _clock;
    private readonly ScriptedCard _card;
    private string? _fingerprint;

    /// <param name="evaluation">The method.</param>
    /// <param name="trial">Its runs.</param>
    /// <param name="plan">What is planted.</param>
    /// <param name="card">The phantom.</param>
    /// <param name="beside">Hypotheses of the suite's other methods.</param>
    /// <param name="clock">The time.</param>
    protected MethodBench(Evaluation evaluation, ScriptedTrial trial, MethodPlan plan, ScriptedCard card, int beside, TimeProvider clock)
    {
        (Evaluation, Trial, Plan, _card, Beside, _clock) = (evaluation, trial, plan, card, beside, clock);
        Clean = Calibrator.Card(card.Twin!).Law;
    }

    /// <summary>The method.</summary>
    public Evaluation Evaluation { get; }

    /// <summary>Its id.</summary>
    public string Method => Evaluation.Card.Id;

    /// <summary>Replicates so far at the standard dose.</summary>
    public int Replicates { get; private set; }

    /// <summary>Seconds of computing so far.</summary>
    public double Seconds { get; private set; }

    /// <summary>The runs.</summary>
    protected ScriptedTrial Trial { get; }

    /// <summary>What is planted.</summary>
    protected MethodPlan Plan { get; }

    /// <summary>The law of the clean twin.</summary>
    protected ScriptedLaw Clean { get; }

    /// <summary>Hypotheses of the suite's other methods, which the decision is corrected for as well.</summary>
    protected int Beside { get; }

    /// <summary>So many more replicates at the standard dose, where coverage wants most; half of them on the twin, an eighth at each other dose.</summary>
    public async Task RoundAsync(int replicates, ulong seed, int concurrency, CancellationToken cancellationToken)
    {
        long began = _clock.GetTimestamp();
        await MeasureAsync(replicates, seed, concurrency, cancellationToken);
        Replicates += replicates;
        Seconds += _clock.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Takes the fingerprint of the first replicate.</summary>
    public async Task MarkAsync(ulong seed, CancellationToken cancellationToken) => _fingerprint = await Trial.FingerprintAsync(Plan.AtStandard(Clean), seed, cancellationToken);

    /// <summary>What was measured so far.</summary>
    public InstrumentCalibration Summary()
    {
        (IReadOnlyList<RowCalibration> rows, IReadOnlyList<CurvePoint> curve, MeasuredShare? falseAlarm, (double? Threshold, bool IsShare)? scale) = Figures();
        RowCalibration? main = rows.FirstOrDefault(r => r.Evaluation == Plan.Evaluation && r.Metric == Plan.Metric);
        return new()
        {
            Method = Method,
            Phantom = _card.Name,
            Twin = _card.Twin,
            Evaluation = Plan.Evaluation,
            Metric = Plan.Metric,
            Decision = Plan.Decision,
            Dose = Plan.Standard,
            DoseReason = Plan.Reason,
            Threshold = scale?.Threshold,
            IsShare = scale?.IsShare ?? true,
            Samples = Trial.Samples,
            Beside = Beside,
            Power = main?.Power,
            FalseAlarm = falseAlarm,
            Coverage = main?.Coverage,
            ChangeCoverage = main?.ChangeCoverage,
            Bias = main?.Bias,
            SmallestDose = SmallestDose(curve),
            Curve = curve,
            Rows = rows,
            Seconds = Seconds,
            Fingerprint = _fingerprint,
        };
    }

    /// <summary>Measures so many more replicates.</summary>
    protected abstract Task MeasureAsync(int replicates, ulong seed, int concurrency, CancellationToken cancellationToken);

    /// <summary>The figures so far.</summary>
    protected abstract (IReadOnlyList<RowCalibration> Rows, IReadOnlyList<CurvePoint> Curve, MeasuredShare? FalseAlarm, (double? Threshold, bool IsShare)? Scale) Figures();

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

    /// <summary>The power curve of tallies, by dose.</summary>
    protected static IReadOnlyList<CurvePoint> Curve(IEnumerable<(double Dose, MeasuredShare? Power)> points) => [.. points.Where(p => p.Power is not null).OrderBy(p => p.Dose).Select(p => new CurvePoint(p.Dose, p.Power!))];
}
