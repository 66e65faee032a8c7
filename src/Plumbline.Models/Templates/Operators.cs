using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>The operators, with Python's rules of which types go together.</summary>
internal static class Operators
{
    public static Value Binary(Evaluator evaluator, string symbol, Value a, Value b)
    {
        evaluator.Step();
        if (a is UndefinedValue u) throw u.Fault();
        if (a is TextValue && symbol == "%") return PercentFormat.Format(evaluator, (TextValue)a, b);
        if (b is UndefinedValue v) throw v.Fault();
        return symbol switch
        {
            "+" => Add(evaluator, a, b),
            "-" => Arithmetic(a, b, symbol),
            "*" => Multiply(evaluator, a, b),
            "/" => Divide(a, b),
            "//" => FloorDivide(a, b),
            "%" => Modulo(a, b),
            "**" => IsNumber(a) && IsNumber(b) ? Numbers.Power(a, b) : throw Unsupported("** or pow()", a, b),
            _ => throw new ArgumentOutOfRangeException(nameof(symbol), symbol, "no such operator"),
        };
    }

    private static bool IsNumber(Value value) => value is IntValue or BoolValue or FloatValue;

    private static ChatTemplateException Unsupported(string symbol, Value a, Value b) =>
        Fault.Type($"unsupported operand type(s) for {symbol}: '{a.TypeName}' and '{b.TypeName}'");

    public static Value Add(Evaluator evaluator, Value a, Value b)
    {
        switch (a, b)
        {
            case (TextValue x, TextValue y):
                string left = y.IsSafe && !x.IsSafe ? PythonText.EscapeHtml(x.Text) : x.Text;
                string right = x.IsSafe && !y.IsSafe ? PythonText.EscapeHtml(y.Text) : y.Text;
                evaluator.ReserveText((long)left.Length + right.Length);
                return new TextValue(left + right, x.IsSafe || y.IsSafe);
            case (TextValue, _):
                throw Fault.Type($"can only concatenate str (not \"{b.TypeName}\") to str");
            case (ListValue x, ListValue y) when x.IsTuple == y.IsTuple:
                evaluator.ReserveItems((long)x.Items.Length + y.Items.Length);
                return new ListValue([.. x.Items, .. y.Items], x.IsTuple);
            case (ListValue x, _):
                throw Fault.Type($"can only concatenate {x.TypeName} (not \"{b.TypeName}\") to {x.TypeName}");
            default:
                return Arithmetic(a, b, "+");
        }
    }

    private static Value Arithmetic(Value a, Value b, string symbol)
    {
        bool adds = symbol == "+";
        if (Numbers.TryInteger(a, out BigInteger m) && Numbers.TryInteger(b, out BigInteger n)) return IntValue.Of(adds ? m + n : m - n);
        if (Numbers.TryReal(a, out double x) && Numbers.TryReal(b, out double y)) return new FloatValue(adds ? x + y : x - y);
        throw Unsupported(symbol, a, b);
    }

    private static Value Multiply(Evaluator evaluator, Value a, Value b)
    {
        if (a is TextValue or ListValue && Numbers.TryInteger(b, out BigInteger times)) return Repeat(evaluator, a, times);
        if (b is TextValue or ListValue && Numbers.TryInteger(a, out times)) return Repeat(evaluator, b, times);
        if (Numbers.TryInteger(a, out BigInteger m) && Numbers.TryInteger(b, out BigInteger n)) return IntValue.Of(m * n);
        if (Numbers.TryReal(a, out double x) && Numbers.TryReal(b, out double y)) return new FloatValue(x * y);
        if (a is TextValue or ListValue || b is TextValue or ListValue)
        {
            throw Fault.Type($"can't multiply sequence by non-int of type '{(a is TextValue or ListValue ? b : a).TypeName}'");
        }

        throw Unsupported("*", a, b);
    }

    private static Value Repeat(Evaluator evaluator, Value sequence, BigInteger times)
    {
        if (times.Sign < 0) times = 0;
        if (sequence is TextValue text)
        {
            // Bounded before the product is taken: both numbers are the template's to choose.
            if (times > int.MaxValue && text.Text.Length > 0) evaluator.ReserveText(long.MaxValue / 4);
            int count = text.Text.Length == 0 ? 0 : (int)times;
            evaluator.ReserveText((long)text.Text.Length * count);
            return text.With(string.Create(text.Text.Length * count, text.Text, static (span, unit) =>
            {
                for (int at = 0; at < span.Length; at += unit.Length) unit.CopyTo(span[at..]);
            }));
        }

        ListValue list = (ListValue)sequence;
        if (list.Items.Length == 0) return list;
        if (times > int.MaxValue) evaluator.ReserveItems(long.MaxValue / 16);
        evaluator.ReserveItems(list.Items.Length * (long)times);
        Value[] items = new Value[list.Items.Length * (int)times];
        for (int at = 0; at < items.Length; at += list.Items.Length) list.Items.CopyTo(items, at);
        return new ListValue(items, list.IsTuple);
    }

    private static FloatValue Divide(Value a, Value b)
    {
        if (Numbers.TryInteger(a, out BigInteger m) && Numbers.TryInteger(b, out BigInteger n))
        {
            if (n.IsZero) throw Fault.ZeroDivision("division by zero");
            return new FloatValue(TrueQuotient(m, n));
        }

        if (!Numbers.TryReal(a, out double x) || !Numbers.TryReal(b, out double y)) throw Unsupported("/", a, b);
        if (y == 0) throw Fault.ZeroDivision("float division by zero");
        return new FloatValue(x / y);
    }

    /// <summary>The nearest double of a quotient of integers, even where they themselves are too big for a double.</summary>
    private static double TrueQuotient(BigInteger m, BigInteger n)
    {
        const long Exact = 1L << 53;
        if (BigInteger.Abs(m) <= Exact && BigInteger.Abs(n) <= Exact) return (double)m / (double)n;
        if (m.IsZero) return n.Sign < 0 ? -0.0 : 0.0;
        // 64 more bits than the quotient needs; a bit that is lost keeps the last one odd, so that rounding sees it.
        int shift = (int)(n.GetBitLength() - m.GetBitLength()) + 66;
        BigInteger numerator = BigInteger.Abs(m), denominator = BigInteger.Abs(n);
        if (shift > 0) numerator <<= shift;
        else denominator <<= -shift;
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        if (!rest.IsZero) quotient |= 1;
        // A double keeps 53 bits; round there by hand, for the conversion truncates.
        int excess = (int)quotient.GetBitLength() - 53;
        double value = Math.ScaleB((double)Numbers.DivideToEven(quotient, BigInteger.One << excess), excess - shift);
        if (double.IsInfinity(value)) throw Fault.Overflow("integer division result too large for a float");
        return m.Sign == n.Sign ? value : -value;
    }

    private static Value FloorDivide(Value a, Value b)
    {
        if (Numbers.TryInteger(a, out BigInteger m) && Numbers.TryInteger(b, out BigInteger n)) return IntValue.Of(Numbers.FloorDivide(m, n));
        if (Numbers.TryReal(a, out double x) && Numbers.TryReal(b, out double y)) return new FloatValue(Numbers.FloorDivide(x, y));
        throw Unsupported("//", a, b);
    }

    public static Value Modulo(Value a, Value b)
    {
        if (Numbers.TryInteger(a, out BigInteger m) && Numbers.TryInteger(b, out BigInteger n)) return IntValue.Of(m - (Numbers.FloorDivide(m, n) * n));
        if (Numbers.TryReal(a, out double x) && Numbers.TryReal(b, out double y)) return new FloatValue(Numbers.Modulo(x, y));
        throw Unsupported("%", a, b);
    }

    public static Value Negate(Value value) => value switch
    {
        UndefinedValue u => throw u.Fault(),
        FloatValue f => new FloatValue(-f.Number),
        _ when Numbers.TryInteger(value, out BigInteger n) => IntValue.Of(-n),
        _ => throw Fault.Type($"bad operand type for unary -: '{value.TypeName}'"),
    };

    public static Value Plus(Value value) => value switch
    {
        UndefinedValue u => throw u.Fault(),
        FloatValue => value,
        _ when Numbers.TryInteger(value, out BigInteger n) => IntValue.Of(n),
        _ => throw Fault.Type($"bad operand type for unary +: '{value.TypeName}'"),
    };

    public static bool Compare(Evaluator evaluator, string symbol, Value a, Value b)
    {
        evaluator.Step();
        return symbol switch
        {
            "==" => Equal(evaluator, a, b),
            "!=" => !Equal(evaluator, a, b),
            "<" => Less(evaluator, a, b, "<"),
            ">" => Less(evaluator, b, a, ">", swapped: true),
            "<=" => LessOrEqual(evaluator, a, b, "<="),
            ">=" => LessOrEqual(evaluator, b, a, ">=", swapped: true),
            "in" => Contains(evaluator, b, a),
            "not in" => !Contains(evaluator, b, a),
            _ => throw new ArgumentOutOfRangeException(nameof(symbol), symbol, "no such operator"),
        };
    }

    public static bool Equal(Evaluator evaluator, Value a, Value b, int depth = 0)
    {
        evaluator.CheckDepth(depth);
        switch (a, b)
        {
            case (TextValue x, TextValue y):
                if (x.Text.Length == y.Text.Length) evaluator.Work(x.Text.Length / 64);
                return x.Text == y.Text;
            case (ListValue x, ListValue y):
                return ReferenceEquals(x, y) || (x.IsTuple == y.IsTuple && SequenceEqual(evaluator, x.Items, y.Items, depth + 1));
            case (DictValue x, DictValue y):
                if (ReferenceEquals(x, y)) return true;
                if (x.Count != y.Count) return false;
                foreach ((Value key, Value value) in x.Entries)
                {
                    evaluator.Step();
                    if (y.Get(key) is not { } other || !Equal(evaluator, value, other, depth + 1)) return false;
                }

                return true;
            case (RangeValue x, RangeValue y):
                return x.Count == y.Count && (x.Count == 0 || (x.Start == y.Start && (x.Count == 1 || x.Step == y.Step)));
            case (DictViewValue x, DictViewValue y):
                return x.Kind == y.Kind && (x.Kind == "values" ? ReferenceEquals(x, y) : Equal(evaluator, x.Dict, y.Dict, depth + 1));
            case (UndefinedValue, UndefinedValue):
                return true;
            default:
                return ReferenceEquals(a, b) || (Numbers.TryCompare(a, b, out int order) && order == 0);
        }
    }

    public static bool SequenceEqual(Evaluator evaluator, Value[] x, Value[] y, int depth)
    {
        if (x.Length != y.Length) return false;
        for (int i = 0; i < x.Length; i++)
        {
            evaluator.Step();
            if (!Equal(evaluator, x[i], y[i], depth)) return false;
        }

        return true;
    }

    /// <summary>Python's a &lt; b.</summary>
    public static bool Less(Evaluator evaluator, Value a, Value b, string symbol = "<", bool swapped = false) =>
        Order(evaluator, a, b, symbol, swapped, 0) is { } order && order < 0;

    private static bool LessOrEqual(Evaluator evaluator, Value a, Value b, string symbol, bool swapped = false) =>
        Order(evaluator, a, b, symbol, swapped, 0) is { } order && order <= 0;

    /// <summary>The order of two values; null where a NaN has none.</summary>
    private static int? Order(Evaluator evaluator, Value a, Value b, string symbol, bool swapped, int depth)
    {
        evaluator.CheckDepth(depth);
        if (a is UndefinedValue u) throw u.Fault();
        if (b is UndefinedValue v) throw v.Fault();
        switch (a, b)
        {
            case (TextValue x, TextValue y):
                evaluator.Work(Math.Min(x.Text.Length, y.Text.Length) / 64);
                return PythonText.Compare(x.Text, y.Text);
            case (ListValue x, ListValue y) when x.IsTuple == y.IsTuple:
                for (int i = 0; i < Math.Min(x.Items.Length, y.Items.Length); i++)
                {
                    evaluator.Step();
                    if (!Equal(evaluator, x.Items[i], y.Items[i], depth + 1)) return Order(evaluator, x.Items[i], y.Items[i], symbol, swapped, depth + 1);
                }

                return x.Items.Length.CompareTo(y.Items.Length);
            default:
                if (Numbers.TryCompare(a, b, out int order)) return order == 2 ? null : order;
                (Value left, Value right) = swapped ? (b, a) : (a, b);
                throw Fault.Type($"'{symbol}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    public static bool Contains(Evaluator evaluator, Value container, Value item)
    {
        switch (container)
        {
            case TextValue text:
                if (item is UndefinedValue u) throw Fault.Type($"'in <string>' requires string as left operand, not {u.TypeName}");
                if (item is not TextValue part) throw Fault.Type($"'in <string>' requires string as left operand, not {item.TypeName}");
                evaluator.Work(text.Text.Length / 32);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case DictValue dict:
                return dict.Get(item) is not null;
            case DictViewValue { Kind: "keys" } view:
                return view.Dict.Get(item) is not null;
            case UndefinedValue:
                return false;
            case NamespaceValue or SelfValue or MacroValue or FunctionValue or NoneValue or IntValue or BoolValue or FloatValue:
                throw Fault.Type($"argument of type '{container.TypeName}' is not iterable");
            default:
                foreach (Value candidate in Iteration.Of(evaluator, container))
                {
                    if (Equal(evaluator, candidate, item)) return true;
                }

                return false;
        }
    }
}
