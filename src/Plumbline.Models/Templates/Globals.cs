using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>The functions that every template finds.</summary>
internal static class Globals
{
    private static readonly Signature s_raise = new("raise_exception", 1, "message");
    private static readonly Signature s_strftime = new("strftime_now", 1, "format");
    private static readonly Signature s_range = new("range", 1, "", "", "");
    private static readonly Signature s_joiner = new("joiner", 0, "sep");

    private static readonly Dictionary<string, Value> s_all = new()
    {
        ["range"] = new FunctionValue("range", "type", Range),
        ["dict"] = new FunctionValue("dict", "type", (evaluator, arguments) => Dict(evaluator, arguments)),
        ["namespace"] = new FunctionValue("namespace", "type", Namespace),
        ["cycler"] = new FunctionValue("cycler", "type", (_, arguments) => arguments.Positional.Length > 0
            ? new CyclerValue(arguments.Positional)
            : throw Fault.Runtime("at least one item has to be provided")),
        ["joiner"] = new FunctionValue("joiner", "type", (_, arguments) => new JoinerValue(s_joiner.Bind(arguments)[0] ?? new TextValue(", "))),
        ["raise_exception"] = new FunctionValue("raise_exception", "function", (evaluator, arguments) =>
            throw Fault.Raised(Printing.Text(evaluator, s_raise.Bind(arguments)[0]!))),
        ["strftime_now"] = new FunctionValue("strftime_now", "function", (evaluator, arguments) =>
            s_strftime.Bind(arguments)[0] is TextValue format ? Strftime.Format(evaluator, format.Text) : throw Fault.Type("strftime() argument 1 must be str")),
        ["self"] = new SelfValue(),
    };

    public static Value? Find(string name) => s_all.GetValueOrDefault(name);

    private static RangeValue Range(Evaluator evaluator, Arguments arguments)
    {
        Value?[] bound = s_range.Bind(arguments);
        return bound[1] is null ? new RangeValue(0, Integer(bound[0]!), 1) : new RangeValue(Integer(bound[0]!), Integer(bound[1]!), bound[2] is null ? 1 : Integer(bound[2]!));

        static BigInteger Integer(Value value) => value is UndefinedValue u ? throw u.Fault()
            : Numbers.TryInteger(value, out BigInteger n) ? n
            : throw Fault.Type($"'{value.TypeName}' object cannot be interpreted as an integer");
    }

    private static DictValue Dict(Evaluator evaluator, Arguments arguments)
    {
        if (arguments.Positional.Length > 1) throw Fault.Type($"dict expected at most 1 argument, got {arguments.Positional.Length}");
        DictValue dict = new();
        if (arguments.Positional.Length == 1)
        {
            if (arguments.Positional[0] is DictValue other)
            {
                foreach ((Value key, Value value) in other.Entries) Add(key, value);
            }
            else
            {
                foreach (Value pair in Iteration.Of(evaluator, arguments.Positional[0]))
                {
                    Value[] items = Iteration.ToArray(evaluator, pair);
                    if (items.Length != 2) throw Fault.Value($"dictionary update sequence element has length {items.Length}; 2 is required");
                    Add(items[0], items[1]);
                }
            }
        }

        foreach ((string name, Value value) in arguments.Named) Add(new TextValue(name), value);
        return dict;

        void Add(Value key, Value value)
        {
            evaluator.ReserveEntries(1);
            evaluator.Step();
            dict.Set(key, value);
        }
    }

    private static NamespaceValue Namespace(Evaluator evaluator, Arguments arguments)
    {
        Dictionary<string, Value> attributes = [];
        foreach ((Value key, Value value) in Dict(evaluator, arguments).Entries)
        {
            attributes[key is TextValue name ? name.Text : throw Fault.Type("the attributes of a namespace have names")] = value;
        }

        return new NamespaceValue(attributes);
    }
}
