namespace Plumbline.Bench.Inference;

/// <summary>Times of one thing over many rounds, in seconds: the best for what the machine can do, the median for what it did.</summary>
internal sealed class Series
{
    private readonly List<double> _seconds = [];

    public double Best => _seconds.Min();

    public double Median => _seconds.Order().ElementAt(_seconds.Count / 2);

    public void Add(double seconds) => _seconds.Add(seconds);

    public void Add(IEnumerable<double> seconds) => _seconds.AddRange(seconds);

    /// <summary>"best 12 (median 10) unit" for an amount of work.</summary>
    public string Rate(double work, string unit) => $"{work / Best:F1} (median {work / Median:F1}) {unit}";

    /// <summary>How many times as fast as another that does the same amount of work times the factor.</summary>
    public string Times(Series other, double factor = 1) => $"{other.Best / Best * factor:F2} (median {other.Median / Median * factor:F2})";

    /// <summary>The same as a share.</summary>
    public string Share(Series other, double factor = 1) => $"{other.Best / Best * factor:P0} (median {other.Median / Median * factor:P0})";
}
