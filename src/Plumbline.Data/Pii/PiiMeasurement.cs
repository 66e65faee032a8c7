using Plumbline.Instruments;

namespace Plumbline.Data.Pii;

/// <summary>
/// The detector against labelled texts. A true span is found if a span of its kind covers at least half of it; a text is cleared of a kind if it has none of
/// that kind and none is reported. Pure.
/// </summary>
public static class PiiMeasurement
{
    /// <summary>What stands for all kinds together.</summary>
    public const string All = "all";

    /// <summary>What stands for whole texts: one with a value of <see cref="PiiTypes.OfOnePerson"/> is a case, and found if any is reported.</summary>
    public const string Texts = "texts";

    /// <summary>A matrix for each kind that occurs, for all of them, and for whole texts; and how many spans were met to the character.</summary>
    public static (IReadOnlyDictionary<string, JudgeMatrix> Matrices, IReadOnlyDictionary<string, int> Exact) Of(PiiDetector detector, IReadOnlyList<PiiLabelledText> texts)
    {
        ArgumentNullException.ThrowIfNull(detector);
        ArgumentNullException.ThrowIfNull(texts);
        Dictionary<string, JudgeMatrix> matrices = new(StringComparer.Ordinal);
        Dictionary<string, int> exact = new(StringComparer.Ordinal);
        PiiType[] types = [.. texts.SelectMany(t => t.Spans).Select(s => s.Type).Distinct().Order()];
        foreach (PiiLabelledText text in texts)
        {
            IReadOnlyList<PiiSpan> found = detector.Find(text.Text);
            foreach (PiiType type in types)
            {
                string label = PiiTypes.Label(type);
                bool any = false;
                foreach ((_, int start, int end) in text.Spans.Where(s => s.Type == type))
                {
                    bool met = found.Any(f => f.Type == type && 2 * (Math.Min(f.End, end) - Math.Max(f.Start, start)) >= end - start);
                    Count(label, isCase: true, met);
                    Count(All, isCase: true, met);
                    if (found.Any(f => f.Type == type && f.Start == start && f.End == end)) exact[label] = exact.GetValueOrDefault(label) + 1;
                    any = true;
                }

                if (!any) Count(label, isCase: false, found.Any(f => f.Type == type));
            }

            if (text.Spans.Count == 0) Count(All, isCase: false, found.Count > 0);
            Count(Texts, text.Spans.Any(s => PiiTypes.OfOnePerson.Contains(s.Type)), found.Any(f => PiiTypes.OfOnePerson.Contains(f.Type)));
        }

        return (matrices, exact);

        void Count(string label, bool isCase, bool said) => matrices[label] = (matrices.GetValueOrDefault(label) ?? new(0, 0, 0, 0)).With(isCase, said);
    }
}
