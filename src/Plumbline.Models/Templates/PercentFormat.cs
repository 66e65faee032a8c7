using System.Numerics;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>The % operator of text: <c>'%s is %d' % ('Ann', 30)</c>.</summary>
internal static class PercentFormat
{
    public static TextValue Format(Evaluator evaluator, TextValue format, Value argument)
    {
        Value[] arguments = argument is ListValue { IsTuple: true } tuple ? tuple.Items : [argument];
        string text = format.Text;
        StringBuilder result = new(text.Length + 16);
        int next = 0;
        bool isNamed = false;
        for (int at = 0; at < text.Length;)
        {
            int percent = text.IndexOf('%', at);
            if (percent < 0) percent = text.Length;
            result.Append(text, at, percent - at);
            at = percent + 1;
            if (percent == text.Length) break;
            if (at < text.Length && text[at] == '%')
            {
                result.Append('%');
                at++;
                continue;
            }

            evaluator.Step();
            Value? named = Key(text, ref at, argument);
            isNamed |= named is not null;
            FormatSpec spec = Spec(text, ref at, Take);
            Value value = named ?? Take();
            string formatted = Conversion(evaluator, spec, value);
            result.Append(format.IsSafe && value is not TextValue { IsSafe: true } ? PythonText.EscapeHtml(formatted) : formatted);
            if (result.Length > evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", evaluator.Options.MaxTextLength);
        }

        bool takesAnything = argument is DictValue or ListValue { IsTuple: false } or RangeValue or UndefinedValue;
        if (next < arguments.Length && !isNamed && !takesAnything) throw Fault.Type("not all arguments converted during string formatting");
        evaluator.ReserveText(result.Length);
        return format.With(result.ToString());

        Value Take() => next < arguments.Length ? arguments[next++] : throw Fault.Type("not enough arguments for format string");
    }

    /// <summary>The value of <c>%(key)</c>, null where there is no key.</summary>
    private static Value? Key(string text, ref int at, Value argument)
    {
        if (at >= text.Length || text[at] != '(') return null;
        int start = ++at;
        for (int open = 1; open > 0; at++)
        {
            if (at >= text.Length) throw Fault.Value("incomplete format key");
            open += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
        }

        if (argument is not DictValue dict) throw Fault.Type("format requires a mapping");
        string key = text[start..(at - 1)];
        return dict.Get(key) ?? throw Fault.Key($"'{key}'");
    }

    private static FormatSpec Spec(string text, ref int at, Func<Value> take)
    {
        FormatSpec spec = FormatSpec.Default with { Align = '>' };
        bool zero = false, left = false;
        for (; at < text.Length && text[at] is '-' or '+' or ' ' or '#' or '0'; at++)
        {
            switch (text[at])
            {
                case '-': left = true; break;
                case '+': spec.Sign = '+'; break;
                case ' ': if (spec.Sign == '-') spec.Sign = ' '; break;
                case '#': spec.Alternate = true; break;
                default: zero = true; break;
            }
        }

        spec.Width = Size(text, ref at) ?? 0;
        if (spec.Width < 0) (left, spec.Width) = (true, spec.Width == int.MinValue ? int.MaxValue : -spec.Width);
        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec.Precision = Math.Max(0, Size(text, ref at) ?? 0);
        }

        if (at < text.Length && text[at] is 'l' or 'h' or 'L') at++;
        if (at >= text.Length) throw Fault.Value("incomplete format");
        spec.Type = text[at++];
        if (left) spec.Align = '<';
        else if (zero && spec.Type is not ('s' or 'r' or 'a' or 'c')) (spec.Fill, spec.Align) = ('0', '=');
        return spec;

        int? Size(string text, ref int at)
        {
            if (at >= text.Length || text[at] != '*') return FormatSpec.Digits(text, ref at);
            at++;
            return Numbers.TryInteger(take(), out BigInteger n) && n >= int.MinValue && n <= int.MaxValue ? (int)n : throw Fault.Type("* wants int");
        }
    }

    private static string Conversion(Evaluator evaluator, FormatSpec spec, Value value)
    {
        switch (spec.Type)
        {
            case 's':
                return (spec with { Type = 's' }).Text(evaluator, Printing.Text(evaluator, value));
            case 'r' or 'a':
                return (spec with { Type = 's' }).Text(evaluator, Printing.Repr(evaluator, value));
            case 'c' when value is TextValue { Length: 1 } character:
                return (spec with { Type = 's', Precision = null }).Text(evaluator, character.Text);
            case 'd' or 'i' or 'u' when value is FloatValue f:
                if (!double.IsFinite(f.Number)) throw Fault.Overflow("cannot convert float infinity or NaN to integer");
                return Integer(new BigInteger(Math.Truncate(f.Number)));
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'c' when Numbers.TryInteger(value, out BigInteger n):
                return spec.Type == 'c' ? spec.Integer(evaluator, n) : Integer(n);
            case 'd' or 'i' or 'u':
                throw Fault.Type($"%{spec.Type} format: a real number is required, not {value.TypeName}");
            case 'x' or 'X' or 'o' or 'c':
                throw Fault.Type($"%{spec.Type} format: an integer is required, not {value.TypeName}");
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                if (value is UndefinedValue u) throw u.Fault();
                return Numbers.TryReal(value, out double number) ? spec.Real(evaluator, number) : throw Fault.Type($"must be real number, not {value.TypeName}");
            default:
                throw Fault.Value($"unsupported format character '{spec.Type}'");
        }

        // The precision of an integer is its least number of digits.
        string Integer(BigInteger number)
        {
            if (spec.Precision is not { } digits) return spec.Integer(evaluator, number);
            if (spec.Alternate) throw Fault.Value("the flag '#' together with a precision is not supported");
            FormatSpec bare = spec with { Width = 0, Sign = '-', Fill = ' ', Align = '>', Precision = null };
            string sign = number.Sign < 0 ? "-" : spec.Sign == '-' ? "" : spec.Sign.ToString();
            if (spec.Align == '=') digits = Math.Max(digits, spec.Width - sign.Length);
            evaluator.ReserveText(digits);
            string body = sign + bare.Integer(evaluator, BigInteger.Abs(number)).PadLeft(digits, '0');
            return (spec with { Type = 's', Precision = null, Align = spec.Align == '=' ? '>' : spec.Align }).Text(evaluator, body);
        }
    }
}
