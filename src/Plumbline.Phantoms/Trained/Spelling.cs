namespace Plumbline.Phantoms.Trained;

/// <summary>The nearest known word to a mistyped one.</summary>
internal static class Spelling
{
    /// <summary>The word at the smallest edit distance (insertions, deletions, changes), if it is near enough to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        (string? best, int distance) = known.Select(k => (k, Distance(word, k))).OrderBy(p => p.Item2).ThenBy(p => p.k, StringComparer.Ordinal).FirstOrDefault();
        return best is not null && distance <= Math.Max(1, word.Length / 3) ? best : null;
    }

    private static int Distance(string a, string b)
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
