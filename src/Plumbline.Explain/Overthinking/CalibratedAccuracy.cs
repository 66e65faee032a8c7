namespace Plumbline.Explain.Overthinking;

/// <summary>
/// Accuracy when each class is predicted as often as it would be by chance: an input counts as right if the probability of its class is
/// above that class's (n − 1)/n quantile over the inputs; ties count as wrong (Halawi et al. 2023, our reading of the text).
/// </summary>
/// <param name="Thresholds">[class].</param>
/// <param name="Value">The share that is right.</param>
public sealed record CalibratedAccuracy(IReadOnlyList<double> Thresholds, double Value)
{
    /// <summary>Computes it.</summary>
    /// <param name="probabilities">[input][class].</param>
    /// <param name="labels">[input]: its class.</param>
    /// <exception cref="ArgumentException">Fewer than two classes, no inputs, or a label that is no class.</exception>
    public static CalibratedAccuracy Of(IReadOnlyList<IReadOnlyList<double>> probabilities, IReadOnlyList<int> labels)
    {
        if (probabilities.Count == 0 || probabilities.Count != labels.Count) throw new ArgumentException($"There are {probabilities.Count} inputs and {labels.Count} labels.", nameof(labels));
        int classes = probabilities[0].Count;
        if (classes < 2) throw new ArgumentException("With one class there is nothing to decide.", nameof(probabilities));
        if (labels.FirstOrDefault(label => (uint)label >= (uint)classes, -1) is int wrong and not -1) throw new ArgumentException($"Label {wrong} is no class; classes are from 0 to {classes - 1}.", nameof(labels));
        double[] thresholds = [.. Enumerable.Range(0, classes).Select(c => Quantiles.Linear([.. probabilities.Select(p => p[c]).Order()], (classes - 1.0) / classes))];
        return new CalibratedAccuracy(thresholds, labels.Select((label, i) => probabilities[i][label] > thresholds[label] ? 1.0 : 0).Average());
    }
}
