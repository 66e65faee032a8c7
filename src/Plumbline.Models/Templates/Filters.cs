using System.Numerics;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>A filter: a value made from a value.</summary>
internal delegate Value Filter(Evaluator evaluator, Value value, Arguments arguments);

/// <summary>The filters behind <c>|</c>: here those of single values, in the other part those of sequences.</summary>
internal static partial class Filters
{
    private delegate Value Body(Evaluator evaluator, Value value, Value?[] arguments);

    private static readonly Dictionary<string, Filter> s_all = [];

    static Filters()
    {
        AddTextFilters();
        AddNumberFilters();
        AddSequenceFilters();
    }

    public static Filter? Find(string name) => s_all.GetValueOrDefault(name);

    private static void Add(string name, int required, string[] parameters, Body body)
    {
        Signature signature = new(name, required, parameters);
        s_all.Add(name, (evaluator, value, arguments) => body(evaluator, value, signature.Bind(arguments)));
    }

    private static void Alias(string alias, string name) => s_all.Add(alias, s_all[name]);

    private static string Text(Evaluator evaluator, Value value) => value is UndefinedValue { IsUnsafe: true } u ? throw u.Fault() : Printing.Text(evaluator, value);

    /// <summary>A value as text that is as safe as it was.</summary>
    private static TextValue AsText(Evaluator evaluator, Value value) => value as TextValue ?? new TextValue(Text(evaluator, value));

    private static int Integer(Value? value, int missing) => value is null ? missing
        : value is UndefinedValue u ? throw u.Fault()
        : Numbers.TryInteger(value, out BigInteger n) ? (int)BigInteger.Max(int.MinValue, BigInteger.Min(int.MaxValue, n))
        : throw Fault.Type($"'{value.TypeName}' object cannot be interpreted as an integer");

    private static void AddTextFilters()
    {
        Map("upper", LetterCase.Upper);
        Map("lower", LetterCase.Lower);
        Map("capitalize", LetterCase.Capitalize);
        Map("title", Title);
        Add("string", 0, [], (e, v, _) => AsText(e, v));
        Add("safe", 0, [], (e, v, _) => new TextValue(Text(e, v), isSafe: true));
        Add("escape", 0, [], (e, v, _) => v is TextValue { IsSafe: true } ? v : Escape(e, v));
        Alias("e", "escape");
        Add("forceescape", 0, [], (e, v, _) => Escape(e, v));
        Add("tojson", 0, ["ensure_ascii", "indent", "separators", "sort_keys"], (e, v, a) => new TextValue(JsonText.Write(e, v, a[0], a[1], a[2], a[3])));
        Add("trim", 0, ["chars"], (e, v, a) =>
        {
            TextValue text = AsText(e, v);
            e.ReserveText(text.Text.Length);
            return text.With(PythonText.Strip(text.Text, a[0] switch
            {
                null or NoneValue => null,
                TextValue characters => characters.Text,
                _ => throw Fault.Type("strip arg must be None or str"),
            }));
        });
        Add("replace", 2, ["old", "new", "count"], (e, v, a) =>
            new TextValue(TextMethods.Replace(e, Text(e, v), Text(e, a[0]!), Text(e, a[1]!), a[2] is null or NoneValue ? -1 : Integer(a[2], -1))));
        Add("indent", 0, ["width", "first", "blank"], Indent);
        Add("center", 0, ["width"], (e, v, a) =>
            Members.Call(e, TextMethods.Find(AsText(e, v), "center")!, Arguments.Of(a[0] ?? IntValue.Of(80))));
        Add("truncate", 0, ["length", "killwords", "end", "leeway"], Truncate);
        Add("wordcount", 0, [], (e, v, _) => IntValue.Of(CountWords(e, Text(e, v))));
        Add("default", 0, ["default_value", "boolean"], (_, v, a) =>
            v is UndefinedValue || ((a[1]?.IsTrue ?? false) && !v.IsTrue) ? a[0] ?? TextValue.Empty : v);
        Alias("d", "default");
        Add("attr", 1, ["name"], (e, v, a) => Members.AttributeOnly(v, Text(e, a[0]!)));
        s_all.Add("format", (e, v, a) =>
        {
            if (a.Positional.Length > 0 && a.Named.Count > 0) throw Fault.Argument("can't handle positional and keyword arguments at the same time");
            DictValue named = new();
            foreach ((string name, Value value) in a.Named) named.Set(new TextValue(name), value);
            return PercentFormat.Format(e, AsText(e, v), a.Named.Count > 0 ? named : ListValue.Tuple(a.Positional));
        });

        static void Map(string name, Func<string, string> map) => Add(name, 0, [], (e, v, _) =>
        {
            TextValue text = AsText(e, v);
            e.ReserveText(text.Text.Length);
            return text.With(map(text.Text));
        });
    }

    private static TextValue Escape(Evaluator evaluator, Value value)
    {
        string escaped = PythonText.EscapeHtml(Text(evaluator, value));
        evaluator.ReserveText(escaped.Length);
        return new TextValue(escaped, isSafe: true);
    }

    /// <summary>Words begin behind white space, hyphens and opening brackets.</summary>
    private static string Title(string text)
    {
        StringBuilder result = new(text.Length);
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is not ('-' or '(' or '{' or '[' or '<') && !PythonText.IsSpace(text[i])) continue;
            if (i > start)
            {
                int first = PythonText.UnitsAt(text, start);
                result.Append(LetterCase.Upper(text.Substring(start, first))).Append(LetterCase.Lower(text[(start + first)..i]));
            }

            if (i < text.Length) result.Append(text[i]);
            start = i + 1;
        }

        return result.ToString();
    }

    private static TextValue Indent(Evaluator evaluator, Value value, Value?[] arguments)
    {
        if (value is UndefinedValue u) throw u.Fault();
        if (value is not TextValue text) throw Fault.Type($"unsupported operand type(s) for +=: '{value.TypeName}' and 'str'");
        int width = arguments[0] is TextValue ? 0 : Math.Max(0, Integer(arguments[0], 4));
        evaluator.ReserveText(width);
        string unit = arguments[0] is TextValue given ? given.Text : new string(' ', width);
        bool first = arguments[1]?.IsTrue ?? false, blank = arguments[2]?.IsTrue ?? false;
        List<string> lines = PythonText.SplitLines(text.Text + "\n", keepEnds: false);
        evaluator.ReserveText(text.Text.Length + ((long)unit.Length * lines.Count));
        StringBuilder result = new(text.Text.Length);
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0) result.Append('\n');
            if (i == 0 ? first : blank || lines[i].Length > 0) result.Append(unit);
            result.Append(lines[i]);
        }

        return text.With(result.ToString());
    }

    private static Value Truncate(Evaluator evaluator, Value value, Value?[] arguments)
    {
        int length = Integer(arguments[0], 255), leeway = Integer(arguments[3], 5);
        string end = arguments[2] is null ? "..." : Text(evaluator, arguments[2]!);
        int endLength = PythonText.Length(end);
        if (length < endLength) throw Fault.Value($"expected length >= {endLength}, got {length}");
        if (leeway < 0) throw Fault.Value($"expected leeway >= 0, got {leeway}");
        int count = Iteration.Count(value) ?? throw Fault.Type($"object of type '{value.TypeName}' has no len()");
        if (count <= (long)length + leeway) return value;
        if (value is not TextValue text) throw Fault.Type($"'{value.TypeName}' object cannot be truncated");
        string kept = text.Text[..PythonText.UnitIndex(text.Text, length - endLength)];
        if (!(arguments[1]?.IsTrue ?? false) && kept.LastIndexOf(' ') is var blank && blank >= 0) kept = kept[..blank];
        evaluator.ReserveText(kept.Length + end.Length);
        return text.With(kept + end);
    }

    private static int CountWords(Evaluator evaluator, string text)
    {
        evaluator.Work(text.Length / 4);
        int words = 0;
        bool inWord = false;
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            bool isWord = PythonText.IsWord(text, i);
            if (isWord && !inWord) words++;
            inWord = isWord;
        }

        return words;
    }

    private static void AddNumberFilters()
    {
        Add("int", 0, ["default", "base"], (_, v, a) => ToInteger(v, a[0] ?? IntValue.Of(0), Integer(a[1], 10)));
        Add("float", 0, ["default"], (_, v, a) => v switch
        {
            UndefinedValue u => throw u.Fault(),
            TextValue text => Numbers.TryParseFloat(text.Text, out double parsed) ? new FloatValue(parsed) : a[0] ?? new FloatValue(0),
            _ => Numbers.TryReal(v, out double number) ? new FloatValue(number) : a[0] ?? new FloatValue(0),
        });
        Add("abs", 0, [], (_, v, _) => v switch
        {
            UndefinedValue { IsUnsafe: true } u => throw u.Fault(),
            FloatValue f => new FloatValue(Math.Abs(f.Number)),
            _ when Numbers.TryInteger(v, out BigInteger n) => IntValue.Of(BigInteger.Abs(n)),
            _ => throw Fault.Type($"bad operand type for abs(): '{v.TypeName}'"),
        });
        Add("round", 0, ["precision", "method"], Round);
    }

    private static Value ToInteger(Value value, Value missing, int radix)
    {
        switch (value)
        {
            case UndefinedValue u:
                throw u.Fault();
            case TextValue text:
                if (Numbers.TryParseInteger(text.Text, radix, out BigInteger parsed)) return IntValue.Of(parsed);
                // So that '42.23' gives 42.
                return Numbers.TryParseFloat(text.Text, out double number) ? FromDouble(number) : missing;
            case FloatValue f:
                return FromDouble(f.Number);
            default:
                return Numbers.TryInteger(value, out BigInteger integer) ? IntValue.Of(integer) : missing;
        }

        Value FromDouble(double number) => double.IsNaN(number) ? missing
            : double.IsInfinity(number) ? throw Fault.Overflow("cannot convert float infinity to integer")
            : IntValue.Of(new BigInteger(Math.Truncate(number)));
    }

    private static Value Round(Evaluator evaluator, Value value, Value?[] arguments)
    {
        int precision = Integer(arguments[0], 0);
        string method = arguments[1] is null ? "common" : Text(evaluator, arguments[1]!);
        if (method is not ("common" or "ceil" or "floor")) throw Fault.Argument("method must be common, ceil or floor");
        bool isInteger = Numbers.TryInteger(value, out BigInteger integer);
        if (value is UndefinedValue u && (u.IsUnsafe || method != "common")) throw u.Fault();
        if (!isInteger && value is not FloatValue) throw Fault.Type($"type {value.TypeName} doesn't define __round__ method");
        if (method == "common")
        {
            if (value is FloatValue real) return new FloatValue(Numbers.Round(real.Number, precision));
            if (precision >= 0) return IntValue.Of(integer);
            if (precision < -IntValue.MaxDigits) return IntValue.Of(0);
            BigInteger unit = BigInteger.Pow(10, -precision);
            return IntValue.Of(integer.Sign * Numbers.DivideToEven(BigInteger.Abs(integer), unit) * unit);
        }

        Numbers.TryReal(value, out double number);
        double scale = Math.Pow(10, precision);
        double scaled = number * scale;
        if (!double.IsFinite(scaled) || scale == 0) throw Fault.Overflow("the number is too large to round");
        return new FloatValue((method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale);
    }
}
