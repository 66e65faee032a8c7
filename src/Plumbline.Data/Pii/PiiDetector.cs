namespace Plumbline.Data.Pii;

/// <summary>
/// Finds personal data in English and Chinese texts by rules: form, check digits, numbering plans and cue words. Full-width, circled, spelled-out and
/// broken-up numbers are read. The work is linear in the text and nothing backtracks. Names of persons are found beside cues only. Values are
/// neither kept nor logged. Immutable; safe for concurrent use.
/// </summary>
public sealed class PiiDetector(PiiOptions? options = null)
{
    /// <summary>The longest text, in UTF-16 units; longer ones are to be given in parts.</summary>
    public const int Longest = 16 << 20;

    private readonly PiiOptions _options = options ?? new();

    /// <summary>The spans of a text, by start. They do not overlap: of two that do, the more certain stays, then the longer.</summary>
    /// <exception cref="ArgumentException">The text is longer than <see cref="Longest"/>.</exception>
    public IReadOnlyList<PiiSpan> Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Longest) throw new ArgumentException($"A text of {text.Length} characters is longer than {Longest}: give it in parts.", nameof(text));
        ScannedText scanned = ScannedText.Of(text);
        List<PiiSpan> found = [];
        NumberRules.Find(scanned, _options, found);
        CodeRules.Find(scanned, found);
        PhoneRule.Find(scanned, found);
        NetworkRules.Find(scanned, found);
        DateRule.Find(scanned, found);
        ChineseRules.Find(scanned, found);
        PersonRule.Find(scanned, found);
        return Apart(found.Where(s => s.Confidence >= _options.MinimumConfidence && _options.Types?.Contains(s.Type) != false), text.Length);
    }

    private static List<PiiSpan> Apart(IEnumerable<PiiSpan> found, int length)
    {
        List<PiiSpan> kept = [];
        bool[]? taken = null;
        foreach (PiiSpan span in found.OrderByDescending(s => s.Validated).ThenByDescending(s => s.Confidence).ThenByDescending(s => s.Length).ThenBy(s => s.Start).ThenBy(s => s.Type))
        {
            taken ??= new bool[length];
            if (taken.AsSpan(span.Start, span.Length).Contains(true)) continue;
            taken.AsSpan(span.Start, span.Length).Fill(true);
            kept.Add(span);
        }

        kept.Sort((a, b) => a.Start.CompareTo(b.Start));
        return kept;
    }
}
