using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>A test: whether a value is so.</summary>
internal delegate bool Test(Evaluator evaluator, Value value, Arguments arguments);

/// <summary>The tests behind <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Test> s_all = Create();

    public static Test? Find(string name) => s_all.GetValueOrDefault(name);

    private static Dictionary<string, Test> Create()
    {
        Dictionary<string, Test> tests = [];
        Plain("defined", v => v is not UndefinedValue);
        Plain("undefined", v => v is UndefinedValue);
        Plain("none", v => v is NoneValue);
        Plain("boolean", v => v is BoolValue);
        Plain("true", v => v == BoolValue.True);
        Plain("false", v => v == BoolValue.False);
        Plain("integer", v => v is IntValue);
        Plain("float", v => v is FloatValue);
        Plain("number", v => v is IntValue or FloatValue or BoolValue);
        Plain("string", v => v is TextValue);
        Plain("mapping", v => v is DictValue);
        Plain("sequence", v => v is TextValue or ListValue or DictValue or RangeValue or UndefinedValue);
        Plain("iterable", v => v is TextValue or ListValue or DictValue or RangeValue or DictViewValue or GeneratorValue or LoopValue or UndefinedValue);
        Plain("callable", v => v is CallableValue);
        Plain("escaped", v => v is TextValue { IsSafe: true });
        Plain("filter", v => v is TextValue t && Filters.Find(t.Text) is not null);
        Plain("test", v => v is TextValue t && Find(t.Text) is not null);
        tests.Add("lower", (evaluator, v, _) => Printing.Text(evaluator, v) is var text && HasOnlyCase(text, upper: false));
        tests.Add("upper", (evaluator, v, _) => Printing.Text(evaluator, v) is var text && HasOnlyCase(text, upper: true));
        tests.Add("odd", (_, v, _) => Remainder(v, IntValue.Of(2)) is 1);
        tests.Add("even", (_, v, _) => Remainder(v, IntValue.Of(2)) is 0);
        tests.Add("divisibleby", (_, v, a) => Remainder(v, One(a, "divisibleby")) is 0);
        tests.Add("sameas", (_, v, a) => Same(v, One(a, "sameas")));
        tests.Add("in", (evaluator, v, a) => Operators.Contains(evaluator, One(a, "in"), v));
        Comparison("==", "eq", "equalto");
        Comparison("!=", "ne");
        Comparison("<", "lt", "lessthan");
        Comparison("<=", "le");
        Comparison(">", "gt", "greaterthan");
        Comparison(">=", "ge");
        return tests;

        void Plain(string name, Func<Value, bool> test) => tests.Add(name, (_, value, arguments) => arguments.Positional.Length + arguments.Named.Count == 0
            ? test(value)
            : throw Fault.Type($"the test '{name}' takes no arguments"));

        void Comparison(string symbol, params string[] names)
        {
            foreach (string name in (string[])[symbol, .. names])
            {
                tests.Add(name, (evaluator, value, arguments) => Operators.Compare(evaluator, symbol, value, One(arguments, name)));
            }
        }
    }

    private static Value One(Arguments arguments, string test) => arguments.Positional.Length == 1 && arguments.Named.Count == 0
        ? arguments.Positional[0]
        : throw Fault.Type($"the test '{test}' takes one argument");

    private static double Remainder(Value value, Value divisor)
    {
        if (value is TextValue) throw Fault.Type("not all arguments converted during string formatting");
        if (value is UndefinedValue u) throw u.Fault();
        if (divisor is UndefinedValue v) throw v.Fault();
        return Operators.Modulo(value, divisor) is FloatValue f ? f.Number : Numbers.TryInteger(Operators.Modulo(value, divisor), out BigInteger n) ? (double)n : double.NaN;
    }

    private static bool Same(Value a, Value b) => ReferenceEquals(a, b) || (a is IntValue x && b is IntValue y && x.Number == y.Number) || (a is TextValue s && b is TextValue t && s.Text == t.Text);

    /// <summary>Whether there are letters with case, and all of them have this one.</summary>
    public static bool HasOnlyCase(string text, bool upper)
    {
        bool any = false;
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (!LetterCase.IsCased(text, i)) continue;
            if (!(upper ? LetterCase.IsUpper(text, i) : LetterCase.IsLower(text, i))) return false;
            any = true;
        }

        return any;
    }
}
