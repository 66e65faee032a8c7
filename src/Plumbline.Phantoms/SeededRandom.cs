namespace Plumbline.Phantoms;

/// <summary>SplitMix64 (Steele, Lea and Flood 2014): the same seed and label give the same sequence everywhere. Not safe for concurrent use.</summary>
internal sealed class SeededRandom
{
    private ulong _state;

    public SeededRandom(ulong seed, string label) => _state = seed ^ Hash(label);

    /// <summary>A number in [0, <paramref name="below"/>), without bias (Lemire 2019).</summary>
    public int Next(int below)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(below, 1);
        ulong threshold = (0UL - (ulong)below) % (ulong)below;
        while (true)
        {
            ulong high = Math.BigMul(NextUInt64(), (ulong)below, out ulong low);
            if (low >= threshold) return (int)high;
        }
    }

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => (NextUInt64() >> 11) * (1.0 / (1UL << 53)) < probability;

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];

    /// <summary>Fisher and Yates, in place.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>FNV-1a over UTF-16, finished by SplitMix64's mixer.</summary>
    public static ulong Hash(string text)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (char c in text) hash = (hash ^ c) * 0x100000001b3;
        return Mix(hash);
    }

    private ulong NextUInt64() => Mix(_state += 0x9e3779b97f4a7c15);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
