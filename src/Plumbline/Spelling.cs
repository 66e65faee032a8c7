namespace Plumbline;

/// <summary>The nearest known word to a mistyped one. Pure; safe for concurrent use.</summary>
public static class Spelling
{
    /// <summary>The known word at the smallest edit distance, the first of several, if it is near enough to be meant; null for an exact match or none.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="known">The words that exist.</param>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(known);
        (string? best, int distance) = known.Select(k => (k, Distance(word, k))).OrderBy(p => p.Item2).FirstOrDefault();
        return best is not null && distance > 0 && distance <= Math.Max(1, word.Length / 3) ? best : null;
    }

    /// <summary>Levenshtein's distance: insertions, deletions and changes from one word to the other.</summary>
    public static int Distance(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
