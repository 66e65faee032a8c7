using Plumbline.Statistics;
using Plumbline.Worlds;

namespace Plumbline.Measure.Public;

/// <summary>Draws items without replacement: shuffled within each category by the seed, categories in turn, so that a small draw is stratified.</summary>
internal static class SeededDraw
{
    /// <summary>The draw's items, at most as many as it allows.</summary>
    public static IReadOnlyList<T> From<T>(IEnumerable<T> items, Draw draw, Func<T, string> category)
    {
        Random random = new(Narrow(draw.Seed));
        List<T[]> strata = [.. items.GroupBy(category, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.ToArray())];
        foreach (T[] stratum in strata) random.Shuffle(stratum);
        T[][] order = [.. strata];
        random.Shuffle(order);
        List<T> drawn = [];
        for (int i = 0; order.Any(s => i < s.Length); i++) drawn.AddRange(order.Where(s => i < s.Length).Select(s => s[i]));
        return draw.Limit is { } limit && limit < drawn.Count ? drawn[..limit] : drawn;
    }

    /// <summary>
    /// A seed that <see cref="Random"/> takes: small ones stand for themselves, others are mixed (the finaliser of SplitMix64),
    /// since a mere fold gives s and s · 2^32 one list, and <see cref="Random"/> ignores the sign.
    /// </summary>
    internal static int Narrow(ulong seed) => seed <= int.MaxValue ? (int)seed : (int)(new RandomStream(seed).Next() >> 33);
}
