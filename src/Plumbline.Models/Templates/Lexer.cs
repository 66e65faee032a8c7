using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>
/// Cuts a template into tokens, with white space handled as chat templates have it: the newline behind a block tag goes
/// (trim_blocks), blanks before a block tag at the start of a line go (lstrip_blocks), '-' in a tag strips all white space
/// on that side, '+' keeps it.
/// </summary>
internal sealed class Lexer
{
    private readonly string _source;
    private readonly int _maxNesting;
    private readonly Queue<Token> _tokens = new();
    private readonly Stack<char> _brackets = new();
    private int _at;
    private int _line = 1;
    private int _lastLine = 1;
    private bool _lineStarts = true;

    public Lexer(string source, int maxNesting)
    {
        string normalized = source.Contains('\r') ? source.ReplaceLineEndingsOnly() : source;
        _source = normalized.EndsWith('\n') ? normalized[..^1] : normalized;
        _maxNesting = maxNesting;
    }

    /// <summary>The next token; at the end of the source <see cref="TokenKind.End"/>, over and over.</summary>
    public Token Read()
    {
        while (_tokens.Count == 0)
        {
            if (_at == _source.Length) return new Token(TokenKind.End, "", _lastLine);
            ReadTag();
        }

        Token token = _tokens.Dequeue();
        _lastLine = token.Line;
        return token;
    }

    /// <summary>Reads text up to the next tag, and that tag.</summary>
    private void ReadTag()
    {
        int open = NextTag(_at);
        if (open < 0)
        {
            AddText(_source[_at..]);
            _at = _source.Length;
            return;
        }

        char kind = _source[open + 1];
        char sign = At(open + 2);
        int inside = open + (sign is '-' or '+' ? 3 : 2);
        AddText(TextBefore(open, sign, kind == '{'));
        Advance(open);
        switch (kind)
        {
            case '#': SkipComment(inside); break;
            case '{': Expression(inside, TokenKind.VariableBegin); break;
            default:
                int raw = RawEnd(inside);
                if (raw >= 0) Raw(raw);
                else Expression(inside, TokenKind.BlockBegin);
                break;
        }
    }

    private char At(int index) => index < _source.Length ? _source[index] : '\0';

    private int NextTag(int from)
    {
        while (true)
        {
            int brace = _source.IndexOf('{', from);
            if (brace < 0) return -1;
            if (At(brace + 1) is '{' or '%' or '#') return brace;
            from = brace + 1;
        }
    }

    /// <summary>The text up to a tag, without what the tag's sign or the start of its line takes away.</summary>
    private string TextBefore(int open, char sign, bool isVariable)
    {
        ReadOnlySpan<char> text = _source.AsSpan(_at, open - _at);
        if (sign == '-') return PythonText.StripEnd(text).ToString();
        if (sign != '+' && !isVariable)
        {
            int lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _lineStarts) && PythonText.IsBlank(text[lineStart..])) text = text[..lineStart];
        }

        return text.ToString();
    }

    private void AddText(string text)
    {
        if (text.Length > 0) _tokens.Enqueue(new Token(TokenKind.Text, text, _line));
    }

    /// <summary>Moves on to a position and keeps count of lines.</summary>
    private void Advance(int to)
    {
        _line += _source.AsSpan(_at, to - _at).Count('\n');
        _at = to;
    }

    /// <summary>Where the source goes on behind a closing delimiter at <paramref name="at"/>, or -1 where there is none.</summary>
    private int Close(int at, string delimiter, bool trimsNewline)
    {
        char sign = At(at);
        if (sign == '-' && _source.AsSpan(at + 1).StartsWith(delimiter, StringComparison.Ordinal))
        {
            int end = at + 1 + delimiter.Length;
            while (end < _source.Length && PythonText.IsSpace(_source[end])) end++;
            return end;
        }

        if (sign == '+' && trimsNewline && _source.AsSpan(at + 1).StartsWith(delimiter, StringComparison.Ordinal)) return at + 1 + delimiter.Length;
        if (!_source.AsSpan(at).StartsWith(delimiter, StringComparison.Ordinal)) return -1;
        int behind = at + delimiter.Length;
        return trimsNewline && At(behind) == '\n' ? behind + 1 : behind;
    }

    private void Leave(int end)
    {
        Advance(end);
        _lineStarts = _source[end - 1] == '\n';
    }

    private void SkipComment(int inside)
    {
        int end = _source.IndexOf("#}", inside, StringComparison.Ordinal);
        if (end < 0) throw Fault.Syntax("This comment is not closed by '#}'", _line);
        if (end > inside && _source[end - 1] is '-' or '+') end--;
        Leave(Close(end, "#}", trimsNewline: true));
    }

    /// <summary>Where the text of a raw block begins, or -1 where this tag is another.</summary>
    private int RawEnd(int inside)
    {
        int at = SkipSpace(inside);
        if (!_source.AsSpan(at).StartsWith("raw", StringComparison.Ordinal)) return -1;
        return Close(SkipSpace(at + 3), "%}", trimsNewline: false);
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonText.IsSpace(_source[at])) at++;
        return at;
    }

    private void Raw(int start)
    {
        int opened = _line;
        Leave(start);
        for (int open = _source.IndexOf("{%", start, StringComparison.Ordinal); open >= 0; open = _source.IndexOf("{%", open + 1, StringComparison.Ordinal))
        {
            char sign = At(open + 2);
            int name = SkipSpace(open + (sign is '-' or '+' ? 3 : 2));
            if (!_source.AsSpan(name).StartsWith("endraw", StringComparison.Ordinal)) continue;
            int end = Close(SkipSpace(name + 6), "%}", trimsNewline: true);
            if (end < 0) continue;
            AddText(TextBefore(open, sign, isVariable: false));
            Leave(end);
            return;
        }

        throw Fault.Syntax("This raw block is not closed by '{% endraw %}'", opened);
    }

    private void Expression(int inside, TokenKind begin)
    {
        (string delimiter, TokenKind endKind) = begin == TokenKind.BlockBegin ? ("%}", TokenKind.BlockEnd) : ("}}", TokenKind.VariableEnd);
        _tokens.Enqueue(new Token(begin, "", _line));
        Advance(inside);
        _brackets.Clear();
        while (_at < _source.Length)
        {
            if (_brackets.Count == 0)
            {
                int end = Close(_at, delimiter, trimsNewline: begin == TokenKind.BlockBegin);
                if (end >= 0)
                {
                    _tokens.Enqueue(new Token(endKind, "", _line));
                    Leave(end);
                    return;
                }
            }

            char c = _source[_at];
            if (PythonText.IsSpace(c)) Advance(_at + 1);
            else if (char.IsAsciiDigit(c)) Number();
            else if (PythonText.IsWord(_source, _at)) Name();
            else if (c is '\'' or '"') String(c);
            else Operator();
        }
    }

    private void Name()
    {
        int end = _at;
        while (end < _source.Length && PythonText.IsWord(_source, end)) end += PythonText.UnitsAt(_source, end);
        _tokens.Enqueue(new Token(TokenKind.Name, _source[_at..end], _line));
        _at = end;
    }

    private void Operator()
    {
        char c = _source[_at], next = At(_at + 1);
        string? found = (c, next) switch
        {
            ('/', '/') => "//",
            ('*', '*') => "**",
            ('=', '=') => "==",
            ('!', '=') => "!=",
            ('>', '=') => ">=",
            ('<', '=') => "<=",
            _ => c switch
            {
                '+' => "+",
                '-' => "-",
                '/' => "/",
                '*' => "*",
                '%' => "%",
                '~' => "~",
                '[' => "[",
                ']' => "]",
                '(' => "(",
                ')' => ")",
                '{' => "{",
                '}' => "}",
                '>' => ">",
                '<' => "<",
                '=' => "=",
                '.' => ".",
                ':' => ":",
                '|' => "|",
                ',' => ",",
                ';' => ";",
                _ => throw Fault.Syntax($"The character '{_source.Substring(_at, PythonText.UnitsAt(_source, _at))}' means nothing here", _line),
            },
        };
        switch (c)
        {
            case '(': Open(')'); break;
            case '[': Open(']'); break;
            case '{': Open('}'); break;
            case ')' or ']' or '}':
                if (!_brackets.TryPop(out char expected)) throw Fault.Syntax($"'{found}' closes nothing", _line);
                if (c != expected) throw Fault.Syntax($"'{found}' stands where '{expected}' is due", _line);
                break;
        }

        _tokens.Enqueue(new Token(TokenKind.Operator, found, _line));
        _at += found.Length;

        void Open(char closing)
        {
            _brackets.Push(closing);
            if (_brackets.Count > _maxNesting) throw Fault.Syntax($"brackets nest deeper than {_maxNesting} levels", _line);
        }
    }

    private void Number()
    {
        int end = RadixNumber();
        if (end > 0)
        {
            Add(TokenKind.Integer, end);
            return;
        }

        // A number right behind a dot is an index (x.0.1), never a float.
        int digits = Digits(_at);
        if (_at == 0 || _source[_at - 1] != '.')
        {
            int fraction = At(digits) == '.' && char.IsAsciiDigit(At(digits + 1)) ? Digits(digits + 1) : digits;
            int exponent = fraction;
            if (At(fraction) is 'e' or 'E')
            {
                int start = fraction + (At(fraction + 1) is '+' or '-' ? 2 : 1);
                if (char.IsAsciiDigit(At(start))) exponent = Digits(start);
            }

            if (exponent > digits)
            {
                Add(TokenKind.Float, exponent);
                return;
            }
        }

        if (_source[_at] == '0')
        {
            // 007 is 00 and 7: a leading zero allows only zeros.
            digits = _at + 1;
            while (At(digits) == '0' || (At(digits) == '_' && At(digits + 1) == '0')) digits++;
        }

        Add(TokenKind.Integer, digits);

        void Add(TokenKind kind, int to)
        {
            _tokens.Enqueue(new Token(kind, _source[_at..to].Replace("_", "", StringComparison.Ordinal), _line));
            _at = to;
        }
    }

    private int Digits(int at)
    {
        while (char.IsAsciiDigit(At(at)) || (At(at) == '_' && char.IsAsciiDigit(At(at + 1)))) at++;
        return at;
    }

    private int RadixNumber()
    {
        if (_source[_at] != '0') return -1;
        Func<char, bool>? isDigit = At(_at + 1) switch
        {
            'x' or 'X' => char.IsAsciiHexDigit,
            'o' or 'O' => c => c is >= '0' and <= '7',
            'b' or 'B' => c => c is '0' or '1',
            _ => null,
        };
        if (isDigit is null) return -1;
        int at = _at + 2;
        while (isDigit(At(at)) || (At(at) == '_' && isDigit(At(at + 1)))) at++;
        return at == _at + 2 ? -1 : at;
    }

    private void String(char quote)
    {
        int end = _at + 1;
        while (end < _source.Length && _source[end] != quote) end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length) throw Fault.Syntax($"This string is not closed by {quote}", _line);
        _tokens.Enqueue(new Token(TokenKind.String, Unescape(_source.AsSpan(_at + 1, end - _at - 1)), _line));
        Advance(end + 1);
    }

    private string Unescape(ReadOnlySpan<char> raw)
    {
        if (!raw.Contains('\\')) return raw.ToString();
        StringBuilder text = new(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            char c = raw[++i];
            switch (c)
            {
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(c); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'n': text.Append('\n'); break;
                case 'r': text.Append('\r'); break;
                case 't': text.Append('\t'); break;
                case 'v': text.Append('\v'); break;
                case 'x': i += AppendHex(text, raw[(i + 1)..], 2); break;
                case 'u': i += AppendHex(text, raw[(i + 1)..], 4); break;
                case 'U': i += AppendHex(text, raw[(i + 1)..], 8); break;
                case 'N': throw Fault.Syntax("Characters by name (\\N) are not supported", _line);
                case >= '0' and <= '7':
                    int octal = c - '0';
                    for (int n = 1; n < 3 && i + 1 < raw.Length && raw[i + 1] is >= '0' and <= '7'; n++) octal = (octal * 8) + (raw[++i] - '0');
                    text.Append((char)octal);
                    break;
                default: text.Append('\\').Append(c); break;
            }
        }

        return text.ToString();
    }

    private int AppendHex(StringBuilder text, ReadOnlySpan<char> rest, int digits)
    {
        uint value = 0;
        for (int i = 0; i < digits; i++)
        {
            if (i >= rest.Length || !char.IsAsciiHexDigit(rest[i])) throw Fault.Syntax($"This escape needs {digits} hexadecimal digits", _line);
            value = (value << 4) | (uint)Convert.ToInt32(rest[i].ToString(), 16);
        }

        if (value > 0x10FFFF) throw Fault.Syntax("This escape names no character of Unicode", _line);
        if (value > 0xFFFF) text.Append(char.ConvertFromUtf32((int)value));
        else text.Append((char)value);
        return digits;
    }
}
