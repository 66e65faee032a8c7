namespace Plumbline.Models.Templates;

/// <summary>A parameter of a macro and its default, if it has one.</summary>
internal readonly record struct Parameter(string Name, int Symbol, Expression? Default);

/// <summary>The symbols of the names that a macro finds filled in.</summary>
internal sealed record MacroSymbols(int Caller, int VarArgs, int KwArgs);

/// <summary>A macro: parameters and a body whose output is its value.</summary>
internal sealed class Macro(string name, Parameter[] parameters, Statement body, MacroSymbols symbols, bool takesCaller, bool takesVarArgs, bool takesKwArgs)
{
    public string Name => name;

    public Parameter[] Parameters => parameters;

    public bool TakesCaller => takesCaller;

    public bool TakesVarArgs => takesVarArgs;

    public bool TakesKwArgs => takesKwArgs;

    public int Depth { get; } = Math.Max(body.Depth, parameters.Select(p => p.Default?.Depth ?? 0).DefaultIfEmpty().Max()) + 1;

    public Value Call(Scope definition, Arguments arguments)
    {
        Evaluator evaluator = definition.Evaluator;
        evaluator.Enter(Depth);
        Scope scope = new(evaluator, definition);
        Bind(scope, arguments);
        (_, string text) = evaluator.Capture(body, scope);
        evaluator.Exit(Depth);
        return new TextValue(text);
    }

    private void Bind(Scope scope, Arguments arguments)
    {
        Value[] given = arguments.Positional;
        if (given.Length > parameters.Length && !takesVarArgs) throw Fault.Type($"macro '{name}' takes not more than {parameters.Length} argument(s)");
        DictValue? others = takesKwArgs ? new DictValue() : null;
        Value? caller = null;
        bool[] isNamed = new bool[parameters.Length];
        foreach ((string key, Value value) in arguments.Named)
        {
            int at = Array.FindIndex(parameters, p => p.Name == key);
            if (at >= given.Length)
            {
                isNamed[at] = true;
                scope.Set(parameters[at].Symbol, value);
            }
            else if (key == "caller" && takesCaller) caller = value;
            else if (key == "caller") throw Fault.Type($"macro '{name}' was invoked with two values for the special caller argument. This is most likely a bug.");
            else if (others is not null) others.Set(new TextValue(key), value);
            else throw Fault.Type($"macro '{name}' takes no keyword argument '{key}'");
        }

        for (int i = 0; i < parameters.Length; i++)
        {
            if (isNamed[i]) continue;
            scope.Set(parameters[i].Symbol, i < given.Length
                ? given[i]
                : parameters[i].Default?.Evaluate(scope) ?? new UndefinedValue($"parameter '{parameters[i].Name}' was not provided"));
        }

        if (takesCaller) scope.Set(symbols.Caller, caller ?? new UndefinedValue("No caller defined"));
        if (takesVarArgs) scope.Set(symbols.VarArgs, ListValue.Tuple(given.Length > parameters.Length ? given[parameters.Length..] : []));
        if (others is not null) scope.Set(symbols.KwArgs, others);
    }
}
