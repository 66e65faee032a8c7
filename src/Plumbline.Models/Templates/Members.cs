using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>Attributes, items and calls, as the sandbox allows them. What is not listed here does not exist for a template.</summary>
internal static class Members
{
    private static readonly HashSet<string> s_listChanges = ["append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"];
    private static readonly HashSet<string> s_dictChanges = ["update", "pop", "popitem", "setdefault", "clear"];

    /// <summary><c>owner.name</c>.</summary>
    public static Value Attribute(Evaluator evaluator, Value owner, string name)
    {
        if (owner is UndefinedValue u) throw u.Fault();
        return FindAttribute(owner, name) ?? ItemOrNull(evaluator, owner, new TextValue(name)) ?? UndefinedValue.Attribute(owner, name);
    }

    /// <summary><c>owner[key]</c>.</summary>
    public static Value Item(Evaluator evaluator, Value owner, Value key)
    {
        if (owner is UndefinedValue u) throw u.Fault();
        if (ItemOrNull(evaluator, owner, key) is { } item) return item;
        if (key is TextValue name) return FindAttribute(owner, name.Text) ?? UndefinedValue.Attribute(owner, name.Text);
        return new UndefinedValue($"{owner.TypeName} object has no element {Printing.Repr(evaluator, key)}");
    }

    /// <summary>An attribute alone, as the filter <c>attr</c> takes it.</summary>
    public static Value AttributeOnly(Value owner, string name)
    {
        if (owner is UndefinedValue u) throw u.Fault();
        return FindAttribute(owner, name) ?? UndefinedValue.Attribute(owner, name);
    }

    public static Value Call(Evaluator evaluator, Value callee, Arguments arguments) => callee switch
    {
        CallableValue callable => callable.Call(evaluator, arguments),
        UndefinedValue u => throw u.Fault(),
        _ => throw Fault.Type($"'{callee.TypeName}' object is not callable"),
    };

    private static Value? ItemOrNull(Evaluator evaluator, Value owner, Value key) => owner switch
    {
        DictValue dict => KeyComparer.IsHashable(key) ? dict.Get(key) : null,
        NamespaceValue space => key is TextValue name ? space.Attributes.GetValueOrDefault(name.Text) : null,
        _ => Numbers.TryInteger(key, out BigInteger index) ? Iteration.At(evaluator, owner, index) : null,
    };

    private static Value? FindAttribute(Value owner, string name)
    {
        if (owner is NamespaceValue space)
        {
            return name == "__class__" ? UndefinedValue.Withheld(owner, name) : space.Attributes.GetValueOrDefault(name);
        }

        if (name.StartsWith('_')) return IsPrivate(owner, name) ? UndefinedValue.Withheld(owner, name) : null;
        return owner switch
        {
            TextValue text => TextMethods.Find(text, name),
            DictValue dict => DictAttribute(dict, name),
            ListValue list => ListAttribute(list, name),
            LoopValue loop => loop.Attribute(name),
            MacroValue macro => MacroAttribute(macro.Macro, name),
            IntValue or BoolValue => name is "real" or "numerator" ? Operators.Plus(owner) : name is "imag" ? IntValue.Of(0) : name is "denominator" ? IntValue.Of(1) : null,
            FloatValue => name is "real" ? owner : name is "imag" ? new FloatValue(0) : null,
            CyclerValue cycler => name switch
            {
                "current" => cycler.Current,
                "next" => new FunctionValue("next", "method", (_, _) => cycler.Next()),
                "reset" => new FunctionValue("reset", "method", (_, _) =>
                {
                    cycler.Reset();
                    return NoneValue.Instance;
                }),
                _ => null,
            },
            GeneratorValue when name.StartsWith("gi_", StringComparison.Ordinal) => UndefinedValue.Withheld(owner, name),
            _ => null,
        };
    }

    /// <summary>Names that Python keeps to itself; there is nothing behind them here, but to use one is an attack and shall not look like a slip.</summary>
    private static bool IsPrivate(Value owner, string name) =>
        (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)) || owner is MacroValue or LoopValue or SelfValue;

    private static Value? MacroAttribute(Macro macro, string name) => name switch
    {
        "name" => new TextValue(macro.Name),
        "arguments" => ListValue.Tuple([.. macro.Parameters.Select(p => new TextValue(p.Name))]),
        "catch_kwargs" => BoolValue.Of(macro.TakesKwArgs),
        "catch_varargs" => BoolValue.Of(macro.TakesVarArgs),
        "caller" => BoolValue.Of(macro.TakesCaller),
        _ => null,
    };

    private static Value? DictAttribute(DictValue dict, string name)
    {
        if (s_dictChanges.Contains(name)) return UndefinedValue.Withheld(dict, name);
        return name switch
        {
            "items" or "keys" or "values" => new FunctionValue(name, "method", (_, arguments) => arguments.Positional.Length > 0
                ? throw Fault.Type($"dict.{name}() takes no arguments ({arguments.Positional.Length} given)")
                : new DictViewValue(dict, name)),
            "get" => new FunctionValue(name, "method", (_, arguments) =>
            {
                Value?[] bound = s_get.Bind(arguments);
                return dict.Get(bound[0]!) ?? bound[1] ?? NoneValue.Instance;
            }),
            "copy" => new FunctionValue(name, "method", (_, _) => dict),
            _ => null,
        };
    }

    private static readonly Signature s_get = new("get", 1, "", "");
    private static readonly Signature s_count = new("count", 1, "");
    private static readonly Signature s_index = new("index", 1, "", "", "");

    private static Value? ListAttribute(ListValue list, string name)
    {
        if (!list.IsTuple && s_listChanges.Contains(name)) return UndefinedValue.Withheld(list, name);
        return name switch
        {
            "count" => new FunctionValue(name, "method", (evaluator, arguments) =>
            {
                Value wanted = s_count.Bind(arguments)[0]!;
                return IntValue.Of(Iteration.Of(evaluator, list).Count(item => Operators.Equal(evaluator, item, wanted)));
            }),
            "index" => new FunctionValue(name, "method", (evaluator, arguments) =>
            {
                Value?[] bound = s_index.Bind(arguments);
                ListValue part = (ListValue)Iteration.Slice(evaluator, list, bound[1] ?? NoneValue.Instance, bound[2] ?? NoneValue.Instance, NoneValue.Instance)!;
                int at = Array.FindIndex(part.Items, item => Operators.Compare(evaluator, "==", item, bound[0]!));
                if (at < 0) throw Fault.Value($"{Printing.Repr(evaluator, bound[0]!)} is not in {list.TypeName}");
                BigInteger start = bound[1] is not null && Numbers.TryInteger(bound[1]!, out BigInteger from) ? from : 0;
                if (start.Sign < 0) start = BigInteger.Max(0, start + list.Items.Length);
                return IntValue.Of(start + at);
            }),
            "copy" when !list.IsTuple => new FunctionValue(name, "method", (_, _) => list),
            _ => list.Field(name),
        };
    }
}
