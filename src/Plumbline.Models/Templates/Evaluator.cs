using System.Runtime.CompilerServices;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>One render: the variables, the output so far, and what is left of the bounds.</summary>
internal sealed class Evaluator(ChatTemplateOptions options, string[] symbols, Func<Evaluator, string, Value?> variable)
{
    /// <summary>How deep the syntax trees of all active macros may go together; one level takes some hundred bytes of stack.</summary>
    private const int MaxStack = 3000;

    private readonly Value?[] _globals = new Value?[symbols.Length];
    private long _steps;
    private long _allocated;
    private int _calls;
    private int _stack;

    public ChatTemplateOptions Options => options;

    public StringBuilder Output { get; private set; } = new();

    /// <summary>The line of the statement that runs.</summary>
    public int Line { get; set; }

    public string SymbolName(int symbol) => symbols[symbol];

    /// <summary>A variable of the caller, a function of the engine, or undefined.</summary>
    public Value Global(int symbol) => _globals[symbol] ??= Resolve(symbols[symbol]);

    private Value Resolve(string name) => variable(this, name) ?? Globals.Find(name) ?? new UndefinedValue($"'{name}' is undefined");

    public void Step()
    {
        if (++_steps > options.MaxSteps) throw Fault.TooLong(options.MaxSteps);
    }

    /// <summary>Counts work that goes over many items or characters.</summary>
    public void Work(long steps)
    {
        _steps += steps;
        if (_steps > options.MaxSteps) throw Fault.TooLong(options.MaxSteps);
    }

    /// <summary>Refuses a text of this length before it is built, and counts it.</summary>
    public void ReserveText(long length)
    {
        if (length > options.MaxTextLength) throw Fault.TooBig("a text", options.MaxTextLength);
        Reserve((2 * length) + 56);
        Work(length / 64);
    }

    /// <summary>Refuses a list of this length before it is built, and counts it.</summary>
    public void ReserveItems(long count)
    {
        if (count > options.MaxItems) throw Fault.TooBig("a list", options.MaxItems);
        Reserve((8 * count) + 64);
        Work(count / 16);
    }

    /// <summary>Refuses an object of this many entries before it is built, and counts it.</summary>
    public void ReserveEntries(long count)
    {
        if (count > options.MaxItems) throw Fault.TooBig("an object", options.MaxItems);
        Reserve((48 * count) + 96);
        Work(count / 4);
    }

    private void Reserve(long bytes)
    {
        _allocated += bytes;
        if (_allocated > options.MaxAllocation) throw Fault.TooBig("values", options.MaxAllocation);
    }

    public TextValue NewText(string text)
    {
        ReserveText(text.Length);
        return text.Length == 0 ? TextValue.Empty : new TextValue(text);
    }

    public ListValue NewList(Value[] items)
    {
        ReserveItems(items.Length);
        return new ListValue(items);
    }

    /// <summary>Enters a macro or a recursive loop whose syntax tree is so deep.</summary>
    public void Enter(int treeDepth)
    {
        _stack += treeDepth;
        if (++_calls > options.MaxDepth || _stack > MaxStack || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Fault.TooDeep("macros and recursive loops", options.MaxDepth);
        }
    }

    public void Exit(int treeDepth)
    {
        _stack -= treeDepth;
        _calls--;
    }

    /// <summary>Refuses values nested too deep to walk.</summary>
    public void CheckDepth(int depth)
    {
        if (depth > options.MaxDepth) throw Fault.TooDeep("lists and objects", options.MaxDepth);
    }

    public void Write(string text)
    {
        if (Output.Length + (long)text.Length > options.MaxTextLength) throw Fault.TooBig("an output", options.MaxTextLength);
        Output.Append(text);
        if (text.Length > 64) Work(text.Length / 64);
    }

    /// <summary>Runs statements with an output of their own.</summary>
    public (Signal Signal, string Text) Capture(Statement body, Scope scope)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            Signal signal = body.Execute(scope);
            ReserveText(Output.Length);
            return (signal, Output.ToString());
        }
        finally
        {
            Output = outer;
        }
    }
}
