using System.Globalization;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Values as text: Python's <c>str</c> and <c>repr</c>.</summary>
internal static class Printing
{
    /// <summary>Python's <c>str</c>; text comes back as the same object.</summary>
    public static string Text(Evaluator evaluator, Value value)
    {
        switch (value)
        {
            case TextValue text: return text.Text;
            case UndefinedValue: return "";
            case IntValue n: return n.Text;
            default:
                StringBuilder result = new();
                Write(evaluator, result, value, 0);
                evaluator.ReserveText(result.Length);
                return result.ToString();
        }
    }

    /// <summary>Python's <c>repr</c>.</summary>
    public static string Repr(Evaluator evaluator, Value value)
    {
        StringBuilder result = new();
        Write(evaluator, result, value, 0);
        evaluator.ReserveText(result.Length);
        return result.ToString();
    }

    private static void Write(Evaluator evaluator, StringBuilder result, Value value, int depth)
    {
        evaluator.CheckDepth(depth);
        evaluator.Step();
        switch (value)
        {
            case NoneValue: result.Append("None"); break;
            case BoolValue b: result.Append(b.IsTrue ? "True" : "False"); break;
            case IntValue n: result.Append(n.Text); break;
            case FloatValue f: result.Append(Numbers.Text(f.Number)); break;
            case TextValue { IsSafe: true } text: WriteQuoted(result.Append("Markup("), text.Text).Append(')'); break;
            case TextValue text: WriteQuoted(result, text.Text); break;
            case UndefinedValue: result.Append("Undefined"); break;
            case ListValue list:
                result.Append(list.IsTuple ? '(' : '[');
                for (int i = 0; i < list.Items.Length; i++)
                {
                    if (i > 0) result.Append(", ");
                    Write(evaluator, result, list.Items[i], depth + 1);
                }

                if (list.IsTuple && list.Items.Length == 1) result.Append(',');
                result.Append(list.IsTuple ? ')' : ']');
                break;
            case DictValue dict:
                WriteEntries(evaluator, result, dict.Entries, depth);
                break;
            case DictViewValue view:
                result.Append(view.TypeName).Append("([");
                for (int i = 0; i < view.Dict.Count; i++)
                {
                    if (i > 0) result.Append(", ");
                    Write(evaluator, result, view[i], depth + 1);
                }

                result.Append("])");
                break;
            case NamespaceValue space:
                result.Append("<Namespace ");
                WriteEntries(evaluator, result, space.Attributes.Select(a => KeyValuePair.Create<Value, Value>(new TextValue(a.Key), a.Value)), depth);
                result.Append('>');
                break;
            case RangeValue range:
                result.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}");
                if (!range.Step.IsOne) result.Append(CultureInfo.InvariantCulture, $", {range.Step}");
                result.Append(')');
                break;
            case MacroValue macro: WriteQuoted(result.Append("<Macro "), macro.Macro.Name).Append('>'); break;
            case LoopValue loop: result.Append(CultureInfo.InvariantCulture, $"<LoopContext {loop.Index + 1}/{loop.Items.Length}>"); break;
            case FunctionValue function: result.Append('<').Append(function.TypeName).Append(' ').Append(function.Name).Append('>'); break;
            case SelfValue: result.Append("<TemplateReference None>"); break;
            default: result.Append('<').Append(value.TypeName).Append(" object>"); break;
        }

        if (result.Length > evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", evaluator.Options.MaxTextLength);
    }

    private static void WriteEntries(Evaluator evaluator, StringBuilder result, IEnumerable<KeyValuePair<Value, Value>> entries, int depth)
    {
        result.Append('{');
        bool first = true;
        foreach ((Value key, Value value) in entries)
        {
            if (!first) result.Append(", ");
            first = false;
            Write(evaluator, result, key, depth + 1);
            result.Append(": ");
            Write(evaluator, result, value, depth + 1);
        }

        result.Append('}');
    }

    /// <summary>Quotes text as Python does: double quotes only where it holds single ones alone.</summary>
    private static StringBuilder WriteQuoted(StringBuilder result, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        result.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == quote || c == '\\') result.Append('\\').Append(c);
            else if (c == '\n') result.Append("\\n");
            else if (c == '\r') result.Append("\\r");
            else if (c == '\t') result.Append("\\t");
            else if (PythonText.IsPrintable(text, i))
            {
                result.Append(c);
                if (PythonText.UnitsAt(text, i) == 2) result.Append(text[++i]);
            }
            else if (PythonText.UnitsAt(text, i) == 2) result.Append(CultureInfo.InvariantCulture, $"\\U{char.ConvertToUtf32(c, text[++i]):x8}");
            else if (c < 256) result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return result.Append(quote);
    }
}
