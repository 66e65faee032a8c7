using System.Text;

namespace Plumbline.Endpoints;

/// <summary>
/// Keeps a model's thinking apart from its answer where both come in one text. Thinking is what stands between
/// <c>&lt;think&gt;</c> at the very beginning (blanks aside) and the first <c>&lt;/think&gt;</c>; without an end the whole
/// text is thinking. Tags anywhere else are part of the answer, because answers may talk about them.
/// </summary>
internal sealed class Thinking
{
    private const string Open = "<think>", Close = "</think>";

    private enum Place { Before, Inside, AfterClose, Answer }

    private readonly StringBuilder _held = new();
    private Place _place;

    /// <summary>The text ended within the thinking.</summary>
    public bool Unfinished => _place == Place.Inside;

    /// <summary>
    /// Splits a whole text. Templates that open the thinking in the prompt leave a lone <c>&lt;/think&gt;</c> on an end of
    /// a line: what stands before it is thinking, too.
    /// </summary>
    public static (string Reasoning, string Text, bool Unfinished) Split(string text)
    {
        if (!text.TrimStart().StartsWith(Open, StringComparison.Ordinal))
        {
            int close = text.IndexOf(Close, StringComparison.Ordinal);
            bool alone = close >= 0 && text.AsSpan(close + Close.Length) is [] or ['\n' or '\r', ..] && !text.Contains(Open, StringComparison.Ordinal);
            return close >= 0 && alone ? (text[..close].Trim(), text[(close + Close.Length)..].TrimStart(), false) : ("", text, false);
        }

        Thinking thinking = new();
        (string reasoning, string answer) = thinking.Push(text);
        (string more, string rest) = thinking.End();
        return ((reasoning + more).Trim(), answer + rest, thinking.Unfinished);
    }

    /// <summary>Takes the next piece of a streamed text and gives what is certain.</summary>
    public (string Reasoning, string Text) Push(string piece)
    {
        if (_place == Place.Answer) return ("", piece);
        _held.Append(piece);
        string text = _held.ToString(), reasoning = "";
        if (_place == Place.Before)
        {
            string start = text.TrimStart();
            if (start.Length < Open.Length && Open.StartsWith(start, StringComparison.Ordinal)) return ("", "");
            if (!start.StartsWith(Open, StringComparison.Ordinal)) return ("", Release(Place.Answer, text));
            _place = Place.Inside;
            text = start[Open.Length..];
        }

        if (_place == Place.Inside)
        {
            int close = text.IndexOf(Close, StringComparison.Ordinal);
            if (close < 0)
            {
                int keep = Math.Min(text.Length, Close.Length - 1);
                while (keep > 0 && !Close.StartsWith(text[^keep..], StringComparison.Ordinal)) keep--;
                Release(Place.Inside, text);
                _held.Append(text, text.Length - keep, keep);
                return (text[..^keep], "");
            }

            reasoning = text[..close];
            text = text[(close + Close.Length)..];
            _place = Place.AfterClose;
        }

        // The blank lines after the thinking belong to neither.
        text = text.TrimStart();
        _held.Clear();
        return text.Length == 0 ? (reasoning, "") : (reasoning, Release(Place.Answer, text));
    }

    /// <summary>Gives what was held back at the end.</summary>
    public (string Reasoning, string Text) End()
    {
        string rest = _held.ToString();
        _held.Clear();
        return _place == Place.Inside ? (rest, "") : ("", rest);
    }

    private string Release(Place next, string text)
    {
        _place = next;
        _held.Clear();
        return text;
    }
}
