using System.Globalization;

namespace Plumbline.Models.Templates;

/// <summary>The filters of sequences and objects.</summary>
internal static partial class Filters
{
    private static void AddSequenceFilters()
    {
        Add("length", 0, [], (_, v, _) => IntValue.Of(Iteration.Count(v) ?? throw Fault.Type($"object of type '{v.TypeName}' has no len()")));
        Alias("count", "length");
        Add("list", 0, [], (e, v, _) => v is ListValue { IsTuple: false } ? v : new ListValue(Iteration.ToArray(e, v)));
        Add("first", 0, [], (e, v, _) => Iteration.Of(e, v).FirstOrDefault() ?? new UndefinedValue("No first item, sequence was empty."));
        Add("last", 0, [], (e, v, _) => v is GeneratorValue
            ? throw Fault.Type("'generator' object is not reversible")
            : Iteration.ToArray(e, v) is [.., var last] ? last : new UndefinedValue("No last item, sequence was empty."));
        Add("reverse", 0, [], Reverse);
        Add("join", 0, ["d", "attribute"], (e, v, a) =>
        {
            IEnumerable<Value> items = Iteration.Of(e, v);
            if (a[1] is not (null or NoneValue)) items = items.Select(Getter(e, a[1]!));
            return new TextValue(TextMethods.Join(e, a[0] is null ? "" : Text(e, a[0]!), [.. items.Select(item => Text(e, item))]));
        });
        Add("sort", 0, ["reverse", "case_sensitive", "attribute"], (e, v, a) =>
        {
            Value[] items = [.. Iteration.ToArray(e, v)];
            Iteration.Sort(e, items, SortKey(e, a[2], a[1]), a[0]?.IsTrue ?? false);
            return e.NewList(items);
        });
        Add("dictsort", 0, ["case_sensitive", "by", "reverse"], DictSort);
        Add("items", 0, [], (e, v, _) => v switch
        {
            UndefinedValue => Iteration.Generate(e, v, []),
            DictValue dict => Iteration.Generate(e, v, Iteration.Of(e, new DictViewValue(dict, "items"))),
            _ => throw Fault.Type("Can only get item pairs from a mapping."),
        });
        Add("unique", 0, ["case_sensitive", "attribute"], (e, v, a) => Iteration.Generate(e, v, Unique(e, v, PostProcessed(e, a[1], a[0]))));
        Add("min", 0, ["case_sensitive", "attribute"], (e, v, a) => Extreme(e, v, a, (candidate, best) => Operators.Less(e, candidate, best)));
        Add("max", 0, ["case_sensitive", "attribute"], (e, v, a) => Extreme(e, v, a, (candidate, best) => Operators.Less(e, best, candidate)));
        Add("sum", 0, ["attribute", "start"], (e, v, a) =>
        {
            IEnumerable<Value> items = Iteration.Of(e, v);
            if (a[0] is not (null or NoneValue)) items = items.Select(Getter(e, a[0]!));
            if (a[1] is TextValue) throw Fault.Type("sum() can't sum strings [use ''.join(seq) instead]");
            return items.Aggregate(a[1] ?? IntValue.Of(0), (total, item) => Operators.Binary(e, "+", total, item));
        });
        Add("batch", 1, ["linecount", "fill_with"], (e, v, a) => Iteration.Generate(e, v, Batch(e, v, Integer(a[0], 0), a[1])));
        Add("slice", 1, ["slices", "fill_with"], (e, v, a) => Iteration.Generate(e, v, Slices(e, v, Integer(a[0], 0), a[1])));
        Add("groupby", 1, ["attribute", "default", "case_sensitive"], GroupBy);
        s_all.Add("map", (e, v, a) => Iteration.Generate(e, v, Mapped(e, v, a)));
        s_all.Add("select", (e, v, a) => Iteration.Generate(e, v, Selected(e, v, a, byAttribute: false, wanted: true)));
        s_all.Add("reject", (e, v, a) => Iteration.Generate(e, v, Selected(e, v, a, byAttribute: false, wanted: false)));
        s_all.Add("selectattr", (e, v, a) => Iteration.Generate(e, v, Selected(e, v, a, byAttribute: true, wanted: true)));
        s_all.Add("rejectattr", (e, v, a) => Iteration.Generate(e, v, Selected(e, v, a, byAttribute: true, wanted: false)));
    }

    /// <summary>Looks up "a.b.0" in an item, step by step.</summary>
    private static Func<Value, Value> Getter(Evaluator evaluator, Value attribute, Value? missing = null)
    {
        Value[] path = attribute is TextValue text
            ? [.. text.Text.Split('.').Select(part => part.Length is > 0 and < 10 && !part.AsSpan().ContainsAnyExceptInRange('0', '9')
                ? IntValue.Of(int.Parse(part, CultureInfo.InvariantCulture))
                : (Value)new TextValue(part))]
            : [attribute];
        return item =>
        {
            foreach (Value part in path)
            {
                evaluator.Step();
                item = Members.Item(evaluator, item, part);
                if (item is UndefinedValue && missing is not null) item = missing;
            }

            return item;
        };
    }

    private static Value IgnoreCase(Value value) => value is TextValue text ? text.With(LetterCase.Lower(text.Text)) : value;

    /// <summary>The key by which items are compared: the items themselves or an attribute, in lower case unless case counts.</summary>
    private static Func<Value, Value> PostProcessed(Evaluator evaluator, Value? attribute, Value? caseSensitive, Value? missing = null)
    {
        Func<Value, Value> get = attribute is null or NoneValue ? item => item : Getter(evaluator, attribute, missing);
        return caseSensitive?.IsTrue ?? false ? get : item => IgnoreCase(get(item));
    }

    /// <summary>The key by which items are sorted: a list of one or, with commas between them, several attributes.</summary>
    private static Func<Value, Value> SortKey(Evaluator evaluator, Value? attribute, Value? caseSensitive)
    {
        IEnumerable<Value?> attributes = attribute is TextValue text ? text.Text.Split(',').Select(a => new TextValue(a)) : [attribute];
        Func<Value, Value>[] keys = [.. attributes.Select(a => PostProcessed(evaluator, a, caseSensitive))];
        return item => new ListValue(Array.ConvertAll(keys, key => key(item)));
    }

    private static Value Reverse(Evaluator evaluator, Value value, Value?[] arguments)
    {
        if (value is TextValue) return Iteration.Slice(evaluator, value, NoneValue.Instance, NoneValue.Instance, IntValue.Of(-1))!;
        if (value is UndefinedValue { IsUnsafe: true } u) throw u.Fault();
        if (value is not (ListValue or DictValue or RangeValue or DictViewValue or GeneratorValue or UndefinedValue)) throw Fault.Argument("argument must be iterable");
        return Iteration.Generate(evaluator, value, ((IEnumerable<Value>)Iteration.ToArray(evaluator, value)).Reverse());
    }

    private static ListValue DictSort(Evaluator evaluator, Value value, Value?[] arguments)
    {
        if (value is UndefinedValue u) throw u.Fault();
        if (value is not DictValue dict) throw Fault.Type($"'{value.TypeName}' object has no items");
        string by = arguments[1] is null ? "key" : Text(evaluator, arguments[1]!);
        if (by is not ("key" or "value")) throw Fault.Argument("You can only sort by either \"key\" or \"value\"");
        Value[] pairs = [.. dict.Entries.Select(e => ListValue.Tuple(e.Key, e.Value))];
        Func<Value, Value> key = PostProcessed(evaluator, IntValue.Of(by == "key" ? 0 : 1), arguments[0]);
        Iteration.Sort(evaluator, pairs, key, arguments[2]?.IsTrue ?? false);
        return evaluator.NewList(pairs);
    }

    private static IEnumerable<Value> Unique(Evaluator evaluator, Value value, Func<Value, Value> key)
    {
        HashSet<Value> seen = new(KeyComparer.Instance);
        foreach (Value item in Iteration.Of(evaluator, value))
        {
            evaluator.ReserveEntries(1);
            if (seen.Add(key(item))) yield return item;
        }
    }

    private static Value Extreme(Evaluator evaluator, Value value, Value?[] arguments, Func<Value, Value, bool> isBetter)
    {
        Func<Value, Value> key = PostProcessed(evaluator, arguments[1], arguments[0]);
        Value? best = null, bestKey = null;
        foreach (Value item in Iteration.Of(evaluator, value))
        {
            Value itemKey = key(item);
            if (bestKey is null || isBetter(itemKey, bestKey)) (best, bestKey) = (item, itemKey);
        }

        return best ?? new UndefinedValue("No aggregated item, sequence was empty.");
    }

    private static IEnumerable<Value> Batch(Evaluator evaluator, Value value, int size, Value? fill)
    {
        List<Value> batch = [];
        foreach (Value item in Iteration.Of(evaluator, value))
        {
            if (batch.Count == size)
            {
                yield return evaluator.NewList([.. batch]);
                batch.Clear();
            }

            batch.Add(item);
        }

        if (batch.Count == 0) yield break;
        if (fill is not (null or NoneValue) && batch.Count < size)
        {
            evaluator.ReserveItems(size);
            batch.AddRange(Enumerable.Repeat(fill, size - batch.Count));
        }

        yield return evaluator.NewList([.. batch]);
    }

    private static IEnumerable<Value> Slices(Evaluator evaluator, Value value, int slices, Value? fill)
    {
        Value[] items = Iteration.ToArray(evaluator, value);
        if (slices <= 0) throw Fault.ZeroDivision("integer division or modulo by zero");
        int each = items.Length / slices, longer = items.Length % slices;
        for (int i = 0, at = 0; i < slices; i++)
        {
            evaluator.Step();
            int count = each + (i < longer ? 1 : 0);
            Value[] part = items[at..(at + count)];
            if (fill is not (null or NoneValue) && i >= longer && longer > 0) part = [.. part, fill];
            yield return evaluator.NewList(part);
            at += count;
        }
    }

    private static ListValue GroupBy(Evaluator evaluator, Value value, Value?[] arguments)
    {
        Func<Value, Value> key = PostProcessed(evaluator, arguments[0], arguments[2], arguments[1]);
        Func<Value, Value> shown = Getter(evaluator, arguments[0]!, arguments[1]);
        Value[] items = [.. Iteration.ToArray(evaluator, value)];
        Iteration.Sort(evaluator, items, key, reverse: false);
        List<Value> groups = [];
        for (int start = 0; start < items.Length;)
        {
            int end = start + 1;
            while (end < items.Length && Operators.Compare(evaluator, "==", key(items[end]), key(items[start]))) end++;
            groups.Add(new ListValue([shown(items[start]), evaluator.NewList(items[start..end])], isTuple: true, s_groupFields));
            start = end;
        }

        return evaluator.NewList([.. groups]);
    }

    private static readonly string[] s_groupFields = ["grouper", "list"];

    private static IEnumerable<Value> Mapped(Evaluator evaluator, Value value, Arguments arguments)
    {
        if (!Truth.Of(value)) yield break;
        Func<Value, Value> map;
        if (arguments.Positional.Length == 0)
        {
            if (arguments.Named.FirstOrDefault(n => n.Key is not ("attribute" or "default")).Key is { } unexpected) throw Fault.Argument($"Unexpected keyword argument '{unexpected}'");
            map = Getter(evaluator, arguments.Find("attribute") ?? throw Fault.Argument("map requires a filter argument"), arguments.Find("default"));
        }
        else
        {
            string name = Text(evaluator, arguments.Positional[0]);
            Filter filter = Find(name) ?? throw Fault.Runtime($"No filter named '{name}'.");
            Arguments rest = arguments with { Positional = arguments.Positional[1..] };
            map = item => filter(evaluator, item, rest);
        }

        foreach (Value item in Iteration.Of(evaluator, value))
        {
            evaluator.Step();
            yield return map(item);
        }
    }

    private static IEnumerable<Value> Selected(Evaluator evaluator, Value value, Arguments arguments, bool byAttribute, bool wanted)
    {
        if (!Truth.Of(value)) yield break;
        Value[] positional = arguments.Positional;
        Func<Value, Value> get = item => item;
        if (byAttribute)
        {
            if (positional.Length == 0) throw Fault.Argument("Missing parameter for attribute name");
            get = Getter(evaluator, positional[0]);
            positional = positional[1..];
        }

        Func<Value, bool> passes = Truth.Of;
        if (positional.Length > 0)
        {
            string name = Text(evaluator, positional[0]);
            Test test = Tests.Find(name) ?? throw Fault.Runtime($"No test named '{name}'.");
            Arguments rest = arguments with { Positional = positional[1..] };
            passes = item => test(evaluator, item, rest);
        }

        foreach (Value item in Iteration.Of(evaluator, value))
        {
            evaluator.Step();
            if (passes(get(item)) == wanted) yield return item;
        }
    }
}
