namespace Plumbline.Data.Pii;

/// <summary>Where a text holds personal data, and why it is thought so. It does not carry the value, so that it may be logged. Immutable.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Start">The first UTF-16 unit.</param>
/// <param name="Length">The number of UTF-16 units.</param>
/// <param name="Rule">The rule that found it, e.g. "phone-international".</param>
/// <param name="Confidence">In (0, 1]; below 0.5 it has the form, but says nothing about a person on its own.</param>
/// <param name="Validated">Whether a check digit or sum held.</param>
/// <param name="Reserved">Whether it belongs to what is set aside for examples and for nobody: example.com, 192.0.2.1, 202-555-0147, well-known test cards.</param>
public sealed record PiiSpan(PiiType Type, int Start, int Length, string Rule, double Confidence, bool Validated = false, bool Reserved = false)
{
    /// <summary>Whether it is the number of a firm's service, toll free or the like.</summary>
    public bool IsService => Rule == PhoneRule.Service;

    /// <summary>The unit behind the last.</summary>
    public int End => Start + Length;

    /// <summary>Start and end counted in code points of the text, as Python counts.</summary>
    public (int Start, int End) CodePoints(ReadOnlySpan<char> text)
    {
        int start = Count(text[..Start]);
        return (start, start + Count(text[Start..End]));

        static int Count(ReadOnlySpan<char> part)
        {
            int count = 0;
            for (int i = 0; i < part.Length; i++)
            {
                if (!(char.IsLowSurrogate(part[i]) && i > 0 && char.IsHighSurrogate(part[i - 1]))) count++;
            }

            return count;
        }
    }
}
