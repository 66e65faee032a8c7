using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>Going over values: what they hold, how many, and by index or slice.</summary>
internal static class Iteration
{
    /// <summary>The items of a value, each counted as a step.</summary>
    public static IEnumerable<Value> Of(Evaluator evaluator, Value value)
    {
        // Checked here and not in the iterator, so that the error comes when iteration is asked for.
        if (value is not (TextValue or ListValue or DictValue or RangeValue or DictViewValue or GeneratorValue or LoopValue or UndefinedValue))
        {
            throw Fault.Type($"'{value.TypeName}' object is not iterable");
        }

        if (value is UndefinedValue { IsUnsafe: true } u) throw u.Fault();
        return Items(evaluator, value);
    }

    private static IEnumerable<Value> Items(Evaluator evaluator, Value value)
    {
        switch (value)
        {
            case TextValue text:
                foreach (string point in PythonText.CodePoints(text.Text))
                {
                    evaluator.Step();
                    yield return new TextValue(point);
                }

                break;
            case ListValue list:
                foreach (Value item in list.Items)
                {
                    evaluator.Step();
                    yield return item;
                }

                break;
            case DictValue dict:
                foreach ((Value key, _) in dict.Entries)
                {
                    evaluator.Step();
                    yield return key;
                }

                break;
            case RangeValue range:
                for (int i = 0; i < range.Count; i++)
                {
                    evaluator.Step();
                    yield return range[i];
                }

                break;
            case DictViewValue view:
                for (int i = 0; i < view.Dict.Count; i++)
                {
                    evaluator.Step();
                    yield return view[i];
                }

                break;
            case GeneratorValue generator:
                while (generator.Items.MoveNext())
                {
                    evaluator.Step();
                    yield return generator.Items.Current;
                }

                break;
            case LoopValue loop:
                while (loop.Index < loop.Items.Length - 1)
                {
                    evaluator.Step();
                    loop.Index++;
                    yield return ListValue.Tuple(loop.Items[loop.Index], loop);
                }

                break;
        }
    }

    /// <summary>All items of a value at once.</summary>
    public static Value[] ToArray(Evaluator evaluator, Value value)
    {
        if (value is ListValue list)
        {
            evaluator.Work(list.Items.Length / 16);
            return list.Items;
        }

        List<Value> items = [];
        foreach (Value item in Of(evaluator, value))
        {
            if (items.Count == evaluator.Options.MaxItems) throw Fault.TooBig("a list", evaluator.Options.MaxItems);
            items.Add(item);
        }

        evaluator.ReserveItems(items.Count);
        return [.. items];
    }

    /// <summary>Makes a generator that draws on a value, if at all, when it is drawn on itself.</summary>
    public static GeneratorValue Generate(Evaluator evaluator, Value source, IEnumerable<Value> items)
    {
        int depth = source is GeneratorValue g ? g.Depth + 1 : 1;
        evaluator.CheckDepth(depth);
        evaluator.ReserveItems(8);
        return new GeneratorValue(items.GetEnumerator(), depth);
    }

    public static int? Count(Value value) => value switch
    {
        TextValue text => text.Length,
        ListValue list => list.Items.Length,
        DictValue dict => dict.Count,
        DictViewValue view => view.Dict.Count,
        RangeValue range => range.Count,
        LoopValue loop => loop.Items.Length,
        UndefinedValue { IsUnsafe: false } => 0,
        UndefinedValue u => throw u.Fault(),
        _ => null,
    };

    /// <summary>The item at an index that may count from the end; null where there is none.</summary>
    public static Value? At(Evaluator evaluator, Value value, BigInteger index)
    {
        if (value is not (TextValue or ListValue or RangeValue)) return null;
        int count = Count(value)!.Value;
        if (index.Sign < 0) index += count;
        if (index.Sign < 0 || index >= count) return null;
        int at = (int)index;
        switch (value)
        {
            case ListValue list: return list.Items[at];
            case RangeValue range: return range[at];
            default:
                TextValue text = (TextValue)value;
                if (text.Length == text.Text.Length) return text.With(text.Text[at].ToString());
                evaluator.Work(at / 16);
                int start = PythonText.UnitIndex(text.Text, at);
                return text.With(text.Text.Substring(start, PythonText.UnitsAt(text.Text, start)));
        }
    }

    /// <summary>A slice; null where the value has none.</summary>
    public static Value? Slice(Evaluator evaluator, Value value, Value start, Value stop, Value step)
    {
        if (value is not (TextValue or ListValue or RangeValue)) return null;
        int count = Count(value)!.Value;
        BigInteger by = Bound(step) ?? 1;
        if (by.IsZero) throw Fault.Value("slice step cannot be zero");
        bool up = by.Sign > 0;
        // Python's clamping: upward between 0 and count, downward between -1 and count - 1.
        int low = up ? 0 : -1, high = up ? count : count - 1;
        int from = Clamp(Bound(start), up ? 0 : count - 1), to = Clamp(Bound(stop), up ? count : -1);
        if (value is RangeValue range)
        {
            return new RangeValue(range.Start + (from * range.Step), range.Start + (to * range.Step), range.Step * by);
        }

        int stride = (int)BigInteger.Min(BigInteger.Max(by, -count - 1), count + 1);
        int length = up ? (to > from ? ((to - from - 1) / stride) + 1 : 0) : from > to ? ((from - to - 1) / -stride) + 1 : 0;
        if (value is ListValue list)
        {
            evaluator.ReserveItems(length);
            if (stride == 1) return new ListValue(list.Items[from..(from + length)], list.IsTuple);
            Value[] items = new Value[length];
            for (int i = 0; i < length; i++) items[i] = list.Items[from + (i * stride)];
            return new ListValue(items, list.IsTuple);
        }

        TextValue text = (TextValue)value;
        evaluator.ReserveText(length * 2L);
        if (stride == 1)
        {
            if (text.Length == text.Text.Length) return text.With(text.Text.Substring(from, length));
            evaluator.Work(text.Text.Length / 16);
            int begin = PythonText.UnitIndex(text.Text, from);
            return text.With(text.Text[begin..PythonText.UnitIndex(text.Text, from + length)]);
        }

        evaluator.Work(text.Text.Length);
        string[] points = [.. PythonText.CodePoints(text.Text)];
        return text.With(string.Concat(Enumerable.Range(0, length).Select(i => points[from + (i * stride)])));

        int Clamp(BigInteger? bound, int missing)
        {
            if (bound is not { } b) return missing;
            if (b.Sign < 0) b += count;
            return (int)BigInteger.Max(low, BigInteger.Min(high, b));
        }

        static BigInteger? Bound(Value bound)
        {
            if (bound is NoneValue) return null;
            if (bound is UndefinedValue u) throw u.Fault();
            return Numbers.TryInteger(bound, out BigInteger n) ? n : throw Fault.Type("slice indices must be integers or None or have an __index__ method");
        }
    }

    /// <summary>Sorts stably by keys; ties keep their order, in reverse too.</summary>
    public static void Sort(Evaluator evaluator, Value[] items, Func<Value, Value> key, bool reverse)
    {
        (Value Key, Value Item)[] pairs = Array.ConvertAll(items, item => (key(item), item)), spare = new (Value, Value)[items.Length];
        for (int width = 1; width < pairs.Length; width *= 2)
        {
            for (int start = 0; start < pairs.Length; start += 2 * width)
            {
                int left = start, middle = Math.Min(start + width, pairs.Length), right = middle, end = Math.Min(start + (2 * width), pairs.Length);
                for (int at = start; at < end; at++)
                {
                    bool takesRight = right < end && (left >= middle || Precedes(pairs[right].Key, pairs[left].Key));
                    spare[at] = takesRight ? pairs[right++] : pairs[left++];
                }
            }

            (pairs, spare) = (spare, pairs);
        }

        for (int i = 0; i < items.Length; i++) items[i] = pairs[i].Item;

        bool Precedes(Value a, Value b)
        {
            evaluator.Step();
            return reverse ? Operators.Less(evaluator, b, a) : Operators.Less(evaluator, a, b);
        }
    }
}
