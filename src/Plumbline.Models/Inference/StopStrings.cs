using System.Text;

namespace Plumbline.Models.Inference;

/// <summary>
/// The text of a generation as it grows, watched for stop strings wherever they begin and end among the tokens.
/// Text that may yet become part of a stop string is held back.
/// </summary>
internal sealed class StopStrings(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _text = new();
    private readonly int _longest = stops.Count == 0 ? 0 : stops.Max(stop => stop.Length);
    private int _given;

    /// <summary>Everything before the earliest stop string.</summary>
    public string Text => _text.ToString();

    /// <summary>The stop string that appeared, or null.</summary>
    public string? Found { get; private set; }

    /// <summary>Adds text and gives what has become certain.</summary>
    public string Add(string text)
    {
        int from = Math.Max(0, _text.Length - _longest + 1);
        _text.Append(text);
        if (stops.Count > 0)
        {
            string tail = _text.ToString(from, _text.Length - from);
            int earliest = -1;
            foreach (string stop in stops)
            {
                int at = tail.IndexOf(stop, StringComparison.Ordinal);
                if (at < 0 || (earliest >= 0 && at >= earliest)) continue;
                (earliest, Found) = (at, stop);
            }

            if (Found is not null)
            {
                _text.Length = from + earliest;
                return Give(_text.Length);
            }
        }

        return Give(_text.Length - Pending());
    }

    /// <summary>What was held back, once nothing follows.</summary>
    public string Finish() => Give(_text.Length);

    private string Give(int end)
    {
        if (end <= _given) return "";
        string text = _text.ToString(_given, end - _given);
        _given = end;
        return text;
    }

    // The longest end of the text with which a stop string begins.
    private int Pending()
    {
        for (int length = Math.Min(_longest - 1, _text.Length); length > 0; length--)
        {
            string end = _text.ToString(_text.Length - length, length);
            if (stops.Any(stop => stop.StartsWith(end, StringComparison.Ordinal))) return length;
        }

        return 0;
    }
}
