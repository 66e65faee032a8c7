namespace Plumbline.Statistics;

/// <summary>Ratings by rater and unit with gaps.</summary>
internal static class RatingMatrix
{
    /// <summary>The ratings of each unit, gaps left out.</summary>
    public static List<double[]> Units(IReadOnlyList<IReadOnlyList<double?>> ratings)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        if (ratings.Count == 0) throw new ArgumentException("There are no ratings.", nameof(ratings));
        int width = ratings[0].Count;
        for (int r = 0; r < ratings.Count; r++)
        {
            if (ratings[r].Count != width) throw new ArgumentException($"Rater {r} has {ratings[r].Count} entries; the first has {width}.", nameof(ratings));
            if (ratings[r].Any(v => v is double d && !double.IsFinite(d))) throw new ArgumentException($"Rater {r} has a rating that is not finite.", nameof(ratings));
        }

        return [.. Enumerable.Range(0, width).Select(u => ratings.Select(r => r[u]).OfType<double>().ToArray())];
    }
}
