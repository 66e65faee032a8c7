namespace Plumbline.Models.Templates;

/// <summary>A value that can be called.</summary>
internal abstract class CallableValue : Value
{
    public abstract Value Call(Evaluator evaluator, Arguments arguments);
}

/// <summary>A function or method of the engine.</summary>
internal sealed class FunctionValue(string name, string typeName, Func<Evaluator, Arguments, Value> body) : CallableValue
{
    public string Name => name;

    public override string TypeName => typeName;

    public override Value Call(Evaluator evaluator, Arguments arguments) => body(evaluator, arguments);
}

/// <summary>Gives its values in turn, over and over.</summary>
internal sealed class CyclerValue(Value[] items) : Value
{
    private int _at;

    public override string TypeName => "Cycler";

    public Value Current => items[_at];

    public Value Next()
    {
        Value current = items[_at];
        _at = (_at + 1) % items.Length;
        return current;
    }

    public void Reset() => _at = 0;
}

/// <summary>Nothing at its first call, then a separator.</summary>
internal sealed class JoinerValue(Value separator) : CallableValue
{
    private bool _used;

    public override string TypeName => "Joiner";

    public override Value Call(Evaluator evaluator, Arguments arguments)
    {
        if (_used) return separator;
        _used = true;
        return TextValue.Empty;
    }
}

/// <summary>A macro, bound to the scope where it was defined; also the <c>caller</c> of a call block.</summary>
internal sealed class MacroValue(Macro macro, Scope scope) : CallableValue
{
    public Macro Macro => macro;

    public override string TypeName => "Macro";

    public override Value Call(Evaluator evaluator, Arguments arguments) => macro.Call(scope, arguments);
}

/// <summary>The <c>loop</c> of a for statement: where the iteration stands.</summary>
internal sealed class LoopValue(For statement, Scope scope, Value[] items, int depth) : CallableValue
{
    private Value[]? _lastChecked;

    /// <summary>The turn, counted from 0.</summary>
    public int Index { get; set; }

    public Value[] Items => items;

    public int Depth => depth;

    public override string TypeName => "LoopContext";

    public override Value Call(Evaluator evaluator, Arguments arguments)
    {
        if (!statement.IsRecursive) throw Fault.Type("The loop must have the 'recursive' marker to be called recursively.");
        if (arguments.Positional.Length != 1) throw Fault.Type("loop() takes one argument, what to iterate over");
        return statement.Recurse(scope, arguments.Positional[0], depth + 1);
    }

    public Value? Attribute(string name) => name switch
    {
        "index" => IntValue.Of(Index + 1),
        "index0" => IntValue.Of(Index),
        "revindex" => IntValue.Of(items.Length - Index),
        "revindex0" => IntValue.Of(items.Length - Index - 1),
        "first" => BoolValue.Of(Index == 0),
        "last" => BoolValue.Of(Index == items.Length - 1),
        "length" => IntValue.Of(items.Length),
        "depth" => IntValue.Of(depth),
        "depth0" => IntValue.Of(depth - 1),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index < items.Length - 1 ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue("cycle", "method", (_, arguments) => arguments.Positional.Length == 0
            ? throw Fault.Type("no items for cycling given")
            : arguments.Positional[Index % arguments.Positional.Length]),
        "changed" => new FunctionValue("changed", "method", (evaluator, arguments) =>
        {
            Value[]? last = _lastChecked;
            _lastChecked = arguments.Positional;
            return BoolValue.Of(last is null || !Operators.SequenceEqual(evaluator, last, _lastChecked, 0));
        }),
        _ => null,
    };
}
