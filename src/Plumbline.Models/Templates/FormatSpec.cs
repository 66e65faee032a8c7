using System.Globalization;
using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>How a value is laid out: the common part of <c>%5.2f</c> and <c>{:5.2f}</c>.</summary>
internal record struct FormatSpec(char Fill, char Align, char Sign, bool Alternate, int Width, char Grouping, int? Precision, char Type)
{
    private const int MaxPrecision = 1000;

    public static readonly FormatSpec Default = new(' ', '\0', '-', false, 0, '\0', null, '\0');

    /// <summary>Reads <c>[[fill]align][sign][#][0][width][grouping][.precision][type]</c>.</summary>
    public static FormatSpec Parse(string text)
    {
        FormatSpec spec = Default;
        int at = 0;
        bool hasFill = text.Length > 1 && IsAlign(text[1]);
        if (hasFill)
        {
            (spec.Fill, spec.Align) = (text[0], text[1]);
            at = 2;
        }
        else if (text.Length > 0 && IsAlign(text[0]))
        {
            spec.Align = text[at++];
        }

        if (at < text.Length && text[at] is '+' or '-' or ' ') spec.Sign = text[at++];
        if (at < text.Length && text[at] == '#')
        {
            spec.Alternate = true;
            at++;
        }

        if (at < text.Length && text[at] == '0')
        {
            at++;
            if (!hasFill) spec.Fill = '0';
            if (spec.Align == '\0') spec.Align = '=';
        }

        spec.Width = Digits(text, ref at) ?? 0;
        if (at < text.Length && text[at] is ',' or '_') spec.Grouping = text[at++];
        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec.Precision = Digits(text, ref at) ?? throw Fault.Value("Format specifier missing precision");
        }

        if (at < text.Length) spec.Type = text[at++];
        if (at < text.Length) throw Fault.Value("Invalid format specifier");
        bool groups = spec.Type is '\0' or 'd' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%' || (spec.Grouping == '_' && spec.Type is 'b' or 'o' or 'x' or 'X');
        if (spec.Grouping != '\0' && !groups) throw Fault.Value($"Cannot specify '{spec.Grouping}' with '{spec.Type}'.");
        if (spec is { Grouping: not '\0', Fill: '0', Align: '=' }) throw Fault.Value("zeros in front of grouped digits are not supported");
        return spec;

        static bool IsAlign(char c) => c is '<' or '>' or '=' or '^';
    }

    /// <summary>Reads digits, if there are any.</summary>
    public static int? Digits(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        if (at == start) return null;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Fault.Value("Too many decimal digits in format string");
    }

    public readonly string Text(Evaluator evaluator, string text)
    {
        if (Grouping != '\0') throw Fault.Value($"Cannot specify '{Grouping}' with 's'.");
        if (Type is not ('\0' or 's')) throw Fault.Value($"Unknown format code '{Type}' for object of type 'str'");
        if (Align == '=') throw Fault.Value("'=' alignment not allowed in string format specifier");
        if (Precision is { } most && PythonText.Length(text) > most) text = text[..PythonText.UnitIndex(text, most)];
        return Lay(evaluator, "", text, '<');
    }

    public readonly string Integer(Evaluator evaluator, BigInteger number)
    {
        if (Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%') return Real(evaluator, (double)number);
        if (Type == 'c')
        {
            if (number < 0 || number > 0x10FFFF) throw Fault.Overflow("%c arg not in range(0x110000)");
            return Lay(evaluator, "", number is var n && n >= 0xD800 && n <= 0xDFFF ? ((char)(int)n).ToString() : char.ConvertFromUtf32((int)number), '<');
        }

        int radix = Type switch { '\0' or 'd' or 'n' or 'i' or 'u' => 10, 'x' or 'X' => 16, 'o' => 8, 'b' => 2, _ => 0 };
        if (radix == 0) throw Fault.Value($"Unknown format code '{Type}' for object of type 'int'");
        string digits = radix == 10 ? BigInteger.Abs(number).ToString(CultureInfo.InvariantCulture) : Radix(BigInteger.Abs(number), radix);
        if (Type == 'X') digits = digits.ToUpperInvariant();
        string prefix = Alternate && radix != 10 ? $"0{Type}" : "";
        return Lay(evaluator, SignOf(number.Sign < 0) + prefix, Group(digits, radix == 10 ? 3 : 4), '>');
    }

    public readonly string Real(Evaluator evaluator, double number)
    {
        if (Alternate) throw Fault.Value("the flag '#' of floats is not supported");
        if (Precision > MaxPrecision) throw Fault.TooBig("decimals", MaxPrecision);
        string sign = SignOf(double.IsNegative(number) && !double.IsNaN(number));
        bool isUpper = char.IsUpper(Type);
        string body;
        if (!double.IsFinite(number))
        {
            body = double.IsNaN(number) ? "nan" : "inf";
            if (Type == '%') body += "%";
            return Lay(evaluator, sign, isUpper ? body.ToUpperInvariant() : body, '>');
        }

        switch (Type)
        {
            case 'f' or 'F': body = Numbers.Fixed(number, Precision ?? 6); break;
            case '%': body = Numbers.Fixed(number * 100, Precision ?? 6) + "%"; break;
            case 'e' or 'E': body = Exponential(number, Precision ?? 6); break;
            case 'g' or 'G' or 'n': body = General(number, Math.Max(1, Precision ?? 6), pointZero: false); break;
            case '\0':
                body = Precision is { } p ? General(number, Math.Max(1, p), pointZero: true) : Numbers.Text(Math.Abs(number));
                break;
            default: throw Fault.Value($"Unknown format code '{Type}' for object of type 'float'");
        }

        int point = body.AsSpan().IndexOfAny(".e%");
        string whole = point < 0 ? body : body[..point];
        body = Group(whole, 3) + body[whole.Length..];
        return Lay(evaluator, sign, isUpper ? body.ToUpperInvariant() : body, '>');
    }

    private readonly string SignOf(bool isNegative) => isNegative ? "-" : Sign == '-' ? "" : Sign.ToString();

    /// <summary>Scientific notation with so many decimals, without the sign.</summary>
    private static string Exponential(double number, int decimals)
    {
        (string digits, int exponent) = Rounded(number, decimals + 1);
        string mantissa = decimals > 0 ? $"{digits[0]}.{digits[1..]}" : digits;
        return $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string General(double number, int digits, bool pointZero)
    {
        (string all, int exponent) = Rounded(number, digits);
        if (exponent < -4 || exponent >= (pointZero ? Math.Max(1, digits - 1) : digits))
        {
            string trimmed = all[0] + all[1..].TrimEnd('0');
            return $"{trimmed[0]}{(trimmed.Length > 1 ? "." : "")}{trimmed[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        string text = Numbers.Fixed(number, Math.Max(0, digits - 1 - exponent));
        if (text.Contains('.')) text = text.TrimEnd('0').TrimEnd('.');
        return pointZero && !text.Contains('.') ? text + ".0" : text;
    }

    /// <summary>So many significant digits, rounded exactly, and the exponent of the first.</summary>
    private static (string Digits, int Exponent) Rounded(double number, int digits)
    {
        if (number == 0) return (new string('0', digits), 0);
        int exponent = Numbers.Digits(number).Exponent;
        string text = Numbers.Scale(number, digits - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        // 9.99 may round up to 10.0, which has a digit more.
        return text.Length > digits ? (text[..digits], exponent + 1) : (text, exponent);
    }

    private static string Radix(BigInteger number, int radix)
    {
        if (number.IsZero) return "0";
        List<char> digits = [];
        for (; !number.IsZero; number /= radix) digits.Add("0123456789abcdef"[(int)(number % radix)]);
        digits.Reverse();
        return new string([.. digits]);
    }

    private readonly string Group(string digits, int size)
    {
        if (Grouping == '\0') return digits;
        for (int at = digits.Length - size; at > 0; at -= size) digits = digits.Insert(at, Grouping.ToString());
        return digits;
    }

    /// <summary>Fills up to the width.</summary>
    private readonly string Lay(Evaluator evaluator, string sign, string body, char align)
    {
        evaluator.ReserveText(Math.Max(Width, sign.Length + body.Length));
        int missing = Width - sign.Length - PythonText.Length(body);
        if (missing <= 0) return sign + body;
        return (Align == '\0' ? align : Align) switch
        {
            '<' => sign + body + new string(Fill, missing),
            '^' => new string(Fill, missing / 2) + sign + body + new string(Fill, missing - (missing / 2)),
            '=' => sign + new string(Fill, missing) + body,
            _ => new string(Fill, missing) + sign + body,
        };
    }
}
