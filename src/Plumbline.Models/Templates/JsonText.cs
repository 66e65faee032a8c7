using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Values as JSON, as Python's <c>json.dumps</c> writes it.</summary>
internal sealed class JsonText
{
    private readonly Evaluator _evaluator;
    private readonly StringBuilder _result = new();
    private readonly bool _ascii;
    private readonly bool _sortKeys;
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;

    private JsonText(Evaluator evaluator, bool ascii, string? indent, string itemSeparator, string keySeparator, bool sortKeys) =>
        (_evaluator, _ascii, _indent, _itemSeparator, _keySeparator, _sortKeys) = (evaluator, ascii, indent, itemSeparator, keySeparator, sortKeys);

    public static string Write(Evaluator evaluator, Value value, Value? ensureAscii, Value? indent, Value? separators, Value? sortKeys)
    {
        string? unit = indent switch
        {
            null or NoneValue => null,
            TextValue t => t.Text,
            _ when Numbers.TryInteger(indent, out var n) => n > evaluator.Options.MaxTextLength
                ? throw Fault.TooBig("an indentation", evaluator.Options.MaxTextLength)
                : new string(' ', Math.Max(0, (int)System.Numerics.BigInteger.Max(0, n))),
            _ => throw Fault.Type($"can't indent by '{indent.TypeName}'"),
        };
        (string item, string key) = (unit is null ? ", " : ",", ": ");
        if (separators is not (null or NoneValue))
        {
            Value[] pair = Iteration.ToArray(evaluator, separators);
            if (pair.Length != 2 || pair[0] is not TextValue first || pair[1] is not TextValue second)
            {
                throw Fault.Type("separators are a pair of texts, for example (',', ':')");
            }

            (item, key) = (first.Text, second.Text);
        }

        JsonText json = new(evaluator, ensureAscii?.IsTrue ?? false, unit, item, key, sortKeys?.IsTrue ?? false);
        json.Value(value, 0);
        evaluator.ReserveText(json._result.Length);
        return json._result.ToString();
    }

    private void Value(Value value, int depth)
    {
        _evaluator.CheckDepth(depth);
        _evaluator.Step();
        switch (value)
        {
            case NoneValue: Append("null"); break;
            case BoolValue b: Append(b.IsTrue ? "true" : "false"); break;
            case IntValue n: Append(n.Text); break;
            case FloatValue f: Append(Number(f.Number)); break;
            case TextValue t: Quoted(t.Text); break;
            case ListValue list: List(list.Items, depth); break;
            case DictValue dict: Object(dict, depth); break;
            default: throw Fault.Type($"Object of type {value.TypeName[(value.TypeName.LastIndexOf('.') + 1)..]} is not JSON serializable");
        }
    }

    private void Append(string text)
    {
        if (_result.Length + (long)text.Length > _evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", _evaluator.Options.MaxTextLength);
        _result.Append(text);
    }

    private static string Number(double number) =>
        double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : Numbers.Text(number);

    private void NewLine(int depth)
    {
        if (_indent is null) return;
        Append("\n");
        for (int i = 0; i < depth; i++) Append(_indent);
    }

    private void List(Value[] items, int depth)
    {
        if (items.Length == 0)
        {
            Append("[]");
            return;
        }

        Append("[");
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0) Append(_itemSeparator);
            NewLine(depth + 1);
            Value(items[i], depth + 1);
        }

        NewLine(depth);
        Append("]");
    }

    private void Object(DictValue dict, int depth)
    {
        if (dict.Count == 0)
        {
            Append("{}");
            return;
        }

        Value[] keys = [.. dict.Entries.Select(e => e.Key)];
        if (_sortKeys) Iteration.Sort(_evaluator, keys, k => k, reverse: false);
        Append("{");
        for (int i = 0; i < keys.Length; i++)
        {
            if (i > 0) Append(_itemSeparator);
            NewLine(depth + 1);
            Quoted(keys[i] switch
            {
                TextValue t => t.Text,
                NoneValue => "null",
                BoolValue b => b.IsTrue ? "true" : "false",
                IntValue n => n.Text,
                FloatValue f => Number(f.Number),
                _ => throw Fault.Type($"keys must be str, int, float, bool or None, not {keys[i].TypeName}"),
            });
            Append(_keySeparator);
            Value(_sortKeys ? dict.Get(keys[i])! : dict.Entries[i].Value, depth + 1);
        }

        NewLine(depth);
        Append("}");
    }

    private void Quoted(string text)
    {
        Append("\"");
        int plain = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            string? escape = c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\f' => "\\f",
                '\b' => "\\b",
                _ when c < ' ' || (_ascii && c > '~') => $"\\u{(int)c:x4}",
                _ => null,
            };
            if (escape is null) continue;
            _result.Append(text, plain, i - plain);
            Append(escape);
            plain = i + 1;
        }

        Append(plain == 0 ? text : text[plain..]);
        Append("\"");
    }
}
