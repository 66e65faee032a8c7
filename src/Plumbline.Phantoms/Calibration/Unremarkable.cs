using Plumbline.Worlds;

namespace Plumbline.Phantoms.Calibration;

/// <summary>Figures of other methods that stand beside a method's own in a run of a suite: each within its threshold, and the same in every run. Pure.</summary>
internal static class Unremarkable
{
    /// <summary>So many of them.</summary>
    public static IReadOnlyList<Metric> Metrics(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new Metric
        {
            Evaluation = $"another-{i}", Name = "figure", Risk = Risk.Capability, Dataset = new Dataset("", "", "", []),
            Estimate = new(0, 0, 1, 1, "", _ => (0, 1)), Threshold = new(Direction.Above, 1, "", "", ""),
        }),
    ];
}
