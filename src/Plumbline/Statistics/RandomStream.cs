namespace Plumbline.Statistics;

/// <summary>A small generator whose output depends on the seed only, not on the framework's version (SplitMix64; Steele, Lea, Flood 2014).</summary>
/// <remarks>Not for secrets. Not thread-safe.</remarks>
public sealed class RandomStream(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 random bits.</summary>
    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, count), without bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException">count is not positive.</exception>
    public int Below(int count)
    {
        Demand.AtLeast(count, 1);
        while (true)
        {
            ulong high = Math.BigMul(Next(), (ulong)count, out ulong low);
            if (low >= (ulong)count || low >= unchecked(0UL - (ulong)count) % (ulong)count) return (int)high;
        }
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
