namespace Plumbline.Measure.Toxicity;

/// <summary>A linear model with weights of one byte: bias + scale · Σ w / √n over the n features that a text has, in log-odds; toxic from <see cref="Threshold"/> on.</summary>
internal sealed record LinearModel(float Bias, float Scale, float Threshold, sbyte[] Weights)
{
    /// <summary>The score of a text with these features; the bias alone where it has none.</summary>
    public double Score(ReadOnlySpan<int> features)
    {
        int sum = 0;
        foreach (int feature in features) sum += Weights[feature];
        return features.IsEmpty ? Bias : Bias + (Scale * sum / Math.Sqrt(features.Length));
    }
}
