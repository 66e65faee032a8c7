using System.Globalization;
using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>A value of the template language. The set is closed and all values but namespaces, loops and generators are immutable.</summary>
internal abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    public virtual bool IsTrue => true;
}

internal sealed class NoneValue : Value
{
    public static readonly NoneValue Instance = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}

/// <summary>What a missing name, key or attribute gives: prints as nothing, and most other uses are an error that says what was missing.</summary>
internal sealed class UndefinedValue(string message, bool isUnsafe = false) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    /// <summary>Whether the attribute was withheld rather than missing.</summary>
    public bool IsUnsafe => isUnsafe;

    public ChatTemplateException Fault() => isUnsafe ? Templates.Fault.Security(message) : Templates.Fault.Undefined(message);

    public static UndefinedValue Attribute(Value owner, string name) =>
        new(owner is NoneValue ? $"'None' has no attribute '{name}'" : $"'{owner.TypeName} object' has no attribute '{name}'");

    public static UndefinedValue Withheld(Value owner, string name) =>
        new($"access to attribute '{name}' of '{owner.TypeName}' object is unsafe.", isUnsafe: true);
}

internal sealed class BoolValue : Value
{
    public static readonly BoolValue True = new(true), False = new(false);

    private BoolValue(bool value) => IsTrue = value;

    public override string TypeName => "bool";

    public override bool IsTrue { get; }

    public static BoolValue Of(bool value) => value ? True : False;
}

internal sealed class IntValue : Value
{
    /// <summary>Integers are unbounded up to Python's limit for their text.</summary>
    public const int MaxDigits = 4300;

    private const int MaxBits = 14_284;
    private static readonly IntValue[] s_small = [.. Enumerable.Range(-16, 1040).Select(n => new IntValue(n))];

    private IntValue(BigInteger number) => Number = number;

    public BigInteger Number { get; }

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;

    public string Text => long.MinValue <= Number && Number <= long.MaxValue
        ? ((long)Number).ToString(CultureInfo.InvariantCulture)
        : Number.ToString(CultureInfo.InvariantCulture);

    public static IntValue Of(long number) => number is >= -16 and < 1024 ? s_small[number + 16] : new IntValue(number);

    public static IntValue Of(BigInteger number)
    {
        if (number >= -16 && number < 1024) return s_small[(int)number + 16];
        if (number.GetBitLength() > MaxBits) throw Fault.Overflow($"an integer of more than {MaxDigits} digits");
        return new IntValue(number);
    }
}

internal sealed class FloatValue(double number) : Value
{
    public double Number => number;

    public override string TypeName => "float";

    public override bool IsTrue => number != 0;
}

/// <summary>Text; <see cref="IsSafe"/> marks HTML that needs no escaping (Markup).</summary>
internal sealed class TextValue(string text, bool isSafe = false) : Value
{
    public static readonly TextValue Empty = new("");

    private int _length = -1;

    public string Text => text;

    public bool IsSafe => isSafe;

    /// <summary>The number of code points.</summary>
    public int Length => _length >= 0 ? _length : _length = PythonText.Length(text);

    public override string TypeName => isSafe ? "Markup" : "str";

    public override bool IsTrue => text.Length > 0;

    /// <summary>Another text that is safe where this one is.</summary>
    public TextValue With(string other) => ReferenceEquals(other, text) ? this : new(other, isSafe);
}

/// <summary>A list or a tuple, whose items may have names.</summary>
internal sealed class ListValue(Value[] items, bool isTuple = false, string[]? fields = null) : Value
{
    public static readonly ListValue Empty = new([]);

    public Value[] Items => items;

    public bool IsTuple => isTuple;

    public Value? Field(string name) => fields is not null && Array.IndexOf(fields, name) is var at && at >= 0 ? items[at] : null;

    public override string TypeName => isTuple ? "tuple" : "list";

    public override bool IsTrue => items.Length > 0;

    public static ListValue Tuple(params Value[] items) => new(items, isTuple: true);
}

internal sealed class RangeValue : Value
{
    /// <summary>The sandbox of the reference engine forbids longer ranges.</summary>
    public const int MaxLength = 100_000;

    public RangeValue(BigInteger start, BigInteger stop, BigInteger step)
    {
        if (step.IsZero) throw Fault.Value("range() arg 3 must not be zero");
        BigInteger span = step.Sign > 0 ? stop - start : start - stop;
        BigInteger count = span.Sign <= 0 ? 0 : (span - 1) / BigInteger.Abs(step) + 1;
        if (count > MaxLength) throw Fault.Overflow($"Range too big. The sandbox blocks ranges larger than {MaxLength}.");
        (Start, Stop, Step, Count) = (start, stop, step, (int)count);
    }

    public BigInteger Start { get; }

    public BigInteger Stop { get; }

    public BigInteger Step { get; }

    public int Count { get; }

    public override string TypeName => "range";

    public override bool IsTrue => Count > 0;

    public Value this[int index] => IntValue.Of(Start + (index * Step));
}

/// <summary>What <c>map</c>, <c>select</c> and their like give: items that can be taken once.</summary>
internal sealed class GeneratorValue(IEnumerator<Value> items, int depth) : Value
{
    public IEnumerator<Value> Items => items;

    /// <summary>How many generators feed one another behind this one.</summary>
    public int Depth => depth;

    public override string TypeName => "generator";
}

/// <summary>An object whose attributes a template may set.</summary>
internal sealed class NamespaceValue(Dictionary<string, Value> attributes) : Value
{
    public Dictionary<string, Value> Attributes => attributes;

    public override string TypeName => "jinja2.utils.Namespace";
}

/// <summary><c>self</c> in a template, which has nothing to give here.</summary>
internal sealed class SelfValue : Value
{
    public override string TypeName => "TemplateReference";
}
