using System.Globalization;
using System.Numerics;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>The methods of text, Python's <c>str</c>.</summary>
internal static class TextMethods
{
    private delegate Value Method(Evaluator evaluator, TextValue text, Value?[] arguments);

    private static readonly Dictionary<string, (Signature Signature, Method Body)> s_all = Create();

    public static Value? Find(TextValue text, string name)
    {
        switch (name)
        {
            case "format":
                return new FunctionValue(name, "builtin_function_or_method", (evaluator, arguments) => BraceFormat.Format(evaluator, text, arguments));
            case "format_map":
                return new FunctionValue(name, "builtin_function_or_method", (evaluator, arguments) =>
                    arguments.Positional is [DictValue dict] && arguments.Named.Count == 0
                        ? BraceFormat.Format(evaluator, text, new Arguments([], [.. dict.Entries.Where(e => e.Key is TextValue).Select(e => KeyValuePair.Create(((TextValue)e.Key).Text, e.Value))]))
                        : throw Fault.Type("format_map() takes one mapping"));
            default:
                if (!s_all.TryGetValue(name, out (Signature Signature, Method Body) method)) return null;
                return new FunctionValue(name, "builtin_function_or_method", (evaluator, arguments) => method.Body(evaluator, text, method.Signature.Bind(arguments)));
        }
    }

    private static Dictionary<string, (Signature, Method)> Create()
    {
        Dictionary<string, (Signature, Method)> methods = [];

        Map("upper", LetterCase.Upper);
        Map("lower", LetterCase.Lower);
        Map("title", LetterCase.Title);
        Map("capitalize", LetterCase.Capitalize);
        Map("swapcase", LetterCase.Swap);
        Map("casefold", LetterCase.Fold);

        Add("strip", 0, [""], (_, t, a) => t.With(PythonText.Strip(t.Text, Characters(a[0]))));
        Add("lstrip", 0, [""], (_, t, a) => t.With(PythonText.Strip(t.Text, Characters(a[0]), right: false)));
        Add("rstrip", 0, [""], (_, t, a) => t.With(PythonText.Strip(t.Text, Characters(a[0]), left: false)));
        Add("removeprefix", 1, [""], (_, t, a) => Text(a[0]) is var p && t.Text.StartsWith(p, StringComparison.Ordinal) ? t.With(t.Text[p.Length..]) : t);
        Add("removesuffix", 1, [""], (_, t, a) => Text(a[0]) is var s && s.Length > 0 && t.Text.EndsWith(s, StringComparison.Ordinal) ? t.With(t.Text[..^s.Length]) : t);

        Add("split", 0, ["sep", "maxsplit"], (e, t, a) => Split(e, t, a[0], a[1], fromRight: false));
        Add("rsplit", 0, ["sep", "maxsplit"], (e, t, a) => Split(e, t, a[0], a[1], fromRight: true));
        Add("splitlines", 0, ["keepends"], (e, t, a) => List(e, t, PythonText.SplitLines(t.Text, a[0]?.IsTrue ?? false)));
        Add("partition", 1, [""], (_, t, a) => Partition(t, Text(a[0]), fromRight: false));
        Add("rpartition", 1, [""], (_, t, a) => Partition(t, Text(a[0]), fromRight: true));

        Add("startswith", 1, ["", "", ""], (e, t, a) => Affix(e, t, a, "startswith", static (text, affix) => text.StartsWith(affix, StringComparison.Ordinal)));
        Add("endswith", 1, ["", "", ""], (e, t, a) => Affix(e, t, a, "endswith", static (text, affix) => text.EndsWith(affix, StringComparison.Ordinal)));
        Add("find", 1, ["", "", ""], (e, t, a) => IntValue.Of(IndexOf(e, t, a, fromRight: false)));
        Add("rfind", 1, ["", "", ""], (e, t, a) => IntValue.Of(IndexOf(e, t, a, fromRight: true)));
        Add("index", 1, ["", "", ""], (e, t, a) => IndexOf(e, t, a, fromRight: false) is var at && at >= 0 ? IntValue.Of(at) : throw Fault.Value("substring not found"));
        Add("rindex", 1, ["", "", ""], (e, t, a) => IndexOf(e, t, a, fromRight: true) is var at && at >= 0 ? IntValue.Of(at) : throw Fault.Value("substring not found"));
        Add("count", 1, ["", "", ""], (e, t, a) => Count(e, Part(e, t, a[1], a[2]), Text(a[0])));

        Add("replace", 2, ["", "", ""], (e, t, a) =>
        {
            TextValue old = AsText(a[0]), with = AsText(a[1]);
            string Escaped(TextValue value) => t.IsSafe && !value.IsSafe ? PythonText.EscapeHtml(value.Text) : value.Text;
            return t.With(Replace(e, t.Text, Escaped(old), Escaped(with), a[2] is null ? -1 : Integer(a[2]!)));
        });
        Add("join", 1, [""], (e, t, a) =>
        {
            Value[] items = Iteration.ToArray(e, a[0]!);
            string[] texts = new string[items.Length];
            for (int i = 0; i < items.Length; i++)
            {
                texts[i] = items[i] is TextValue item ? item.Text : throw Fault.Type($"sequence item {i}: expected str instance, {items[i].TypeName} found");
            }

            return t.With(Join(e, t.Text, texts));
        });
        Add("ljust", 1, ["", ""], (e, t, a) => Pad(e, t, a, (_, total) => 0));
        Add("rjust", 1, ["", ""], (e, t, a) => Pad(e, t, a, (_, total) => total));
        // Python puts the odd blank to the left where the width is odd.
        Add("center", 1, ["", ""], (e, t, a) => Pad(e, t, a, (width, total) => (total / 2) + (total & width & 1)));
        Add("zfill", 1, [""], (e, t, a) =>
        {
            int width = Width(e, a[0]!), missing = width - t.Length;
            if (missing <= 0) return t;
            int sign = t.Text.StartsWith('-') || t.Text.StartsWith('+') ? 1 : 0;
            return t.With(t.Text[..sign] + new string('0', missing) + t.Text[sign..]);
        });
        Add("expandtabs", 0, ["tabsize"], (e, t, a) => t.With(ExpandTabs(e, t.Text, a[0] is null ? 8 : Width(e, a[0]!))));

        Is("isspace", (s, i) => PythonText.IsSpace(s[i]));
        Is("isalpha", (s, i) => char.IsLetter(s, i));
        Is("isalnum", (s, i) => char.IsLetter(s, i) || IsNumeric(s, i));
        Is("isdecimal", (s, i) => CharUnicodeInfo.GetUnicodeCategory(s, i) == UnicodeCategory.DecimalDigitNumber);
        Is("isdigit", (s, i) => CharUnicodeInfo.GetDigitValue(s, i) >= 0);
        Add("isascii", 0, [], (_, t, _) => BoolValue.Of(Ascii.IsValid(t.Text)));
        Add("isprintable", 0, [], (_, t, _) => BoolValue.Of(All(t.Text, PythonText.IsPrintable)));
        Add("isidentifier", 0, [], (_, t, _) => BoolValue.Of(t.Text.Length > 0 && !IsNumeric(t.Text, 0) && All(t.Text, PythonText.IsWord)));
        Add("isupper", 0, [], (_, t, _) => BoolValue.Of(Tests.HasOnlyCase(t.Text, upper: true)));
        Add("islower", 0, [], (_, t, _) => BoolValue.Of(Tests.HasOnlyCase(t.Text, upper: false)));
        Add("istitle", 0, [], (_, t, _) => BoolValue.Of(LetterCase.Title(t.Text) == t.Text && Enumerable.Range(0, t.Text.Length).Any(i => LetterCase.IsCased(t.Text, i))));
        return methods;

        void Add(string name, int required, string[] parameters, Method body) => methods.Add(name, (new Signature(name, required, parameters), (evaluator, text, arguments) =>
        {
            evaluator.ReserveText(text.Text.Length);
            return body(evaluator, text, arguments);
        }
        ));

        void Map(string name, Func<string, string> map) => Add(name, 0, [], (_, text, _) => text.With(map(text.Text)));

        void Is(string name, Func<string, int, bool> test) => Add(name, 0, [], (_, text, _) => BoolValue.Of(text.Text.Length > 0 && All(text.Text, test)));
    }

    private static bool IsNumeric(string text, int index) => char.IsNumber(text, index) || CharUnicodeInfo.GetNumericValue(text, index) != -1;

    private static bool All(string text, Func<string, int, bool> test)
    {
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (!test(text, i)) return false;
        }

        return true;
    }

    private static TextValue AsText(Value? value) => value switch
    {
        TextValue text => text,
        UndefinedValue u => throw u.Fault(),
        _ => throw Fault.Type($"a text is needed, not {value?.TypeName}"),
    };

    private static string Text(Value? value) => AsText(value).Text;

    private static string? Characters(Value? value) => value switch
    {
        null or NoneValue => null,
        TextValue text => text.Text,
        UndefinedValue { IsUnsafe: true } u => throw u.Fault(),
        _ => throw Fault.Type("strip arg must be None or str"),
    };

    private static int Integer(Value value) => value is UndefinedValue u ? throw u.Fault()
        : Numbers.TryInteger(value, out BigInteger n) ? (int)BigInteger.Max(int.MinValue, BigInteger.Min(int.MaxValue, n))
        : throw Fault.Type($"'{value.TypeName}' object cannot be interpreted as an integer");

    /// <summary>A width, refused where a text so wide is beyond the bounds.</summary>
    private static int Width(Evaluator evaluator, Value value)
    {
        int width = Integer(value);
        evaluator.ReserveText(Math.Max(0, width));
        return width;
    }

    private static ListValue List(Evaluator evaluator, TextValue text, List<string> parts)
    {
        evaluator.ReserveItems(parts.Count * 4L);
        return new ListValue([.. parts.Select(text.With)]);
    }

    private static ListValue Split(Evaluator evaluator, TextValue text, Value? separator, Value? limit, bool fromRight)
    {
        int most = limit is null ? -1 : Integer(limit);
        if (most < 0) most = int.MaxValue;
        List<string> parts = separator is null or NoneValue ? Words(text.Text, most, fromRight) : Pieces(text.Text, Text(separator), most, fromRight);
        return List(evaluator, text, parts);
    }

    private static List<string> Pieces(string text, string separator, int most, bool fromRight)
    {
        if (separator.Length == 0) throw Fault.Value("empty separator");
        List<string> parts = [];
        if (fromRight)
        {
            int end = text.Length;
            while (parts.Count < most && end >= separator.Length)
            {
                int at = text.AsSpan(0, end).LastIndexOf(separator);
                if (at < 0) break;
                parts.Add(text[(at + separator.Length)..end]);
                end = at;
            }

            parts.Add(text[..end]);
            parts.Reverse();
            return parts;
        }

        int start = 0;
        while (parts.Count < most)
        {
            int at = text.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0) break;
            parts.Add(text[start..at]);
            start = at + separator.Length;
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static List<string> Words(string text, int most, bool fromRight)
    {
        List<string> words = [];
        if (fromRight)
        {
            for (int end = PythonText.StripEnd(text).Length; end > 0;)
            {
                int start = end;
                while (start > 0 && !PythonText.IsSpace(text[start - 1])) start--;
                if (words.Count == most) start = 0;
                words.Add(text[start..end]);
                end = PythonText.StripEnd(text.AsSpan(0, start)).Length;
            }

            words.Reverse();
            return words;
        }

        for (int start = 0; ;)
        {
            while (start < text.Length && PythonText.IsSpace(text[start])) start++;
            if (start == text.Length) return words;
            int end = start;
            while (end < text.Length && !PythonText.IsSpace(text[end])) end++;
            if (words.Count == most)
            {
                words.Add(text[start..]);
                return words;
            }

            words.Add(text[start..end]);
            start = end;
        }
    }

    private static ListValue Partition(TextValue text, string separator, bool fromRight)
    {
        if (separator.Length == 0) throw Fault.Value("empty separator");
        int at = fromRight ? text.Text.LastIndexOf(separator, StringComparison.Ordinal) : text.Text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0) return fromRight ? ListValue.Tuple(TextValue.Empty, TextValue.Empty, text) : ListValue.Tuple(text, TextValue.Empty, TextValue.Empty);
        return ListValue.Tuple(text.With(text.Text[..at]), text.With(separator), text.With(text.Text[(at + separator.Length)..]));
    }

    /// <summary>The part between two indices.</summary>
    private static string Part(Evaluator evaluator, TextValue text, Value? start, Value? end) => start is null && end is null
        ? text.Text
        : ((TextValue)Iteration.Slice(evaluator, text, start ?? NoneValue.Instance, end ?? NoneValue.Instance, NoneValue.Instance)!).Text;

    private static BoolValue Affix(Evaluator evaluator, TextValue text, Value?[] arguments, string name, Func<string, string, bool> test)
    {
        string part = Part(evaluator, text, arguments[1], arguments[2]);
        return arguments[0] switch
        {
            TextValue affix => BoolValue.Of(test(part, affix.Text)),
            ListValue { IsTuple: true } choices => BoolValue.Of(Array.Exists(choices.Items, c => c is TextValue affix
                ? test(part, affix.Text)
                : throw Fault.Type($"tuple for {name} must only contain str, not {c.TypeName}"))),
            UndefinedValue { IsUnsafe: true } u => throw u.Fault(),
            _ => throw Fault.Type($"{name} first arg must be str or a tuple of str, not {arguments[0]!.TypeName}"),
        };
    }

    /// <summary>Where a text stands in another, in code points, or -1.</summary>
    private static int IndexOf(Evaluator evaluator, TextValue text, Value?[] arguments, bool fromRight)
    {
        string wanted = Text(arguments[0]);
        string part = Part(evaluator, text, arguments[1], arguments[2]);
        int at = fromRight ? part.LastIndexOf(wanted, StringComparison.Ordinal) : part.IndexOf(wanted, StringComparison.Ordinal);
        if (at < 0) return -1;
        int start = arguments[1] is null or NoneValue ? 0 : Integer(arguments[1]!);
        if (start < 0) start = Math.Max(0, start + text.Length);
        return start + PythonText.Length(part[..at]);
    }

    private static IntValue Count(Evaluator evaluator, string text, string wanted)
    {
        evaluator.Work(text.Length / 16);
        if (wanted.Length == 0) return IntValue.Of(PythonText.Length(text) + 1);
        int count = 0;
        for (int at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0; at = text.IndexOf(wanted, at + wanted.Length, StringComparison.Ordinal)) count++;
        return IntValue.Of(count);
    }

    /// <summary>Replaces the first so many occurrences, all of them where the limit is negative.</summary>
    public static string Replace(Evaluator evaluator, string text, string old, string with, int limit)
    {
        evaluator.Work(text.Length / 16);
        if (limit < 0) limit = int.MaxValue;
        if (old.Length == 0) return Interleave(evaluator, text, with, limit);
        int count = 0;
        for (int at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && count < limit; at = text.IndexOf(old, at + old.Length, StringComparison.Ordinal)) count++;
        if (count == 0) return text;
        evaluator.ReserveText(text.Length + (count * ((long)with.Length - old.Length)));
        StringBuilder result = new(text.Length);
        int start = 0;
        for (; count > 0; count--)
        {
            int at = text.IndexOf(old, start, StringComparison.Ordinal);
            result.Append(text, start, at - start).Append(with);
            start = at + old.Length;
        }

        return result.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Puts a text before every code point and behind the last one.</summary>
    private static string Interleave(Evaluator evaluator, string text, string with, int limit)
    {
        long count = Math.Min(limit, PythonText.Length(text) + 1L);
        evaluator.ReserveText(text.Length + (count * with.Length));
        StringBuilder result = new();
        int at = 0;
        for (; count > 0; count--)
        {
            result.Append(with);
            if (at == text.Length) break;
            int units = PythonText.UnitsAt(text, at);
            result.Append(text, at, units);
            at += units;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    public static string Join(Evaluator evaluator, string separator, string[] texts)
    {
        long length = texts.Sum(t => (long)t.Length) + (separator.Length * Math.Max(0L, texts.Length - 1));
        evaluator.ReserveText(length);
        return string.Join(separator, texts);
    }

    private static TextValue Pad(Evaluator evaluator, TextValue text, Value?[] arguments, Func<int, int, int> left)
    {
        int width = Width(evaluator, arguments[0]!), missing = width - text.Length;
        string fill = arguments[1] is null ? " " : Text(arguments[1]);
        if (fill.Length != 1) throw Fault.Type("The fill character must be exactly one character long");
        if (missing <= 0) return text;
        int before = left(width, missing);
        return text.With(new string(fill[0], before) + text.Text + new string(fill[0], missing - before));
    }

    private static string ExpandTabs(Evaluator evaluator, string text, int size)
    {
        StringBuilder result = new();
        int column = 0;
        for (int i = 0; i < text.Length; i += PythonText.UnitsAt(text, i))
        {
            if (text[i] == '\t')
            {
                int blanks = size > 0 ? size - (column % size) : 0;
                if (result.Length + (long)blanks > evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", evaluator.Options.MaxTextLength);
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }

            result.Append(text, i, PythonText.UnitsAt(text, i));
            column = text[i] is '\n' or '\r' ? 0 : column + 1;
        }

        evaluator.ReserveText(result.Length);
        return result.ToString();
    }
}
