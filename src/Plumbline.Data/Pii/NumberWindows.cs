namespace Plumbline.Data.Pii;

/// <summary>A number that stands in a text, perhaps in several groups with separators.</summary>
/// <param name="First">The index of its first group.</param>
/// <param name="Last">The index of its last group.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">The place behind it.</param>
internal readonly record struct NumberWindow(int First, int Last, int Start, int End)
{
    /// <summary>Whether separators stand in it.</summary>
    public bool IsSeparated => Last > First;

    /// <summary>The number of groups.</summary>
    public int Count => Last - First + 1;
}

/// <summary>Finds numbers of a wanted number of digits among groups that single separators part. Each group starts at most <see cref="MostGroups"/> of them, so that the work is linear.</summary>
internal static class NumberWindows
{
    /// <summary>The most groups of a number: a Chinese identity number, written digit by digit.</summary>
    public const int MostGroups = 20;

    /// <summary>What sees a number.</summary>
    public delegate void Visitor(NumberWindow window, ReadOnlySpan<char> digits);

    /// <summary>Shows all numbers of so many digits whose groups the separators part, and that are no part of a longer code, decimal or thousands.</summary>
    public static void Visit(ScannedText text, int least, int most, ReadOnlySpan<char> separators, Visitor visitor)
    {
        Span<char> digits = stackalloc char[32];
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        for (int first = 0; first < groups.Count; first++)
        {
            if (!OpenBefore(text, groups[first].Start)) continue;
            int count = 0;
            for (int last = first; last < groups.Count && last - first < MostGroups; last++)
            {
                (int start, int end) = groups[last];
                if (last > first && !(start - groups[last - 1].End == 1 && separators.Contains(text.Text[start - 1]))) break;
                if (count + end - start > most) break;
                text.Text.AsSpan(start, end - start).CopyTo(digits[count..]);
                count += end - start;
                if (count >= least && OpenAfter(text, end)) visitor(new(first, last, groups[first].Start, end), digits[..count]);
            }
        }
    }

    /// <summary>Whether a number may begin here.</summary>
    public static bool OpenBefore(ScannedText text, int start) => !ScannedText.IsLatin(text.At(start - 1)) && !(text.At(start - 1) is '.' or ',' or '-' or '·' && char.IsAsciiLetterOrDigit(text.At(start - 2)));

    /// <summary>Whether a number may end here.</summary>
    public static bool OpenAfter(ScannedText text, int end) => !ScannedText.IsLatin(text.At(end)) && !(text.At(end) is '.' or ',' or '-' && char.IsAsciiDigit(text.At(end + 1)));
}
