using System.Text;
using Plumbline.Models.Tokenizers.Patterns;

namespace Plumbline.Models.Tokenizers.Decoders;

/// <summary>
/// A step from tokens to text, fed token by token. A token may also come in parts, when an earlier step joins tokens;
/// what is certain goes on at once. One decoding each; not safe for concurrent use.
/// </summary>
internal abstract class DecodeStage
{
    private StringBuilder? _open;

    public DecodeStage Next { get; set; } = null!;

    public abstract void Token(string token);

    /// <summary>A part of a token that <see cref="EndToken"/> ends; steps that need whole tokens wait.</summary>
    public virtual void Part(string text) => (_open ??= new StringBuilder()).Append(text);

    public virtual void EndToken()
    {
        string token = _open?.ToString() ?? "";
        _open?.Clear();
        Token(token);
    }

    public virtual void Finish() => Next.Finish();
}

/// <summary>How to make a chain of steps. Immutable; safe for concurrent use.</summary>
internal sealed class DecoderPlan(IReadOnlyList<Func<bool, DecodeStage>> stages, bool byteLevel = false)
{
    /// <summary>A tokenizer without decoder joins its tokens by spaces.</summary>
    public static DecoderPlan Spaces { get; } = new([_ => new SpaceStage()]);

    /// <summary>Whether the plan is the byte alphabet alone.</summary>
    public bool IsByteLevel => byteLevel;

    /// <param name="eager">Whether characters of a byte run go out as soon as they are whole.</param>
    public DecodeChain Start(bool eager) => new(stages, eager);
}

/// <summary>A decoding under way.</summary>
internal sealed class DecodeChain
{
    private readonly DecodeStage _first;
    private readonly SinkStage _sink = new();

    public DecodeChain(IReadOnlyList<Func<bool, DecodeStage>> stages, bool eager)
    {
        DecodeStage next = _sink;
        for (int k = stages.Count - 1; k >= 0; k--)
        {
            DecodeStage stage = stages[k](eager);
            stage.Next = next;
            next = stage;
        }

        _first = next;
    }

    public void Token(string token) => _first.Token(token);

    public void Finish() => _first.Finish();

    /// <summary>The text that is certain and was not taken yet.</summary>
    public string Take()
    {
        if (_sink.Text.Length == 0) return "";
        string text = _sink.Text.ToString();
        _sink.Text.Clear();
        return text;
    }
}

internal sealed class SinkStage : DecodeStage
{
    public StringBuilder Text { get; } = new();

    public override void Token(string token) => Text.Append(token);

    public override void Part(string text) => Text.Append(text);

    public override void EndToken() { }

    public override void Finish() { }
}

internal sealed class SpaceStage : DecodeStage
{
    private bool _any;

    public override void Token(string token)
    {
        Next.Token(_any ? " " + token : token);
        _any = true;
    }
}

/// <summary>All tokens become one.</summary>
internal sealed class FuseStage : DecodeStage
{
    public override void Token(string token) => Next.Part(token);

    public override void Part(string text) => Next.Part(text);

    public override void EndToken() { }

    public override void Finish()
    {
        Next.EndToken();
        Next.Finish();
    }
}

/// <summary>Characters of the byte alphabet become bytes, and these text; a token with another character is text as it is.</summary>
internal sealed class ByteLevelStage : DecodeStage
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private byte[] _bytes = new byte[64];
    private char[] _characters = new char[80];

    public override void Token(string token)
    {
        int most = Encoding.UTF8.GetMaxByteCount(token.Length);
        if (_bytes.Length < most) _bytes = new byte[most];
        int count = 0;
        foreach (char c in token)
        {
            int b = ByteAlphabet.Byte(c);
            if (b < 0)
            {
                count = Encoding.UTF8.GetBytes(token, _bytes);
                break;
            }

            _bytes[count++] = (byte)b;
        }

        Write(count, flush: false);
    }

    public override void Finish()
    {
        Write(0, flush: true);
        Next.EndToken();
        Next.Finish();
    }

    private void Write(int count, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(count + 4);
        if (_characters.Length < most) _characters = new char[most];
        int written = _decoder.GetChars(_bytes, 0, count, _characters, 0, flush);
        if (written > 0) Next.Part(new string(_characters, 0, written));
    }
}

/// <summary>
/// Runs of tokens &lt;0xNN&gt; become text. As the reference has it, a run that is ill-formed anywhere becomes one U+FFFD a
/// byte; eagerly, characters go out when they are whole and each ill-formed sequence becomes one U+FFFD. The two agree
/// on all that an encoder made.
/// </summary>
internal sealed class ByteFallbackStage(bool eager) : DecodeStage
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly List<byte> _run = [];
    private readonly char[] _characters = new char[8];

    public override void Token(string token)
    {
        if (Value(token) is byte b)
        {
            _run.Add(b);
            if (eager) Write([b], flush: false);
            return;
        }

        EndRun();
        Next.Token(token);
    }

    public override void Finish()
    {
        EndRun();
        Next.Finish();
    }

    private static byte? Value(string token)
    {
        if (token.Length != 6 || !token.StartsWith("<0x", StringComparison.Ordinal) || token[5] != '>') return null;
        int high = Hex(token[3]), low = Hex(token[4]);
        // Rust's number parser takes a sign.
        if (token[3] == '+') high = 0;
        return high >= 0 && low >= 0 ? (byte)((high << 4) | low) : null;

        static int Hex(char c) => char.IsAsciiHexDigit(c) ? (c & 0xF) + (c > '9' ? 9 : 0) : -1;
    }

    private void EndRun()
    {
        if (_run.Count == 0) return;
        if (eager)
        {
            Write([], flush: true);
            Next.EndToken();
        }
        else
        {
            byte[] bytes = [.. _run];
            string? text;
            try
            {
                text = Strict.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                text = null;
            }

            if (text is not null) Next.Token(text);
            else
                for (int k = 0; k < bytes.Length; k++) Next.Token("\uFFFD");
        }

        _run.Clear();
    }

    private void Write(byte[] bytes, bool flush)
    {
        int written = _decoder.GetChars(bytes, 0, bytes.Length, _characters, 0, flush);
        if (written > 0) Next.Part(new string(_characters, 0, written));
    }
}

/// <summary>The visible space becomes a space, and nothing in the first token.</summary>
internal sealed class MetaspaceStage(string replacement, bool dropFirst) : DecodeStage
{
    private bool _later;

    public override void Token(string token)
    {
        Next.Token(Text(token));
        _later = true;
    }

    public override void Part(string text) => Next.Part(Text(text));

    public override void EndToken()
    {
        Next.EndToken();
        _later = true;
    }

    private string Text(string token) => token.Replace(replacement, _later || !dropFirst ? " " : "", StringComparison.Ordinal);
}

/// <summary>Continuations lose their prefix, other tokens get a space in front.</summary>
internal sealed class WordPieceStage(string prefix, bool cleanup) : DecodeStage
{
    private bool _later;

    public override void Token(string token)
    {
        if (_later) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        Next.Token(cleanup ? Cleanup(token) : token);
        _later = true;
    }

    /// <summary>Takes the spaces before punctuation and contractions out.</summary>
    public static string Cleanup(string text) => !text.Contains(' ', StringComparison.Ordinal)
        ? text
        : text.Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal).Replace(" !", "!", StringComparison.Ordinal)
            .Replace(" ,", ",", StringComparison.Ordinal).Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
            .Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" do not", " don't", StringComparison.Ordinal).Replace(" 's", "'s", StringComparison.Ordinal)
            .Replace(" 've", "'ve", StringComparison.Ordinal).Replace(" 're", "'re", StringComparison.Ordinal);
}

/// <summary>Strips a character from the ends of each token.</summary>
internal sealed class StripStage(int content, int start, int stop) : DecodeStage
{
    private readonly string _content = char.ConvertFromUtf32(content);
    private int _stripped, _held;
    private bool _inside;

    public override void Token(string token)
    {
        StringBuilder text = new(token.Length);
        Write(token, text);
        Reset();
        Next.Token(text.ToString());
    }

    public override void Part(string text)
    {
        StringBuilder builder = new(text.Length);
        Write(text, builder);
        if (builder.Length > 0) Next.Part(builder.ToString());
    }

    public override void EndToken()
    {
        Reset();
        Next.EndToken();
    }

    // What might be the stripped end is held until something else follows.
    private void Write(string text, StringBuilder target)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == content)
            {
                if (!_inside && _stripped < start)
                {
                    _stripped++;
                    continue;
                }

                _inside = true;
                _held++;
                if (_held <= stop) continue;
                _held = stop;
                target.Append(_content);
                continue;
            }

            _inside = true;
            for (; _held > 0; _held--) target.Append(_content);
            Utf32.Append(target, rune.Value);
        }
    }

    private void Reset() => (_stripped, _held, _inside) = (0, 0, false);
}

/// <summary>Replaces in each token.</summary>
internal sealed class ReplaceStage(IPattern pattern, string content, string? literal) : DecodeStage
{
    private readonly List<Part> _parts = [];

    public override void Token(string token)
    {
        if (!string.IsNullOrEmpty(literal))
        {
            Next.Token(Bounded(token.Replace(literal, content, StringComparison.Ordinal), token));
            return;
        }

        int[] points = Utf32.Of(token);
        _parts.Clear();
        pattern.Divide(points, _parts);
        StringBuilder text = new(token.Length);
        foreach (Part part in _parts)
        {
            if (part.Matched) text.Append(content);
            else
                for (int k = part.Start; k < part.End; k++) Utf32.Append(text, points[k]);
        }

        Next.Token(Bounded(text.ToString(), token));
    }

    // Replacements one after another must not blow a token up.
    private static string Bounded(string text, string token) => text.Length <= Math.Max(1 << 16, token.Length * 4L)
        ? text
        : throw new TokenizationException($"A replacement of the decoder makes {text.Length} characters of {token.Length}; the tokenizer's file is hostile.");
}

/// <summary>The end of a word becomes a space, at the very end nothing.</summary>
internal sealed class BpeStage(string suffix) : DecodeStage
{
    private string? _rest;

    public override void Token(string token)
    {
        Complete(" ");
        int at = suffix.Length == 0 ? 0 : token.IndexOf(suffix, StringComparison.Ordinal);
        if (at < 0) at = token.Length;
        if (at > 0) Next.Part(token[..at]);
        _rest = token[at..];
    }

    public override void Finish()
    {
        Complete("");
        Next.Finish();
    }

    private void Complete(string replacement)
    {
        if (_rest is null) return;
        string text = suffix.Length > 0
            ? _rest.Replace(suffix, replacement, StringComparison.Ordinal)
            : replacement + string.Concat(_rest.EnumerateRunes().Select(r => r + replacement));
        if (text.Length > 0) Next.Part(text);
        Next.EndToken();
        _rest = null;
    }
}

/// <summary>Repetitions fall together, then the padding token goes (connectionist temporal classification).</summary>
internal sealed class CtcStage(string pad, string delimiter, bool cleanup) : DecodeStage
{
    private string? _last;

    public override void Token(string token)
    {
        if (token == _last) return;
        _last = token;
        string text = pad.Length > 0 ? token.Replace(pad, "", StringComparison.Ordinal) : token;
        if (cleanup)
        {
            text = WordPieceStage.Cleanup(text);
            if (delimiter.Length > 0) text = text.Replace(delimiter, " ", StringComparison.Ordinal);
        }

        if (text.Length > 0) Next.Token(text);
    }
}
