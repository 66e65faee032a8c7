namespace Plumbline.Judges;

/// <summary>Marks around texts in a judge's prompt, which the texts themselves do not hold: no text can end its own quotation.</summary>
public static class Marks
{
    /// <summary>A mark that occurs in none of the texts; the same for the same texts.</summary>
    public static string For(params ReadOnlySpan<string> texts)
    {
        for (int number = 1; ; number++)
        {
            string mark = $"MARK-{number}";
            bool free = true;
            foreach (string text in texts) free &= !text.Contains(mark, StringComparison.Ordinal);
            if (free) return mark;
        }
    }
}
