using System.Text;

namespace Plumbline.Data.Pii;

/// <summary>Texts without their personal data. Pure.</summary>
public static class Redaction
{
    /// <summary>
    /// The text with each span replaced by "&lt;TYPE&gt;". Spans inside others go, what crossing spans share is replaced once, and neighbours of one
    /// kind with nothing but white space between them become one.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A span lies outside the text or has no length.</exception>
    public static string Replace(string text, IEnumerable<PiiSpan> spans)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(spans);
        StringBuilder result = new(text.Length);
        int at = 0;
        PiiType? before = null;
        foreach (PiiSpan span in spans.OrderBy(s => s.Start).ThenByDescending(s => s.End).ThenByDescending(s => s.Confidence))
        {
            if (span.Start < 0 || span.Length < 1 || span.End > text.Length) throw new ArgumentOutOfRangeException(nameof(spans), $"A span from {span.Start} of {span.Length} units does not lie in a text of {text.Length}.");
            if (span.End <= at) continue;
            ReadOnlySpan<char> between = text.AsSpan(at, Math.Max(0, span.Start - at));
            if (before == span.Type && !between.IsEmpty && between.IsWhiteSpace())
            {
                at = span.End;
                continue;
            }

            result.Append(between).Append('<').Append(PiiTypes.Label(span.Type)).Append('>');
            (at, before) = (span.End, span.Type);
        }

        return result.Append(text, at, text.Length - at).ToString();
    }
}
