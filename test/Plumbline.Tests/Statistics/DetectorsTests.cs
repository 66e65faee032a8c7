using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class DetectorsTests
{
    private static readonly double[] _levels = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975];

    [Fact]
    public void Corrected_prevalence() => GoldenStatistics.Run("detectors", "prevalence", CorrectedRate, 1e-6, "bayes", "truncated");

    [Fact]
    public void Confusion() => GoldenStatistics.Run("detectors", "confusion", e =>
    {
        ConfusionMatrix m = new(e.I("tp"), e.I("fp"), e.I("fn"), e.I("tn"));
        return new Dictionary<string, object?>
        {
            ["sensitivity"] = Rate(m.Sensitivity),
            ["specificity"] = Rate(m.Specificity),
            ["precision"] = Rate(m.Precision),
            ["negativePredictiveValue"] = Rate(m.NegativePredictiveValue),
            ["falsePositiveRate"] = Rate(m.FalsePositiveRate),
            ["falseNegativeRate"] = Rate(m.FalseNegativeRate),
            ["accuracy"] = Rate(m.Accuracy),
            ["prevalence"] = Rate(m.Prevalence),
            ["f1"] = m.F1,
            ["balancedAccuracy"] = m.BalancedAccuracy,
            ["youdenJ"] = m.YoudenJ,
            ["mcc"] = m.Matthews,
            ["likelihoodRatioPositive"] = m.LikelihoodRatioPositive,
            ["likelihoodRatioNegative"] = m.LikelihoodRatioNegative,
            ["diagnosticOddsRatio"] = m.DiagnosticOddsRatio,
        };
    });

    [Fact]
    public void Roc_curve() => GoldenStatistics.Run("detectors", "roc", Curve);

    [Fact]
    public void Correlated_areas() => GoldenStatistics.Run("detectors", "correlatedAuc", e =>
    {
        AreaComparison c = Roc.Compare(e.Doubles("positiveA"), e.Doubles("negativeA"), e.Doubles("positiveB"), e.Doubles("negativeB"));
        return new Dictionary<string, object?>
        {
            ["aurocA"] = c.AreaA,
            ["aurocB"] = c.AreaB,
            ["difference"] = c.Difference,
            ["varianceA"] = c.VarianceA,
            ["varianceB"] = c.VarianceB,
            ["covariance"] = c.Covariance,
            ["se"] = c.StandardError,
            ["z"] = c.Z,
            ["p"] = c.P,
            ["ci95"] = c.Interval,
        };
    });

    [Fact]
    public void Calibration_of_scores() => GoldenStatistics.Run("detectors", "calibration", Calibrated);

    [Fact]
    public void Isotonic() => GoldenStatistics.Run("detectors", "isotonic", Fitted);

    [Fact]
    public void Platt() => GoldenStatistics.Run("detectors", "platt", Scaled);

    [Fact]
    public void Logistic() => GoldenStatistics.Run("detectors", "logistic", Regression);

    [Fact]
    public void Errors() => GoldenStatistics.Run("detectors", "errors", e => e.S("f") switch
    {
        "auroc" => Curve(e),
        "calibration" => Calibrated(e),
        "prevalence" => CorrectedRate(e),
        "logistic" => Regression(e),
        "platt" => Scaled(e),
        "isotonic" => Fitted(e),
        string f => throw new NotSupportedException(f),
    });

    private static Dictionary<string, object?>? Rate(RateEstimate? r) => r is null ? null : new() { ["value"] = r.Value, ["wilson95"] = r.Wilson, ["clopperPearson95"] = r.ClopperPearson };

    private static bool[] Labels(JsonElement e, string name) => [.. e.Ints(name).Select(v => v == 1)];

    private static Dictionary<string, object?> Curve(JsonElement e)
    {
        Roc roc = new(e.Doubles("positive"), e.Doubles("negative"));
        DeLongEstimate? d = roc.DeLong();
        Dictionary<string, object?> points = [];
        foreach (string f in new[] { "0.0", "0.01", "0.05", "0.1", "0.25", "0.5", "1.0" })
        {
            OperatingPoint at = roc.At(double.Parse(f));
            points[f] = new Dictionary<string, object?> { ["step"] = at.Step, ["threshold"] = at.Threshold, ["interpolated"] = at.Interpolated };
        }

        return new()
        {
            ["auroc"] = roc.AreaUnderCurve,
            ["averagePrecision"] = roc.AveragePrecision,
            ["partialAuroc01"] = roc.PartialArea(0.1),
            ["tprAtFpr"] = points,
            ["roc"] = roc.Points.Count < 30 ? roc.Points.Select(p => new[] { p.FalsePositiveRate, p.TruePositiveRate }).ToArray() : null,
            ["delongVariance"] = d?.Variance,
            ["delongSe"] = d?.StandardError,
            ["delongCi95"] = d?.Unclipped,
            ["delongCi95Clipped"] = d?.Interval,
            ["logitCi95"] = d?.Logit,
            ["hanleyMcNeilSe"] = roc.HanleyMcNeilStandardError,
        };
    }

    private static Dictionary<string, object?> Calibrated(JsonElement e)
    {
        Calibration c = Calibration.Of(e.Doubles("score"), Labels(e, "label"), e.I("bins"));
        return new()
        {
            ["brier"] = c.Brier,
            ["logLoss"] = c.LogLoss,
            ["equalWidth"] = Summary(c.EqualWidth),
            ["equalMass"] = Summary(c.EqualMass),
            ["byUniqueScore"] = Summary(c.ByUniqueScore),
        };

        static Dictionary<string, object?> Summary(CalibrationSummary s) => new()
        {
            ["ece"] = s.Ece,
            ["mce"] = s.Mce,
            ["reliability"] = s.Reliability,
            ["resolution"] = s.Resolution,
            ["uncertainty"] = s.Uncertainty,
            ["withinBin"] = s.WithinBin,
            ["bins"] = s.Bins.Select(b => new Dictionary<string, object?> { ["count"] = b.Count, ["meanScore"] = b.MeanScore, ["positiveRate"] = b.PositiveRate }).ToArray(),
        };
    }

    private static Dictionary<string, object?> Fitted(JsonElement e)
    {
        double[] x = e.Doubles("x");
        IsotonicRegression fit = new(x, e.Doubles("y"), e.Doubles("w"));
        return new() { ["fitted"] = x.Select(fit.Predict).ToArray(), ["knots"] = fit.Knots.Select(k => new[] { k.X, k.Y }).ToArray() };
    }

    private static Dictionary<string, object?> Scaled(JsonElement e)
    {
        double[] scores = e.Doubles("score");
        PlattScaling p = PlattScaling.Fit(scores, Labels(e, "label"));
        return new()
        {
            ["targetPositive"] = p.TargetPositive,
            ["targetNegative"] = p.TargetNegative,
            ["a"] = p.A,
            ["b"] = p.B,
            ["crossEntropy"] = p.CrossEntropy,
            ["probability"] = scores.Select(p.Probability).ToArray(),
        };
    }

    private static Dictionary<string, object?> Regression(JsonElement e)
    {
        double[][] x = e.Rows("x");
        bool[] y = Labels(e, "y");
        LogisticRegression fit = LogisticRegression.Fit(x, y);
        return new()
        {
            ["coefficients"] = fit.Coefficients,
            ["se"] = fit.StandardErrors,
            ["z"] = fit.Z,
            ["p"] = fit.P,
            ["logLikelihood"] = fit.LogLikelihood,
            ["ridge1Coefficients"] = LogisticRegression.Fit(x, y, 1).Coefficients,
        };
    }

    private static Dictionary<string, object?> CorrectedRate(JsonElement e)
    {
        int k = e.I("k"), n = e.I("n");
        JudgeCalibration judge = new(e.I("tp"), e.I("fn"), e.I("tn"), e.I("fp"));
        RoganGladenEstimate? rogan = Prevalence.RoganGladen(k, n, judge);
        LangReiczigelEstimate? lang = Prevalence.LangReiczigel(k, n, judge);
        PrevalencePosterior posterior = Prevalence.Posterior(k, n, judge);
        TruncatedPrevalence truncated = Prevalence.Truncated(k, n, judge);
        return new()
        {
            ["apparent"] = (double)k / n,
            ["sensitivity"] = judge.Sensitivity,
            ["specificity"] = judge.Specificity,
            ["roganGladen"] = rogan?.Unclipped,
            ["roganGladenClipped"] = rogan?.Value,
            ["deltaSe"] = rogan?.StandardError,
            ["waldCi95"] = rogan?.UnclippedInterval,
            ["waldCi95Clipped"] = rogan?.Interval,
            ["knownErrorRatesSe"] = rogan?.KnownErrorRatesSe,
            ["langReiczigelCentre"] = lang?.Centre,
            ["langReiczigelCi95"] = lang?.Interval,
            ["langReiczigelCi95Unclipped"] = lang?.Unclipped,
            ["bayes"] = new Dictionary<string, object?> { ["quantiles"] = _levels.Select(posterior.Quantile).ToArray(), ["mean"] = posterior.Mean, ["sd"] = posterior.StandardDeviation },
            ["truncated"] = new Dictionary<string, object?> { ["quantiles"] = _levels.Select(truncated.Quantile).ToArray() },
        };
    }
}
