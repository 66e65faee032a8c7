using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed partial class DetectorsTests
{
    private static readonly double[] _levels = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975];

    [Fact]
    public void Corrected_prevalence() => GoldenStatistics.Run("detectors", "prevalence", CorrectedRate, 1e-6, "bayes", "truncated");

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
            ["apparent"] = (double)k / n, ["sensitivity"] = judge.Sensitivity, ["specificity"] = judge.Specificity,
            ["roganGladen"] = rogan?.Unclipped, ["roganGladenClipped"] = rogan?.Value, ["deltaSe"] = rogan?.StandardError, ["waldCi95"] = rogan?.UnclippedInterval,
            ["waldCi95Clipped"] = rogan?.Interval, ["knownErrorRatesSe"] = rogan?.KnownErrorRatesSe,
            ["langReiczigelCentre"] = lang?.Centre, ["langReiczigelCi95"] = lang?.Interval, ["langReiczigelCi95Unclipped"] = lang?.Unclipped,
            ["bayes"] = new Dictionary<string, object?> { ["quantiles"] = _levels.Select(posterior.Quantile).ToArray(), ["mean"] = posterior.Mean, ["sd"] = posterior.StandardDeviation },
            ["truncated"] = new Dictionary<string, object?> { ["quantiles"] = _levels.Select(truncated.Quantile).ToArray() },
        };
    }
}
