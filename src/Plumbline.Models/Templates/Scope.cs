namespace Plumbline.Models.Templates;

/// <summary>Variables of a block; names are the template's symbols, numbered by its parser.</summary>
internal sealed class Scope(Evaluator evaluator, Scope? parent)
{
    private int[] _names = [];
    private Value[] _values = [];
    private int _count;

    public Evaluator Evaluator => evaluator;

    public Value Get(int symbol)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            for (int i = 0; i < scope._count; i++)
            {
                if (scope._names[i] == symbol) return scope._values[i];
            }
        }

        return evaluator.Global(symbol);
    }

    public void Set(int symbol, Value value)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_names[i] != symbol) continue;
            _values[i] = value;
            return;
        }

        if (_count == _names.Length)
        {
            int size = Math.Max(4, _count * 2);
            Array.Resize(ref _names, size);
            Array.Resize(ref _values, size);
        }

        (_names[_count], _values[_count]) = (symbol, value);
        _count++;
    }

    private Scope? Parent => parent;
}
