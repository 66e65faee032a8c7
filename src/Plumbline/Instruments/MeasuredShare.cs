using Plumbline.Statistics;

namespace Plumbline.Instruments;

/// <summary>A share counted over replicates, with Wilson's 95 % interval. Immutable.</summary>
/// <param name="Value">The share, in [0, 1].</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">The interval's upper end.</param>
/// <param name="N">The number of replicates.</param>
public sealed record MeasuredShare(double Value, double Low, double High, int N)
{
    /// <summary>The share of so many out of so many; null where nothing was tried.</summary>
    public static MeasuredShare? Of(long successes, long trials)
    {
        if (trials == 0) return null;
        Interval interval = Proportions.Wilson(successes, trials);
        return new((double)successes / trials, interval.Low, interval.High, checked((int)trials));
    }
}
