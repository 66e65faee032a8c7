using System.Globalization;
using System.Numerics;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary><c>str.format</c>: <c>'{0.name!r:>5}'</c>, with attributes looked up in the sandbox.</summary>
internal static class BraceFormat
{
    private const int MaxNesting = 2;

    public static TextValue Format(Evaluator evaluator, TextValue format, Arguments arguments)
    {
        int next = 0;
        string text = Expand(evaluator, format, format.Text, arguments, ref next, MaxNesting);
        evaluator.ReserveText(text.Length);
        return format.With(text);
    }

    private static string Expand(Evaluator evaluator, TextValue owner, string format, Arguments arguments, ref int next, int levels)
    {
        if (levels == 0) throw Fault.Value("Max string recursion exceeded");
        StringBuilder result = new(format.Length + 16);
        for (int at = 0; at < format.Length; at++)
        {
            char c = format[at];
            bool isDoubled = at + 1 < format.Length && format[at + 1] == c;
            if (c is not ('{' or '}'))
            {
                result.Append(c);
            }
            else if (isDoubled)
            {
                result.Append(c);
                at++;
            }
            else if (c == '}')
            {
                throw Fault.Value("Single '}' encountered in format string");
            }
            else
            {
                int end = FieldEnd(format, at + 1);
                result.Append(Field(evaluator, owner, format[(at + 1)..end], arguments, ref next, levels));
                if (result.Length > evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", evaluator.Options.MaxTextLength);
                at = end;
            }
        }

        return result.ToString();
    }

    private static int FieldEnd(string format, int start)
    {
        int open = 1;
        bool inIndex = false;
        for (int at = start; at < format.Length; at++)
        {
            if (format[at] == '[') inIndex = true;
            else if (format[at] == ']') inIndex = false;
            else if (inIndex) continue;
            else if (format[at] == '{') open++;
            else if (format[at] == '}' && --open == 0) return at;
        }

        throw Fault.Value("expected '}' before end of string");
    }

    private static string Field(Evaluator evaluator, TextValue owner, string field, Arguments arguments, ref int next, int levels)
    {
        evaluator.Step();
        int nameEnd = 0;
        for (bool inIndex = false; nameEnd < field.Length && (inIndex || field[nameEnd] is not ('!' or ':')); nameEnd++)
        {
            if (field[nameEnd] == '[') inIndex = true;
            else if (field[nameEnd] == ']') inIndex = false;
        }

        Value value = Look(evaluator, field[..nameEnd], arguments, ref next);
        string rest = field[nameEnd..];
        char conversion = '\0';
        if (rest.StartsWith('!'))
        {
            if (rest.Length < 2 || (rest.Length > 2 && rest[2] != ':')) throw Fault.Value("expected ':' after conversion specifier");
            conversion = rest[1];
            rest = rest[2..];
        }

        string spec = rest.StartsWith(':') ? rest[1..] : "";
        if (spec.Contains('{')) spec = Expand(evaluator, owner, spec, arguments, ref next, levels - 1);
        value = conversion switch
        {
            '\0' => value,
            's' => new TextValue(Printing.Text(evaluator, value)),
            'r' or 'a' => new TextValue(Printing.Repr(evaluator, value)),
            _ => throw Fault.Value($"Unknown conversion specifier {conversion}"),
        };
        string text = Lay(evaluator, value, spec);
        return owner.IsSafe && value is not TextValue { IsSafe: true } ? PythonText.EscapeHtml(text) : text;
    }

    private static Value Look(Evaluator evaluator, string name, Arguments arguments, ref int next)
    {
        int end = name.AsSpan().IndexOfAny(".[");
        string first = end < 0 ? name : name[..end];
        Value value;
        if (first.Length == 0 || char.IsAsciiDigit(first[0]))
        {
            int index = first.Length == 0 ? next++ : int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : int.MaxValue;
            value = index < arguments.Positional.Length ? arguments.Positional[index] : throw Fault.Index("Replacement index out of range for positional args tuple");
        }
        else
        {
            value = arguments.Find(first) ?? throw Fault.Key($"'{first}'");
        }

        for (int at = first.Length; at < name.Length;)
        {
            if (name[at] == '.')
            {
                int stop = name.AsSpan(at + 1).IndexOfAny(".[");
                stop = stop < 0 ? name.Length : at + 1 + stop;
                value = Members.Attribute(evaluator, value, name[(at + 1)..stop]);
                at = stop;
            }
            else if (name[at] == '[' && name.IndexOf(']', at) is var close && close > 0)
            {
                string key = name[(at + 1)..close];
                bool isNumber = key.Length is > 0 and < 10 && !key.AsSpan().ContainsAnyExceptInRange('0', '9');
                value = Members.Item(evaluator, value, isNumber ? IntValue.Of(int.Parse(key, CultureInfo.InvariantCulture)) : new TextValue(key));
                at = close + 1;
            }
            else
            {
                throw Fault.Value("Only '.' or '[' may follow ']' in format field specifier");
            }
        }

        return value;
    }

    private static string Lay(Evaluator evaluator, Value value, string spec)
    {
        if (spec.Length == 0) return Printing.Text(evaluator, value);
        FormatSpec parsed = FormatSpec.Parse(spec);
        return value switch
        {
            TextValue text => parsed.Sign == '-' ? parsed.Text(evaluator, text.Text) : throw Fault.Value("Sign not allowed in string format specifier"),
            FloatValue number => parsed.Real(evaluator, number.Number),
            _ when Numbers.TryInteger(value, out BigInteger number) => parsed.Precision is null || parsed.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%'
                ? parsed.Integer(evaluator, number)
                : throw Fault.Value("Precision not allowed in integer format specifier"),
            UndefinedValue { IsUnsafe: true } u => throw u.Fault(),
            _ => throw Fault.Type($"unsupported format string passed to {value.TypeName}.__format__"),
        };
    }
}
