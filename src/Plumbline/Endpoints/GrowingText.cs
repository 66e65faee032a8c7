using System.Text;

namespace Plumbline.Endpoints;

/// <summary>A text that comes in pieces and is handed on in pieces, never half a surrogate pair.</summary>
internal sealed class GrowingText
{
    private readonly StringBuilder _all = new();
    private int _taken;

    public int Length => _all.Length;

    public void Append(string piece) => _all.Append(piece);

    /// <summary>What has come since the last call; a trailing high surrogate waits for its other half unless this is the end.</summary>
    public string Take(bool final)
    {
        int end = _all.Length;
        if (!final && end > _taken && char.IsHighSurrogate(_all[end - 1])) end--;
        if (end == _taken) return "";
        string piece = _all.ToString(_taken, end - _taken);
        _taken = end;
        return JsonText.WellFormed(piece);
    }

    public override string ToString() => JsonText.WellFormed(_all.ToString());
}
