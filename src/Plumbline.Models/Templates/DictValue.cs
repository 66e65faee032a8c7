namespace Plumbline.Models.Templates;

/// <summary>An object whose entries keep the order in which they were added. Immutable once it is built.</summary>
internal sealed class DictValue : Value
{
    private const int IndexedFrom = 8;

    private readonly List<KeyValuePair<Value, Value>> _entries;
    private Dictionary<Value, int>? _index;

    public DictValue(int capacity = 0) => _entries = new(capacity);

    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => _entries;

    public int Count => _entries.Count;

    public override string TypeName => "dict";

    public override bool IsTrue => _entries.Count > 0;

    /// <summary>Adds an entry, or replaces the value (not the key) of an equal one; only for those who build the object.</summary>
    public void Set(Value key, Value value)
    {
        int at = Find(key);
        if (at >= 0)
        {
            _entries[at] = new(_entries[at].Key, value);
            return;
        }

        _index?.Add(key, _entries.Count);
        _entries.Add(new(key, value));
    }

    public Value? Get(Value key)
    {
        int at = Find(key);
        return at < 0 ? null : _entries[at].Value;
    }

    public Value? Get(string key)
    {
        if (_entries.Count >= IndexedFrom) return Get(new TextValue(key));
        foreach ((Value k, Value v) in _entries)
        {
            if (k is TextValue t && t.Text == key) return v;
        }

        return null;
    }

    private int Find(Value key)
    {
        if (_entries.Count >= IndexedFrom)
        {
            if (_index is null)
            {
                Dictionary<Value, int> index = new(_entries.Count * 2, KeyComparer.Instance);
                for (int i = 0; i < _entries.Count; i++) index.Add(_entries[i].Key, i);
                _index = index;
            }

            return _index.TryGetValue(key, out int found) ? found : -1;
        }

        for (int i = 0; i < _entries.Count; i++)
        {
            if (KeyComparer.Instance.Equals(_entries[i].Key, key)) return i;
        }

        if (!KeyComparer.IsHashable(key)) throw Fault.Type($"unhashable type: '{key.TypeName}'");
        return -1;
    }
}

/// <summary><c>dict.keys()</c>, <c>.values()</c> or <c>.items()</c>.</summary>
internal sealed class DictViewValue(DictValue dict, string kind) : Value
{
    public DictValue Dict => dict;

    public string Kind => kind;

    public override string TypeName => "dict_" + kind;

    public override bool IsTrue => dict.IsTrue;

    public Value this[int index] => kind switch
    {
        "keys" => dict.Entries[index].Key,
        "values" => dict.Entries[index].Value,
        _ => ListValue.Tuple(dict.Entries[index].Key, dict.Entries[index].Value),
    };
}

/// <summary>Equality and hash of keys: numbers and booleans of the same size are the same key.</summary>
internal sealed class KeyComparer : IEqualityComparer<Value>
{
    public static readonly KeyComparer Instance = new();

    public static bool IsHashable(Value key) => key switch
    {
        DictValue or DictViewValue => false,
        ListValue list => list.IsTuple && Array.TrueForAll(list.Items, IsHashable),
        _ => true,
    };

    public bool Equals(Value? a, Value? b) => (a, b) switch
    {
        (TextValue x, TextValue y) => x.Text == y.Text,
        (ListValue { IsTuple: true } x, ListValue { IsTuple: true } y) => x.Items.Length == y.Items.Length && x.Items.Zip(y.Items).All(p => Equals(p.First, p.Second)),
        (UndefinedValue, UndefinedValue) => true,
        _ => ReferenceEquals(a, b) || (Numbers.TryCompare(a!, b!, out int order) && order == 0),
    };

    public int GetHashCode(Value key) => key switch
    {
        TextValue t => t.Text.GetHashCode(),
        BoolValue b => b.IsTrue ? 1.0.GetHashCode() : 0.0.GetHashCode(),
        // Equal numbers have equal doubles, though not the other way round.
        IntValue n => ((double)n.Number).GetHashCode(),
        FloatValue f => f.Number == 0 ? 0.0.GetHashCode() : f.Number.GetHashCode(),
        ListValue { IsTuple: true } l => l.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
        NoneValue => 7,
        UndefinedValue => 11,
        ListValue or DictValue or DictViewValue => throw Fault.Type($"unhashable type: '{key.TypeName}'"),
        _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key),
    };
}
