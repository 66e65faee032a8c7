namespace Plumbline.Models.Templates;

/// <summary>How a statement ended.</summary>
internal enum Signal
{
    Normal,
    Break,
    Continue,
}

/// <summary>A node of the syntax tree that writes or sets something.</summary>
internal abstract class Statement
{
    /// <summary>How many levels of nodes stand here, this one included.</summary>
    public int Depth { get; protected init; } = 1;

    public abstract Signal Execute(Scope scope);
}

internal sealed class TextOutput(string text) : Statement
{
    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        scope.Evaluator.Write(text);
        return Signal.Normal;
    }
}

internal sealed class ValueOutput : Statement
{
    private readonly Expression _value;
    private readonly int _line;

    public ValueOutput(Expression value, int line)
    {
        (_value, _line) = (value, line);
        Depth = value.Depth + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        scope.Evaluator.Line = _line;
        Value value = _value.Evaluate(scope);
        scope.Evaluator.Write(value is TextValue text ? text.Text : Printing.Text(scope.Evaluator, value));
        return Signal.Normal;
    }
}

/// <summary>Statements one after another.</summary>
internal sealed class Block : Statement
{
    private readonly Statement[] _statements;

    public Block(Statement[] statements)
    {
        _statements = statements;
        Depth = statements.Select(s => s.Depth).DefaultIfEmpty().Max() + 1;
    }

    public override Signal Execute(Scope scope)
    {
        foreach (Statement statement in _statements)
        {
            Signal signal = statement.Execute(scope);
            if (signal != Signal.Normal) return signal;
        }

        return Signal.Normal;
    }
}

/// <summary>A break or continue.</summary>
internal sealed class Jump(Signal signal) : Statement
{
    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        return signal;
    }
}

internal sealed class If : Statement
{
    private readonly (Expression Condition, Statement Body, int Line)[] _branches;
    private readonly Statement? _otherwise;

    public If((Expression Condition, Statement Body, int Line)[] branches, Statement? otherwise)
    {
        (_branches, _otherwise) = (branches, otherwise);
        Depth = Math.Max(branches.Max(b => Math.Max(b.Condition.Depth, b.Body.Depth)), otherwise?.Depth ?? 0) + 1;
    }

    public override Signal Execute(Scope scope)
    {
        foreach ((Expression condition, Statement body, int line) in _branches)
        {
            scope.Evaluator.Step();
            scope.Evaluator.Line = line;
            if (Truth.Of(condition.Evaluate(scope))) return body.Execute(scope);
        }

        return _otherwise?.Execute(scope) ?? Signal.Normal;
    }
}

/// <summary>What an assignment or a loop assigns to: a name, a tuple of targets, or an attribute of a namespace.</summary>
internal sealed record Target(int Symbol, Target[]? Parts = null, string? NamespaceAttribute = null)
{
    public void Assign(Scope scope, Value value)
    {
        if (Parts is not null)
        {
            Value[] items = value is TextValue or ListValue or DictValue or RangeValue or DictViewValue or GeneratorValue
                ? Iteration.ToArray(scope.Evaluator, value)
                : throw (value as UndefinedValue is { IsUnsafe: true } u ? u.Fault() : value is UndefinedValue
                    ? Fault.Value($"not enough values to unpack (expected {Parts.Length}, got 0)")
                    : Fault.Type($"cannot unpack non-iterable {value.TypeName} object"));
            if (items.Length > Parts.Length) throw Fault.Value($"too many values to unpack (expected {Parts.Length})");
            if (items.Length < Parts.Length) throw Fault.Value($"not enough values to unpack (expected {Parts.Length}, got {items.Length})");
            for (int i = 0; i < items.Length; i++) Parts[i].Assign(scope, items[i]);
        }
        else if (NamespaceAttribute is not null)
        {
            if (scope.Get(Symbol) is not NamespaceValue space) throw Fault.Runtime("cannot assign attribute on non-namespace object");
            if (!space.Attributes.ContainsKey(NamespaceAttribute)) scope.Evaluator.ReserveEntries(1);
            space.Attributes[NamespaceAttribute] = value;
        }
        else
        {
            scope.Set(Symbol, value);
        }
    }
}

internal sealed class Set : Statement
{
    private readonly Target _target;
    private readonly Expression _value;
    private readonly int _line;

    public Set(Target target, Expression value, int line)
    {
        (_target, _value, _line) = (target, value, line);
        Depth = value.Depth + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        scope.Evaluator.Line = _line;
        _target.Assign(scope, _value.Evaluate(scope));
        return Signal.Normal;
    }
}

/// <summary><c>{% set x | filter %}…{% endset %}</c>.</summary>
internal sealed class SetBlock : Statement
{
    private readonly Target _target;
    private readonly FilterCall? _filter;
    private readonly Statement _body;

    public SetBlock(Target target, FilterCall? filter, Statement body)
    {
        (_target, _filter, _body) = (target, filter, body);
        Depth = Math.Max(body.Depth, filter?.Depth ?? 0) + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        (Signal signal, string text) = scope.Evaluator.Capture(_body, new Scope(scope.Evaluator, scope));
        if (signal != Signal.Normal) return signal;
        Value value = new TextValue(text);
        _target.Assign(scope, _filter?.Apply(scope, value) ?? value);
        return Signal.Normal;
    }
}

/// <summary><c>{% filter f %}…{% endfilter %}</c>.</summary>
internal sealed class FilterBlock : Statement
{
    private readonly FilterCall _filter;
    private readonly Statement _body;

    public FilterBlock(FilterCall filter, Statement body)
    {
        (_filter, _body) = (filter, body);
        Depth = Math.Max(body.Depth, filter.Depth) + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        Scope inner = new(scope.Evaluator, scope);
        (Signal signal, string text) = scope.Evaluator.Capture(_body, inner);
        if (signal != Signal.Normal) return signal;
        scope.Evaluator.Write(Printing.Text(scope.Evaluator, _filter.Apply(inner, new TextValue(text))));
        return Signal.Normal;
    }
}

/// <summary><c>{% with a = 1 %}…{% endwith %}</c>, and the body of <c>{% generation %}</c>: a scope of its own.</summary>
internal sealed class With : Statement
{
    private readonly (Target Target, Expression Value)[] _assignments;
    private readonly Statement _body;

    public With((Target Target, Expression Value)[] assignments, Statement body)
    {
        (_assignments, _body) = (assignments, body);
        Depth = Math.Max(body.Depth, assignments.Select(a => a.Value.Depth).DefaultIfEmpty().Max()) + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        Scope inner = new(scope.Evaluator, scope);
        foreach ((Target target, Expression value) in _assignments) target.Assign(inner, value.Evaluate(scope));
        return _body.Execute(inner);
    }
}

/// <summary>A loop over the items of a value.</summary>
internal sealed class For : Statement
{
    private readonly Target _target;
    private readonly Expression _source;
    private readonly Expression? _filter;
    private readonly Statement _body;
    private readonly Statement? _otherwise;
    private readonly int? _loopSymbol;
    private readonly int _line;

    /// <param name="loopSymbol">The symbol of <c>loop</c>, null where the body does not ask for it.</param>
    public For(Target target, Expression source, Expression? filter, bool isRecursive, Statement body, Statement? otherwise, int? loopSymbol, int line)
    {
        (_target, _source, _filter, IsRecursive, _body, _otherwise, _loopSymbol, _line) = (target, source, filter, isRecursive, body, otherwise, loopSymbol, line);
        Depth = Math.Max(Math.Max(source.Depth, filter?.Depth ?? 0), Math.Max(body.Depth, otherwise?.Depth ?? 0)) + 1;
    }

    public bool IsRecursive { get; }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        scope.Evaluator.Line = _line;
        Run(scope, _source.Evaluate(scope), 1);
        return Signal.Normal;
    }

    /// <summary>Runs the loop over other items; what it writes is the value.</summary>
    public Value Recurse(Scope scope, Value source, int depth)
    {
        scope.Evaluator.Enter(Depth);
        (_, string text) = scope.Evaluator.Capture(new Recursion(this, source, depth), scope);
        scope.Evaluator.Exit(Depth);
        return new TextValue(text);
    }

    private void Run(Scope scope, Value source, int depth)
    {
        IEnumerable<Value> items = Iteration.Of(scope.Evaluator, source);
        if (_filter is not null) items = items.Where(item => Passes(scope, item));
        LoopValue? loop = null;
        if (_loopSymbol is not null)
        {
            Value[] all = _filter is null && source is ListValue list ? list.Items : Iteration.ToArray(scope.Evaluator, Iteration.Generate(scope.Evaluator, source, items));
            loop = new LoopValue(this, scope, all, depth) { Index = -1 };
            items = all;
        }

        bool finishedTurn = false;
        foreach (Value item in items)
        {
            scope.Evaluator.Work(2);
            Scope turn = new(scope.Evaluator, scope);
            if (loop is not null)
            {
                loop.Index++;
                turn.Set(_loopSymbol!.Value, loop);
            }

            _target.Assign(turn, item);
            Signal signal = _body.Execute(turn);
            if (signal == Signal.Break) break;
            // As in the reference engine: a turn that continue cut short does not count.
            if (signal == Signal.Normal) finishedTurn = true;
        }

        if (!finishedTurn && _otherwise is not null) _otherwise.Execute(new Scope(scope.Evaluator, scope));
    }

    private bool Passes(Scope scope, Value item)
    {
        Scope turn = new(scope.Evaluator, scope);
        _target.Assign(turn, item);
        return Truth.Of(_filter!.Evaluate(turn));
    }

    /// <summary>A loop called from within itself.</summary>
    private sealed class Recursion(For loop, Value source, int depth) : Statement
    {
        public override Signal Execute(Scope scope)
        {
            loop.Run(scope, source, depth);
            return Signal.Normal;
        }
    }
}

/// <summary>The definition of a macro.</summary>
internal sealed class MacroDefinition : Statement
{
    private readonly int _symbol;
    private readonly Macro _macro;

    public MacroDefinition(int symbol, Macro macro)
    {
        (_symbol, _macro) = (symbol, macro);
        Depth = macro.Depth + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        scope.Set(_symbol, new MacroValue(_macro, scope));
        return Signal.Normal;
    }
}

/// <summary><c>{% call f() %}…{% endcall %}</c>: calls a macro that may call back the body.</summary>
internal sealed class CallBlock : Statement
{
    private readonly Call _call;
    private readonly Macro _caller;

    public CallBlock(Call call, Macro caller)
    {
        (_call, _caller) = (call, caller);
        Depth = Math.Max(call.Depth, caller.Depth) + 1;
    }

    public override Signal Execute(Scope scope)
    {
        scope.Evaluator.Step();
        Value result = _call.Invoke(scope, new MacroValue(_caller, scope));
        scope.Evaluator.Write(Printing.Text(scope.Evaluator, result));
        return Signal.Normal;
    }
}
