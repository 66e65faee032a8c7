namespace Plumbline.Models.Templates;

/// <summary>The arguments of a call.</summary>
internal readonly record struct Arguments(Value[] Positional, IReadOnlyList<KeyValuePair<string, Value>> Named)
{
    public static readonly Arguments None = new([], []);

    public static Arguments Of(params Value[] positional) => new(positional, []);

    public Value? Find(string name)
    {
        foreach ((string key, Value value) in Named)
        {
            if (key == name) return value;
        }

        return null;
    }
}

/// <summary>The parameters of a function: how many are required and what they are called. A parameter called "" is positional only.</summary>
internal sealed class Signature(string function, int required, params string[] parameters)
{
    public string Function => function;

    /// <summary>One value for each parameter, null where none was given.</summary>
    public Value?[] Bind(Arguments arguments)
    {
        if (arguments.Positional.Length > parameters.Length)
        {
            throw Fault.Type($"{function}() takes at most {parameters.Length} arguments but {arguments.Positional.Length} were given");
        }

        Value?[] bound = new Value?[parameters.Length];
        arguments.Positional.CopyTo(bound, 0);
        foreach ((string name, Value value) in arguments.Named)
        {
            int at = name.Length == 0 ? -1 : Array.IndexOf(parameters, name);
            if (at < 0) throw Fault.Type($"{function}() got an unexpected keyword argument '{name}'");
            if (bound[at] is not null) throw Fault.Type($"{function}() got multiple values for argument '{name}'");
            bound[at] = value;
        }

        for (int i = 0; i < required; i++)
        {
            if (bound[i] is null) throw Fault.Type($"{function}() missing required argument {(parameters[i].Length > 0 ? $"'{parameters[i]}'" : $"{i + 1}")}");
        }

        return bound;
    }
}
