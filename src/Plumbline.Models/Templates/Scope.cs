namespace Plumbline.Models.Templates;

/// <summary>Variables of a block; names are the template's symbols, numbered by its parser. Blocks have few variables, so they are a linked list.</summary>
internal sealed class Scope(Evaluator evaluator, Scope? parent)
{
    private Binding? _newest;

    public Evaluator Evaluator => evaluator;

    private Scope? Parent => parent;

    public Value Get(int symbol)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.Find(symbol) is { } binding) return binding.Value;
        }

        return evaluator.Global(symbol);
    }

    public void Set(int symbol, Value value)
    {
        if (Find(symbol) is { } binding) binding.Value = value;
        else _newest = new Binding(symbol, _newest) { Value = value };
    }

    private Binding? Find(int symbol)
    {
        Binding? binding = _newest;
        while (binding is not null && binding.Symbol != symbol) binding = binding.Older;
        return binding;
    }

    private sealed class Binding(int symbol, Binding? older)
    {
        public int Symbol => symbol;

        public Binding? Older => older;

        public required Value Value { get; set; }
    }
}
