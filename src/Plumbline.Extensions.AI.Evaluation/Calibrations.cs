using System.Globalization;
using Microsoft.Extensions.AI.Evaluation;
using Plumbline.Worlds;

namespace Plumbline.Extensions.AI.Evaluation;

/// <summary>A judge's measured errors as metadata of a metric.</summary>
internal static class Calibrations
{
    public static void Add(EvaluationMetric metric, JudgeCalibration calibration)
    {
        metric.AddOrUpdateMetadata("sensitivity", calibration.Sensitivity.ToString("R", CultureInfo.InvariantCulture));
        metric.AddOrUpdateMetadata("specificity", calibration.Specificity.ToString("R", CultureInfo.InvariantCulture));
        metric.AddOrUpdateMetadata("calibrated on", string.Create(CultureInfo.InvariantCulture, $"{calibration.Positives + calibration.Negatives} answers ({calibration.Source}, {calibration.Date})"));
    }
}
