using System.Globalization;
using System.Numerics;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Python's numbers: comparison across types, floor division, exact rounding, text and back.</summary>
internal static class Numbers
{
    /// <summary>Integers and booleans.</summary>
    public static bool TryInteger(Value value, out BigInteger number)
    {
        switch (value)
        {
            case IntValue i: number = i.Number; return true;
            case BoolValue b: number = b.IsTrue ? 1 : 0; return true;
            default: number = default; return false;
        }
    }

    /// <summary>Integers, booleans and floats.</summary>
    public static bool TryReal(Value value, out double number)
    {
        if (value is FloatValue f)
        {
            number = f.Number;
            return true;
        }

        if (TryInteger(value, out BigInteger integer))
        {
            number = (double)integer;
            if (double.IsInfinity(number)) throw Fault.Overflow("int too large to convert to float");
            return true;
        }

        number = 0;
        return false;
    }

    /// <summary>Compares two numbers of any type exactly; false where one is none. NaN gives an order of 2, which is neither less, equal nor greater.</summary>
    public static bool TryCompare(Value a, Value b, out int order)
    {
        order = 0;
        bool aIsInteger = TryInteger(a, out BigInteger m), bIsInteger = TryInteger(b, out BigInteger n);
        if (aIsInteger && bIsInteger) order = m.CompareTo(n);
        else if (aIsInteger && b is FloatValue y) order = CompareMixed(m, y.Number);
        else if (bIsInteger && a is FloatValue x) order = CompareMixed(n, x.Number) is var r && r == 2 ? 2 : -r;
        else if (a is FloatValue p && b is FloatValue q) order = double.IsNaN(p.Number) || double.IsNaN(q.Number) ? 2 : p.Number.CompareTo(q.Number);
        else return false;
        return true;
    }

    private static int CompareMixed(BigInteger integer, double real)
    {
        if (double.IsNaN(real)) return 2;
        if (double.IsInfinity(real)) return real > 0 ? -1 : 1;
        int order = integer.CompareTo(new BigInteger(Math.Truncate(real)));
        return order != 0 ? order : 0.0.CompareTo(real - Math.Truncate(real));
    }

    public static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        if (b.IsZero) throw Fault.ZeroDivision("integer division or modulo by zero");
        BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger remainder);
        return !remainder.IsZero && (remainder.Sign < 0) != (b.Sign < 0) ? quotient - 1 : quotient;
    }

    public static double Modulo(double a, double b)
    {
        if (b == 0) throw Fault.ZeroDivision("float modulo");
        double remainder = a % b;
        if (remainder == 0) return Math.CopySign(0, b);
        return (remainder < 0) != (b < 0) ? remainder + b : remainder;
    }

    public static double FloorDivide(double a, double b)
    {
        if (b == 0) throw Fault.ZeroDivision("float floor division by zero");
        double quotient = (a - Modulo(a, b)) / b;
        double floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    public static Value Power(Value a, Value b)
    {
        if (TryInteger(a, out BigInteger x) && TryInteger(b, out BigInteger n))
        {
            if (n.Sign >= 0)
            {
                if (x.IsZero || x.IsOne || x == BigInteger.MinusOne) return IntValue.Of(n.IsZero || x.IsOne ? 1 : x.IsZero ? 0 : n.IsEven ? 1 : -1);
                // |x| ≥ 2^(bits - 1), so the result has at least that many bits.
                if (n * Math.Max(1, x.GetBitLength() - 1) > 16_384) throw Fault.Overflow($"an integer of more than {IntValue.MaxDigits} digits");
                return IntValue.Of(BigInteger.Pow(x, (int)n));
            }

            if (x.IsZero) throw Fault.ZeroDivision("0.0 cannot be raised to a negative power");
        }

        TryReal(a, out double p);
        TryReal(b, out double q);
        if (p == 0 && q < 0) throw Fault.ZeroDivision("0.0 cannot be raised to a negative power");
        if (p < 0 && q != Math.Floor(q)) throw Fault.Value("a negative number to a broken power is complex, which templates do not have");
        double power = Math.Pow(p, q);
        if (double.IsInfinity(power) && double.IsFinite(p) && double.IsFinite(q)) throw Fault.Overflow("(34, 'Numerical result out of range')");
        return new FloatValue(power);
    }

    /// <summary>Python's <c>repr</c> of a float: the shortest digits that read back the same.</summary>
    public static string Text(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        (bool negative, string digits, int exponent) = Digits(number);
        StringBuilder text = new(24);
        if (negative) text.Append('-');
        if (exponent is < -4 or >= 16)
        {
            text.Append(digits[0]);
            if (digits.Length > 1) text.Append('.').Append(digits, 1, digits.Length - 1);
            return text.Append('e').Append(exponent < 0 ? '-' : '+').Append($"{Math.Abs(exponent):00}").ToString();
        }

        if (exponent < 0) return text.Append("0.").Append('0', -exponent - 1).Append(digits).ToString();
        if (digits.Length <= exponent + 1) return text.Append(digits).Append('0', exponent + 1 - digits.Length).Append(".0").ToString();
        return text.Append(digits, 0, exponent + 1).Append('.').Append(digits, exponent + 1, digits.Length - exponent - 1).ToString();
    }

    /// <summary>The shortest decimal digits of a finite number, d.ddd × 10^exponent.</summary>
    public static (bool Negative, string Digits, int Exponent) Digits(double number)
    {
        bool negative = double.IsNegative(number);
        string text = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        int e = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? text : text[..e];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int whole = point < 0 ? mantissa.Length : point;
        string digits = point < 0 ? mantissa : mantissa.Remove(point, 1);
        int leading = digits.Length - digits.TrimStart('0').Length;
        if (leading == digits.Length) return (negative, "0", 0);
        return (negative, digits[leading..].TrimEnd('0'), exponent + whole - 1 - leading);
    }

    /// <summary>A finite number times 10^<paramref name="decimals"/>, rounded exactly, halves to even.</summary>
    public static BigInteger Scale(double number, int decimals)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        int power = (int)(bits >> 52);
        BigInteger mantissa = bits & 0xFFFFFFFFFFFFF;
        if (power == 0) power = 1;
        else mantissa += 1L << 52;
        power -= 1075;
        BigInteger numerator = mantissa, denominator = 1;
        if (decimals >= 0) numerator *= BigInteger.Pow(10, decimals);
        else denominator = BigInteger.Pow(10, -decimals);
        if (power >= 0) numerator <<= power;
        else denominator <<= -power;
        return DivideToEven(numerator, denominator);
    }

    /// <summary>A quotient of numbers that are not negative, rounded, halves to even.</summary>
    public static BigInteger DivideToEven(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger remainder);
        int half = (remainder * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>A finite number with so many decimals, as <c>%.2f</c> prints it, without its sign.</summary>
    public static string Fixed(double number, int decimals)
    {
        string digits = Scale(number, decimals).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        return decimals == 0 ? digits : digits.Insert(digits.Length - decimals, ".");
    }

    /// <summary>Python's <c>round</c> of a float.</summary>
    public static double Round(double number, int decimals)
    {
        if (!double.IsFinite(number) || decimals > 330) return number;
        if (decimals < -310) return Math.CopySign(0, number);
        string text = decimals >= 0
            ? Fixed(number, decimals)
            : Scale(number, decimals).ToString(CultureInfo.InvariantCulture) + new string('0', -decimals);
        double rounded = double.Parse(text, CultureInfo.InvariantCulture);
        if (double.IsInfinity(rounded)) throw Fault.Overflow("rounded value too large to represent");
        return Math.CopySign(rounded, number);
    }

    /// <summary>Python's <c>int(text, radix)</c>.</summary>
    public static bool TryParseInteger(string text, int radix, out BigInteger number)
    {
        number = default;
        string s = PythonText.Strip(text, null);
        bool negative = s.StartsWith('-');
        if (negative || s.StartsWith('+')) s = s[1..];
        string prefix = s.Length > 1 && s[0] == '0' ? s[1] switch { 'x' or 'X' => "16", 'o' or 'O' => "8", 'b' or 'B' => "2", _ => "" } : "";
        if (prefix.Length > 0 && (radix == 0 || $"{radix}" == prefix))
        {
            radix = int.Parse(prefix, CultureInfo.InvariantCulture);
            s = s[2..];
            if (s.StartsWith('_')) s = s[1..];
        }
        else if (radix == 0)
        {
            radix = 10;
        }

        if (s.Length == 0 || s.Length > IntValue.MaxDigits || radix is < 2 or > 36) return false;
        if (s.StartsWith('_') || s.EndsWith('_') || s.Contains("__", StringComparison.Ordinal)) return false;
        s = s.Replace("_", "", StringComparison.Ordinal);
        if (radix == 10)
        {
            if (s.AsSpan().ContainsAnyExceptInRange('0', '9')) return false;
            number = BigInteger.Parse(s, CultureInfo.InvariantCulture);
        }
        else
        {
            foreach (char c in s)
            {
                int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 32) - 'a' + 10 : 99;
                if (digit >= radix) return false;
                number = (number * radix) + digit;
            }
        }

        if (negative) number = -number;
        return true;
    }

    /// <summary>Python's <c>float(text)</c>.</summary>
    public static bool TryParseFloat(string text, out double number)
    {
        string s = PythonText.Strip(text, null);
        bool negative = s.StartsWith('-');
        string unsigned = negative || s.StartsWith('+') ? s[1..] : s;
        number = unsigned.ToLowerInvariant() switch
        {
            "inf" or "infinity" => double.PositiveInfinity,
            "nan" => double.NaN,
            _ => 0,
        };
        if (number == 0)
        {
            for (int i = 0; i < unsigned.Length; i++)
            {
                bool between = i > 0 && i < unsigned.Length - 1 && char.IsAsciiDigit(unsigned[i - 1]) && char.IsAsciiDigit(unsigned[i + 1]);
                if (unsigned[i] == '_' && !between) return false;
            }

            string plain = unsigned.Replace("_", "", StringComparison.Ordinal);
            if (plain.Length == 0 || !(char.IsAsciiDigit(plain[0]) || plain[0] == '.')) return false;
            if (!double.TryParse(plain, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number)) return false;
        }

        if (negative) number = -number;
        return true;
    }
}
