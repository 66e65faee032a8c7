namespace Plumbline.Models.Templates;

/// <summary>A node of the syntax tree that gives a value.</summary>
internal abstract class Expression
{
    /// <summary>How many levels of nodes stand here, this one included; the parser bounds it, so that evaluation needs no more stack than there is.</summary>
    public int Depth { get; protected init; } = 1;

    public abstract Value Evaluate(Scope scope);

    protected static int Above(params ReadOnlySpan<Expression?> children)
    {
        int depth = 0;
        foreach (Expression? child in children) depth = Math.Max(depth, child?.Depth ?? 0);
        return depth + 1;
    }
}

internal sealed class Constant(Value value) : Expression
{
    public Value Value => value;

    public override Value Evaluate(Scope scope) => value;
}

internal sealed class Name(string name, int symbol) : Expression
{
    public string Text => name;

    public int Symbol => symbol;

    public override Value Evaluate(Scope scope) => scope.Get(symbol);
}

/// <summary>A list or a tuple.</summary>
internal sealed class Sequence : Expression
{
    private readonly bool _isTuple;

    public Sequence(Expression[] items, bool isTuple)
    {
        (Items, _isTuple) = (items, isTuple);
        Depth = Above(items);
    }

    public Expression[] Items { get; }

    public bool IsTuple => _isTuple;

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.ReserveItems(Items.Length);
        scope.Evaluator.Work(Items.Length);
        return new ListValue(Array.ConvertAll(Items, item => item.Evaluate(scope)), _isTuple);
    }
}

internal sealed class DictLiteral : Expression
{
    private readonly (Expression Key, Expression Value)[] _entries;

    public DictLiteral((Expression Key, Expression Value)[] entries)
    {
        _entries = entries;
        Depth = Above([.. entries.Select(e => e.Key), .. entries.Select(e => e.Value)]);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.ReserveEntries(_entries.Length);
        scope.Evaluator.Work(_entries.Length);
        DictValue dict = new(_entries.Length);
        foreach ((Expression key, Expression value) in _entries) dict.Set(key.Evaluate(scope), value.Evaluate(scope));
        return dict;
    }
}

internal sealed class Binary : Expression
{
    private readonly string _symbol;
    private readonly Expression _left, _right;

    public Binary(string symbol, Expression left, Expression right)
    {
        (_symbol, _left, _right) = (symbol, left, right);
        Depth = Above(left, right);
    }

    public override Value Evaluate(Scope scope) => Operators.Binary(scope.Evaluator, _symbol, _left.Evaluate(scope), _right.Evaluate(scope));
}

/// <summary>Minus or plus in front of an operand.</summary>
internal sealed class Unary : Expression
{
    private readonly bool _negates;
    private readonly Expression _operand;

    public Unary(bool negates, Expression operand)
    {
        (_negates, _operand) = (negates, operand);
        Depth = Above(operand);
    }

    public override Value Evaluate(Scope scope)
    {
        Value value = _operand.Evaluate(scope);
        return _negates ? Operators.Negate(value) : Operators.Plus(value);
    }
}

internal sealed class Not : Expression
{
    private readonly Expression _operand;

    public Not(Expression operand)
    {
        _operand = operand;
        Depth = Above(operand);
    }

    public override Value Evaluate(Scope scope) => BoolValue.Of(!Truth.Of(_operand.Evaluate(scope)));
}

/// <summary><c>and</c> and <c>or</c>, which give one of their operands.</summary>
internal sealed class Logical : Expression
{
    private readonly bool _isAnd;
    private readonly Expression _left, _right;

    public Logical(bool isAnd, Expression left, Expression right)
    {
        (_isAnd, _left, _right) = (isAnd, left, right);
        Depth = Above(left, right);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        Value left = _left.Evaluate(scope);
        return Truth.Of(left) == _isAnd ? _right.Evaluate(scope) : left;
    }
}

/// <summary>A chain of comparisons: <c>a &lt; b &lt; c</c> is <c>a &lt; b and b &lt; c</c>.</summary>
internal sealed class Comparison : Expression
{
    private readonly Expression _first;
    private readonly (string Symbol, Expression Operand)[] _rest;

    public Comparison(Expression first, (string Symbol, Expression Operand)[] rest)
    {
        (_first, _rest) = (first, rest);
        Depth = Above([first, .. rest.Select(r => r.Operand)]);
    }

    public override Value Evaluate(Scope scope)
    {
        Value left = _first.Evaluate(scope);
        foreach ((string symbol, Expression operand) in _rest)
        {
            Value right = operand.Evaluate(scope);
            if (!Operators.Compare(scope.Evaluator, symbol, left, right)) return BoolValue.False;
            left = right;
        }

        return BoolValue.True;
    }
}

/// <summary><c>a ~ b ~ c</c>: everything as text, joined.</summary>
internal sealed class Concatenation : Expression
{
    private readonly Expression[] _parts;

    public Concatenation(Expression[] parts)
    {
        _parts = parts;
        Depth = Above(parts);
    }

    public override Value Evaluate(Scope scope)
    {
        string[] texts = new string[_parts.Length];
        long length = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            scope.Evaluator.Step();
            Value part = _parts[i].Evaluate(scope);
            if (part is UndefinedValue { IsUnsafe: true } u) throw u.Fault();
            texts[i] = Printing.Text(scope.Evaluator, part);
            length += texts[i].Length;
        }

        scope.Evaluator.ReserveText(length);
        return new TextValue(string.Concat(texts));
    }
}

/// <summary><c>a if c else b</c>; without else it may be undefined.</summary>
internal sealed class Conditional : Expression
{
    private readonly Expression _condition, _then;
    private readonly Expression? _otherwise;

    public Conditional(Expression condition, Expression then, Expression? otherwise)
    {
        (_condition, _then, _otherwise) = (condition, then, otherwise);
        Depth = Above(condition, then, otherwise);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        return Truth.Of(_condition.Evaluate(scope))
            ? _then.Evaluate(scope)
            : _otherwise?.Evaluate(scope) ?? new UndefinedValue("the inline if-expression evaluated to false and no else section was defined.");
    }
}

/// <summary><c>a.name</c>: a method or attribute, else the item of that name.</summary>
internal sealed class MemberAccess : Expression
{
    private readonly Expression _owner;
    private readonly string _name;

    public MemberAccess(Expression owner, string name)
    {
        (_owner, _name) = (owner, name);
        Depth = Above(owner);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        return Members.Attribute(scope.Evaluator, _owner.Evaluate(scope), _name);
    }
}

/// <summary><c>a[key]</c>: an item, else the attribute of that name.</summary>
internal sealed class ItemAccess : Expression
{
    private readonly Expression _owner, _key;

    public ItemAccess(Expression owner, Expression key)
    {
        (_owner, _key) = (owner, key);
        Depth = Above(owner, key);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        return Members.Item(scope.Evaluator, _owner.Evaluate(scope), _key.Evaluate(scope));
    }
}

/// <summary><c>a[start:stop:step]</c>.</summary>
internal sealed class SliceAccess : Expression
{
    private readonly Expression _owner;
    private readonly Expression? _start, _stop, _step;

    public SliceAccess(Expression owner, Expression? start, Expression? stop, Expression? step)
    {
        (_owner, _start, _stop, _step) = (owner, start, stop, step);
        Depth = Above(owner, start, stop, step);
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        Value owner = _owner.Evaluate(scope);
        if (owner is UndefinedValue u) throw u.Fault();
        if (Iteration.Slice(scope.Evaluator, owner, Bound(_start), Bound(_stop), Bound(_step)) is { } part) return part;
        // The reference engine folds constants leniently: a slice of a literal object gives undefined, that of a variable is an error.
        return _owner is DictLiteral
            ? new UndefinedValue($"'{owner.TypeName}' object has no slices")
            : throw Fault.Type(owner is DictValue ? "unhashable type: 'slice'" : $"'{owner.TypeName}' object is not subscriptable");

        Value Bound(Expression? bound) => bound?.Evaluate(scope) ?? NoneValue.Instance;
    }
}

/// <summary>The arguments of a call as they are written.</summary>
internal sealed class ArgumentList(Expression[] positional, (string Name, Expression Value)[] named, Expression? rest, Expression? namedRest)
{
    public static readonly ArgumentList Empty = new([], [], null, null);

    public int Depth { get; } = new Sequence(
        [.. positional, .. named.Select(n => n.Value), .. rest is null ? Array.Empty<Expression>() : [rest], .. namedRest is null ? Array.Empty<Expression>() : [namedRest]],
        isTuple: true).Depth;

    public Arguments Evaluate(Scope scope)
    {
        if (positional.Length == 0 && named.Length == 0 && rest is null && namedRest is null) return Arguments.None;
        scope.Evaluator.Work(positional.Length + named.Length);
        Value[] values = positional.Length == 0 ? [] : new Value[positional.Length];
        for (int i = 0; i < values.Length; i++) values[i] = positional[i].Evaluate(scope);
        if (rest is not null) values = [.. values, .. Iteration.ToArray(scope.Evaluator, rest.Evaluate(scope))];
        if (named.Length == 0 && namedRest is null) return Arguments.Of(values);
        List<KeyValuePair<string, Value>> byName = new(named.Length);
        foreach ((string name, Expression value) in named) byName.Add(new(name, value.Evaluate(scope)));
        if (namedRest is not null)
        {
            if (namedRest.Evaluate(scope) is not DictValue dict) throw Fault.Type("argument after ** must be a mapping");
            foreach ((Value key, Value value) in dict.Entries)
            {
                byName.Add(new(key is TextValue text ? text.Text : throw Fault.Type("keywords must be strings"), value));
            }
        }

        return new Arguments(values, byName);
    }
}

internal sealed class Call : Expression
{
    private readonly Expression _callee;
    private readonly ArgumentList _arguments;

    public Call(Expression callee, ArgumentList arguments)
    {
        (_callee, _arguments) = (callee, arguments);
        Depth = Math.Max(callee.Depth, arguments.Depth) + 1;
    }

    public override Value Evaluate(Scope scope) => Invoke(scope, caller: null);

    /// <summary>Calls with the body of a call block, if there is one, as <c>caller</c>.</summary>
    public Value Invoke(Scope scope, Value? caller)
    {
        scope.Evaluator.Step();
        Value callee = _callee.Evaluate(scope);
        Arguments arguments = _arguments.Evaluate(scope);
        if (caller is not null) arguments = arguments with { Named = [.. arguments.Named, new("caller", caller)] };
        return Members.Call(scope.Evaluator, callee, arguments);
    }
}

/// <summary><c>value | filter(arguments)</c>; without a value it awaits that of a filter block.</summary>
internal sealed class FilterCall : Expression
{
    private readonly Expression? _value;
    private readonly string _name;
    private readonly Filter? _filter;
    private readonly ArgumentList _arguments;

    public FilterCall(Expression? value, string name, ArgumentList arguments)
    {
        (_value, _name, _arguments) = (value, name, arguments);
        _filter = Filters.Find(name);
        Depth = Math.Max(value?.Depth ?? 0, arguments.Depth) + 1;
    }

    public override Value Evaluate(Scope scope) => Apply(scope, null);

    /// <summary>Applies the chain of filters to the text of a block.</summary>
    public Value Apply(Scope scope, Value? block)
    {
        scope.Evaluator.Step();
        Value value = _value is FilterCall inner ? inner.Apply(scope, block) : _value?.Evaluate(scope) ?? block!;
        if (_filter is null) throw Fault.Runtime($"No filter named '{_name}'.");
        return _filter(scope.Evaluator, value, _arguments.Evaluate(scope));
    }
}

/// <summary><c>value is test(arguments)</c>.</summary>
internal sealed class TestCall : Expression
{
    private readonly Expression _value;
    private readonly string _name;
    private readonly Test? _test;
    private readonly ArgumentList _arguments;
    private readonly bool _negates;

    public TestCall(Expression value, string name, ArgumentList arguments, bool negates)
    {
        (_value, _name, _arguments, _negates) = (value, name, arguments, negates);
        _test = Tests.Find(name);
        Depth = Math.Max(value.Depth, arguments.Depth) + 1;
    }

    public override Value Evaluate(Scope scope)
    {
        scope.Evaluator.Step();
        if (_test is null) throw Fault.Runtime($"No test named '{_name}'.");
        return BoolValue.Of(_test(scope.Evaluator, _value.Evaluate(scope), _arguments.Evaluate(scope)) != _negates);
    }
}

/// <summary>Truth of a value; to ask for that of a withheld attribute is an error.</summary>
internal static class Truth
{
    public static bool Of(Value value) => value is UndefinedValue { IsUnsafe: true } u ? throw u.Fault() : value.IsTrue;
}
