namespace Plumbline.Statistics;

/// <summary>The ROC curve of scores of which higher means positive.</summary>
public static partial class Roc
{
    /// <summary>The area under the curve: P(positive &gt; negative) + P(equal) / 2; scores equal as decimals tie.</summary>
    /// <exception cref="ArgumentException">A class is empty or a score is not finite.</exception>
    public static double Area(ReadOnlySpan<double> positive, ReadOnlySpan<double> negative)
    {
        Demand.Sample(positive, 1, nameof(positive));
        Demand.Sample(negative, 1, nameof(negative));
        double[] pool = [.. positive, .. negative];
        (int[] doubled, _) = Ranks.Mid(pool, Ranks.Slack(pool));
        long sum = 0, m = positive.Length;
        for (int i = 0; i < m; i++) sum += doubled[i];
        return (sum - (m * (m + 1))) / (2.0 * m * negative.Length);
    }
}
